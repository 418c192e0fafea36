"""`lakegate init`: a lake is made whole, or not at all."""
import os
import re
import shutil
import stat
import subprocess
import tempfile

import pytest

# Every step of an init that can fail, and the first passes of it.
POINTS = [f"{point}:{nth}" for point, last in (
    ("file.mkdir", 4), ("file.create", 2), ("file.write", 2), ("file.sync", 2),
    ("file.rename", 3), ("file.syncdir", 6), ("kv.begin", 3), ("kv.commit", 3))
    for nth in range(1, last + 1)]


@pytest.fixture
def init(request):
    build = os.path.abspath(request.config.getoption("--build"))

    def run(*args, fault=None, **more):
        env = dict(os.environ)
        if fault:
            env["LAKEGATE_FAULT"] = fault
        more.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([os.path.join(build, "lakegate"), *args], text=True, env=env,
                              stderr=subprocess.PIPE, **more)
    return run


@pytest.fixture(params=["a folder that is not there", "a folder of mine"])
def where(request, tmp_path):
    path = tmp_path / "lake"
    if request.param == "a folder of mine":
        path.mkdir(mode=0o700)
        (path / "mine").write_text("left alone")
    return str(path)


def found(where):
    """All that is in a folder: names, modes, sizes."""
    return sorted((os.path.join(d, n), os.stat(os.path.join(d, n)).st_mode,
                   os.stat(os.path.join(d, n)).st_size if n in files else 0)
                  for d, folders, files in os.walk(os.path.dirname(where))
                  for n in folders + files)


def works(init, where):
    out = init("--lake", where, "key", "list")
    assert out.returncode == 0 and len(out.stdout.splitlines()) == 1, out
    fsck = init("--lake", where, "fsck")
    assert fsck.returncode == 0 and fsck.stdout.startswith("clean"), fsck
    assert not [n for n in os.listdir(where) if n.startswith((".master", "init"))]


def test_an_init_that_fails_leaves_nothing(init, where):
    before, failed = found(where), 0
    for point in POINTS:
        r = init("init", where, fault=point)
        if r.returncode == 0:
            works(init, where)
            for name in set(os.listdir(where)) - {"mine"}:
                path = os.path.join(where, name)
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
            if "mine" not in os.listdir(where):
                os.rmdir(where)
            continue
        failed += 1
        assert r.returncode == 1 and "lakegate: " in r.stderr, (point, r)
        assert found(where) == before, point
    assert failed >= 15
    assert init("init", where).returncode == 0
    works(init, where)


@pytest.mark.parametrize("args", [
    ("--user", ""), ("--user", "x" * 257), ("--access-key-id", "no"),
    ("--access-key-id", "a:b:c"), ("--secret-file", "/nowhere/secret"),
    ("--group", "no-such-group"), ("--nonsense",)])
def test_arguments_are_judged_first(init, where, args):
    before = found(where)
    assert init("init", where, *args).returncode in (1, 2)
    assert found(where) == before


@pytest.mark.parametrize("secret", ["", "\n", "short", "short12\n", "x" * 129, "x" * 5000,
                                    "two lines\nof it\n", "a\0NUL in it"])
def test_a_bad_secret_leaves_nothing(init, where, secret):
    before = found(where)
    r = init("init", where, "--secret-file", "-", input=secret)
    assert r.returncode == 1 and found(where) == before
    assert not secret.strip() or secret.strip() not in r.stderr


def test_a_key_that_cannot_be_told_makes_no_lake(init, where):
    before = found(where)
    with open("/dev/full", "w") as full:
        r = init("init", where, stdout=full)
    assert r.returncode == 1 and "cannot be printed" in r.stderr
    assert found(where) == before


def test_a_folder_that_cannot_be_written(init):
    nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    top = tempfile.mkdtemp()
    os.chmod(top, 0o755)
    lake = os.path.join(top, "lake")
    os.mkdir(lake)
    if nobody:
        shutil.chown(lake, "nobody", "nogroup")
    os.chmod(lake, 0o500)
    for path in (lake, os.path.join(lake, "deeper")):
        r = init("init", path, cwd="/", **nobody)
        assert r.returncode == 1 and "Permission denied" in r.stderr, r
    assert os.listdir(lake) == [] and stat.S_IMODE(os.stat(lake).st_mode) == 0o500
    shutil.rmtree(top)


@pytest.mark.parametrize("point", POINTS)
def test_an_init_that_was_killed_is_run_again(init, tmp_path, point):
    where = str(tmp_path / "lake")
    killed = init("init", where, fault=point + ":kill")
    again = init("init", where)
    if again.returncode != 0:       # it was whole, and its key told
        assert "is a lake already" in again.stderr and "access key id" in killed.stdout
        shutil.rmtree(os.path.join(where, "init.new"), ignore_errors=True)
    told = (again if again.returncode == 0 else killed).stdout
    works(init, where)
    key = re.search(r"id +(\S+)", told).group(1)
    assert init("--lake", where, "key", "list").stdout.startswith(key + "\t")


def test_one_init_at_a_time(request, tmp_path):
    build, where = os.path.abspath(request.config.getoption("--build")), str(tmp_path / "lake")
    runs = [subprocess.Popen([os.path.join(build, "lakegate"), "init", where], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)]
    out = [r.communicate() for r in runs]
    won = [o for r, o in zip(runs, out) if r.returncode == 0]
    assert len(won) == 1, out
    assert all("is a lake already" in e or "another process works" in e
               for r, (_, e) in zip(runs, out) if r.returncode != 0), out
