"""kill -9 of workers in the middle of everything: nothing acknowledged is lost,
nothing refused appears, fsck is clean.  ROUNDS=N for more than the quick run."""
import hashlib
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from lake import Lake, s3_client
from servers import serve

ROUNDS = int(os.environ.get("ROUNDS", "2"))


@pytest.fixture
def own(request):
    s = serve("lighttpd", os.path.abspath(request.config.getoption("--build")))
    yield s
    s.stop()


class Writer(threading.Thread):
    """Writes its own keys; remembers what was acknowledged, and what is open."""

    def __init__(self, lake, n, until):
        super().__init__(daemon=True)
        self.lake, self.n, self.until = lake, n, until
        self.acknowledged, self.maybe = {}, {}
        self.random = random.Random(n)

    def run(self):
        while time.monotonic() < self.until:
            key = f"main/w{self.n}/{self.random.randrange(30)}"
            body = self.random.randbytes(self.random.choice([10, 2000, 60000]))
            digest = hashlib.md5(body).hexdigest()
            try:
                if self.random.random() < 0.2:
                    digest = None
                    self.lake.s3.delete_object(Bucket=self.lake.repo, Key=key)
                else:
                    self.lake.put(key, body)
                self.acknowledged[key] = digest
                self.maybe.pop(key, None)
            except Exception:
                # It may or may not have happened.
                self.maybe.setdefault(key, set()).add(digest)


def committer(lake, until):
    dev = lake.repository.branch("dev")
    while time.monotonic() < until:
        for step in (lambda: lake.commit(),
                     lambda: lake.main.merge_into(dev),
                     lambda: time.sleep(0.01)):
            try:
                step()
            except Exception:
                pass


def collector(server, until):
    """gc again and again, every other one killed at some moment."""
    chance = random.Random(1)
    while time.monotonic() < until:
        gc = subprocess.Popen([os.path.join(server.build, "lakegate"), "--lake", server.lake,
                               "gc", "--grace", "0"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        if chance.random() < 0.5:
            time.sleep(chance.uniform(0, 0.05))
            gc.kill()
        gc.wait()


def digest_of(lake, key):
    try:
        # The server starts the last killed worker anew within a second or two.
        patient = s3_client(lake.url, retries={"max_attempts": 8})
        body = patient.get_object(Bucket=lake.repo, Key=key)["Body"].read()
        return hashlib.md5(body).hexdigest()
    except lake.s3.exceptions.ClientError as e:
        assert e.response["Error"]["Code"] == "NoSuchKey", e
        return None


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_workers_lose_nothing(own, seed):
    lake = Lake(own)
    lake.repository.branch("dev").create("main")
    until = time.monotonic() + 6
    writers = [Writer(lake, seed * 100 + n, until) for n in range(6)]
    others = [threading.Thread(target=committer, args=(lake, until), daemon=True),
              threading.Thread(target=collector, args=(own, until), daemon=True)]
    for t in writers + others:
        t.start()
    chance, kills = random.Random(seed), 0
    while time.monotonic() < until - 0.5:
        time.sleep(chance.uniform(0.05, 0.4))
        for pid in own.workers():
            os.kill(pid, signal.SIGKILL)
            kills += 1
    for t in writers + others:
        t.join()
    assert kills >= 2
    own.fsck()
    checked = 0
    for w in writers:
        for key, digest in w.acknowledged.items():
            got = digest_of(lake, key)
            assert got == digest or got in w.maybe.get(key, ()), key
            checked += 1
    assert checked > 50


@pytest.mark.parametrize("point", ["file.sync", "file.rename", "file.syncdir", "file.write",
                                   "kv.begin", "kv.commit"])
def test_death_at_each_named_point(request, point):
    """The process dies at the first, second, … pass of a point."""
    build = os.path.abspath(request.config.getoption("--build"))
    for nth in range(1, 5):
        os.environ["LAKEGATE_FAULT"] = f"{point}:{nth + 2}:kill"
        server = None
        try:
            env = os.environ.pop("LAKEGATE_FAULT")
            server = serve("lighttpd", build)
            server.stop()
            os.environ["LAKEGATE_FAULT"] = env
            server.start()
            lake = Lake.__new__(Lake)
            for _ in range(8):          # each death starts a worker with the fault anew
                try:
                    lake.__init__(server)
                    break
                except Exception:
                    pass
            else:
                continue
            kept = {}
            for i in range(12):
                body = os.urandom(50000 if i % 2 else 100)
                try:
                    lake.put(f"main/{i}", body)
                    kept[f"main/{i}"] = body
                except Exception:
                    pass
            server.stop()
            os.environ.pop("LAKEGATE_FAULT", None)
            server.start()
            for key, body in kept.items():
                assert lake.body(key) == body
            server.fsck()
        finally:
            os.environ.pop("LAKEGATE_FAULT", None)
            server.stop()
