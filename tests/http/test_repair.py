"""`lakegate fsck --repair` on a lake on a disk, which is damaged by hand.  One
server kind is enough: only the command is asked."""
import glob
import os
import shutil
import sqlite3
import subprocess

import pytest

from lake import Lake
from servers import serve


@pytest.fixture
def own(request):
    s = serve("lighttpd", os.path.abspath(request.config.getoption("--build")))
    yield s
    s.stop()
    assert "Sanitizer" not in s.words(), s.words()
    shutil.rmtree(s.root)


@pytest.fixture
def fsck(own):
    def run(*args, fault=None):
        env = {**os.environ, **({"LAKEGATE_FAULT": fault} if fault else {})}
        return subprocess.run([os.path.join(own.build, "lakegate"), "--lake", own.lake, "fsck",
                               *args], text=True, capture_output=True, env=env)
    return run


def damage(own, *statements):
    """By hand, through a database of its own."""
    with sqlite3.connect(f"{own.lake}/meta.db", timeout=20) as db:
        for s in statements:
            db.execute(s.replace("BIG", "large").replace("KV", "record"))
    db.close()


def reports(own):
    return sorted(glob.glob(f"{own.lake}/repair-*"))


def test_a_large_value_without_its_key(own, fsck):
    lake = Lake(own)
    lake.put("main/a", b"x" * 5000)
    assert fsck("--deep").returncode == 0
    damage(own, "INSERT INTO BIG(id, v) VALUES(4000000, x'616263')")
    r = fsck()
    assert r.returncode == 1 and "K7: the large value 4000000" in r.stdout, r.stdout
    assert fsck("--repair").returncode == 1
    assert fsck("--deep").returncode == 0
    [folder] = reports(own)
    assert open(f"{folder}/000001.value", "rb").read() == b"abc"
    assert oct(os.stat(folder).st_mode)[-3:] == "700"
    assert lake.s3.get_object(Bucket=lake.repo, Key="main/a")["Body"].read() == b"x" * 5000


def test_a_large_value_that_is_missing(own, fsck):
    lake = Lake(own)
    lake.put("main/kept", b"bytes")
    lake.put("main/a", b"x" * 5000)
    damage(own, "DELETE FROM BIG")
    r = fsck()
    assert r.returncode == 1 and "K7: a record of kind y has lost" in r.stdout, r.stdout
    assert '"a": block ' in r.stdout and "is missing (a staged change)" in r.stdout
    r = fsck("--repair")
    assert r.returncode == 1 and "moved 0 records" in r.stdout, r.stdout
    assert "delete the object" in r.stdout
    [folder] = reports(own)
    assert '"a": block ' in open(f"{folder}/list").read()
    assert lake.s3.get_object(Bucket=lake.repo, Key="main/kept")["Body"].read() == b"bytes"


@pytest.mark.parametrize("fault", ["repair.saved:1:kill", "repair.saved:2:kill",
                                   "repair.saved:3:kill", None])
def test_records_that_cannot_be_read(own, fsck, fault):
    """Staged rows and a tag; killed at each step, and run again."""
    lake = Lake(own)
    for key in ("a", "b", "c"):
        lake.put(f"main/{key}", b"committed")
    lake.commit()
    for key in ("a", "b"):
        lake.put(f"main/{key}", b"staged")
    damage(own, "UPDATE KV SET v = x'01ffff' WHERE substr(k, 1, 1) = x'72' AND "
                "substr(k, -1) IN (x'61', x'62')",
           "INSERT INTO KV SELECT CAST(x'54' || substr(k, 2, 16) || x'746167' AS BLOB), x'00' "
           "FROM KV WHERE substr(k, 1, 1) = x'42'")
    r = fsck()
    assert r.returncode == 1 and 'the entry of "a" cannot be read' in r.stdout, r.stdout
    if fault:
        assert fsck("--repair", fault=fault).returncode == -9
    r = fsck("--repair")
    assert r.returncode == 1, r.stdout
    assert fsck("--deep").returncode == 0, fsck().stdout
    said = "".join(open(f"{f}/list").read() for f in reports(own))
    for words in ('a staged change of "a"', 'a staged change of "b"', 'the tag "tag"'):
        assert words in said, said
    for key in ("a", "b", "c"):
        assert lake.s3.get_object(Bucket=lake.repo, Key=f"main/{key}")["Body"].read() == \
            b"committed"
    # Nothing to repair: no folder.
    n = len(reports(own))
    assert fsck("--repair").returncode == 0 and len(reports(own)) == n
