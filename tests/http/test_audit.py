"""The audit log: one line for each change, with who made it and from where."""
import os
import re
import subprocess

import pytest

from lake import Lake, s3_client
from servers import KEY, connect, serve
from test_api import call

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def audited(request):
    """A server of its own whose worker keeps an audit log."""
    s = serve(request.config.getoption("--server"), os.path.abspath(request.config.getoption("--build")),
              settings={"audit_log": "RUN/audit.log"})
    s.audit = os.path.join(s.rundir, "audit.log")
    yield s
    s.stop()


def command(server, *args, audit=None):
    return subprocess.run([os.path.join(server.build, "lakegate"), "--lake", server.lake, *args],
                          env=dict(os.environ, LAKEGATE_AUDIT_LOG=audit or server.audit),
                          capture_output=True, text=True)


def lines(server):
    """The lines since the last call, as dictionaries."""
    with open(server.audit) as f:
        f.seek(getattr(server, "audit_read", 0))
        out = f.read()
        server.audit_read = f.tell()
    return [dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line)) for line in out.splitlines()]


def test_changes_have_a_line_each(audited):
    lake = Lake(audited)
    lines(audited)
    lake.put("main/a b.txt")
    lake.commit()
    lake.s3.delete_object(Bucket=lake.repo, Key="main/a b.txt")
    got = lines(audited)
    assert [g["op"] for g in got] == ["PutObject", "commit", "DeleteObject"]
    for g in got:
        assert (g["user"], g["key"], g["repo"], g["client"]) == ("admin", KEY, lake.repo, "127.0.0.1")
    assert got[0]["path"] == '"a b.txt"'


def test_each_of_many_deletions_has_its_line(audited):
    lake = Lake(audited)
    for k in ("a", "b"):
        lake.put(f"main/{k}")
    lines(audited)
    lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [
        {"Key": "main/a"}, {"Key": "main/b"}, {"Key": "none/c"}]})
    assert [(g["op"], g["path"]) for g in lines(audited)] == [
        ("DeleteObjects", "main/a"), ("DeleteObjects", "main/b")]
    status, _ = call(lake, "POST", f"/repositories/{lake.repo}/branches/main/objects/delete",
                        {"paths": ["a", "b"]})
    assert status == 200
    assert [(g["op"], g["path"]) for g in lines(audited)] == [
        ("deleteObjects", "a"), ("deleteObjects", "b")]


def test_what_changed_nothing_has_none(audited):
    lake = Lake(audited)
    lines(audited)
    lake.keys()
    for client in (s3_client(audited.url, secret="wrong-wrong"), lake.s3):
        with pytest.raises(Exception):
            client.put_object(Bucket=lake.repo, Key="none/x", Body=b"x")
    lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [{"Key": "none/c"}]})
    c = connect(audited.url)
    c.request("POST", "/_health")
    assert c.getresponse().status == 200
    assert lines(audited) == []


def test_commands_have_lines_too(audited):
    lines(audited)
    for args in (["user", "create", "eve\nop=x"], ["user", "delete", "eve\nop=x", "--yes"],
                 ["repo", "create", "audited-repo"], ["repo", "delete", "audited-repo", "--yes"]):
        assert command(audited, *args).returncode == 0
    assert [g["op"] for g in lines(audited)] == [
        '"user create"', '"user delete"', '"repo create"', '"repo delete"']


def test_a_new_lake_has_a_line(audited, tmp_path):
    lines(audited)
    where = tmp_path / "new"
    assert command(audited, "init", str(where)).returncode == 0
    assert command(audited, "init", str(where)).returncode == 1
    got = lines(audited)
    assert [(g["op"], g["what"], g["uid"]) for g in got] == [("init", str(where), str(os.getuid()))]


def test_the_log_of_a_new_lake_may_lie_in_it(audited, tmp_path):
    where = tmp_path / "new"
    assert command(audited, "init", str(where), audit=str(where / "audit.log")).returncode == 0
    assert re.fullmatch(r"\S+ audit id=\S+ protocol=cli op=init .*\n", (where / "audit.log").read_text())


def test_no_lake_is_made_without_the_log_that_is_set(audited, tmp_path):
    where = tmp_path / "new"
    r = command(audited, "init", str(where), audit="/nowhere/audit.log")
    assert r.returncode == 1 and "/nowhere/audit.log" in r.stderr
    assert not where.exists()


def test_a_log_that_cannot_be_written_is_said_at_once(audited):
    r = command(audited, "repo", "list", audit="/nowhere/audit.log")
    assert r.returncode == 1 and "/nowhere/audit.log" in r.stderr
