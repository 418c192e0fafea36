"""Who else on the host can read a lake: nobody, and in blocks/ one group."""
import contextlib
import grp
import os
import shutil
import stat
import subprocess

import pytest

from servers import FIRST_KEY, KEY, SECRET

NOBODY = 65534
BODY = b"not for the neighbours " * 4096


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def walk(lake):
    for folder, folders, files in os.walk(lake):
        for name in folders + files:
            yield os.path.join(folder, name)


@contextlib.contextmanager
def passable(folder):
    """Another user comes through to what is in the folder."""
    ours = [f for f in (folder, *folder.parents) if not f.stat().st_mode & 0o001]
    before = [mode(f) for f in ours]
    for f in ours:
        f.chmod(mode(f) | 0o001)
    yield
    for f, m in zip(ours, before):
        f.chmod(m)


@pytest.fixture
def cli(server):
    def run(*args, check=True, umask=0o022):
        r = subprocess.run([os.path.join(server.build, "lakegate"), *args], text=True,
                           capture_output=True, umask=umask)
        assert not check or r.returncode == 0, r.stderr
        return r
    return run


@pytest.fixture
def get(server):
    """A request to the worker as a CGI program: its answer's first line."""
    def ask(lake, path="/_health", method="GET", body=b"", **env):
        r = subprocess.run([server.binary], input=body, capture_output=True, umask=0o022, env={
            **os.environ, "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method, "REQUEST_URI": path,
            "LAKEGATE_LAKE": str(lake), "CONTENT_LENGTH": str(len(body)), **env})
        return r.stdout.split(b"\r\n")[0].decode(), r.stderr.decode()
    return ask


def put(get, lake, repo):
    """One object in a file of its own, with Basic authentication."""
    import base64
    basic = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    first, err = get(lake, f"/api/v1/repositories/{repo}/branches/main/objects?path=big", "POST", BODY,
                     CONTENT_TYPE="application/octet-stream", HTTP_AUTHORIZATION=basic)
    assert " 201" in first, (first, err)


def test_nobody_else_reads_what_a_server_wrote(server, lake):
    lake.put("main/big", BODY)
    lake.put("main/small", b"not for the neighbours")
    lake.commit()
    assert mode(server.lake) == 0o700
    for path in walk(server.lake):
        try:
            assert mode(path) & 0o077 == 0, path
        except FileNotFoundError:
            pass


def test_a_new_lake_is_closed_whatever_the_umask(cli, get, tmp_path):
    there = tmp_path / "there"
    there.mkdir(0o700)
    for where in (there, tmp_path / "new"):
        cli("init", str(where), *FIRST_KEY, umask=0)
        cli("--lake", str(where), "repo", "create", "closed", umask=0)
        put(get, where, "closed")
        assert mode(where) == 0o700
        assert [p for p in walk(where) if mode(p) & 0o077] == []


@pytest.mark.parametrize("open_mode", [0o755, 0o750, 0o770, 0o701, 0o777, 0o2755])
def test_a_folder_that_others_read_becomes_no_lake(cli, tmp_path, open_mode):
    where = tmp_path / "open"
    where.mkdir()
    where.chmod(open_mode)
    r = cli("init", str(where), check=False)
    assert r.returncode == 1 and f"type chmod 700 {where}" in r.stderr, r.stderr
    assert os.listdir(where) == []
    subprocess.run(r.stderr.split(": type ")[1].split(), check=True)
    cli("init", str(where), *FIRST_KEY)


def test_a_folder_of_another_user_becomes_no_lake(server, tmp_path):
    command = shutil.copy(os.path.join(server.build, "lakegate"), tmp_path)
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    with passable(tmp_path):
        r = subprocess.run([command, "init", "/"], text=True, capture_output=True, **user)
    assert r.returncode == 1 and "/ belongs to another user" in r.stderr, r.stderr


@pytest.mark.root
def test_root_becomes_the_owner_of_the_lake(cli, tmp_path):
    where = tmp_path / "theirs"
    where.mkdir(0o700)
    os.chown(where, NOBODY, NOBODY)
    with passable(tmp_path):
        cli("init", str(where), *FIRST_KEY)
        cli("--lake", str(where), "repo", "create", "theirs")
        cli("--lake", str(where), "rekey")
        cli("--lake", str(where), "gc")
    assert {os.stat(p).st_uid for p in walk(where)} == {NOBODY}


@pytest.mark.parametrize("open_mode", [0o755, 0o750, 0o701, 0o720])
def test_a_lake_that_others_read_is_not_served(cli, get, tmp_path, open_mode):
    where = tmp_path / "lake"
    cli("init", str(where), *FIRST_KEY)
    assert " 200" in get(where)[0]
    where.chmod(open_mode)
    first, err = get(where)
    assert " 503" in first and f"type chmod 700 {where}" in err, (first, err)
    assert str(where) not in first
    r = cli("--lake", str(where), "fsck", check=False)
    assert r.returncode == 1 and f"type chmod 700 {where}" in r.stderr


def test_a_group_reads_blocks_and_nothing_else(cli, get, tmp_path):
    where = tmp_path / "lake"
    group = grp.getgrgid(os.getgid()).gr_name
    cli("init", str(where), *FIRST_KEY, "--group", group, umask=0)
    cli("--lake", str(where), "repo", "create", "shared")
    put(get, where, "shared")
    assert mode(where) == 0o2710 and mode(where / "blocks") == 0o2750
    assert mode(where / "tmp") == 0o2700
    inside = list(walk(where / "blocks"))
    files = [p for p in inside if os.path.isfile(p)]
    assert {mode(p) for p in files} == {0o640} and files
    assert {mode(p) for p in inside if os.path.isdir(p)} == {0o2750}
    assert {os.stat(p).st_gid for p in inside} == {os.getgid()}
    rest = [p for p in walk(where) if p not in inside and p != str(where / "blocks")]
    assert [p for p in rest if mode(p) & 0o077] == [] and rest
    assert cli("--lake", str(where), "fsck", "--deep").stdout.startswith("clean")


@pytest.mark.parametrize("name,open_mode,words", [
    ("meta.db", 0o640, "go="), ("master.key", 0o604, "go="), ("metrics", 0o602, "go="),
    ("writer.lock", 0o660, "go="), ("tmp", 0o710, "go="), ("blocks", 0o2755, "g-w,o="),
    ("blocks", 0o2770, "g-w,o=")])
def test_the_group_finds_nothing_open_but_blocks(cli, get, tmp_path, name, open_mode, words):
    where = tmp_path / "lake"
    cli("init", str(where), *FIRST_KEY, "--group", grp.getgrgid(os.getgid()).gr_name)
    (where / name).chmod(open_mode)
    first, err = get(where)
    assert " 503" in first and f"type chmod {words} {where}/{name}" in err, (first, err)


def test_a_group_that_is_not_there_makes_no_lake(cli, tmp_path):
    r = cli("init", str(tmp_path / "lake"), "--group", "no-such-group", check=False)
    assert r.returncode == 1 and "no group no-such-group" in r.stderr
    assert not (tmp_path / "lake").exists()


def test_a_master_key_elsewhere_is_not_for_all(cli, get, tmp_path):
    where = tmp_path / "lake"
    cli("init", str(where), *FIRST_KEY)
    key = tmp_path / "key"
    (where / "master.key").rename(key)
    for good in (0o600, 0o400, 0o640):
        key.chmod(good)
        assert " 200" in get(where, LAKEGATE_MASTER_KEY=str(key))[0]
    for bad in (0o644, 0o620, 0o604):
        key.chmod(bad)
        first, err = get(where, LAKEGATE_MASTER_KEY=str(key))
        assert " 503" in first and f"type chmod g-w,o= {key}" in err, (first, err)


@pytest.mark.parametrize("name", ["metrics", "writer.lock", "queue.lock", "meta.db"])
def test_a_link_in_the_lake_leads_nowhere(cli, get, tmp_path, name):
    where, out = tmp_path / "lake", tmp_path / "outside"
    cli("init", str(where), *FIRST_KEY)
    (where / name).rename(out)
    before = out.read_bytes()
    out.write_bytes(before if name == "meta.db" else b"")
    (where / name).symlink_to(out)
    assert " 503" in get(where)[0]
    assert cli("--lake", str(where), "fsck", check=False).returncode == 1
    assert out.stat().st_size == (len(before) if name == "meta.db" else 0)
