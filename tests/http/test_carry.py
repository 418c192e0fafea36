"""What a web server lets through to the worker: README.md here, row by row.

Each probe stores something out of the ordinary and reads it back; the answer
is "yes", or the status with which the server refused, or "no"."""
import os
import socket

import pytest

from servers import TOP, connect
from sign import Signed, ask, begin, chunked, presigned

pytestmark = pytest.mark.server


def stored(lake, target, key=None, **more):
    """PUT to a target as it stands; then the same key must be in the listing."""
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/{target}", **more)
    status, _, text = s.send(b"carried")
    if status != 200:
        return status
    s = Signed(lake.url, "GET", s.path)
    status, _, text = s.send()
    key = key if key is not None else target
    if status != 200 or text != b"carried":
        return status if status != 200 else "no"
    r = lake.s3.list_objects_v2(Bucket=lake.repo, Prefix="main/", Delimiter="")
    keys = [o["Key"] for o in r.get("Contents", [])]
    return "yes" if f"main/{key}" in keys else "no"


def many_headers(lake):
    headers = {f"x-extra-{i}": "v" for i in range(150)}
    return stored(lake, "o", headers=headers)


def long_target(lake):
    s = Signed(lake.url, "GET", f"/{lake.repo}", query="list-type=2&prefix=" + "p" * 12000)
    status, _, text = s.send()
    return "yes" if b"KeyTooLongError" in text else status


def metadata_names(lake):
    try:
        lake.put("main/o", b"x", Metadata={"a_b.c": "1"})
        return "yes" if lake.s3.head_object(
            Bucket=lake.repo, Key="main/o")["Metadata"] == {"a_b.c": "1"} else "no"
    except lake.s3.exceptions.ClientError as e:
        return e.response["ResponseMetadata"]["HTTPStatusCode"]


def of_unknown_length(size):
    """A chunked upload, as the REST API's clients send a stream."""
    def probe(lake):
        import base64
        from servers import KEY, SECRET
        body = b"s" * size
        c = connect(lake.url)
        c.request("POST", f"/api/v1/repositories/{lake.repo}/branches/main/objects?path=o",
                  body=(body[i:i + 8192] for i in range(0, size, 8192)), encode_chunked=True,
                  headers={"Content-Type": "application/octet-stream",
                           "Transfer-Encoding": "chunked", "Authorization":
                           "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()})
        status = c.getresponse().status
        if status != 201:
            assert lake.keys() == []
            return status
        return "yes" if lake.body("main/o") == body else "no"
    return probe


def of_size(size):
    def probe(lake):
        body = os.urandom(size)
        s = Signed(lake.url, "PUT", f"/{lake.repo}/main/o")
        status = s.send(body)[0]
        return status if status != 200 else "yes" if lake.body("main/o") == body else "no"
    return probe


def aws_chunked(lake):
    body = b"c" * 300000
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/o", payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
               headers={"x-amz-decoded-content-length": str(len(body))})
    status = s.send(chunked(s, body))[0]
    return status if status != 200 else "yes" if lake.body("main/o") == body else "no"


def early(lake):
    """An upload that must be refused: is it, before all of it has come?"""
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/o")
    with begin(s, f"Content-Length: {(5 << 30) + (1 << 20)}", b"x" * (2 << 20)) as c:
        c.settimeout(3)
        try:
            return "yes" if c.recv(4096).startswith(b"HTTP/1.1 400") else "no"
        except socket.timeout:
            return "no"


def refused_and_told(lake):
    """The whole of an upload is sent although it was refused: is the answer read?
    The worker reads on for two seconds, in which a busy machine may not send it."""
    for _ in range(3):
        s = Signed(lake.url, "PUT", f"/{lake.repo}/nobranch/o")
        try:
            return "yes" if s.send(b"x" * (16 << 20))[0] == 404 else "no"
        except OSError:
            pass
    return "no"


def refused_and_kept(size):
    """Does the connection serve another request after a refused upload?"""
    def probe(lake):
        s = Signed(lake.url, "PUT", f"/{lake.repo}/nobranch/o")
        c = connect(lake.url)
        c.request("PUT", s.path, b"x" * size, s.headers)
        r = c.getresponse()
        assert r.status == 404 and r.read()
        before = c.sock
        s = Signed(lake.url, "GET", f"/{lake.repo}")
        try:
            c.request("GET", s.path, headers=s.headers)
            status = c.getresponse().status
        except OSError:
            return "no"
        return "yes" if status == 200 and c.sock is before else "no"
    return probe


def refused_unsent(lake):
    """Expect: 100-continue, and a refusal: does the body stay at home?"""
    s = Signed(lake.url, "PUT", f"/{lake.repo}/nobranch/o")
    with begin(s, f"Content-Length: {1 << 20}\r\nExpect: 100-continue", b"") as c:
        c.settimeout(3)
        try:
            return "yes" if c.recv(4096).startswith(b"HTTP/1.1 404") else "no"
        except socket.timeout:
            return "no"


def empty_head(lake):
    lake.put("main/o", b"")
    c = connect(lake.url)
    s = Signed(lake.url, "HEAD", f"/{lake.repo}/main/o")
    c.request("HEAD", s.path, headers=s.headers)
    r = c.getresponse()
    r.read()
    return "yes" if r.getheader("Content-Length") in ("0", "00") else "no"


def empty_unsigned(lake):
    """A condition without a value, beside a presigned address: it fails where it is carried."""
    lake.put("main/o", b"x")
    to = presigned(lake.url, "PUT", f"/{lake.repo}/main/o")
    return {412: "yes", 200: "no"}[ask(lake.url, "PUT", to, {"If-Match": ""}, b"y")[0]]


def empty_answered(lake):
    lake.put("main/o", b"x", Metadata={"a": ""})
    return "yes" if lake.s3.head_object(Bucket=lake.repo, Key="main/o")["Metadata"] == {"a": ""} else "no"


PROBES = {
    "`%2F` for a slash": lambda lake: stored(lake, "a%2Fb", "a/b"),
    "`a//b`, `/./`, `/x/../y`": lambda lake: stored(lake, "a//b/./c/x/../y"),
    "`..` above the root": lambda lake: stored(lake, "../../../x"),
    "`%01` to `%1F`, `%7F`": lambda lake: stored(lake, "a%01%1Fb%7F", "a\x01\x1fb\x7f"),
    "`%00`": lambda lake: stored(lake, "a%00b", "a\0b"),
    "a key of 1024 bytes, all escaped": lambda lake: stored(lake, "%C3%BC" * 512, "\u00fc" * 512),
    "a target of 12 KiB": long_target,
    "metadata names with `_` or `.`": metadata_names,
    "150 headers": many_headers,
    "an empty header that is not signed": empty_unsigned,
    "an empty header of an answer": empty_answered,
    "an upload of 1 MiB": of_size(1 << 20),
    "a chunked upload of 64 KiB, no length said": of_unknown_length(1 << 16),
    "a chunked upload of 1 MiB, no length said": of_unknown_length(1 << 20),
    "aws-chunked, 300 KB": aws_chunked,
    "Content-Length of HEAD, empty object": empty_head,
    "an upload reaches the worker as it comes": early,
    "a refused upload of 16 MiB: the answer is read": refused_and_told,
    "a refused upload of 64 KiB: the connection goes on": refused_and_kept(1 << 16),
    "a refused upload of 8 MiB: the connection goes on": refused_and_kept(8 << 20),
    "Expect: 100-continue, refused: no body is sent": refused_unsent,
}
COLUMNS = {"lighttpd FastCGI": "lighttpd", "lighttpd CGI": "lighttpd-cgi",
           "mod_fcgid": "apache", "mod_proxy_fcgi": "apache-proxy",
           "`.htaccess`": "apache-htaccess", "nginx": "nginx"}


def table():
    """{row: {column: cell}} of README.md here."""
    with open(f"{TOP}/tests/http/README.md") as f:
        text = f.read().split("<!-- carried -->")[1]
    rows = [[c.strip() for c in line.strip("|").split("|")]
            for line in text.strip().split("\n")]
    head = [COLUMNS[c] for c in rows[0][1:]]
    return {r[0]: dict(zip(head, r[1:])) for r in rows[2:]}


def test_the_table_has_every_probe():
    assert list(table()) == list(PROBES)


@pytest.mark.parametrize("row", [pytest.param(r, marks=pytest.mark.plain if PROBES[r] in (
    early, refused_unsent) else ()) for r in PROBES])
def test_carries(lake, row):
    kind = lake.server.kind.split("+")[0]
    got = str(PROBES[row](lake))
    if os.environ.get("CARRIED"):               # to write the table anew
        with open(os.environ["CARRIED"], "a") as f:
            f.write(f"{row}\t{kind}\t{got}\n")
        return
    assert got == table()[row][kind]
