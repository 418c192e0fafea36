"""Secrets: where they come from, and where they never are."""
import os
import shutil
import subprocess
import urllib.request

import pytest

from lake import s3_client
from servers import KEY, SECRET, serve
from test_setup import ask, basic, login


@pytest.fixture
def worker(request):
    """A worker that runs by itself, not as root."""
    s = serve("nginx", os.path.abspath(request.config.getoption("--build")))
    urllib.request.urlopen(s.url + "/_health").read()       # it is up
    yield s.others[0].pid
    s.stop()
    shutil.rmtree(s.root)


def test_workers_leave_no_core_dump(worker):
    """Nor can another process of their user read their memory: what belongs to
    root under /proc is closed to it."""
    with open(f"/proc/{worker}/limits") as f:
        core = [line for line in f if "core file" in line]
    assert core[0].split()[4:6] == ["0", "0"], core
    assert os.stat(f"/proc/{worker}/mem").st_uid == 0


def test_a_secret_comes_from_a_file_or_standard_input(server, tmp_path):
    """And is neither printed nor taken from the command line."""
    lakegate = lambda *a, **m: subprocess.run(
        [os.path.join(server.build, "lakegate"), "--lake", server.lake, *a], text=True,
        capture_output=True, **m)
    secret = "a-secret-from-a-file"
    (tmp_path / "secret").write_text(secret + "\r\n")
    for n, (source, given) in enumerate(((str(tmp_path / "secret"), None), ("-", secret))):
        r = lakegate("key", "create", "files", "--access-key-id", f"FILESKEY{n}",
                     "--secret-file", source, input=given)
        assert r.returncode == 0 and secret not in r.stdout + r.stderr, r
        s3_client(server.url, f"FILESKEY{n}", secret).list_buckets()
    r = lakegate("key", "create", "files", "--secret-access-key", secret)
    assert r.returncode == 2 and "unknown option" in r.stderr
    lakegate("user", "delete", "files", "--yes")


def test_no_secret_is_in_logs_and_in_answers(request):
    """Neither a key's, nor the master key, nor a session's token."""
    s = serve("lighttpd", os.path.abspath(request.config.getoption("--build")))
    try:
        token = login(s.url)[0]
        with open(f"{s.lake}/master.key") as f:
            master = f.read().strip()
        answers = []
        for path in ("/user", "/config", "/repositories", "/nothing", "/setup_lakefs"):
            for who in (basic(KEY, SECRET), basic(KEY, SECRET + "x"), "Bearer " + token,
                        "Bearer " + token + "x"):
                answers.append(repr(ask(s.url, "GET", path, Authorization=who)[2]))
        for secret in (SECRET, SECRET + "x"):
            answers.append(repr(ask(s.url, "POST", "/auth/login", {
                "access_key_id": KEY, "secret_access_key": secret})[2]).replace(token, ""))
            try:
                s3_client(s.url, secret=secret).put_object(Bucket="absent", Key="main/x")
            except Exception as e:
                answers.append(repr(e))
        with open(f"{s.root}/server.log") as f:
            said = f.read() + "".join(answers)
        assert "status=401" in said and "status=403" in said
        for word in (SECRET, token, token.split(".")[2], master):
            assert word not in said
    finally:
        s.stop()
        shutil.rmtree(s.root)
