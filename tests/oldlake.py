"""A lake of an older format, made again of its text in tests/lakes."""
import hashlib
import os
import shutil
import sqlite3
import urllib.parse

from servers import TOP

FORMAT = 2                      # of this version


def text(line, size):
    line = f"{line} ".encode()
    return (line * (size // len(line) + 1))[:size]


def lines(name, of="format1"):
    with open(f"{TOP}/tests/lakes/{of}/{name}") as f:
        return [line.split() for line in f]


def make(folder, of="format1", blocks=True):
    """A lake in a new folder."""
    source, folder = f"{TOP}/tests/lakes/{of}", str(folder)
    for name in ("", "blocks", "tmp", *(f"blocks/{i:02x}" for i in range(256))):
        os.mkdir(os.path.join(folder, name), 0o700)
    shutil.copy(f"{source}/master.key", folder)
    os.chmod(f"{folder}/master.key", 0o600)
    db = sqlite3.connect(f"{folder}/meta.db", isolation_level=None)
    os.chmod(f"{folder}/meta.db", 0o600)
    with open(f"{source}/lake.sql") as f:
        db.executescript(f.read())
    db.execute("PRAGMA journal_mode=WAL")
    db.close()
    for name, size, line in lines("blocks", of) if blocks else ():
        with open(f"{folder}/blocks/{name}", "wb") as f:
            f.write(text(line, int(size)))
        os.chmod(f"{folder}/blocks/{name}", 0o600)
    return folder


def rows(folder):
    """Format, and all rows by their keys, whatever the tables are called."""
    db = sqlite3.connect(f"{folder}/meta.db")
    with db:
        number = db.execute("PRAGMA user_version").fetchone()[0]
        small, big = ("kv", "big") if number == 1 else ("record", "large")
        large = dict(db.execute(f"SELECT id, v FROM {big}"))
        found = {k: large[v] if isinstance(v, int) else v
                 for k, v in db.execute(f"SELECT k, v FROM {small}")}
        assert len(large) == db.execute(
            f"SELECT count(*) FROM {small} WHERE typeof(v) = 'integer'").fetchone()[0]
        tables = {n for n, in db.execute("SELECT name FROM sqlite_schema")}
    db.close()
    assert {small, big} == tables
    return number, found


def raised(found):
    """The rows of format 1, as those of format 2."""
    out = dict(found)
    for key, value in found.items():
        if key[:1] == b"R":
            space = f"local://of/{key[1:].decode()}".encode()
            space = space if space in value else b"local://" + key[1:]
            assert space in value
            out[b"S" + space] = uid(value) + key[1:]
    return out


def uid(record):
    """Of a repository: after the version."""
    return record[1:17]


def check(ask, ask_large, of="format1"):
    """All that a reader found, and no more; ask: a signed GET of a target."""
    found = {}
    for repo, ref, digest, size, etag, path in lines("objects", of):
        get = ask if int(size) < 100000 else ask_large
        a = get(f"/{repo}/{urllib.parse.quote(ref)}/{path}")
        assert a.status == 200, (repo, ref, path, a.status)
        assert (hashlib.sha256(a.body).hexdigest(), len(a.body), a.headers["etag"].strip('"')) == (
            digest, int(size), etag), (repo, ref, path)
        found.setdefault((repo, ref), set()).add(path)
    for (repo, ref), paths in found.items():
        a = ask(f"/{repo}?list-type=2&prefix={urllib.parse.quote(ref)}%2F")
        assert a.status == 200 and a.body.count(b"<Key>") == len(paths), (repo, ref)
