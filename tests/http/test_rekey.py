"""`lakegate rekey`: another master key, while workers go on."""
import os
import re
import shutil
import subprocess
import threading

import pytest

from lake import s3_client
from servers import KEY, SECRET, serve
from test_setup import ask, basic, fresh, login, user_of    # noqa: F401

# Every step of a rekey.
POINTS = ["file.create:1", "file.write:1", "file.sync:1", "file.rename:1", "file.syncdir:1",
          "rekey.made:1", "kv.begin:1", "kv.commit:1", "rekey.named:1", "kv.begin:2",
          "kv.commit:2", "rekey.sealed:1", "file.rename:2", "rekey.renamed:1", "file.syncdir:2"]


def names(lake):
    return [n for n in os.listdir(lake) if "master" in n]


@pytest.mark.server
def test_nobody_notices(server, lake):
    """Requests under load; the session ends, and nothing else."""
    until, wrong, done = threading.Event(), [], []
    lake.put("main/x", b"one")

    def reader(n):
        while not until.is_set():
            try:
                if n % 2:
                    assert lake.body("main/x") == b"one"
                else:
                    s3_client(server.url).put_object(Bucket=lake.repo, Key=f"main/{n}", Body=b"x")
                assert ask(server.url, "GET", "/user", Authorization=basic(KEY, SECRET))[0] == 200
                done.append(n)
            except Exception as e:
                wrong.append(repr(e))
    threads = [threading.Thread(target=reader, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    try:
        for _ in range(4):
            token, seen = login(server.url)[0], len(done)
            assert user_of(server.url, token) == 200
            with open(f"{server.lake}/master.key") as f:
                before = f.read()
            assert "new master key" in server.run("--lake", server.lake, "rekey").stdout
            with open(f"{server.lake}/master.key") as f:
                assert f.read() != before
            assert names(server.lake) == ["master.key"]
            assert user_of(server.url, token) == 401
            assert user_of(server.url, login(server.url)[0]) == 200
            while len(done) < seen + 12 and not wrong:
                until.wait(0.05)
    finally:
        until.set()
        for t in threads:
            t.join()
    assert wrong == [] and len(done) >= 48
    server.run("--lake", server.lake, "key", "create", "later")
    server.fsck()


@pytest.fixture
def own(request):
    s = serve("lighttpd", os.path.abspath(request.config.getoption("--build")))
    yield s
    s.stop()
    assert "Sanitizer" not in s.words(), s.words()
    shutil.rmtree(s.root)


def test_killed_at_each_step_nothing_is_lost(own):
    """Workers go on, whether they run already or start then; a key that is made
    meanwhile is kept; another run brings it to its end."""
    command, n = [os.path.join(own.build, "lakegate"), "--lake", own.lake], 0

    def rekey(**env):
        return subprocess.run([*command, "rekey"], text=True, capture_output=True,
                              env={**os.environ, **env})
    keys = {KEY: SECRET}
    all_work = lambda: [s3_client(own.url, *pair).list_buckets() for pair in keys.items()]
    all_work()
    for point in POINTS:
        r = rekey(LAKEGATE_FAULT=point + ":kill")
        assert r.returncode == -9, (point, r)
        all_work()
        n += 1
        out = subprocess.run([*command, "key", "create", f"user{n}"], text=True,
                             capture_output=True, check=True).stdout
        keys[re.search(r"id +(\S+)", out).group(1)] = re.search(
            r"secret access key +(\S+)", out).group(1)
        own.stop()
        own.start()
        all_work()
        r = rekey()
        assert r.returncode == 0, (point, r)
        assert names(own.lake) == ["master.key"], point
        all_work()
        own.stop()
        own.start()
        all_work()


def test_a_master_key_elsewhere(fresh, tmp_path, monkeypatch):  # noqa: F811
    """The setting names it; the new one lies beside it."""
    (tmp_path / "keys").mkdir(mode=0o700)
    where = tmp_path / "keys" / "lake.key"
    monkeypatch.setenv("LAKEGATE_MASTER_KEY", str(where))
    fresh.run("init", fresh.lake)
    before = where.read_text()
    fresh.run("--lake", fresh.lake, "rekey")
    assert where.read_text() != before and os.listdir(where.parent) == ["lake.key"]
    assert names(fresh.lake) == []
    assert oct(where.stat().st_mode)[-3:] == "600"
    fresh.run("--lake", fresh.lake, "key", "create", "admin")


def test_a_lost_master_key(fresh):      # noqa: F811
    """Data is not lost; the keys are, and a command makes that so."""
    out = fresh.run("init", fresh.lake).stdout
    key = re.search(r"id +(\S+)", out).group(1)
    secret = re.search(r"secret access key +(\S+)", out).group(1)
    run = lambda *a, **m: fresh.run("--lake", fresh.lake, *a, **m)
    run("repo", "create", "data")
    master = f"{fresh.lake}/master.key"
    with open(master) as f:
        kept = f.read()
    assert "is not lost" in run("rekey", "--lost", check=False).stderr
    other = fresh.lake + "2"
    fresh.run("init", other)
    for how in ("missing", "wrong"):
        os.unlink(master)
        if how == "wrong":
            shutil.copy(other + "/master.key", master)
        for command in (("key", "create", "me"), ("user", "list"), ("rekey",), ("serve",)):
            r = run(*command, check=False)
            assert r.returncode == 1 and "backup" in r.stderr and "--lost" in r.stderr, r
        assert "data" in run("repo", "list").stdout
        assert run("fsck").stdout.startswith("clean")
        run("gc")
        with open(master, "w") as f:
            f.write(kept)
        os.chmod(master, 0o600)
        assert key in run("key", "list").stdout
    os.unlink(master)
    assert "1 access keys revoked" in run("rekey", "--lost").stdout
    assert run("key", "list").stdout == ""
    assert run("user", "list").stdout.startswith("admin\t")
    out = run("key", "create", "admin").stdout
    url = fresh.serve()
    lake = s3_client(url, re.search(r"id +(\S+)", out).group(1),
                     re.search(r"secret access key +(\S+)", out).group(1))
    assert [b["Name"] for b in lake.list_buckets()["Buckets"]] == ["data"]
    with pytest.raises(lake.exceptions.ClientError, match="InvalidAccessKeyId"):
        s3_client(url, key, secret).list_buckets()
    assert ask(url, "POST", "/setup_lakefs", {"username": "evil"})[0] == 409
