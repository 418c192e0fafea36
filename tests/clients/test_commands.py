"""Command line tools."""
import json
import os
import re
import subprocess
import time

import pytest

from lake import Lake
from matrix import aws_env, clean_env, digest, run, venv, which
from servers import KEY, SECRET, serve

pytestmark = pytest.mark.full


def aws(lake, tree, given, src, dst, program, row):
    env = aws_env(lake)

    def go(*args):
        return run(program, "--endpoint-url", lake.url, *args, env=env)
    row.version = re.search(r"aws-cli/(\S+)", run(program, "--version", env=env)).group(1)
    up = f"s3://{lake.repo}/main/up/"
    go("s3", "cp", "--recursive", "--no-progress", src, up)
    tree.is_at(lake, "main/up/")
    assert go("s3", "sync", "--no-progress", src, up) == ""
    go("s3", "sync", "--no-progress", f"s3://{lake.repo}/{given}", dst)
    tree.is_in(dst)
    assert "big.bin" in go("s3", "ls", up) and "9437184" in go("s3", "ls", "--recursive", up)
    go("s3", "mv", up + "plain.txt", up + "moved.txt")
    assert lake.body("main/up/moved.txt") == tree.files["plain.txt"]
    head = json.loads(go("s3api", "head-object", "--bucket", lake.repo, "--key", "main/up/moved.txt"))
    assert head["ContentLength"] == 1400
    link = go("s3", "presign", up + "big.bin").strip()
    assert digest(subprocess.run(["curl", "-fsS", link], capture_output=True).stdout) == \
        digest(tree.files["big.bin"])
    go("s3", "rm", "--recursive", "--quiet", up)
    assert lake.keys("main/up/") == []
    assert lake.repo in go("s3", "ls")


@pytest.mark.tool("aws-cli (PyPI)", "s3 cp, sync, ls, mv, rm, presign; s3api")
def test_aws_cli(lake, tree, given, src, dst, row):
    aws(lake, tree, given, src, dst, f"{venv('awscli')}/aws", row)


@pytest.mark.tool("aws-cli (Debian 12)", "s3 cp, sync, ls, mv, rm, presign; s3api")
def test_debians_aws_cli(lake, tree, given, src, dst, row):
    aws(lake, tree, given, src, dst, which("aws"), row)


@pytest.mark.tool("s5cmd", "cp, sync, ls, cat, du, pipe, mv, rm")
def test_s5cmd(lake, tree, given, src, dst, row):
    env = aws_env(lake, S3_ENDPOINT_URL=lake.url)
    program = f"{venv('clients')}/s5cmd"

    def go(*args, **more):
        return run(program, *args, env=env, **more)
    row.version = go("version").strip().split("-")[0].lstrip("v")
    up = f"s3://{lake.repo}/main/up/"
    go("cp", f"{src}/", up)
    tree.is_at(lake, "main/up/")
    assert go("sync", f"{src}/", up) == ""
    go("cp", f"s3://{lake.repo}/{given}*", f"{dst}/")
    tree.is_in(dst)
    assert "big.bin" in go("ls", up)
    assert go("cat", f"s3://{lake.repo}/{given}plain.txt").encode() == tree.files["plain.txt"]
    assert "4 objects" in go("du", up + "*")
    go("pipe", up + "piped", stdin=b"through a pipe")
    assert lake.body("main/up/piped") == b"through a pipe"
    go("mv", up + "piped", up + "moved")
    assert lake.body("main/up/moved") == b"through a pipe"
    go("rm", up + "*")
    assert lake.keys("main/up/") == []


@pytest.mark.tool("s3cmd", "put, get, sync, ls, info, cp, mv, del")
def test_s3cmd(lake, tree, given, src, dst, row, tmp_path):
    host = lake.url.split("//")[1]
    conf = tmp_path / "s3cfg"
    conf.write_text(f"[default]\naccess_key = {KEY}\nsecret_key = {SECRET}\nhost_base = {host}\n"
                    f"host_bucket = {host}\nuse_https = False\n")

    def go(*args):
        return run(which("s3cmd"), "-c", conf, "--no-progress", *args)
    row.version = run(which("s3cmd"), "--version").split()[-1]
    up = f"s3://{lake.repo}/main/up/"
    go("put", "--recursive", f"{src}/", up)
    tree.is_at(lake, "main/up/")
    assert "upload:" not in go("sync", f"{src}/", up)
    go("sync", f"s3://{lake.repo}/{given}", f"{dst}/")
    tree.is_in(dst)
    assert "big.bin" in go("ls", up) and "1400" in go("info", up + "plain.txt")
    go("cp", up + "plain.txt", up + "copy")
    go("mv", up + "copy", up + "moved")
    assert lake.body("main/up/moved") == tree.files["plain.txt"]
    go("del", "--recursive", "--force", up)
    assert lake.keys("main/up/") == []


@pytest.mark.tool("rclone", "sync, check, copy, cat, rcat, lsjson, hashsum, moveto, deletefile, purge, "
                  "--s3-version-at")
def test_rclone(lake, tree, given, src, dst, row):
    env = clean_env(RCLONE_CONFIG_LAKE_TYPE="s3", RCLONE_CONFIG_LAKE_PROVIDER="Other",
                    RCLONE_CONFIG_LAKE_ENDPOINT=lake.url, RCLONE_CONFIG_LAKE_ACCESS_KEY_ID=KEY,
                    RCLONE_CONFIG_LAKE_SECRET_ACCESS_KEY=SECRET, RCLONE_CONFIG=os.devnull)

    def go(*args, **more):
        return run(which("rclone"), "--s3-upload-cutoff=5M", *args, env=env, **more)
    row.version = go("version").split()[1].split("-")[0].lstrip("v")
    up = f"lake:{lake.repo}/main/up"
    go("sync", src, up)
    tree.is_at(lake, "main/up/")
    go("check", src, up)
    go("check", "--download", src, up)
    go("copy", f"lake:{lake.repo}/{given}", dst)
    tree.is_in(dst)
    assert go("cat", f"lake:{lake.repo}/{given}plain.txt").encode() == tree.files["plain.txt"]
    go("rcat", up + "/piped", stdin=b"p" * 300000)
    assert lake.body("main/up/piped") == b"p" * 300000
    assert len(json.loads(go("lsjson", "-R", "--files-only", up))) == 5
    go("hashsum", "MD5", up)
    go("moveto", up + "/piped", up + "/a b/moved")
    assert lake.body("main/up/a b/moved") == b"p" * 300000
    go("deletefile", up + "/a b/moved")
    go("sync", src, up)
    tree.is_at(lake, "main/up/")
    go("purge", up)
    assert lake.keys("main/up/") == []
    # A commit ago, by the time that it had.
    lake.s3.put_bucket_versioning(Bucket=lake.repo, VersioningConfiguration={"Status": "Enabled"})
    lake.put("main/old/o", b"one")
    lake.commit()
    time.sleep(1.1)
    then = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    time.sleep(1.1)
    lake.put("main/old/o", b"two")
    assert go("cat", f"lake:{lake.repo}/main/old", "--s3-version-at", then) == "one"
    assert go("cat", f"lake:{lake.repo}/main/old") == "two"


@pytest.mark.tool("restic", "init, backup, check --read-data, restore, forget --prune")
def test_restic(lake, tree, given, src, dst, row):
    """The second repository is read from a tag: an old backup as it was."""
    def go(ref, *args):
        env = clean_env(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, RESTIC_PASSWORD="secret",
                        RESTIC_REPOSITORY=f"s3:{lake.url}/{lake.repo}/{ref}/backup")
        return run(which("restic"), "--no-cache", *args, env=env)
    row.version = run(which("restic"), "version").split()[1]
    go("main", "init")
    go("main", "backup", src)
    go("main", "check", "--read-data")
    lake.commit()
    lake.repository.tag("night").create("main")
    (src / "plain.txt").write_bytes(b"changed")
    go("main", "backup", src)
    go("main", "forget", "--prune", "--keep-last", "1")
    go("main", "check", "--read-data")
    go("night", "--no-lock", "restore", "latest", "--target", dst)
    tree.is_in(dst / str(src).lstrip("/"))


@pytest.mark.tool("curl", "--aws-sigv4, HTTP/2 over TLS, ranges, listing")
def test_curl(lake, tree, given, src, row, request):
    server = serve("lighttpd+tls", lake.server.build)
    try:
        lake = Lake(server)
        url = f"{lake.url}/{lake.repo}/main/"

        def go(*args):
            return subprocess.run(["curl", "-fsS", "--http2", "--cacert", server.pem + ".crt",
                                   "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
                                   f"{KEY}:{SECRET}", "-H",
                                   "x-amz-content-sha256: UNSIGNED-PAYLOAD", *args], check=True, capture_output=True).stdout
        row.version = run("curl", "--version").split()[1]
        assert go("-o", os.devnull, "-w", "%{http_version} %{http_code}", "-T", src / "big.bin",
                  url + "big.bin") == b"2 200"
        assert digest(lake.body("main/big.bin")) == digest(tree.files["big.bin"])
        lake.put("main/given", tree.files["big.bin"])
        commit = lake.commit()
        assert digest(go(f"{lake.url}/{lake.repo}/{commit}/given")) == digest(tree.files["big.bin"])
        assert go("-r", "5-9", url + "given") == tree.files["big.bin"][5:10]
        assert b"<Key>main/big.bin</Key>" in go(f"{lake.url}/{lake.repo}?list-type=2&prefix=main%2F")
        go("-X", "DELETE", url + "big.bin")
        assert lake.keys() == ["main/given"]
    finally:
        server.stop()
