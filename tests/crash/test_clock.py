"""A clock that is set back an hour, and forward again, under a worker that serves:
signatures are judged by it, and nothing else takes harm."""
import base64
import datetime
import json
import os
import re
import shutil
import struct
import subprocess
import threading
import time

import pytest

from fcgi import Worker
from servers import FIRST_KEY, KEY, SECRET, TOP
from sign import Signed, presigned

HOUR = 3600
URL = "http://h"


class Bench:
    """A worker over a lake of its own, and its clock."""

    def __init__(self, build, root):
        self.build, self.lake, self.step = build, f"{root}/lake", 0
        library, self.file = f"{root}/clock.so", f"{root}/step"
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", library,
                        f"{TOP}/tests/crash/clock.c", "-ldl"], check=True)
        self.set(0)
        self.env = {"LD_PRELOAD": library, "CLOCK_STEP": self.file}
        self.command("init", self.lake, *FIRST_KEY)
        self.worker = Worker(build, root, LAKEGATE_LAKE=self.lake, **self.env)
        self.worker.start()
        assert self.api("POST", "/repositories", {"name": "repo", "storage_namespace": "local://r"}
                        ).status == 201

    def command(self, *args):
        r = subprocess.run([f"{self.build}/lakegate", *args], capture_output=True, text=True,
                           env={**os.environ, **self.env}, check=False)
        assert r.returncode == 0, r.stdout + r.stderr
        return r.stdout

    def set(self, seconds):
        """Its clock is so many seconds from the true one."""
        self.step = seconds
        fd = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, struct.pack("q", seconds))
        os.close(fd)

    def now(self, more=0):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(
            seconds=self.step + more)

    def s3(self, method, target, body=b"", when=None, headers=None):
        path, _, query = target.partition("?")
        s = Signed(URL, method, path, query, headers, when=when or self.now())
        return self.worker.ask(method, target, s.headers, body)

    def url(self, method, when, expires):
        return self.worker.ask(method, presigned(URL, method, "/repo/main/o", when=when,
                                                 expires=expires), {"Host": "h"}, b"")

    def api(self, method, path, body=None):
        pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        return self.worker.ask(method, "/api/v1" + path, {
            "Authorization": "Basic " + pair, "Host": "h", "Content-Type": "application/json"},
            b"" if body is None else json.dumps(body).encode())

    def commit(self, n):
        assert self.s3("PUT", f"/repo/main/{n}", b"%d" % n).status == 200
        a = self.api("POST", "/repositories/repo/branches/main/commits", {"message": str(n)})
        assert a.status == 201, a
        return json.loads(a.body)


@pytest.fixture
def bench(request, tmp_path):
    b = Bench(os.path.abspath(request.config.getoption("--build")), str(tmp_path))
    try:
        yield b
        assert b.worker.alive()
    finally:
        b.worker.close()
    b.command("--lake", b.lake, "fsck", "--deep")
    shutil.rmtree(b.lake)


def said(a):
    code = re.search(rb"<Code>(.*?)</Code><Message>(.*?)</Message>", a.body)
    return a.status, code[1].decode(), code[2].decode()


def test_signatures_from_the_future_are_refused(bench):
    assert bench.s3("PUT", "/repo/main/o", b"o").status == 200
    true = bench.now()
    assert bench.url("GET", true, 300).body == b"o"
    bench.set(-HOUR)
    assert said(bench.url("GET", true, 300)) == (403, "AccessDenied", "Request is not yet valid")
    assert said(bench.s3("GET", "/repo/main/o", when=true))[:2] == (403, "RequestTimeTooSkewed")
    assert bench.s3("GET", "/repo/main/o").body == b"o"
    # An address that ends between: back across its end, and over it again.
    made = bench.now()
    assert bench.url("GET", made, 300).body == b"o"
    bench.set(0)
    assert said(bench.url("GET", made, 300)) == (403, "AccessDenied", "Request has expired")
    bench.set(-HOUR)
    assert bench.url("GET", made, 300).body == b"o"


def test_history_keeps_its_order(bench):
    made, steps = [], (0, -HOUR, 2 * HOUR, -24 * HOUR, 0)
    for n, step in enumerate(steps):
        bench.set(step)
        made.append(bench.commit(n))
        assert bench.s3("GET", f"/repo/main/{n}").body == b"%d" % n
    a = bench.api("GET", "/repositories/repo/refs/main/commits?amount=100")
    log = [c["id"] for c in json.loads(a.body)["results"]]
    assert log[:len(steps)] == [c["id"] for c in reversed(made)]
    for n, c in enumerate(made):
        for m in range(len(steps)):
            assert bench.s3("GET", f"/repo/{c['id']}/{m}").status == (200 if m <= n else 404)
    # Garbage is no older for it: the grace and uploads' ages go by differences.
    for step in (0, -HOUR, HOUR):
        bench.set(step)
        bench.command("--lake", bench.lake, "gc")
    assert bench.s3("GET", "/repo/main/0").body == b"0"


def test_uploads_and_conditions_go_on(bench):
    one = re.search(rb"<UploadId>(.*?)<", bench.s3("POST", "/repo/main/big?uploads").body)[1].decode()
    bench.set(-HOUR)
    tag = bench.s3("PUT", f"/repo/main/big?partNumber=1&uploadId={one}", b"x" * 1000).headers["etag"]
    bench.command("--lake", bench.lake, "gc")
    bench.set(HOUR)
    a = bench.s3("POST", f"/repo/main/big?uploadId={one}", (
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
        f"<ETag>{tag}</ETag></Part></CompleteMultipartUpload>").encode())
    assert b"<CompleteMultipartUploadResult" in a.body, a
    bench.set(-HOUR)
    a = bench.s3("GET", "/repo/main/big")
    assert a.body == b"x" * 1000
    # Its time lies in the future now: nobody has a newer one to know.
    same = {"if-none-match": a.headers["etag"]}
    assert bench.s3("GET", "/repo/main/big", headers=same).status == 304
    assert bench.s3("PUT", "/repo/main/big", b"y", headers={"if-match": a.headers["etag"]}).status == 200
    assert bench.s3("GET", "/repo/main/big").body == b"y"


def test_steps_under_load(bench):
    """Who waits for the disk, for a lock or for a slice is not late for it."""
    wrong, end = [], time.monotonic() + 3

    def puts(n):
        i = 0
        while time.monotonic() < end:
            a = bench.api("POST", f"/repositories/repo/branches/main/objects?path={n}/{i}")
            if a.status != 201:
                wrong.append(a)
            i += 1
    threads = [threading.Thread(target=puts, args=(n,), daemon=True) for n in range(6)]
    for t in threads:
        t.start()
    while time.monotonic() < end:
        bench.set(0 if bench.step else -HOUR)
        time.sleep(0.05)
    for t in threads:
        t.join()
    assert not wrong, wrong[:3]
    bench.commit(0)
