"""A worker that is stopped (SIGSTOP, a debugger, a frozen container) holds up the
others only while it holds the lock of the writers, and then reads go on, and
writes are told so in time."""
import base64
import fcntl
import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fcgi import Worker
from servers import FIRST_KEY, KEY, SECRET
from sign import Signed

WAIT = 30                   # seconds that a write waits for its turn


class Pair:
    """Two workers over one lake; the first one is to be stopped."""

    def __init__(self, build, root):
        self.build, self.root, self.lake, self.workers, self.kept = build, root, f"{root}/lake", [], {}
        self.command("init", self.lake, *FIRST_KEY)

    def command(self, *args):
        r = subprocess.run([f"{self.build}/lakegate", *args], capture_output=True, text=True, check=False)
        assert r.returncode == 0, r.stdout + r.stderr

    def start(self, **env):
        folder = f"{self.root}/{len(self.workers)}"
        os.mkdir(folder)
        w = Worker(self.build, folder, LAKEGATE_LAKE=self.lake, **env)
        w.start()
        self.workers.append(w)
        return w

    def repo(self, w):
        pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        assert w.ask("POST", "/api/v1/repositories", {
            "Authorization": "Basic " + pair, "Host": "h", "Content-Type": "application/json"},
            json.dumps({"name": "repo", "storage_namespace": "local://r"}).encode()).status == 201

    def put(self, w, name, timeout=20, times=3):
        body = name.encode() * times
        a = w.ask("PUT", f"/repo/main/{name}", Signed("http://h", "PUT", f"/repo/main/{name}").headers,
                  body, timeout)
        if a.status == 200:
            self.kept[name] = body
        return a

    def get(self, w, name):
        return w.ask("GET", f"/repo/main/{name}", Signed("http://h", "GET", f"/repo/main/{name}").headers,
                     b"").body

    def holds(self):
        """Does anybody hold a lock of the writers?"""
        held = False
        for name in ("queue.lock", "writer.lock"):
            with open(f"{self.lake}/{name}", "rb") as f:
                try:
                    fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    held = True
        return held

    def holders(self):
        """Who has a lock of the writers: as lakegate.fcgi(8) says how to find out."""
        inodes = {os.stat(f"{self.lake}/{n}").st_ino for n in ("queue.lock", "writer.lock")}
        with open("/proc/locks") as f:
            rows = [line.split() for line in f]
        return {int(r[4]) for r in rows if r[1] != "->" and int(r[5].split(":")[2]) in inodes}

    def settle(self):
        for w in self.workers:
            for name, body in self.kept.items():
                assert self.get(w, name) == body, name
        for w in self.workers:
            w.close()
        self.command("--lake", self.lake, "fsck", "--deep")


def stopped(w):
    with open(f"/proc/{w.process.pid}/stat") as f:
        return f.read().rpartition(")")[2].split()[0] == "T"


@pytest.fixture
def pair(request, tmp_path):
    p = Pair(os.path.abspath(request.config.getoption("--build")), str(tmp_path))
    try:
        yield p
    finally:
        for w in p.workers:
            if w.alive():
                w.process.send_signal(signal.SIGCONT)
        try:
            p.settle()
        finally:
            for w in p.workers:
                w.close()


def test_a_stopped_worker_in_any_state(pair):
    """Stopped at random under load; whether it holds the lock is looked up."""
    chance = random.Random(os.environ.get("SEED", "1"))
    one, two = pair.start(), pair.start()
    pair.repo(one)
    pair.put(two, "first")
    end, free, wrong = threading.Event(), 0, []

    def load(n):
        i = 0
        while not end.is_set():
            a = pair.put(one, f"load-{n}-{i}", 60)
            if a.status != 200:
                wrong.append(a)
            pair.get(one, "first")
            i += 1
    threads = [threading.Thread(target=load, args=(n,), daemon=True) for n in range(3)]
    for t in threads:
        t.start()
    for n in range(24):
        time.sleep(chance.uniform(0.01, 0.1))
        one.process.send_signal(signal.SIGSTOP)
        while not stopped(one):
            time.sleep(0.001)
        assert pair.get(two, "first") == b"first" * 3
        if not pair.holds():
            free += 1
            assert pair.put(two, f"beside-{n}").status == 200
        one.process.send_signal(signal.SIGCONT)
        assert pair.put(two, f"after-{n}").status == 200
    end.set()
    for t in threads:
        t.join()
    one.process.send_signal(signal.SIGSTOP)         # idle, it holds nothing
    assert pair.put(two, "idle").status == 200
    one.process.send_signal(signal.SIGCONT)
    assert not wrong and len(pair.kept) > 30, wrong[:3]
    print(f"{free} of 24 held nothing")


def test_a_worker_that_is_stopped_in_a_transaction(pair):
    two = pair.start()
    pair.repo(two)
    pair.put(two, "first")
    one = pair.start(LAKEGATE_FAULT="kv.commit:2:stop")
    pool = ThreadPoolExecutor(12)
    held = []
    while not stopped(one) and len(held) < 4:
        held.append(pool.submit(pair.put, one, f"held-{len(held)}", 5 * WAIT))
        for _ in range(50):
            if held[-1].done() or stopped(one):
                break
            time.sleep(0.1)
    assert stopped(one) and pair.holds()
    assert one.process.pid in pair.holders()
    begin = time.monotonic()
    try:
        beside = [pool.submit(pair.put, two, f"beside-{n}", 5 * WAIT) for n in range(3)]
        while not all(f.done() for f in beside):
            assert pair.get(two, "first") == b"first" * 3
            time.sleep(0.5)
        assert time.monotonic() - begin < 5 * WAIT
    finally:
        one.process.send_signal(signal.SIGCONT)
    for a in (f.result() for f in beside):
        assert a.status == 503, a
    assert all(f.result().status == 200 for f in held)
    assert pair.put(two, "after").status == 200
    assert pair.put(one, "after too").status == 200


def test_a_worker_that_is_stopped_while_it_reads(pair):
    """Here somebody else's snapshot that stays open, which is the same.  The log of
    the database grows by what is written, all is answered, and it shrinks."""
    two, log = pair.start(), f"{pair.lake}/meta.db-wal"
    pair.repo(two)
    pair.put(two, "first")
    reader = sqlite3.connect(f"file:{pair.lake}/meta.db?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM record").fetchone()
    n = 0
    while os.path.getsize(log) < 24 << 20:
        assert pair.put(two, f"beside-{n}", 5 * WAIT, 3000).status == 200
        n += 1
        assert n < 3000
    reader.execute("COMMIT")
    reader.close()
    while os.path.getsize(log) > 17 << 20:
        assert pair.put(two, f"beside-{n}", 5 * WAIT, 3000).status == 200
        n += 1
        assert n < 3000
    pair.kept = {k: k.encode() * (3000 if "-" in k else 3) for k in ["first", "beside-0", f"beside-{n - 1}"]}
