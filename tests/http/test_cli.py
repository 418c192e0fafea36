"""The command: settings, keys, repositories, upkeep."""
import os
import pty
import re
import sqlite3
import subprocess
import time
import urllib.request

import boto3
import pytest
from botocore.config import Config

from lake import Lake
from servers import serve


@pytest.fixture
def cli(server, tmp_path):
    def run(*args, check=True, **env):
        r = subprocess.run([os.path.join(server.build, "lakegate"), *args], text=True,
                           capture_output=True, env={**os.environ, **env})
        assert not check or r.returncode == 0, r.stderr
        return r
    run.lake, run.build = server.lake, server.build
    run.tmp = tmp_path
    return run


def test_usage_and_exit_codes(cli):
    assert "usage: lakegate" in cli("help").stdout
    assert cli("nonsense", check=False).returncode == 2
    assert cli("repo", "create", check=False, LAKEGATE_LAKE=cli.lake).returncode == 2
    assert cli("gc", "--what", check=False).returncode == 2
    for word in ("version", "--version"):
        assert re.match(r"lakegate \d+\.\d+\.\d+$", cli(word).stdout.strip())
    assert "[--grace SECONDS]" in cli("gc", "--help").stdout


@pytest.mark.parametrize("text,words", [
    ("threads = 0", "x.conf:1: threads must be a number from 1"),
    ("\nnonsense = 1", 'x.conf:2: unknown setting "nonsense"'),
    ("durability = maybe", "x.conf:1: durability must be one of: full relaxed"),
    ("[section]\nthreads = 1", "sections are not used"),
    ("just words", "x.conf:1"),
])
def test_bad_settings_are_refused_with_file_and_line(cli, text, words):
    conf = cli.tmp / "x.conf"
    conf.write_text(text + "\n")
    r = cli("conf", check=False, LAKEGATE_CONF=str(conf))
    assert r.returncode == 1 and words in r.stderr, r.stderr


def test_settings_from_file_and_environment(cli):
    conf = cli.tmp / "x.conf"
    conf.write_text("threads = 7   ; a comment\nnode_cache = 2M\n")
    out = cli("conf", LAKEGATE_CONF=str(conf), LAKEGATE_THREADS="9").stdout
    assert "\nthreads = 9\n" in out and "\nnode_cache = 2097152\n" in out
    r = cli("conf", check=False, LAKEGATE_NONSENSE="1")
    assert r.returncode == 1 and "LAKEGATE_NONSENSE" in r.stderr


def test_a_lake_is_made_once(cli):
    where = str(cli.tmp / "lake")
    out = cli("init", where, "--user", "me").stdout
    assert re.search(r"access key id +AKIA[IJ][A-Z0-9]{14}Q\n", out)
    assert oct(os.stat(where + "/master.key").st_mode)[-3:] == "600"
    secret = re.search(r"secret access key +(\S+)", out).group(1)
    with open(where + "/meta.db", "rb") as f:
        assert secret.encode() not in f.read()
    assert cli("init", where, check=False).returncode == 1
    assert cli("--lake", where + "x", "fsck", check=False).returncode == 1
    assert cli("--lake", where, "fsck").stdout.startswith("clean")


def test_names_and_secrets_at_their_limits(server, cli):
    run = lambda *a, **m: cli("--lake", cli.lake, *a, **m)
    user, key, secret = "u" * 256, "K" * 128, "s" * 128
    (cli.tmp / "secret").write_text(secret + "\n")
    (cli.tmp / "longer").write_text(secret + "s\n")
    made = lambda user, key, file, **m: run(
        "key", "create", user, "--access-key-id", key, "--secret-file", str(cli.tmp / file), **m)
    assert run("user", "create", user + "u", check=False).returncode == 1
    run("user", "create", user)
    for args in ((user + "u", key, "secret"), (user, key + "K", "secret"), (user, key, "longer")):
        assert made(*args, check=False).returncode == 1
    assert key not in run("key", "list").stdout
    made(user, key, "secret")
    s3 = boto3.client("s3", endpoint_url=server.url, aws_access_key_id=key, aws_secret_access_key=secret,
                      region_name="us-east-1", config=Config(retries={"max_attempts": 0}))
    s3.list_buckets()
    run("key", "revoke", key)
    run("user", "delete", user, "--yes")


def test_keys_and_users(server, cli):
    run = lambda *a, **m: cli("--lake", cli.lake, *a, **m)
    run("user", "create", "ann")
    (cli.tmp / "secret").write_text("anns-secret-key\n")
    out = run("key", "create", "ann", "--access-key-id", "ANNSKEY",
              "--secret-file", str(cli.tmp / "secret")).stdout
    assert "ANNSKEY" in out and "anns-secret-key" not in out
    assert "ANNSKEY\tann\t" in run("key", "list", "ann").stdout
    s3 = boto3.client("s3", endpoint_url=server.url, aws_access_key_id="ANNSKEY",
                      aws_secret_access_key="anns-secret-key", region_name="us-east-1",
                      config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}))
    s3.list_buckets()
    run("key", "revoke", "ANNSKEY")
    with pytest.raises(s3.exceptions.ClientError, match="InvalidAccessKeyId"):
        s3.list_buckets()
    assert "ann\t" in run("user", "list").stdout
    run("user", "delete", "ann", "--yes")
    assert run("user", "delete", "ann", "--yes", check=False).returncode == 1


def test_repositories(cli):
    run = lambda *a, **m: cli("--lake", cli.lake, *a, **m)
    run("repo", "create", "by-command", "--default-branch", "trunk")
    assert "by-command\ttrunk\t" in run("repo", "list").stdout
    assert run("repo", "create", "by-command", check=False).returncode == 1
    r = run("repo", "delete", "by-command", check=False)
    assert r.returncode == 2 and "--yes" in r.stderr
    assert "by-command" in run("repo", "list").stdout
    run("repo", "delete", "by-command", "--yes")
    assert "by-command" not in run("repo", "list").stdout


def test_gc_frees_what_nothing_names(server, cli):
    lake = Lake(server)
    for n in range(5):
        lake.put("main/o", os.urandom(100000))
    body = os.urandom(100000)
    lake.put("main/o", body)
    out = cli("--lake", cli.lake, "gc", "--grace", "0").stdout
    assert int(re.search(r"(\d+) blocks \((\d+) bytes\)", out).group(1)) >= 5
    assert lake.body("main/o") == body
    server.fsck()


def test_a_reserve_of_disk_is_kept_for_cleaning_up(cli):
    """Below it puts are refused and deletes are not."""
    where = str(cli.tmp / "lake")
    out = cli("init", where).stdout
    key = re.search(r"id +(\S+)", out).group(1)
    secret = re.search(r"secret access key +(\S+)", out).group(1)
    cli("--lake", where, "repo", "create", "repo")
    codes = []
    for reserve in ("0", "1024G"):
        s = serve("lighttpd", cli.build, where, {"reserve": reserve})
        s3 = boto3.client("s3", endpoint_url=s.url, aws_access_key_id=key,
                          aws_secret_access_key=secret, region_name="us-east-1",
                          config=Config(s3={"addressing_style": "path"},
                                        retries={"max_attempts": 0}))
        for call in (lambda: s3.put_object(Bucket="repo", Key="main/o", Body=b"x"),
                     lambda: s3.delete_object(Bucket="repo", Key="main/o")):
            try:
                codes.append(call()["ResponseMetadata"]["HTTPStatusCode"])
            except s3.exceptions.ClientError as e:
                codes.append(e.response["Error"]["Code"])
        s.stop()
    assert codes == [200, 204, "ServiceUnavailable", 204]


def test_fsck_finds_a_missing_and_a_changed_file(cli):
    where = str(cli.tmp / "lake")
    cli("init", where)
    run = lambda *a, **m: cli("--lake", where, *a, **m)
    run("repo", "create", "repo")
    other = serve("lighttpd", cli.build, where)
    out = run("key", "create", "me").stdout
    key = re.search(r"id +(\S+)", out).group(1)
    secret = re.search(r"secret access key +(\S+)", out).group(1)
    s3 = boto3.client("s3", endpoint_url=other.url, aws_access_key_id=key,
                      aws_secret_access_key=secret, region_name="us-east-1",
                      config=Config(s3={"addressing_style": "path"}))
    for n in range(2):
        s3.put_object(Bucket="repo", Key=f"main/{n}", Body=os.urandom(50000))
    other.stop()
    assert run("fsck", "--deep").stdout.startswith("clean")
    blocks = [os.path.join(d, f) for d, _, fs in os.walk(where + "/blocks") for f in fs]
    with open(blocks[0], "r+b") as f:
        f.write(b"spoilt")
    os.unlink(blocks[1])
    r = run("fsck", "--deep", check=False)
    assert r.returncode == 1 and "I8:" in r.stdout and "I11:" in r.stdout


def open_database(lake):
    """With the names of its two tables: records, and their large values."""
    db = sqlite3.connect(lake + "/meta.db")
    names = {n for n, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return (db, "record", "large") if "record" in names else (db, "kv", "big")


def test_gc_goes_past_what_it_cannot_read(cli):
    """It says so, with an exit status of its own, and keeps the rest."""
    where = str(cli.tmp / "lake")
    cli("init", where)
    run = lambda *a, **m: cli("--lake", where, *a, **m)
    run("repo", "create", "repo")
    assert run("gc").returncode == 0
    db, record, _ = open_database(where)
    (k, v), = db.execute(f"SELECT k, v FROM {record} WHERE substr(k, 1, 1) = ?", (b"H",)).fetchall()
    db.execute(f"UPDATE {record} SET v = ? WHERE k = ?", (b"?", k))
    db.commit()
    r = run("gc", check=False)
    assert r.returncode == 3 and r.stdout.startswith("removed: 0 commits")
    assert "missing or cannot be read: 1." in r.stderr and "lakegate fsck" in r.stderr
    db.execute(f"UPDATE {record} SET v = ? WHERE k = ?", (v, k))
    db.commit()
    db.close()
    r = run("gc")
    assert r.returncode == 0 and r.stderr == ""
    assert run("fsck").stdout.startswith("clean")


def test_gc_goes_past_a_value_that_is_lost(cli):
    """One that the database holds apart, as it does large ones."""
    where = str(cli.tmp / "lake")
    cli("init", where)
    run = lambda *a, **m: cli("--lake", where, *a, **m)
    run("repo", "create", "repo")
    (cli.tmp / "secret").write_text("a secret of its own\n")
    run("key", "create", "admin", "--access-key-id", "AKIAOFGC", "--secret-file", str(cli.tmp / "secret"))
    other = serve("lighttpd", cli.build, where)
    s3 = boto3.client("s3", endpoint_url=other.url, aws_access_key_id="AKIAOFGC",
                      aws_secret_access_key="a secret of its own", region_name="us-east-1",
                      config=Config(s3={"addressing_style": "path"}))
    for n in range(3):
        s3.put_object(Bucket="repo", Key=f"main/{n}", Metadata={"long": str(n) * 1500})
    other.stop()
    db, _, large = open_database(where)
    lost = db.execute(f"SELECT id, v FROM {large}").fetchall()
    assert len(lost) == 3
    db.execute(f"DELETE FROM {large} WHERE id = ?", lost[1][:1])
    db.commit()
    r = run("gc", check=False)
    assert r.returncode == 3 and "missing or cannot be read: 1." in r.stderr
    db.execute(f"INSERT INTO {large}(id, v) VALUES(?, ?)", lost[1])
    db.commit()
    db.close()
    assert run("gc").returncode == 0
    assert run("fsck").stdout.startswith("clean")


def test_the_log_file_may_be_rotated(cli):
    """Renamed under a worker, which goes on in a new one."""
    where = str(cli.tmp / "lake")
    cli("init", where)
    log = cli.tmp / "worker.log"
    s = serve("lighttpd", cli.build, where, {"log_file": log})
    ask = lambda n: urllib.request.urlopen(f"{s.url}/_health?n={n}").read()
    ask(1)
    assert log.read_text().count("protocol=own") == 1
    log.rename(cli.tmp / "worker.log.1")
    time.sleep(1.1)
    ask(2)
    s.stop()
    assert log.read_text().count("protocol=own") == 1
    assert (cli.tmp / "worker.log.1").read_text().count("protocol=own") == 1


def test_a_worker_on_a_socket_of_its_own(cli):
    """For web servers that start no programs; one that answers is not replaced."""
    where = str(cli.tmp / "lake")
    cli("init", where)
    path = str(cli.tmp / "worker.sock")
    command = [os.path.join(cli.build, "lakegate"), "--lake", where, "serve",
               "--socket", path, "--mode", "600"]
    worker = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert "serving" in worker.stderr.readline()
    try:
        assert oct(os.stat(path).st_mode)[-3:] == "600"
        second = subprocess.run(command, capture_output=True, text=True)
        assert second.returncode == 1 and "another process serves" in second.stderr
    finally:
        worker.terminate()
    assert worker.wait(30) == 0
    assert cli("--lake", where, "serve", "--socket", path, "--port", "1",
               check=False).returncode == 2


@pytest.mark.parametrize("typed,left", [("yes\n", False), ("no\n", True), ("y\n", True), ("\x04", True)])
def test_a_terminal_is_asked_before_something_is_destroyed(cli, typed, left):
    cli("--lake", cli.lake, "repo", "create", "to-destroy")
    mine, theirs = pty.openpty()
    p = subprocess.Popen([os.path.join(cli.build, "lakegate"), "--lake", cli.lake, "repo", "delete",
                          "to-destroy"], stdin=theirs, stderr=subprocess.PIPE, text=True)
    os.write(mine, typed.encode())
    asked = p.communicate(timeout=60)[1]
    os.close(mine)
    os.close(theirs)
    assert "Delete the repository to-destroy" in asked and p.returncode == (2 if left else 0)
    assert ("to-destroy" in cli("--lake", cli.lake, "repo", "list").stdout) == left
    cli("--lake", cli.lake, "repo", "delete", "--yes", "to-destroy", check=False)


def test_long_commands_show_progress_on_a_terminal(server, cli):
    """And only there."""
    for command, phases in (("fsck", ("walking", "checking")), ("gc", ("reaping", "walking", "sweeping"))):
        argv = [os.path.join(cli.build, "lakegate"), "--lake", cli.lake, command]
        assert subprocess.run(argv, capture_output=True, text=True).stderr == ""
        mine, theirs = pty.openpty()
        subprocess.run(argv, stderr=theirs, stdout=subprocess.DEVNULL, check=True)
        os.close(theirs)
        shown = os.read(mine, 65536).decode()
        assert all(phase in shown for phase in phases), shown
        os.close(mine)
