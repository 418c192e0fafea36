"""The memory of a worker under the largest requests that are taken, and the
hostile ones, sixteen at once."""
import base64
import concurrent.futures
import hashlib
import json
import os
import shutil
import socket
import time

import pytest

from crowd import crowd
from lake import Lake
from servers import KEY, SECRET, connect, serve
from sign import Signed

KIB, MIB = 1 << 10, 1 << 20
CLIENTS = 16
PEAK, AFTER = 96 * MIB, 32 * MIB
SECONDS = 10 * 5                # a stated limit of ten, on any machine


READERS = 60                    # of large listings, slowly: more than fit in memory


@pytest.fixture(scope="module")
def lake(request):
    server = serve("lighttpd", os.path.abspath(request.config.getoption("--build")))
    yield Lake(server)
    server.fsck()
    server.stop()
    shutil.rmtree(server.root)


@pytest.fixture(scope="module")
def filled(lake):
    return fill(lake)


def memory(lake, field):
    """Bytes of the worker: VmHWM is the peak, VmRSS is now."""
    most = 0
    for pid in lake.server.workers():
        with open(f"/proc/{pid}/status") as f:
            lines = dict(line.split(":", 1) for line in f)
        most = max(most, int(lines.get(field, "0 kB").split()[0]) * KIB)
    return most


def api(lake, method, path, body=b"", signed=True):
    headers = {"Content-Type": "application/json"}
    if signed:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    c = connect(lake.url, 120)
    try:
        c.request(method, "/api/v1" + path, body, headers)
        r = c.getresponse()
        r.read()
        return r.status
    except (ConnectionError, BrokenPipeError):
        return 0                # refused before all of it was sent
    finally:
        c.close()


def s3(lake, method, query="", body=b"", key=""):
    try:
        return Signed(lake.url, method, f"/{lake.repo}{key}", query).send(body)[0]
    except (ConnectionError, BrokenPipeError):
        return 0


def xml_delete(key):
    one = "<Object><Key>%s</Key><ETag>%s</ETag></Object>"
    body = "<Delete>" + "".join(one % (f"main/{i:04}" + key, "e" * 6000) for i in range(1000)) + "</Delete>"
    return (body[:-9] + " " * (8 * MIB - len(body)) + body[-9:]).encode()


def requests(lake, upload):
    """Name, what sends it, and the statuses that it may have; 503 is always one."""
    base = f"/repositories/{lake.repo}"
    paths = json.dumps({"paths": ["\\u0061" * 1000] * 1000}).replace("\\\\", "\\").encode()
    paths = paths.replace(b'"]', b'"' + b" " * (8 * MIB - len(paths)) + b"]")
    parts = "".join(f"<Part><PartNumber>{i}</PartNumber><ETag>\"{i:032}\"</ETag><ChecksumSHA256>"
                    f"{'A' * 43}=</ChecksumSHA256></Part>" for i in range(1, 10001))
    parts = ("<CompleteMultipartUpload>" + parts).ljust(4 * MIB - 26) + "</CompleteMultipartUpload>"
    meta = json.dumps({"set": {f"k{i}": "v" * 10 for i in range(2000)}}).encode()
    commit = json.dumps({"message": "m", "metadata": {f"k{i}": "v" for i in range(9000)}}).encode()
    wide = b'{"a":[' + b"{}," * (8 * MIB // 3 - 4) + b"{}]}"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"] * 900,
        "Resource": f"arn:aws:s3:::{lake.repo}/*"}]}).encode()
    bomb = ('<!DOCTYPE Delete [<!ENTITY e "' + "x" * 50000 + '">]><Delete>' + "&e;" * 10000 + "</Delete>")
    tag = "<Tagging><TagSet>" + "<Tag><Key>k</Key></Tag>" * 45000 + "</TagSet></Tagging>"
    return [
        ("DeleteObjects", lambda: s3(lake, "POST", "delete", xml_delete("k" * 1000)), [200]),
        ("objects/delete", lambda: api(lake, "POST", base + "/branches/main/objects/delete", paths), [200]),
        ("Complete", lambda: s3(lake, "POST", f"uploadId={upload}", parts.encode(), "/main/parts"), [400]),
        ("metadata", lambda: api(lake, "PUT", base + "/branches/main/objects/stat/user_metadata?path=0001",
                                 meta), [204]),
        ("commit", lambda: api(lake, "POST", base + "/branches/main/commits", commit), [201, 400, 409]),
        ("policy", lambda: s3(lake, "PUT", "policy", policy), [204]),
        ("list", lambda: s3(lake, "GET", "list-type=2&prefix=main%2F"), [200]),
        ("ls", lambda: api(lake, "GET", base + "/refs/main/objects/ls?amount=1000"), [200]),
        ("versions", lambda: s3(lake, "GET", "versions&prefix=main%2F"), [200]),
        ("log", lambda: api(lake, "GET", base + "/refs/main/commits?amount=1000"), [200]),
        ("inline", lambda: s3(lake, "GET", key="/main/inline"), [200]),
        ("upload", lambda: s3(lake, "PUT", body=bytes(4 * MIB), key="/main/upload"), [200]),
        ("login", lambda: api(lake, "POST", "/auth/login", wide, signed=False), [413, 0]),
        ("small login", lambda: api(lake, "POST", "/auth/login", wide[:60 * KIB], signed=False), [400]),
        ("wide", lambda: api(lake, "POST", base + "/branches/main/objects/delete", wide), [400]),
        ("wide commit", lambda: api(lake, "POST", base + "/branches/main/commits",
                                    wide[:MIB - 100] + b"{}]}"), [400]),
        ("bomb", lambda: s3(lake, "POST", "delete", bomb.encode("utf-16")), [400]),
        ("tags", lambda: s3(lake, "PUT", "tagging", tag.encode(), "/main/0001"), [400]),
        ("elements", lambda: s3(lake, "POST", "delete", b"<Delete>" + b"<a/>" * MIB + b"</Delete>"), [400]),
        ("comment", lambda: s3(lake, "POST", "delete", b"<Delete><!--" + b"c" * 7 * MIB), [400]),
        ("preamble", lambda: s3_form(lake, bytes(8 * MIB)), [400, 403, 0]),
    ]


def s3_form(lake, body):
    c = connect(lake.url, 120)
    try:
        c.request("POST", f"/{lake.repo}", body, {"Content-Type": "multipart/form-data; boundary=m"})
        return c.getresponse().status
    except (ConnectionError, BrokenPipeError):
        return 0
    finally:
        c.close()


def fill(lake):
    """A repository whose listings and logs are as large as they can be."""
    base = f"/repositories/{lake.repo}"
    lake.put("main/inline", bytes(32 * KIB))
    meta = {"m": "x" * 2000}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: lake.put(f"main/{i:04}", b"x", Metadata=meta), range(1000)))
        list(pool.map(lambda i: api(
            lake, "PUT", f"{base}/branches/main/objects/stat/user_metadata?path={i:04}",
            json.dumps({"set": {"m": "\x01" * 8000}}).encode()), range(300)))
    for i in range(40):
        lake.put(f"main/c{i}")
        api(lake, "POST", base + "/branches/main/commits",
            json.dumps({"message": f"{i}" + "m" * 60 * KIB}).encode())
    return lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/parts")["UploadId"]


def peak_reset(lake):
    for pid in lake.server.workers():
        try:
            with open(f"/proc/{pid}/clear_refs", "w") as f:
                f.write("5")
        except OSError:
            pass


def test_sixteen_clients_with_the_largest_requests(lake, filled):
    upload = filled
    for name, send, statuses in requests(lake, upload):
        peak_reset(lake)
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            got = list(pool.map(lambda _: send(), range(CLIENTS)))
        print(f"{name:16} peak {memory(lake, 'VmHWM') // MIB:4} MiB, then "
              f"{memory(lake, 'VmRSS') // MIB:4} MiB, {sorted(set(got))}")
        assert all(s in [*statuses, 503] for s in got), (name, got)
        assert memory(lake, "VmHWM") <= PEAK, name
    everything = [send for _, send, _ in requests(lake, upload)] * 4
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        got = list(pool.map(lambda send: send(), everything))
    print(f"{'all at once':16} peak {memory(lake, 'VmHWM') // MIB:4} MiB")
    assert not [s for s in got if s >= 500 and s != 503], got
    assert memory(lake, "VmHWM") <= PEAK
    until = time.monotonic() + SECONDS
    while memory(lake, "VmRSS") > AFTER and time.monotonic() < until:
        time.sleep(0.2)
    assert memory(lake, "VmRSS") <= AFTER


def test_the_largest_requests_beside_slow_clients(lake, filled):
    lake.s3.put_bucket_policy(Bucket=lake.repo, Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{lake.repo}/main/public/*"}]}))
    lake.put("main/public/large", bytes(8 * MIB))
    for n in range(20):
        lake.put(f"main/public/small{n}", bytes(30 * KIB))
    slow = crowd(lake, Signed, 50, 50)
    slow.start()
    time.sleep(3)
    try:
        for name, send, statuses in requests(lake, filled):
            if name not in ("DeleteObjects", "objects/delete", "commit", "ls", "wide", "wide commit"):
                continue
            peak_reset(lake)
            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
                got = list(pool.map(lambda _: send(), range(CLIENTS)))
            print(f"{name:16} peak {memory(lake, 'VmHWM') // MIB:4} MiB, {sorted(set(got))}")
            assert all(s in [*statuses, 503] for s in got), (name, got)
            assert memory(lake, "VmHWM") <= PEAK, name
    finally:
        slow.stop()


def slow_reader(lake, path):
    """A signed GET whose answer has begun; nobody reads on."""
    c = socket.socket()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = lake.url.split("//")[1].split(":")
    c.connect((host, int(port)))
    key = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    c.sendall(f"GET /api/v1{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
              f"Authorization: Basic {key}\r\n\r\n".encode())
    return c


def read_all(c):
    got = b""
    c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MIB)
    while piece := c.recv(MIB):
        got += piece
    c.close()
    return got[9:12], hashlib.md5(got.split(b"\r\n\r\n", 1)[1]).hexdigest()


def test_slow_readers_hold_no_memory(lake, filled):
    """Large listings and bodies go on at once, and who reads slowly gets all.  An
    answer is made larger than what server and kernel take at once."""
    base = f"/repositories/{lake.repo}"
    meta = json.dumps({"set": {"m": "x" * 8000}}).encode()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: lake.put(f"main/slow/{i}"), range(600)))
        assert set(pool.map(lambda i: api(
            lake, "PUT", f"{base}/branches/main/objects/stat/user_metadata?path=slow/{i}", meta),
            range(600))) == {204}
    path = base + "/refs/main/objects/ls?amount=1000&prefix=slow/"
    whole = read_all(slow_reader(lake, path))
    assert whole[0] == b"200"
    kinds = {name: send for name, send, _ in requests(lake, filled)}
    slow = []
    for _ in range(READERS):
        slow.append(slow_reader(lake, path))
        slow[-1].recv(1, socket.MSG_PEEK)
    time.sleep(1)
    peak_reset(lake)
    for name in ("ls", "list", "versions", "metadata", "Complete", "ls"):
        assert kinds[name]() in (200, 204, 400), name
    assert memory(lake, "VmHWM") <= PEAK
    assert [read_all(c) for c in slow] == [whole] * READERS
