"""A disk that is full: what is refused and what that says, what works on, and
that afterwards nothing is lost."""
import os
import re
import shutil
import subprocess
import threading

import pytest
from botocore.exceptions import ClientError
from lakefs.exceptions import ServerException

from lake import Lake
from servers import FIRST_KEY, serve

MIB = 1 << 20
DISK, RESERVE, WRITERS = 64, 24, 4                # MiB, MiB, at the same time
SIZES = (5 * MIB, 100_000, 12)


@pytest.fixture
def lake(request, tmp_path):
    """On a disk of its own."""
    disk, build = str(tmp_path), os.path.abspath(request.config.getoption("--build"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "lakegate-test", disk], check=True)
    try:
        subprocess.run([f"{build}/lakegate", "init", f"{disk}/lake", *FIRST_KEY],
                       check=True, capture_output=True)
        server = serve("lighttpd", build, f"{disk}/lake", {"reserve": f"{RESERVE}M"})
        try:
            lake = Lake(server)
            lake.disk = disk
            yield lake
        finally:
            server.stop()
            shutil.rmtree(server.root)
    finally:
        subprocess.run(["umount", disk], check=True)


def free(lake):
    s = os.statvfs(lake.disk)
    return s.f_bavail * s.f_frsize


def refused(call):
    """The words of a 503, or None."""
    try:
        call()
    except ClientError as e:
        assert e.response["ResponseMetadata"]["HTTPStatusCode"] == 503, e
        return e.response["Error"]["Message"]
    return None


class Writer(threading.Thread):
    """Puts until there is no room, and then once more."""

    def __init__(self, lake, n):
        super().__init__()
        self.lake, self.n, self.kept, self.words = lake, n, {}, []

    def run(self):
        i = 0
        while len(self.words) < 2 and i < 3000:
            key, body = f"main/{self.n}/{i}", b"%d/%d " % (self.n, i)
            body = body.ljust(SIZES[i % len(SIZES)], b"x")
            words = refused(lambda: self.lake.put(key, body))
            if words is None:
                self.kept[key] = body
            else:
                self.words.append(words)
            i += 1


def fill(lake):
    writers = [Writer(lake, n) for n in range(WRITERS)]
    for w in writers:
        w.start()
    for w in writers:
        w.join()
    assert all(len(w.words) == 2 for w in writers)
    return {k: b for w in writers for k, b in w.kept.items()}, [x for w in writers for x in w.words]


def gc(lake, *args):
    r = lake.server.run("--lake", lake.server.lake, "gc", *args, check=False)
    assert r.returncode == 0, r.stdout + r.stderr


def waiting(words):
    assert "delete" in words and "lakegate gc" in words, words
    return int(re.search(r"(\d+) MiB wait", words)[1])


@pytest.mark.root
def test_a_full_disk_is_cleaned_and_goes_on(lake):
    kept, words = fill(lake)
    assert {waiting(w) for w in words} == {0}
    # Each of those under way may have gone a MiB below; the log grows too.
    assert free(lake) >= (RESERVE - 2 * WRITERS) * MIB
    # Records without bytes would use up the reserve, too.  Bodies that were
    # refused have left a little above it.
    with open(f"{lake.disk}/ballast", "wb") as f:
        f.write(bytes(max(0, free(lake) - RESERVE * MIB) + 65536))
    for call in (lambda: lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/up"),
                 lambda: lake.s3.put_object_tagging(
                     Bucket=lake.repo, Key=next(iter(kept)),
                     Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})):
        assert refused(call)
    for new in (lambda: lake.repository.branch("more").create("main"),
                lambda: lake.repository.tag("more").create("main")):
        with pytest.raises(ServerException) as e:
            new()
        assert e.value.status_code == 503
    os.unlink(f"{lake.disk}/ballast")
    # What frees space works, and what is done before it.
    large = [k for k, b in kept.items() if len(b) == SIZES[0]]
    for key in large:
        lake.s3.delete_object(Bucket=lake.repo, Key=key)
        del kept[key]
    lake.commit()
    gc(lake)
    words = None
    while words is None:                    # bodies that were refused left a little
        key = f"main/large/{len(kept)}"
        kept[key] = key.encode().ljust(SIZES[0])
        words = refused(lambda: lake.put(key, kept[key]))
    del kept[key]
    assert waiting(words) == len(large) * SIZES[0] // MIB
    gc(lake, "--grace", "0")
    lake.put("main/more", b"more")
    assert lake.body("main/more") == b"more"
    for key, body in kept.items():
        assert lake.body(key) == body
    lake.server.fsck()


@pytest.mark.root
def test_others_fill_the_disk(lake):
    """The reserve is gone too: reads go on, each write has an honest answer."""
    kept = {f"main/{n}": b"%d " % n * 5000 for n in range(40)}
    for key, body in kept.items():
        lake.put(key, body)
    with open(f"{lake.disk}/ballast", "wb") as f, pytest.raises(OSError):
        while True:
            os.write(f.fileno(), bytes(MIB))
    for n in range(20):
        assert refused(lambda: lake.put(f"main/new/{n}", bytes(50_000)))
        if refused(lambda: lake.s3.delete_object(Bucket=lake.repo, Key=f"main/{n}")) is None:
            del kept[f"main/{n}"]
    for key, body in kept.items():
        assert lake.body(key) == body
    os.unlink(f"{lake.disk}/ballast")
    lake.put("main/more", b"more")
    lake.commit()
    gc(lake)
    assert set(lake.keys()) == {*kept, "main/more"}
    lake.server.fsck()
