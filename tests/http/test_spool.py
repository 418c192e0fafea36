"""Where web servers keep bodies on their way, and what of it is bounded."""
import os
import shutil
import socket
import subprocess

import pytest

from lake import Lake
from servers import serve
from sign import Signed, begin, chunked, crc32

MIB = 1 << 20


def grown(folder):
    return sum(os.stat(os.path.join(d, f)).st_size
               for d, _, files in os.walk(folder) for f in files)


@pytest.mark.plain
def test_a_chunked_body_of_a_stranger_is_not_spooled(lake):
    """It says neither how long it is nor who sends it."""
    host, port = lake.url.split("//")[1].split(":")
    c = socket.create_connection((host, int(port)), timeout=20)
    c.sendall(f"PUT /{lake.repo}/main/x HTTP/1.1\r\nHost: x\r\n"
              "Transfer-Encoding: chunked\r\n\r\n".encode())
    most, answer = 0, b""
    try:
        for _ in range(32):
            c.sendall(b"40000\r\n" + b"x" * 0x40000 + b"\r\n")
            most = max(most, grown(lake.server.spool))
        c.sendall(b"0\r\n\r\n")
    except OSError:
        pass
    try:
        answer = c.recv(4096)
    except OSError:
        pass
    c.close()
    assert answer == b"" or answer.split()[1][:1] == b"4", answer
    assert most <= MIB


@pytest.mark.plain
def test_a_chunked_body_that_is_signed_may_be_large(lake):
    body = os.urandom(MIB)
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/x", payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
               headers={"x-amz-decoded-content-length": str(len(body)),
                        "content-encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32"})
    sent = chunked(s, body, trailer=("x-amz-checksum-crc32", crc32(body)), sign=False)
    c = begin(s, "Transfer-Encoding: chunked", b"%x\r\n" % len(sent) + sent + b"\r\n0\r\n\r\n")
    answer = c.makefile("rb").readline()
    c.close()
    assert b" 200 " in answer and lake.body("main/x") == body, answer


def test_the_reserve_must_be_free_in_the_spool_too(request, refused):
    os.environ["LAKEGATE_SPOOL"], os.environ["LAKEGATE_RESERVE"] = "/proc", "1M"
    try:
        server = serve("nginx", os.path.abspath(request.config.getoption("--build")))
    finally:
        del os.environ["LAKEGATE_SPOOL"], os.environ["LAKEGATE_RESERVE"]
    try:
        lake = Lake(server)
        with refused("ServiceUnavailable", 503):
            lake.put("main/x", b"x")
        lake.s3.delete_object(Bucket=lake.repo, Key="main/x")
    finally:
        server.stop()
        shutil.rmtree(server.root)


def test_the_spool_lies_outside_the_lake(server):
    r = server.run("--lake", server.lake, "repo", "list", check=False)
    assert r.returncode == 0
    r = subprocess.run([os.path.join(server.build, "lakegate"), "--lake", server.lake, "repo", "list"],
                       env={**os.environ, "LAKEGATE_SPOOL": server.lake + "/spool"},
                       capture_output=True, text=True)
    assert r.returncode == 1 and "lies in the lake" in r.stderr
