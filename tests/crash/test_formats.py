"""`lakegate upgrade` ends or fails at each of its system calls: the lake has its
old format or the new one, whole, and another run brings it to its end.

By way of tests/crash/errno.c.  The quick run draws calls by the day; FULL=1 takes
all of them."""
import ctypes
import errno
import mmap
import os
import random
import shutil
import subprocess

import pytest

import oldlake
from servers import TOP
from test_errno import DISK, FULL, NAMES, SEED, SHORT, Control

KILL = -2
# Those that change something, or that a full or broken disk fails.
KINDS = ["open", "pread", "pwrite", "sync", "truncate", "mmap", "lock", "unlink"]
DRAWN = 40


class Upgrade:
    """Runs of the command over copies of one lake."""

    def __init__(self, build, root):
        self.build, self.root = build, str(root)
        self.library = os.path.join(self.root, "errno.so")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-fno-builtin", "-o",
                        self.library, f"{TOP}/tests/crash/errno.c", "-ldl"], check=True)
        self.lake = oldlake.make(root / "lake", blocks=False)
        shutil.copy(f"{self.lake}/meta.db", f"{self.root}/old.db")
        self.before = oldlake.rows(self.lake)[1]
        self.after = oldlake.raised(self.before)
        self.path = os.path.join(self.root, "control")
        with open(self.path, "w+b") as f:
            f.truncate(4096)
            self.map = mmap.mmap(f.fileno(), 4096)
        self.control = Control.from_buffer(self.map)

    def old_again(self):
        for end in ("-wal", "-shm"):
            if os.path.exists(f"{self.lake}/meta.db{end}"):
                os.unlink(f"{self.lake}/meta.db{end}")
        shutil.copy(f"{self.root}/old.db", f"{self.lake}/meta.db")

    def run(self, kind="none", nth=0, error=0, sticky=False):
        c = self.control
        ctypes.memset(ctypes.addressof(c), 0, ctypes.sizeof(c))
        c.nth, c.error, c.sticky, c.armed = nth, error, sticky, NAMES.index(kind)
        return subprocess.run([f"{self.build}/lakegate", "--lake", self.lake, "upgrade"],
                              capture_output=True, text=True, timeout=120,
                              env={**os.environ, "LD_PRELOAD": self.library,
                                   "ERRNO_CONTROL": self.path})

    def check(self, code, about):
        """Old or new; new when the command said so."""
        number, rows = oldlake.rows(self.lake)
        assert rows == (self.before if number == 1 else self.after), about
        assert number == 2 or code != 0, about
        r = self.run()
        assert r.returncode == 0, (about, r)
        assert oldlake.rows(self.lake) == (2, self.after), about


@pytest.fixture
def upgrade(request, tmp_path):
    return Upgrade(os.path.abspath(request.config.getoption("--build")), tmp_path)


def cases(upgrade, errors):
    """(kind, number of the call, error), of all calls that a run makes."""
    assert upgrade.run().returncode == 0
    counts = dict(zip(NAMES, upgrade.control.counts))
    upgrade.old_again()
    found = [(k, n + 1, e) for k in KINDS for n in range(counts[k]) for e in errors(k)]
    assert all(counts[k] > 0 for k in ("pwrite", "sync", "lock", "open")), counts
    return found if FULL else random.Random(SEED).sample(found, min(DRAWN, len(found)))


def test_killed_at_each_call_it_is_old_or_new(upgrade):
    ended = set()
    for kind, nth, error in cases(upgrade, lambda k: [KILL]):
        r = upgrade.run(kind, nth, error)
        assert r.returncode == -9, (kind, nth, r)
        ended.add(oldlake.rows(upgrade.lake)[0])
        upgrade.check(r.returncode, (kind, nth))
        upgrade.old_again()
    assert ended <= {1, 2}


def test_what_fails_leaves_it_old_or_new(upgrade):
    errors = lambda k: ([errno.EIO] if k in ("pread", "open") else [] if k in ("lock", "mmap")
                        else DISK[:3] + ([SHORT] if k == "pwrite" else []))
    for kind, nth, error in cases(upgrade, errors):
        for sticky in (False, True):
            r = upgrade.run(kind, nth, error, sticky)
            about = (kind, nth, error, sticky, r)
            assert r.returncode in (0, 1), about
            assert r.returncode == 0 or r.stderr.startswith("lakegate: "), about
            upgrade.check(r.returncode, about)
            upgrade.old_again()
