"""`lakegate backup` and `lakegate restore`: a lake that is in use, its backup,
and a lake again.  One server kind is enough: only the command is asked."""
import fcntl
import hashlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

import pytest

from lake import Lake
from servers import serve

BIG = 100_000               # bytes; a block file
OTHER_DISK = "/dev/shm"


@pytest.fixture
def own(request):
    s = serve("lighttpd", os.path.abspath(request.config.getoption("--build")))
    yield s
    s.stop()
    assert "Sanitizer" not in s.words(), s.words()
    shutil.rmtree(s.root)


@pytest.fixture
def command(own):
    """A subcommand on a lake, this server's without another; fault=, skip= and
    settings in upper case."""
    def run(*args, lake=None, fault=None, **env):
        if fault:
            env["LAKEGATE_FAULT"] = fault
        return subprocess.run([os.path.join(own.build, "lakegate"), "--lake", lake or own.lake,
                               *args], text=True, capture_output=True, env={**os.environ, **env})
    run.root, run.lake, run.build = own.root, own.lake, own.build
    return run


def ok(r):
    assert r.returncode == 0, (r.args, r.stdout, r.stderr)
    return r.stdout


def refused(r, words, code=1):
    assert r.returncode == code and words in r.stderr, (words, r.stdout, r.stderr)


def blocks(folder):
    """Every block of a lake or a backup: id to path."""
    return {n: os.path.join(d, n) for d, _, names in os.walk(f"{folder}/blocks") for n in names}


def numbers(out):
    return list(map(int, re.search(
        r"(\d+) blocks .*; (\d+) of them new: (\d+) cloned, (\d+) linked, (\d+) copied; (\d+) that",
        out).groups()))


def body_of(key, big):
    return (hashlib.sha256(key.encode()).digest() * (BIG // 32 + 1))[:BIG if big else 1000]


def fill(lake, n, prefix="main/before/"):
    keys = {}
    for i in range(n):
        key = f"{prefix}{i}"
        keys[key] = body_of(key, i % 2)
        lake.put(key, keys[key])
    return keys


def served(command, where, wanted, repo):
    """The restored lake has all of these objects, byte for byte."""
    os.chmod(os.path.dirname(where), 0o755)
    s = serve("lighttpd", command.build, where)
    try:
        lake = Lake(s)
        for key, body in wanted.items():
            got = lake.s3.get_object(Bucket=repo, Key=key)["Body"].read()
            assert hashlib.md5(got).digest() == hashlib.md5(body).digest(), key
        lake.put("main/after", body_of("after", True))
        lake.commit()
        s.fsck()
    finally:
        s.stop()
        shutil.rmtree(s.root)


def test_a_lake_in_use(own, command):
    """Writers, committers and gc go on beside it; what was acknowledged before
    is in the restored lake; the second takes what is new."""
    lake, to, until = Lake(own), f"{own.root}/backup", threading.Event()
    wrong, written = [], [0]
    before = fill(lake, 40)
    lake.commit()
    before.update(fill(lake, 10, "main/staged/"))

    def writer(n):
        mine, chance = Lake(own), random.Random(n)
        mine.repo = lake.repo
        while not until.is_set():
            try:
                key = f"main/w{n}/{chance.randrange(20)}"
                mine.put(key, chance.randbytes(chance.choice([10, 2000, 60000])))
                written[0] += 1
                if chance.random() < 0.2:
                    mine.s3.delete_object(Bucket=lake.repo, Key=key)
            except Exception as e:
                wrong.append(repr(e))

    def upkeep():
        while not until.is_set():
            try:
                lake.commit()
            except Exception as e:
                if "no changes" not in str(e):
                    wrong.append(repr(e))
            # Without a grace gc may overtake a PUT, which then is to be sent again.
            ok(command("gc", "--grace", "3"))
    threads = [threading.Thread(target=writer, args=(n,)) for n in range(4)] + [
        threading.Thread(target=upkeep)]
    for t in threads:
        t.start()
    try:
        for round in range(4):
            seen = written[0]
            out = ok(command("backup", to, "--with-key"))
            assert "master key is in it" in out
            while written[0] < seen + 20 and not wrong:
                until.wait(0.02)
            where = f"{own.root}/lake{round}"
            out = ok(command("restore", to, lake=where))
            assert "fsck: clean" in out and "all access keys work" in out
            assert ok(command("fsck", "--deep", lake=where)).startswith("clean")
            before.update(fill(lake, 4, f"main/round{round}/"))
    finally:
        until.set()
        for t in threads:
            t.join()
    assert wrong == [], own.words()
    ok(command("backup", to, "--with-key"))
    os.mkdir(f"{own.root}/last")
    ok(command("restore", to, lake=f"{own.root}/last/lake"))
    served(command, f"{own.root}/last/lake", before, lake.repo)
    own.fsck()
    assert os.path.getsize(f"{own.lake}/meta.db-wal") < 32 << 20


@pytest.mark.parametrize("disk", ["the lake's", "another"])
def test_only_new_blocks_are_taken(own, command, disk):
    lake = Lake(own)
    to = f"{own.root}/backup" if disk == "the lake's" else tempfile.mkdtemp(dir=OTHER_DISK)
    try:
        fill(lake, 10)
        assert numbers(ok(command("backup", to)))[:2] == [5, 5]
        first = {n: os.stat(p).st_ino for n, p in blocks(to).items()}
        assert {n: os.path.getsize(p) for n, p in blocks(to).items()} == {
            n: os.path.getsize(p) for n, p in blocks(own.lake).items()}
        fill(lake, 4, "main/more/")
        lake.s3.delete_object(Bucket=lake.repo, Key="main/before/1")
        out = numbers(ok(command("backup", to)))
        assert out[:2] == [6, 2] and out[5] == 1, out
        assert out[4] == (0 if disk == "the lake's" else 2), out
        now = {n: os.stat(p).st_ino for n, p in blocks(to).items()}
        assert len(now) == 6 and sum(first.get(n) == i for n, i in now.items()) == 4
        assert numbers(ok(command("backup", to)))[1:] == [0, 0, 0, 0, 0]
        assert oct(os.stat(to).st_mode)[-3:] == "700"
        assert not os.path.exists(f"{to}/master.key")
    finally:
        if disk != "the lake's":
            shutil.rmtree(to)


POINTS = ["kv.copy:1", "backup.copied:1", "backup.block:1", "backup.block:2", "file.rename:1",
          "file.rename:2", "file.syncdir:1", "backup.whole:1", "file.rename:3", "backup.named:1",
          "file.sync:1", "file.sync:2"]


@pytest.mark.parametrize("deadly", ["", ":kill"])
def test_the_backup_before_is_there(own, command, deadly):
    """Whatever step fails, or is killed."""
    lake, to, failed = Lake(own), f"{own.root}/backup", 0
    first = fill(lake, 6)
    ok(command("backup", to, "--with-key"))
    for n, point in enumerate(POINTS):
        gone = f"main/gone{n}"
        lake.put(gone, body_of(gone, True))
        ok(command("backup", to))
        lake.s3.delete_object(Bucket=lake.repo, Key=gone)
        second = fill(lake, 4, f"main/{n}/")
        lake.commit()
        r = command("backup", to, fault=point + deadly)
        failed += r.returncode != 0
        assert r.returncode == (-9 if deadly else 1) or "file." in point, (point, r)
        where = f"{own.root}/lake"
        shutil.rmtree(where + "r", ignore_errors=True)
        assert "fsck: clean" in ok(command("restore", to, lake=where + "r"))
        ok(command("fsck", "--deep", lake=where + "r"))
        out = ok(command("gc", "--grace", "0"))
        assert "under way" not in out
        first.update(second)
    assert failed >= 8
    ok(command("backup", to))
    assert blocks(to).keys() <= blocks(own.lake).keys() and len(os.listdir(f"{to}/tmp")) == 0
    shutil.rmtree(where + "r")
    os.mkdir(f"{own.root}/sub")
    ok(command("restore", to, lake=f"{own.root}/sub/lake"))
    served(command, f"{own.root}/sub/lake", first, lake.repo)


class Held:
    """A lock that another process would hold."""

    def __init__(self, path):
        self.f = open(path, "a+")

    def __enter__(self):
        fcntl.flock(self.f, fcntl.LOCK_EX)

    def __exit__(self, *error):
        self.f.close()


def test_gc_deletes_no_file_beside_a_backup(own, command):
    lake = Lake(own)
    fill(lake, 6)
    for i in range(6):
        lake.s3.delete_object(Bucket=lake.repo, Key=f"main/before/{i}")
    had = blocks(own.lake)
    assert len(had) == 3
    with Held(f"{own.lake}/backup.lock"):
        for _ in range(2):
            out = ok(command("gc", "--grace", "0"))
        assert "3 blocks wait for the next gc" in out, out
        assert blocks(own.lake) == had
    ok(command("gc", "--grace", "0"))
    assert blocks(own.lake) == {}
    own.fsck()


def holds_writers(pid, lake):
    """Has this process one of the locks that a write needs?"""
    wanted = {os.stat(f"{lake}/{n}").st_ino for n in ("writer.lock", "queue.lock", "meta.db-shm")}
    with open("/proc/locks") as f:
        held = [line.split() for line in f]
    return any(int(w[4]) == pid and int(w[5].split(":")[2]) in wanted
               for w in held if w[1] != "->" and w[3] == "WRITE")


def state(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")")[-1].split()[0]


def stopped(b, lake):
    """Stopped, but not within a write of its own: others would wait for that."""
    while b.poll() is None:
        b.send_signal(signal.SIGSTOP)
        while b.poll() is None and state(b.pid) != "T":
            time.sleep(0.001)
        if not holds_writers(b.pid, lake):
            return
        b.send_signal(signal.SIGCONT)
        time.sleep(0.002)


def test_a_backup_that_stands_still(own, command):
    """Stopped in the middle: everything is served, gc keeps what it needs, and
    it ends well when it goes on."""
    lake, to = Lake(own), f"{own.root}/backup"
    wanted = fill(lake, 10)
    for after in (0.01, 0.03, 0.06, 0.1):
        b = subprocess.Popen([os.path.join(own.build, "lakegate"), "--lake", own.lake, "backup",
                              to, "--with-key"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(after)
        stopped(b, own.lake)
        try:
            more = fill(lake, 4, f"main/at{after}/")
            lake.commit()
            ok(command("gc", "--grace", "0"))
        finally:
            b.send_signal(signal.SIGCONT)
        out, words = b.communicate(timeout=60)
        assert b.returncode == 0, words
        ok(command("restore", to, lake=f"{own.root}/r{after}"))
        ok(command("fsck", "--deep", lake=f"{own.root}/r{after}"))
        wanted.update(more)
    ok(command("backup", to))
    own.fsck()


@pytest.mark.parametrize("what,words", [
    ("open", "chmod 700"), ("foreign", "other things in it"), ("other", "another lake"),
    ("inside", "lie in each other"), ("around", "lie in each other"), ("busy", "another backup"),
    ("rekey", "is under way"), ("file", "not a directory"), ("form", "not a form")])
def test_refused_folders(own, command, what, words):
    lake, to = own.lake, f"{own.root}/backup"
    if what == "around":
        # The folder of the backup has nothing else in it.
        os.mkdir(to, 0o700)
        lake = f"{to}/lost+found"
        ok(command("init", lake))
    elif what == "inside":
        to = f"{own.lake}/backup"
    elif what == "other":
        ok(command("init", f"{own.root}/second"))
        ok(command("backup", to, lake=f"{own.root}/second"))
    elif what == "file":
        open(to, "w").close()
        words = "lakegate: "
    elif what != "rekey":
        os.mkdir(to, 0o755 if what == "open" else 0o700)
    if what in ("foreign", "form"):
        name = "mine" if what == "foreign" else "lakegate-backup"
        with open(f"{to}/{name}", "w") as f:
            f.write("lakegate backup 2\n")
    lock = {"busy": f"{to}/lock", "rekey": f"{own.lake}/rekey.lock"}.get(what)
    before = sorted(os.listdir(to)) if os.path.isdir(to) else None
    if lock:
        with Held(lock):
            refused(command("backup", to), words)
        ok(command("backup", to))
        return
    refused(command("backup", to, lake=lake), words)
    assert before == (sorted(os.listdir(to)) if os.path.isdir(to) else None)


def test_a_restore_that_fails_leaves_an_empty_folder(own, command):
    """Also where the audit log is in it."""
    to, where = f"{own.root}/backup", f"{own.root}/new"
    fill(Lake(own), 4)
    ok(command("backup", to))
    os.mkdir(where, 0o700)
    audit = {"LAKEGATE_AUDIT_LOG": f"{where}/audit.log"}
    refused(command("restore", to, lake=where, fault="restore.block:1", **audit), "lakegate: ")
    ok(command("restore", to, lake=where, **audit))
    with open(audit["LAKEGATE_AUDIT_LOG"]) as f:
        assert "restore" in f.read()


@pytest.mark.root
def test_groups_stay_what_they_are(own, command):
    """A link shares its mode: a restore for a group makes no links."""
    to, where = f"{own.root}/backup", f"{own.root}/new"
    fill(Lake(own), 4)
    assert numbers(ok(command("backup", to)))[1] == 2
    before = {p: (os.stat(p).st_mode, os.stat(p).st_gid)
              for p in [*blocks(own.lake).values(), *blocks(to).values()]}
    ok(command("restore", to, "--group", "games", lake=where))
    assert before == {p: (os.stat(p).st_mode, os.stat(p).st_gid) for p in before}
    assert {oct(os.stat(p).st_mode)[-3:] for p in blocks(where).values()} == {"640"}
    assert oct(os.stat(where).st_mode)[-4:] == "2710"
    ok(command("fsck", "--deep", lake=where))


@pytest.mark.root
def test_a_folder_of_another_user(own, command):
    to = f"{own.root}/backup"
    os.mkdir(to, 0o700)
    shutil.chown(to, "nobody")
    refused(command("backup", to), "another user")


def test_links_lead_nowhere(own, command):
    lake, to, out = Lake(own), f"{own.root}/backup", f"{own.root}/elsewhere"
    fill(lake, 6)
    ok(command("backup", to))
    os.mkdir(out)
    victim = f"{out}/victim"
    for path in blocks(to).values():
        os.unlink(path)
        with open(victim, "w") as f:
            f.write("untouched")
        os.symlink(victim, path)
    os.symlink(victim, f"{to}/new")
    os.unlink(f"{to}/meta.db")
    os.symlink(victim, f"{to}/meta.db")
    assert numbers(ok(command("backup", to)))[1] == 3
    assert not [p for p in blocks(to).values() if os.path.islink(p)]
    for name in ("blocks", f"blocks/{os.path.basename(os.path.dirname(path))}", "tmp"):
        os.rename(f"{to}/{name}", f"{to}.kept")
        os.symlink(out, f"{to}/{name}")
        if name == "blocks":
            for i in range(256):
                os.makedirs(f"{out}/{i:02x}", exist_ok=True)
        refused(command("backup", to), "a link: remove it")
        os.unlink(f"{to}/{name}")
        os.rename(f"{to}.kept", f"{to}/{name}")
    assert open(victim).read() == "untouched"
    assert [n for d, _, names in os.walk(out) for n in names] == ["victim"]
    ok(command("backup", to))


def test_room_is_looked_at_first(own, command):
    lake, to = Lake(own), f"{own.root}/backup"
    fill(lake, 4)
    refused(command("backup", to, LAKEGATE_RESERVE="1099511627776"), "above the setting reserve")
    assert blocks(to) == {} and not os.path.exists(f"{to}/meta.db")
    ok(command("backup", to))


def test_a_full_disk(own, command):
    """A file system too small for it: refused with numbers, before anything."""
    lake = Lake(own)
    fill(lake, 40)
    to = tempfile.mkdtemp(dir=OTHER_DISK)
    try:
        for fault in ("file.write:1", "file.write:5", "file.sync:3", "file.create:2"):
            refused(command("backup", to, fault=fault), "No space left on device")
        ok(command("backup", to, "--with-key"))
        ok(command("restore", to, lake=f"{own.root}/restored"))
    finally:
        shutil.rmtree(to)


@pytest.fixture
def small(own):
    """A file system of 2 MiB, the lake's owner's."""
    path = f"{own.root}/small"
    os.mkdir(path)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "none", path], check=True)
    yield path
    subprocess.run(["umount", path], check=True)


@pytest.mark.root
def test_a_small_disk(own, command, small):
    fill(Lake(own), 80)
    refused(command("backup", small), "bytes are needed for the backup")
    assert not os.path.exists(f"{small}/meta.db")


@pytest.mark.root
def test_restore_into_a_small_disk(own, command, small):
    to = f"{own.root}/backup"
    fill(Lake(own), 80)
    ok(command("backup", to))
    refused(command("restore", to, lake=small), "bytes are needed for the lake")
    assert os.listdir(small) == []


def test_a_damaged_lake_spares_its_backup(own, command):
    lake, to = Lake(own), f"{own.root}/backup"
    wanted = fill(lake, 6)
    ok(command("backup", to, "--with-key"))
    for path in blocks(own.lake).values():
        os.unlink(path)
    # What the backup has is taken as it is.
    assert numbers(ok(command("backup", to)))[0] == 3
    lake.put("main/lost", body_of("lost", True))
    for path in blocks(own.lake).values():
        os.unlink(path)
    stamp = os.stat(f"{to}/meta.db").st_ino
    refused(command("backup", to), "left as it was")
    assert os.stat(f"{to}/meta.db").st_ino == stamp and len(blocks(to)) == 3
    r = command("backup", f"{own.root}/new")
    assert r.returncode == 1 and "DAMAGED" in r.stderr and os.path.exists(f"{own.root}/new/meta.db")
    os.mkdir(f"{own.root}/sub")
    ok(command("restore", to, lake=f"{own.root}/sub/lake"))
    served(command, f"{own.root}/sub/lake", wanted, lake.repo)


def test_a_damaged_backup(own, command):
    lake, to = Lake(own), f"{own.root}/backup"
    fill(lake, 6)
    ok(command("backup", to, "--with-key"))
    where, shape = f"{own.root}/new", f"{own.root}/shape"

    def spoil(how):
        shutil.rmtree(shape, ignore_errors=True)
        shutil.copytree(to, shape)
        one = sorted(blocks(shape).values())[0]
        if how == "short":
            os.truncate(one, 10)
        elif how == "gone":
            os.unlink(one)
        elif how == "empty":
            os.truncate(f"{shape}/meta.db", 0)
        elif how == "torn":
            with open(f"{shape}/meta.db", "r+b") as f:
                f.seek(8192)
                f.write(os.urandom(os.path.getsize(f"{shape}/meta.db") - 8192))
    for how in ("short", "gone", "empty", "torn"):
        spoil(how)
        r = command("restore", shape, lake=where)
        assert r.returncode == 1 and not os.path.exists(where), (how, r)
        if how in ("short", "gone"):
            assert "I17" in r.stdout + r.stderr or "I8" in r.stdout + r.stderr
            refused(r, "the backup")
    spoil("gone")
    assert "DAMAGED" in ok(command("restore", shape, "--damaged", lake=where))
    for name, words in (("meta.db", "has no database"), ("lakegate-backup", "is no backup")):
        spoil("")
        os.unlink(f"{shape}/{name}")
        refused(command("restore", shape, lake=where + "2"), words)
    refused(command("restore", f"{own.root}/nowhere", lake=where + "2"), "is no backup")
    assert not os.path.exists(where + "2")


def test_a_bit_of_the_database(own, command):
    """Where fsck does not look: it reads the bytes of objects with --deep alone."""
    lake, to, where = Lake(own), f"{own.root}/backup", f"{own.root}/new"
    wanted = fill(lake, 6)
    ok(command("backup", to))
    subprocess.run(["sha256sum", "-c", "meta.db.sha256"], cwd=to, check=True)
    with open(f"{to}/meta.db", "r+b") as f:
        whole = f.read()
        at = whole.index(wanted["main/before/2"]) + 500
        f.seek(at)
        f.write(bytes([whole[at] ^ 1]))
    refused(command("restore", to, lake=where), "has not the checksum")
    assert not os.path.exists(where)
    out = ok(command("restore", to, "--damaged", lake=where))
    assert "DAMAGED" in out and "not the checksum" in out
    assert command("fsck", "--deep", lake=where).returncode == 1
    shutil.rmtree(where)
    os.unlink(f"{to}/meta.db.sha256")
    assert "no checksum" in ok(command("restore", to, lake=where))
    shutil.rmtree(where)
    ok(command("backup", to))
    assert "checksum" not in ok(command("restore", to, lake=where))


def test_a_checksum_is_of_its_database(own, command):
    """Killed at two points, one after the other."""
    lake, to, where, n = Lake(own), f"{own.root}/backup", f"{own.root}/new", 0
    ok(command("backup", to))
    for one in ("file.rename:3", "backup.named:1"):
        for two in ("file.rename:2", "file.rename:3", "backup.named:1", "file.rename:4"):
            for point in (one, two):
                lake.put(f"main/{n}", b"%d" % n)
                n += 1
                r = command("backup", to, fault=point and point + ":kill")
                assert r.returncode in (0, -9), r
            out = ok(command("restore", to, lake=where))
            assert "checksum" not in out, (one, two)
            shutil.rmtree(where)
    ok(command("backup", to))
    assert not [x for x in os.listdir(to) if "new" in x]


def test_a_restore_wants_an_empty_folder(own, command):
    lake, to, where = Lake(own), f"{own.root}/backup", f"{own.root}/new"
    fill(lake, 4)
    ok(command("backup", to))
    refused(command("restore", to), "other things in it")
    os.mkdir(where, 0o700)
    with open(f"{where}/mine", "w") as f:
        f.write("mine")
    refused(command("restore", to, lake=where), "(mine)")
    assert os.listdir(where) == ["mine"]
    os.unlink(f"{where}/mine")
    os.chmod(where, 0o755)
    refused(command("restore", to, lake=where), "chmod 700")
    os.chmod(where, 0o700)
    shutil.copy(f"{own.lake}/master.key", where)
    assert "all access keys work" in ok(command("restore", to, lake=where))
    os.mkdir(f"{to}/lake", 0o700)
    refused(command("restore", to, lake=f"{to}/lake"), "lie in each other")
    os.rmdir(f"{to}/lake")
    with Held(f"{to}/lock"):
        refused(command("restore", to, lake=where + "2"), "another backup or restore")
    assert not os.path.exists(where + "2")
    refused(command("restore", to, lake=where + "2", fault="file.write:1"), "lakegate: ")
    assert not os.path.exists(where + "2")


@pytest.mark.parametrize("deadly", ["", ":kill"])
def test_an_interrupted_restore(own, command, deadly):
    lake, to, where = Lake(own), f"{own.root}/backup", f"{own.root}/sub/new"
    os.mkdir(f"{own.root}/sub")
    wanted = fill(lake, 8)
    ok(command("backup", to, "--with-key"))
    for point in ("file.mkdir:1", "file.mkdir:2", "file.mkdir:100", "file.rename:1",
                  "restore.block:2", "file.rename:3", "kv.commit:1", "kv.begin:2", "file.syncdir:9"):
        r = command("restore", to, lake=where, fault=point + deadly)
        assert r.returncode == (-9 if deadly else 1), (point, r)
        assert deadly or not os.path.exists(where), point
        refused(command("fsck", lake=where), "not a lake")
    ok(command("restore", to, lake=where))
    assert not [n for n in os.listdir(where) if "new" in n]
    served(command, where, wanted, lake.repo)


def gc_row(lake):
    db = sqlite3.connect(f"file:{lake}/meta.db?mode=ro", uri=True)
    v = db.execute("SELECT v FROM record WHERE k = x'47'").fetchone()[0]
    db.close()
    return int.from_bytes(v[:8], "big"), int.from_bytes(v[8:16], "big"), v[16]


def rows_of(lake, letter):
    db = sqlite3.connect(f"file:{lake}/meta.db?mode=ro", uri=True)
    n = db.execute("SELECT count(*) FROM record WHERE substr(k, 1, 1) = ?", (letter,)).fetchone()[0]
    db.close()
    return n


def test_ids_are_never_made_again(own, command):
    """What is written after the backup, and in the restored lake, differs."""
    lake, to, where = Lake(own), f"{own.root}/backup", f"{own.root}/new"
    for i in range(3):
        fill(lake, 2, f"main/{i}/")
        ok(command("gc"))
    ok(command("backup", to, "--with-key"))
    # A block of a later epoch came by another way.
    one = sorted(blocks(to).values())[0]
    name = "%016x" % 1000 + os.path.basename(one)[16:]
    shutil.copy(one, os.path.join(os.path.dirname(one), name))
    ok(command("restore", to, lake=where))
    epoch, floor, marking = gc_row(where)
    assert epoch == floor == 1001 and not marking
    ok(command("fsck", "--deep", lake=where))


def test_a_mark_under_way_condemned_nothing(own, command):
    """The commit that gc has doomed, and that got a name before it condemned."""
    lake, to = Lake(own), f"{own.root}/backup"
    side = lake.repository.branch("side").create("main")
    lake.s3.put_object(Bucket=lake.repo, Key="side/x", Body=b"x")
    commit = lake.commit("side")
    side.delete()
    for n in range(1, 20):
        command("gc", "--grace", "0", fault=f"kv.commit:{n}:kill", LAKEGATE_HEAD_AGE="0")
        if rows_of(own.lake, b"D"):
            break
    assert rows_of(own.lake, b"D") and gc_row(own.lake)[2]
    lake.repository.branch("again").create(commit)
    assert rows_of(own.lake, b"g")
    ok(command("backup", to))
    ok(command("restore", to, lake=f"{own.root}/new"))
    assert rows_of(f"{own.root}/new", b"D") == rows_of(f"{own.root}/new", b"g") == 0
    ok(command("gc", "--grace", "0", lake=f"{own.root}/new"))
    ok(command("fsck", "--deep", lake=f"{own.root}/new"))


def test_the_master_key(own, command):
    lake, to, where = Lake(own), f"{own.root}/backup", f"{own.root}/new"
    fill(lake, 2)
    out = ok(command("backup", to))
    assert f"keep {own.lake}/master.key elsewhere" in out
    out = ok(command("restore", to, lake=where))
    assert "do not work yet: the master key" in out
    shutil.copy(f"{own.lake}/master.key", where)
    assert len(ok(command("key", "list", lake=where)).splitlines()) == 1
    ok(command("key", "create", "admin", lake=where))
    ok(command("backup", to, "--with-key"))
    assert oct(os.stat(f"{to}/master.key").st_mode)[-3:] == "600"
    assert os.stat(f"{to}/master.key").st_nlink == 1
    # Another key, in the same folder, at each step of it.
    for point in ("backup.copied:1", "backup.whole:1", "backup.named:1", None):
        ok(command("rekey"))
        command("backup", to, "--with-key", fault=point and point + ":kill")
        shutil.rmtree(where)
        assert "all access keys work" in ok(command("restore", to, lake=where)), point
        ok(command("key", "create", "admin", lake=where))
        ok(command("rekey", lake=where))
        ok(command("backup", to, "--with-key"))
        assert not os.path.exists(f"{to}/master.key.new")
    ok(command("rekey"))
    assert "is of an earlier backup" in ok(command("backup", to))
    command("rekey", fault="rekey.sealed:1:kill")
    assert "A rekey was interrupted" in ok(command("backup", to))
    refused(command("backup", to, "--with-key"), "two master keys")
    ok(command("rekey"))
    assert "all access keys work" not in ok(command("restore", to, lake=f"{own.root}/old"))


def test_a_copy_by_hand_is_told(own, command):
    lake, copy = Lake(own), f"{own.root}/copy"
    fill(lake, 6)
    shutil.copytree(own.lake, copy)
    fill(lake, 4, "main/later/")
    for name in ("meta.db", "meta.db-wal", "meta.db-shm"):
        shutil.copy(f"{own.lake}/{name}", copy)
    r = command("fsck", lake=copy)
    assert r.returncode == 1 and r.stdout.count("a copy that was made by hand") == 1, r.stdout
    ok(command("fsck"))
    os.unlink(sorted(blocks(own.lake).values(), key=os.path.getmtime)[0])
    r = command("fsck")
    assert r.returncode == 1 and "by hand" not in r.stdout
