"""botocore's signer as the other opinion: what it signs is accepted, and the same request with one
thing changed afterwards is refused.

Random by a seed; DIFFER=n makes n requests, SEED=s another row of them."""
import hashlib
import http.client
import os
import random
import urllib.parse

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from servers import KEY, SECRET, connect

pytestmark = pytest.mark.server

TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789-"
BLANKS = [" ", "  ", "\t", " \t ", "\t\t", "   \t"]
# Python folds these like blanks; AWS does not, and so they are not a matter of agreement.
FOLDED = {c for c in map(chr, range(0x3100)) if c.isspace()}


class Case:
    """One request: what is signed, then how it is sent."""

    def __init__(self, r, lake, kind):
        self.r, self.lake, self.kind = r, lake, kind
        self.method = r.choice(["GET", "GET", "PUT", "HEAD", "DELETE", "LIST"])
        self.body = b"body" if self.method == "PUT" else b""
        self.path = f"/{lake.repo}" if self.method == "LIST" else f"/{lake.repo}/main/" + self.key()
        self.query, self.headers = self.parameters(), self.fields()
        if self.method == "LIST":
            self.method = "GET"
            self.query += [("list-type", "2"), ("prefix", self.text(8)), ("delimiter", self.text(2))]

    def text(self, most, but=""):
        """Letters of every sort that a target can carry, escaped."""
        pool = [lambda: self.r.choice("abcXYZ019-_.~"), lambda: self.r.choice(" !\"#$%&'()*+,:;<=>?@[]^`{|}"),
                lambda: chr(self.r.choice([1, 9, 10, 13, 31, 127])),
                lambda: chr(self.r.choice([0xe4, 0xdf, 0x20ac, 0x4e2d, 0x1f600, 0x301, 0xfffd]))]
        out = "".join(self.r.choice(pool)() for _ in range(self.r.randint(0, most)))
        return "".join(c for c in out if c not in but)

    def key(self):
        """Behind .htaccess no "%2F"; a slash that is written as one may be anywhere."""
        parts = [self.text(9) for _ in range(self.r.randint(1, 4))]
        parts = [p + "k" if p in ("", ".", "..") else p for p in parts]
        return self.r.choice(["/", "//", "/./"]).join(parts) + self.r.choice(["", "", "/"])

    def parameters(self):
        out = [("x-amz-zz-" + self.text(6), self.text(10)) for _ in range(self.r.randint(0, 3))]
        if self.r.random() < 0.3:
            out.append(("x-id", self.text(5)))
        if self.method in ("GET", "HEAD") and self.r.random() < 0.4:
            out.append(("response-content-type", self.text(12)))
        return list(dict(out).items())

    def value(self):
        """Of a header: no control bytes; blanks of all sorts between words."""
        words = [self.text(6, but="\x01\n\r\x1f\x7f \t").strip() for _ in range(self.r.randint(0, 4))]
        out = ""
        for w in words:
            out += (self.r.choice(BLANKS) if out else "") + w
        return out

    def fields(self):
        names = TOKEN + "_." * (self.kind in ("lighttpd", "lighttpd-cgi", "nginx"))
        out = {}
        for _ in range(self.r.randint(0, 4)):
            name = "x-amz-meta-k" + "".join(self.r.choice(names) for _ in range(self.r.randint(0, 6)))
            if name.replace("_", "-").replace(".", "-") not in [n.replace("_", "-").replace(".", "-") for n in out]:
                out[name] = self.value()
        if self.r.random() < 0.3:
            out["content-type"] = "text/" + (self.value() or "plain")
        if self.r.random() < 0.2:
            out["cache-control"] = "no-store" + self.r.choice(BLANKS) + "x"
        return out

    def sign(self):
        quote = lambda s: urllib.parse.quote(s, safe="-_.~")
        url = self.lake.url + urllib.parse.quote(self.path, safe="/-_.~")
        if self.query:
            url += "?" + "&".join(f"{quote(k)}={quote(v)}" for k, v in self.query)
        self.presigned = self.r.random() < 0.5
        request = AWSRequest(self.method, url, headers=self.headers,
                             data=None if self.presigned else self.body)
        signer = S3SigV4QueryAuth if self.presigned else S3SigV4Auth
        signer(Credentials(KEY, SECRET), "s3", "us-east-1").add_auth(request)
        self.target = request.url[len(self.lake.url):]
        self.sent = dict(request.headers.items())
        return self

    # What may be changed.  Each returns false where the request has nothing of that kind.

    def other_method(self):
        self.method = self.r.choice([m for m in ("GET", "PUT", "HEAD", "DELETE", "POST") if m != self.method])
        self.body = b""         # servers refuse that of a HEAD themselves

    def other_path(self):
        _, _, query = self.target.partition("?")
        at = self.r.randint(len(self.lake.repo) + 1, len(self.path))
        path = self.path[:at] + self.r.choice(["x", "/", " ", "\u00e4", "\t", "+"]) + self.path[at:]
        self.target = urllib.parse.quote(path, safe="/-_.~") + (query and "?" + query)

    def other_query(self):
        head, _, query = self.target.partition("?")
        pairs = query.split("&") if query else []
        mine = [p for p in pairs if not p.startswith("X-Amz-")]
        how = self.r.choice(["add", "drop", "change"]) if mine else "add"
        if how == "add":
            pairs.insert(self.r.randint(0, len(pairs)), self.r.choice(["x-id=zz", "x-amz-zz=1", "x-amz-zz-=%20", "prefix=a"]))
        else:
            one = self.r.choice(mine)
            at = pairs.index(one)
            pairs[at:at + 1] = [] if how == "drop" else [one + self.r.choice(["x", "%20", "%2B", "%3D"])]
        self.target = head + "?" * bool(pairs) + "&".join(pairs)

    def other_header(self):
        names = [n for n in self.sent if n.lower() in self.headers]
        if not names:
            return False
        name = self.r.choice(names)
        words = self.sent[name].split()
        if words and self.r.random() < 0.4:
            del self.sent[name]
        elif len(words) > 1 and self.r.random() < 0.3:
            self.sent[name] = "".join(words)
        else:
            self.sent[name] += self.r.choice(["x", " x", ","])

    def more_headers(self):
        name = self.r.choice(["x-amz-meta-zz", "x-amz-copy-source", "x-amz-acl", "X-Amz-Tagging"])
        if name in self.sent:
            return False
        self.sent[name] = "a=b"

    def other_hash(self):
        self.sent["X-Amz-Content-SHA256"] = self.r.choice(
            ["UNSIGNED-PAYLOAD" if not self.presigned else "0" * 64, hashlib.sha256(self.r.randbytes(4)).hexdigest()])

    def other_signature(self):
        if self.presigned:
            self.target = self.target[:-1] + ("0" if self.target[-1] != "0" else "1")
        else:
            a = self.sent["Authorization"]
            self.sent["Authorization"] = a[:-1] + ("0" if a[-1] != "0" else "1")

    def change(self):
        changes = [Case.other_method, Case.other_path, Case.other_query, Case.other_header, Case.more_headers,
                   Case.other_hash, Case.other_signature]
        change = self.r.choice(changes)
        while change(self) is False:
            change = self.r.choice(changes)
        return change.__name__

    def send(self, wire):
        for attempt in (0, 1):
            try:
                wire.putrequest(self.method, self.target, skip_host=True, skip_accept_encoding=True)
                wire.putheader("Host", self.lake.url.split("//")[1])
                for name, value in self.sent.items():
                    if name.lower() not in ("host", "content-length"):
                        wire.putheader(name, value.encode())
                wire.putheader("Content-Length", str(len(self.body)))
                wire.endheaders(self.body)
                answer = wire.getresponse()
                return answer.status, answer.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                wire.close()
                assert attempt == 0
        return None


def test_botocore_agrees(lake):
    seed = int(os.environ.get("SEED", "1"))
    kind = lake.server.kind.split("+")[0]
    n = int(os.environ.get("DIFFER", "150" if kind in ("lighttpd-cgi", "apache-htaccess") else "1500"))
    wire = connect(lake.url)
    assert not FOLDED & set("\xe4\xdf\u20ac\u4e2d\U0001f600\u0301\ufffd")
    accepted = {"GET": (200, 404), "HEAD": (200, 404), "PUT": (200,), "DELETE": (204,)}
    for i in range(n // 3):
        for change in (None, 1, 2):
            case = Case(random.Random(f"{seed} {i}"), lake, kind).sign()
            case.r = random.Random(f"{seed} {i} {change}")
            changed = change and case.change()
            status, text = case.send(wire)
            assert status in ((403,) if change else accepted[case.method]), (
                seed, i, changed, case.method, case.target, case.sent, status, text)
    wire.close()
