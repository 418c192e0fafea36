"""Requests signed by hand: the forms that SDKs do not let a test choose."""
import base64
import datetime
import hashlib
import hmac
import socket
import urllib.parse
import zlib

from servers import KEY, SECRET, connect

EMPTY = hashlib.sha256(b"").hexdigest()


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(day, region="us-east-1", secret=SECRET, service="s3"):
    key = _mac(b"AWS4" + secret.encode(), day)
    for part in (region, service, "aws4_request"):
        key = _mac(key, part)
    return key


class Signed:
    def __init__(self, url, method, path, query="", headers=None, payload="UNSIGNED-PAYLOAD",
                 when=None, key=KEY, secret=SECRET, region="us-east-1", service="s3", day=None,
                 leave=()):
        """Headers named in leave are sent, and not signed."""
        self.url, self.method, self.path, self.query = url, method, path, query
        self.host = url.split("//")[1]
        when = when or datetime.datetime.now(datetime.timezone.utc)
        self.date = when.strftime("%Y%m%dT%H%M%SZ")
        day = day or self.date[:8]
        self.scope = f"{day}/{region}/{service}/aws4_request"
        self.headers = dict(headers or {})
        self.headers.update({"host": self.host, "x-amz-date": self.date,
                             "x-amz-content-sha256": payload})
        names = sorted(h.lower() for h in self.headers if h.lower() not in leave)
        lower = {k.lower(): v for k, v in self.headers.items()}
        decoded = urllib.parse.unquote_to_bytes(path)
        canonical = "\n".join([
            method, urllib.parse.quote(decoded, safe="/-_.~"),
            "&".join(sorted(self.canonical_query(query), key=lambda p: p.split("="))),
            *[f"{n}:{lower[n].strip()}" for n in names], "", ";".join(names), payload])
        self.key = signing_key(day, region, secret, service)
        sts = "\n".join(["AWS4-HMAC-SHA256", self.date, self.scope,
                         hashlib.sha256(canonical.encode()).hexdigest()])
        self.signature = hmac.new(self.key, sts.encode(), hashlib.sha256).hexdigest()
        self.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={key}/{self.scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={self.signature}")

    @staticmethod
    def canonical_query(query):
        for part in filter(None, query.split("&")):
            name, _, value = part.partition("=")
            quote = lambda s: urllib.parse.quote(
                urllib.parse.unquote_to_bytes(s.replace("+", " ")), safe="-_.~")
            yield f"{quote(name)}={quote(value)}"

    def send(self, body=b"", length=None, timeout=30):
        c = connect(self.url, timeout)
        c.putrequest(self.method, self.path + ("?" + self.query if self.query else ""),
                     skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            c.putheader(name, value)
        if not any(n.lower() == "content-length" for n in self.headers):
            c.putheader("Content-Length", str(len(body) if length is None else length))
        c.endheaders()
        if body:
            c.send(body)
        r = c.getresponse()
        data = r.read()
        c.close()
        return r.status, dict((k.lower(), v) for k, v in r.getheaders()), data


def presigned(url, method, path, query=(), headers=None, names=None, when=None, expires=300,
              region="us-east-1", service="s3", day=None, payload="UNSIGNED-PAYLOAD"):
    """The target of an address signed by version 4; query: (name, value) pairs, decoded; headers:
    those that are signed beside host; names: X-Amz-SignedHeaders, where it is not what they are."""
    when = when or datetime.datetime.now(datetime.timezone.utc)
    date = when.strftime("%Y%m%dT%H%M%SZ")
    day = day or date[:8]
    scope = f"{day}/{region}/{service}/aws4_request"
    signed = {"host": url.split("//")[1], **{k.lower(): v for k, v in (headers or {}).items()}}
    names = sorted(signed) if names is None else names
    quote = lambda s: urllib.parse.quote(s, safe="-_.~")
    q = "&".join(f"{k}={v}" for k, v in sorted((quote(k), quote(v)) for k, v in [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", f"{KEY}/{scope}"),
        ("X-Amz-Date", date), ("X-Amz-Expires", str(expires)),
        ("X-Amz-SignedHeaders", ";".join(names)), *query]))
    canonical = "\n".join([method, urllib.parse.quote(urllib.parse.unquote_to_bytes(path), safe="/-_.~"), q,
                           *[f"{n}:{signed.get(n, '').strip()}" for n in names], "", ";".join(names), payload])
    sts = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    mac = hmac.new(signing_key(day, region, service=service), sts.encode(), hashlib.sha256).hexdigest()
    return f"{path}?{q}&X-Amz-Signature={mac}"


def ask(url, method, target, headers=None, body=None):
    """What any client could send."""
    c = connect(url)
    c.request(method, target, body, headers or {})
    r = c.getresponse()
    text = r.read()
    c.close()
    return r.status, text


def begin(s, header, body):
    """A socket over which a signed request has begun."""
    host, port = s.host.split(":")
    c = socket.create_connection((host, int(port)), timeout=10)
    lines = [f"{s.method} {s.path} HTTP/1.1", header, *(f"{k}: {v}" for k, v in s.headers.items())]
    c.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    return c


def chunked(s, body, size=8192, trailer=None, sign=True, spoil=None):
    """An aws-chunked body whose signature chain begins at s."""
    last, out = s.signature, b""
    pieces = [body[i:i + size] for i in range(0, len(body), size)] + [b""]
    for n, piece in enumerate(pieces):
        line = f"{len(piece):x}"
        if sign:
            sts = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", s.date, s.scope, last, EMPTY,
                             hashlib.sha256(piece).hexdigest()])
            last = hmac.new(s.key, sts.encode(), hashlib.sha256).hexdigest()
            line += ";chunk-signature=" + (last if n != spoil else "0" * 64)
        out += line.encode() + b"\r\n" + piece
        if piece or not trailer:
            out += b"\r\n"
    if trailer:
        name, value = trailer
        out += f"{name}:{value}\r\n".encode()
        if sign:
            digest = hashlib.sha256(f"{name}:{value}\n".encode()).hexdigest()
            sts = "\n".join(["AWS4-HMAC-SHA256-TRAILER", s.date, s.scope, last, digest])
            mac = hmac.new(s.key, sts.encode(), hashlib.sha256).hexdigest()
            out += f"x-amz-trailer-signature:{mac}\r\n".encode()
        out += b"\r\n"
    return out


def crc32(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
