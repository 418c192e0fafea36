"""A lake of an older format: words that say what to do, and `lakegate upgrade`."""
import base64
import fcntl
import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
import xml.etree.ElementTree as ET

import pytest

import oldlake
from fcgi import Worker
from servers import KEY, SECRET
from sign import Signed


class Old:
    """A lake of format 1, commands on it, and a worker."""

    def __init__(self, build, root, **env):
        self.build, self.root, self.lake = build, str(root), oldlake.make(root / "lake")
        self.env, self.worker = env, None

    def command(self, *args, **env):
        return subprocess.run([f"{self.build}/lakegate", "--lake", self.lake, *args], text=True,
                              capture_output=True, env={**os.environ, **self.env, **env})

    def done(self, *args):
        r = self.command(*args)
        assert r.returncode == 0, r
        return r.stdout

    def format(self):
        return oldlake.rows(self.lake)[0]

    def serve(self, start=True, **env):
        keep = {k: os.environ[k] for k in ("ASAN_OPTIONS", "LAKEGATE_SKIP") if k in os.environ}
        self.worker = Worker(self.build, self.root, LAKEGATE_LAKE=self.lake,
                             LAKEGATE_FAILURES="log", **keep, **self.env, **env)
        if start:
            self.worker.start()

    def s3(self, method, target, body=b"", **headers):
        path, _, query = target.partition("?")
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.worker.ask(method, target, Signed("http://h", method, path, query,
                                                      headers).headers, body)

    def get(self, target):
        return self.s3("GET", target)

    def get_large(self, target):
        """By a program of its own: the client of the worker is for small ones."""
        path, _, query = target.partition("?")
        return self.worker.cgi("GET", target, Signed("http://h", "GET", path, query).headers, b"")

    def api(self, method, path, body=None):
        pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        return self.worker.ask(method, "/api/v1" + path, {
            "Authorization": "Basic " + pair, "Host": "h", "Content-Type": "application/json"},
            b"" if body is None else json.dumps(body).encode())

    def close(self):
        if self.worker is not None:
            self.worker.close()
        with open(f"{self.root}/worker.log", "ab+") as f:
            f.seek(0)
            words = f.read()
        assert b"Sanitizer" not in words and b"runtime error" not in words, words


@pytest.fixture
def old(request, tmp_path):
    o = Old(os.path.abspath(request.config.getoption("--build")), tmp_path)
    yield o
    o.close()


def test_every_command_names_the_one_that_upgrades(old, tmp_path):
    before = oldlake.rows(old.lake)
    for args in (["gc"], ["fsck"], ["user", "list"], ["key", "list"], ["repo", "list"], ["rekey"],
                 ["backup", str(tmp_path / "backup")]):
        r = old.command(*args)
        assert r.returncode == 1 and "format 1" in r.stderr, (args, r)
        assert "lakegate upgrade" in r.stderr, (args, r)
    assert not os.path.exists(tmp_path / "backup")
    assert oldlake.rows(old.lake) == before


def test_upgraded_it_is_read_back_whole_and_written_on(old, tmp_path):
    _, before = oldlake.rows(old.lake)
    old.env["LAKEGATE_AUDIT_LOG"] = str(tmp_path / "audit")
    assert "from format 1 to 2, 3 repositories" in old.done("upgrade")
    assert oldlake.rows(old.lake) == (2, oldlake.raised(before))
    assert re.search(r"protocol=cli op=upgrade uid=\d+ what=", (tmp_path / "audit").read_text())
    # Once more is nothing.
    assert "nothing to do" in old.done("upgrade")
    assert (tmp_path / "audit").read_text().count("op=upgrade") == 1
    assert oldlake.rows(old.lake) == (2, oldlake.raised(before))
    assert "clean" in old.done("fsck", "--deep")
    assert "bob" in old.done("user", "list")

    old.serve()
    oldlake.check(old.get, old.get_large)
    for repo, ref, *ids in oldlake.lines("commits"):
        log = json.loads(old.api("GET", f"/repositories/{repo}/refs/{ref}/commits").body)
        got = [c["id"] for c in log["results"]]
        assert sorted(got) == sorted(ids) and got[0] == ids[0], (repo, ref)
        # That version put commits of one second in any order: parents, too.
        for c in log["results"]:
            assert all(got.index(p) > got.index(c["id"]) for p in c["parents"]), (repo, ref)
    head = old.s3("HEAD", "/alpha/main/file").headers
    assert head["content-type"] == "text/plain" and head["x-amz-meta-colour"] == "blue"
    # The upload that was open is completed.
    uploads = ET.fromstring(old.get("/alpha?uploads=").body)
    upload, = [u.text for u in uploads.iterfind("{*}Upload/{*}UploadId")]
    parts = ET.fromstring(old.get(f"/alpha/main/open?uploadId={upload}").body)
    listed = "".join(f"<Part><PartNumber>{p.find('{*}PartNumber').text}</PartNumber>"
                     f"<ETag>{p.find('{*}ETag').text}</ETag></Part>"
                     for p in parts.iterfind("{*}Part"))
    assert old.s3("POST", f"/alpha/main/open?uploadId={upload}", (
        f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>").encode()).status == 200
    assert old.get_large("/alpha/main/open").body == (
        oldlake.text("five", 5 << 20) + oldlake.text("part", 2200))
    # A new commit, whose parent is an old one, and a merge over old ones.
    a = old.api("POST", "/repositories/alpha/branches/main/commits", {"message": "new"})
    assert a.status == 201, a
    assert json.loads(a.body)["parents"] == [oldlake.lines("commits")[0][2]]
    assert old.s3("PUT", "/alpha/dev/new", b"new").status == 200
    assert old.api("POST", "/repositories/alpha/branches/dev/commits", {"message": "n"}).status == 201
    assert old.api("POST", "/repositories/alpha/refs/dev/merge/main", {}).status == 200
    assert old.get("/alpha/main/new").body == b"new"
    # Namespaces: taken, free since its repository was deleted, freed now.
    make = lambda name, space: old.api("POST", "/repositories", {
        "name": name, "storage_namespace": space}).status
    assert make("other", "local://of/alpha") == 400 and make("other", "local://gamma") == 400
    assert make("gone2", "local://of/gone") == 201
    assert old.api("DELETE", "/repositories/beta").status == 204
    assert make("beta2", "local://of/beta") == 201
    assert "removed" in old.done("gc", "--grace", "0")
    assert "clean" in old.done("fsck", "--deep")


def test_a_worker_that_starts_upgrades_and_a_request_does_not(old, tmp_path):
    old.serve(start=False, LAKEGATE_AUDIT_LOG=str(tmp_path / "audit"))
    for method in ("GET", "PUT"):
        a = old.worker.cgi(method, "/alpha/main/file", {}, b"")
        assert a.status == 503 and b"lakegate upgrade" in a.body, a
        assert b"format 1" in a.body and old.format() == 1
    old.worker.start()
    oldlake.check(old.get, old.get_large)
    assert old.format() == 2
    assert "protocol=start op=upgrade" in (tmp_path / "audit").read_text()
    assert old.worker.cgi("GET", "/_health", {}, b"").status == 200
    assert "clean" in old.done("fsck")


def set_format(old, number):
    db = sqlite3.connect(f"{old.lake}/meta.db")
    db.execute(f"PRAGMA user_version={number}")
    db.close()


def test_a_program_stops_beside_a_newer_lake(old):
    """Read in each transaction: what runs already stops with words, and goes on
    when the lake is its own again."""
    old.serve()
    assert old.s3("PUT", "/gamma/main/x", b"x").status == 200
    rows = oldlake.rows(old.lake)[1]
    set_format(old, 3)
    for method, target in (("GET", "/gamma/main/x"), ("PUT", "/gamma/main/y"),
                           ("DELETE", "/gamma/main/x"), ("GET", "/gamma?list-type=2")):
        a = old.s3(method, target, b"y" if method == "PUT" else b"")
        assert a.status == 503, (method, a)
        assert b"format 3 and this program knows 2: restart it after the update" in a.body, a
    assert old.api("POST", "/repositories", {"name": "new", "storage_namespace": "local://n"}).status == 503
    assert old.worker.cgi("GET", "/_health", {}, b"").status == 503
    for args in (["upgrade"], ["gc"], ["repo", "list"]):
        r = old.command(*args)
        assert r.returncode == 1 and "format 3 and this program knows 2" in r.stderr, r
    set_format(old, 2)
    assert oldlake.rows(old.lake)[1] == rows
    assert old.get("/gamma/main/x").body == b"x"


def test_a_backup_of_the_old_format_is_restored(old, tmp_path):
    """Into a lake of this one; the backup stays as it is."""
    rows = oldlake.rows(old.lake)[1]
    (tmp_path / "other").mkdir()
    other = Old(old.build, tmp_path / "other")
    other.done("upgrade")
    backup = tmp_path / "backup"
    other.done("backup", str(backup), "--with-key")
    # As the older version left it: with no checksum.
    os.replace(f"{old.lake}/meta.db", backup / "meta.db")
    os.unlink(backup / "meta.db.sha256")
    assert oldlake.rows(backup) == (1, rows)
    old.lake = str(tmp_path / "new")
    old.done("restore", str(backup))
    number, found = oldlake.rows(old.lake)
    assert number == 2 and oldlake.rows(backup) == (1, rows)
    assert {k: v for k, v in oldlake.raised(rows).items() if k != b"G"} == {
        k: v for k, v in found.items() if k != b"G"}
    old.serve()
    oldlake.check(old.get, old.get_large)


def start(old, **env):
    return subprocess.Popen([f"{old.build}/lakegate", "--lake", old.lake, "upgrade"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**os.environ, **env})


def stopped(p):
    """It has stopped itself, at a named point."""
    _, status = os.waitpid(p.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), (status, p.communicate())


def test_two_at_once_are_one(old):
    """Both saw the old format; the second finds the work done."""
    first = start(old, LAKEGATE_FAULT="upgrade.begin:1:stop")
    stopped(first)
    assert "from format 1 to 2" in old.done("upgrade")
    rows = oldlake.rows(old.lake)
    first.send_signal(signal.SIGCONT)
    out, words = first.communicate(timeout=60)
    assert first.returncode == 0 and "nothing to do" in out, (out, words)
    assert oldlake.rows(old.lake) == rows


def test_it_waits_for_its_turn_to_write(old):
    with open(f"{old.lake}/writer.lock", "a") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        p = start(old)
        time.sleep(2)
        assert p.poll() is None and old.format() == 1
    assert p.wait(60) == 0 and old.format() == 2


@pytest.mark.parametrize("point", ["begin", "renamed", "written", "committed"])
def test_killed_or_stopped_it_is_old_or_new(old, point):
    before = oldlake.rows(old.lake)[1]
    r = old.command("upgrade", LAKEGATE_FAULT=f"upgrade.{point}:1:kill")
    assert r.returncode == -9, r
    number, rows = oldlake.rows(old.lake)
    assert number == (2 if point == "committed" else 1)
    assert rows == (oldlake.raised(before) if number == 2 else before)
    if point not in ("begin", "committed"):
        r = old.command("upgrade", LAKEGATE_FAULT=f"upgrade.{point}:1")
        assert r.returncode == 1 and oldlake.rows(old.lake) == (1, before), r
    old.done("upgrade")
    assert oldlake.rows(old.lake) == (2, oldlake.raised(before))


def test_statements_of_the_old_format_fail_and_lose_nothing(old):
    """Prepared before, in another process that never looks at the format again:
    what it was told is done is there, and nothing is written later."""
    until, done, wrong = threading.Event(), [], []

    def write(n):
        db = sqlite3.connect(f"{old.lake}/meta.db", isolation_level=None, timeout=60)
        key, i = b"~%d/" % n, 0
        try:
            while not until.is_set():
                db.execute("BEGIN IMMEDIATE")
                if i % 3 == 0:
                    db.execute("INSERT INTO big(v) VALUES(?1)", (key * 1000,))
                    last = db.execute("SELECT last_insert_rowid()").fetchone()[0]
                    db.execute("INSERT OR REPLACE INTO kv(k, v) VALUES(?1, ?2)", (key + b"%d" % i, last))
                else:
                    db.execute("INSERT OR REPLACE INTO kv(k, v) VALUES(?1, ?2)", (key + b"%d" % i, key))
                db.execute("COMMIT")
                done.append((key + b"%d" % i, key * 1000 if i % 3 == 0 else key))
                i += 1
        except sqlite3.OperationalError as e:
            wrong.append(str(e))
            db.execute("ROLLBACK")
    reader = sqlite3.connect(f"{old.lake}/meta.db", isolation_level=None)
    reader.execute("BEGIN")
    count = "SELECT count(*) FROM kv WHERE k < ?1"
    there = reader.execute(count, (b"~",)).fetchone()
    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for t in writers:
        t.start()
    while len(done) < 40:
        time.sleep(0.01)
    before = len(done)
    old.done("upgrade")
    for t in writers:
        t.join(60)
    until.set()
    assert len(wrong) == 4 and all("no such table" in w for w in wrong), wrong
    # A snapshot from before goes on to its end, and the next is refused.
    assert reader.execute(count, (b"~",)).fetchone() == there
    reader.execute("COMMIT")
    with pytest.raises(sqlite3.OperationalError):
        reader.execute(count, (b"~",))
    reader.close()
    number, rows = oldlake.rows(old.lake)
    assert number == 2 and len(done) >= before
    assert {k: v for k, v in rows.items() if k[:1] == b"~"} == dict(done)
