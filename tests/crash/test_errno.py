"""Each system call of a request fails once, and from then on: one honest answer,
nothing acknowledged is lost, and the same worker serves when the cause is gone.
The same of each call of a command; and each process dies before each call that
changes a file.

Each case below is asked again and again; a call of it fails in the worker by
way of tests/crash/errno.c.  The quick run draws calls and errnos by the day;
FULL=1 takes all of them (of commands, which take a second each, some of every
kind), ERRNOS=EIO,ENOSPC only these."""
import base64
import collections
import ctypes
import datetime
import errno
import json
import mmap
import os
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time

import pytest

from fcgi import Worker
from servers import FIRST_KEY, KEY, SECRET, TOP
from sign import Signed

FULL = os.environ.get("FULL") == "1"
SEED = int(os.environ.get("SEED", datetime.date.today().toordinal()))
ERRNOS = os.environ.get("ERRNOS", "").split(",") if os.environ.get("ERRNOS") else []
SHORT, DEATH = -1, -2           # half of what was asked is done; the process dies before it

# In the order of errno.c; what each kind of call may plausibly say.
FILE = [errno.EIO, errno.EINTR]
DISK = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EINTR]
OPENED = [errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EIO, errno.EROFS, errno.ENOSPC,
          errno.EINTR]
KINDS = {
    "none": [], "open": OPENED, "read": FILE + [SHORT], "pread": FILE + [SHORT],
    "write": DISK + [SHORT], "pwrite": DISK + [SHORT], "sync": DISK, "truncate": DISK,
    "mmap": [errno.ENOMEM, errno.ENFILE], "lock": [errno.EINTR, errno.ENOLCK, errno.EAGAIN,
                                                   errno.EIO],
    "stat": [errno.EIO, errno.EACCES], "unlink": [errno.EIO, errno.EROFS, errno.EACCES],
    "rename": [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS],
    "opendir": [errno.EMFILE, errno.EIO], "mkdir": [errno.ENOSPC, errno.EROFS, errno.EACCES],
    "chmod": [errno.EPERM, errno.EROFS], "statvfs": [errno.EIO], "close": [errno.EIO, errno.EINTR],
    "accept": [errno.EMFILE, errno.ENFILE, errno.EINTR, errno.EAGAIN, errno.ECONNABORTED,
               errno.ENOMEM],
    "poll": [errno.EINTR, errno.ENOMEM],
    "recv": [errno.EINTR, errno.ECONNRESET, errno.ETIMEDOUT, errno.EAGAIN, SHORT],
    "send": [errno.EINTR, errno.EPIPE, errno.ECONNRESET, errno.ETIMEDOUT, errno.EAGAIN, SHORT],
    "clock": [errno.EINVAL], "random": [errno.EINTR, errno.EAGAIN, errno.EIO],
    "thread": [errno.EAGAIN],
}
NAMES = list(KINDS)
# The connection itself breaks: no answer may come.
CONNECTION = {"recv", "send", "accept", "poll"}
# What changes files, or who may: between these a death leaves the same.
CHANGES = ["open", "write", "pwrite", "sync", "truncate", "lock", "unlink", "rename", "mkdir"]
# A lock that is never to be had is waited for, as it should be.
LOCKS = {"lock"}


class Control(ctypes.Structure):
    """struct control of errno.c."""
    _fields_ = [(n, ctypes.c_int) for n in "armed nth error sticky seen hits".split()] + [
        ("counts", ctypes.c_int * len(NAMES))]


SMALL, LARGE = b"small and whole", bytes(random.Random(1).randbytes(300_000))


class Bench:
    """A lake, its worker, and requests to it."""

    def __init__(self, build):
        self.build, self.root = build, tempfile.mkdtemp(prefix="lakegate-errno-")
        self.lake = os.path.join(self.root, "lake")
        library = os.path.join(self.root, "errno.so")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-fno-builtin", "-o",
                        library, f"{TOP}/tests/crash/errno.c", "-ldl"], check=True)
        self.command("init", *FIRST_KEY)
        self.control, env = self.controlled("control", library)
        self.command_control, self.command_env = self.controlled("of-commands", library)
        self.worker = Worker(build, self.root, LAKEGATE_LAKE=self.lake, LAKEGATE_THREADS="2", **env)
        self.n, self.truth, self.deaths = 0, {}, 0
        self.closing, self.serving = threading.Event(), False
        self.start()
        threading.Thread(target=self.watch, daemon=True).start()
        assert self.api("POST", "/repositories", {"name": "repo", "storage_namespace": "local://r"}
                        ).status == 201
        for name, body in (("small", SMALL), ("large", LARGE)):
            self.put(name, body)
        for name in ("other", "into"):
            assert self.api("POST", "/repositories/repo/branches",
                            {"name": name, "source": "main"}).status == 201

    def controlled(self, name, library):
        path = os.path.join(self.root, name)
        with open(path, "w+b") as f:
            f.truncate(4096)
            return (Control.from_buffer(mmap.mmap(f.fileno(), 4096)),
                    {"LD_PRELOAD": library, "ERRNO_CONTROL": path})

    def fails(self, *args):
        """A command whose system calls may fail."""
        r = subprocess.run([os.path.join(self.build, "lakegate"), *args], capture_output=True,
                           text=True, check=False, timeout=120,
                           env={"PATH": os.environ["PATH"], **self.command_env})
        self.command_control.armed = 0
        return r

    def command(self, *args, lake=None):
        lake = lake or self.lake
        args = (args[0], lake, *args[1:]) if args[0] == "init" else ("--lake", lake, *args)
        r = subprocess.run([os.path.join(self.build, "lakegate"), *args], capture_output=True,
                           text=True, check=False)
        assert r.returncode == 0, r.stdout + r.stderr

    def close(self):
        self.serving = False
        self.closing.set()
        self.worker.close()
        shutil.rmtree(self.root)

    # requests

    def signed(self, method, target, body=b"", headers=None):
        path, _, query = target.partition("?")
        s = Signed("http://h", method, path, query, headers)
        return method, target, s.headers, body

    def basic(self, method, path, body=None, secret=SECRET):
        pair = base64.b64encode(f"{KEY}:{secret}".encode()).decode()
        text = b"" if body is None else json.dumps(body).encode()
        return (method, "/api/v1" + path, {"Authorization": "Basic " + pair, "Host": "h",
                                           "Content-Type": "application/json"}, text)

    def s3(self, *request):
        return self.worker.ask(*self.signed(*request))

    def api(self, *request):
        return self.worker.ask(*self.basic(*request))

    def put(self, name, body):
        a = self.s3("PUT", f"/repo/main/{name}", body)
        assert a.status == 200, a
        self.truth[name] = {body}

    def get(self, name, ref="main"):
        """The content, or None when there is none; what else is no answer."""
        a = self.s3("GET", f"/repo/{ref}/{name}")
        assert a.whole and a.status in (200, 404), a
        return a.body if a.status == 200 else None

    def name(self, what):
        self.n += 1
        return f"{what}/{self.n}"

    # failures

    def watch(self):
        """What a web server does: a worker that has ended is started again,
        here when the cause is gone."""
        while not self.closing.wait(0.02):
            if self.serving and not self.worker.alive():
                self.control.armed = 0
                self.deaths += 1
                self.worker.start()

    def stop(self):
        self.serving = False
        self.worker.stop()

    def start(self):
        self.worker.start()
        self.serving = True

    def arm(self, kind, nth, error, sticky=False, control=None):
        c = control or self.control
        c.nth, c.error, c.sticky, c.seen, c.hits = nth, error, sticky, 0, 0
        c.armed = NAMES.index(kind)

    def counted(self, act, control=None):
        c = control or self.control
        before = list(c.counts)
        act()
        return {n: b - a for n, a, b in zip(NAMES, before, c.counts)}

    def dies(self, deaths, ask, kind):
        if ask == self.worker.cgi:
            return self.worker.code != 0 or kind == "write"
        for _ in range(100):
            if self.deaths > deaths:
                return True
            time.sleep(0.01)
        return False

    def recover(self):
        """Within five seconds the same worker serves, or the next when it is gone."""
        end, last = time.monotonic() + 5, None
        while time.monotonic() < end:
            try:
                if self.worker.ask(*self.signed("GET", "/repo/main/small"), 1).body == SMALL:
                    self.put("probe", self.name("probe").encode())
                    return None
            except (AssertionError, OSError) as error:
                last = error
            time.sleep(0.02)
        pid = self.worker.process.pid
        self.stop()
        self.start()
        return f"worker {pid} did not serve again: {last}"

    def settle(self):
        """After a restart all that was acknowledged is there."""
        self.stop()
        self.start()
        for name, bodies in self.truth.items():
            assert self.get(name) in bodies, name
        self.stop()
        self.command("fsck", "--deep")
        self.start()


# ---- cases: prepare() gives the request, and what its answer must fit -------

CASES = {}


def case(f):
    CASES[f.__name__] = f
    return f


def reads(b, path, want):
    def check(a):
        assert a.status != 200 or a.body == want or (
            want.startswith(a.body) and int(a.headers["content-length"]) > len(a.body)), a[:2]
    return b.signed("GET", path), check


@case
def get_small(b):
    return reads(b, "/repo/main/small", SMALL)


@case
def get_large(b):
    return reads(b, "/repo/main/large", LARGE)


@case
def list_objects(b):
    def check(a):
        assert a.status != 200 or (b"<Key>main/small</Key>" in a.body and
                                   a.body.endswith(b"</ListBucketResult>")), a
    return b.signed("GET", "/repo?list-type=2&prefix=main/s"), check


def writes(b, body):
    name = b.name("put")

    def check(a):
        got = b.get(name)
        assert got == body if a.status == 200 else got in (None, body), (a, got and len(got))
        b.truth[name] = {got}
    return b.signed("PUT", f"/repo/main/{name}", body), check


@case
def put_small(b):
    return writes(b, b.name("content").encode())


@case
def put_large(b):
    return writes(b, b.name("content").encode() + LARGE)


@case
def put_again(b):
    body = b.name("content").encode() * 5000
    before = b.truth.setdefault("over", {None})

    def check(a):
        got = b.get("over")
        assert got == body if a.status == 200 else got in before | {body}, a
        b.truth["over"] = {got}
    return b.signed("PUT", "/repo/main/over", body), check


@case
def copy(b):
    name = b.name("copy")

    def check(a):
        got = b.get(name)
        good = a.status == 200 and b"<Error>" not in a.body
        assert got == LARGE if good else got in (None, LARGE), a
        b.truth[name] = {got}
    return b.signed("PUT", f"/repo/main/{name}", b"",
                    {"x-amz-copy-source": "/repo/main/large"}), check


@case
def delete(b):
    name = b.name("delete")
    b.put(name, SMALL)

    def check(a):
        got = b.get(name)
        assert got is None if a.status == 204 else got in (None, SMALL), a
        b.truth[name] = {got}
    return b.signed("DELETE", f"/repo/main/{name}"), check


@case
def delete_objects(b):
    names = [b.name("deletes") for _ in range(3)]
    for name in names:
        b.put(name, SMALL)
    body = "<Delete>" + "".join(f"<Object><Key>main/{n}</Key></Object>" for n in names) + "</Delete>"

    def check(a):
        for name in names:
            got = b.get(name)
            said = f"<Deleted><Key>main/{name}</Key>".encode() in a.body
            assert got is None if said else got in (None, SMALL), a
            b.truth[name] = {got}
    return b.signed("POST", "/repo?delete", body.encode()), check


def upload(b, name):
    a = b.s3("POST", f"/repo/main/{name}?uploads")
    assert a.status == 200, a
    return re.search(rb"<UploadId>(.*?)</UploadId>", a.body)[1].decode()


@case
def multipart_create(b):
    name = b.name("create")

    def check(a):
        if a.status == 200:
            one = re.search(rb"<UploadId>(.*?)</UploadId>", a.body)[1].decode()
            assert b.s3("GET", f"/repo/main/{name}?uploadId={one}").status == 200
    return b.signed("POST", f"/repo/main/{name}?uploads"), check


@case
def multipart_part(b):
    name = b.name("part")
    one = upload(b, name)

    def check(a):
        if a.status == 200:
            parts = b.s3("GET", f"/repo/main/{name}?uploadId={one}")
            assert a.headers["etag"].strip('"').encode() in parts.body
    return b.signed("PUT", f"/repo/main/{name}?partNumber=1&uploadId={one}", LARGE), check


@case
def multipart_complete(b):
    name = b.name("complete")
    one = upload(b, name)
    etag = b.s3("PUT", f"/repo/main/{name}?partNumber=1&uploadId={one}", LARGE).headers["etag"]
    body = ("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
            f"<ETag>{etag}</ETag></Part></CompleteMultipartUpload>")

    def check(a):
        got = b.get(name)
        good = a.status == 200 and b"<CompleteMultipartUploadResult" in a.body
        assert got == LARGE if good else got in (None, LARGE), a
        b.truth[name] = {got}
    return b.signed("POST", f"/repo/main/{name}?uploadId={one}", body.encode()), check


@case
def commit(b):
    """Each on a branch of its own: what a commit that failed has begun is taken
    over after ten seconds only."""
    branch = b.name("commit").replace("/", "-")
    assert b.api("POST", "/repositories/repo/branches", {"name": branch, "source": "main"}
                 ).status == 201
    assert b.s3("PUT", f"/repo/{branch}/new", SMALL).status == 200

    def check(a):
        assert b.get("new", branch) == SMALL
        committed = b.get("new", branch + "@")
        assert committed == SMALL if a.status == 201 else committed in (None, SMALL), a
    return b.basic("POST", f"/repositories/repo/branches/{branch}/commits", {"message": "m"}), check


@case
def merge(b):
    name = b.name("merge")
    assert b.s3("PUT", f"/repo/other/{name}", SMALL).status == 200
    assert b.api("POST", "/repositories/repo/branches/other/commits",
                 {"message": name}).status == 201

    def check(a):
        got = b.get(name, "into@")
        assert got == SMALL if a.status == 200 else got in (None, SMALL), a
    return b.basic("POST", "/repositories/repo/refs/other/merge/into", {}), check


@case
def branch_create(b):
    name = b.name("branch").replace("/", "-")

    def check(a):
        got = b.api("GET", "/repositories/repo/branches/" + name).status
        assert got == 200 if a.status == 201 else got in (200, 404), a
    return b.basic("POST", "/repositories/repo/branches", {"name": name, "source": "main"}), check


@case
def login(b):
    def check(a):
        if a.status == 200:
            token = json.loads(a.body)["token"]
            assert b.worker.ask("GET", "/api/v1/user", {"Authorization": "Bearer " + token}, b""
                                ).status == 200
    return ("POST", "/api/v1/auth/login", {"Content-Type": "application/json", "Host": "h"},
            json.dumps({"access_key_id": KEY, "secret_access_key": SECRET}).encode()), check


@case
def key_lookup(b):
    def check(a):
        assert a.status != 200 or json.loads(a.body)["user"]["id"] == "admin"
    return b.basic("GET", "/user"), check


@case
def wrong_key(b):
    """A failure never opens a door."""
    def check(a):
        assert a.status // 100 != 2, a
    return b.basic("GET", "/user", None, "not-the-secret"), check


def api_makes(b, method, path, body, look):
    """What `look` finds is there afterwards (POST), or gone (DELETE)."""
    def check(a):
        there = b.api("GET", look).status
        done = 200 if method == "POST" else 404
        assert there == done if a.status // 100 == 2 else there in (200, 404), (a, there)
    return b.basic(method, path, body), check


def new_branch(b):
    name = b.name("branch").replace("/", "-")
    assert b.api("POST", "/repositories/repo/branches", {"name": name, "source": "main"}).status == 201
    return name


@case
def branch_delete(b):
    path = "/repositories/repo/branches/" + new_branch(b)
    return api_makes(b, "DELETE", path, None, path)


@case
def tag_create(b):
    name = b.name("tag").replace("/", "-")
    return api_makes(b, "POST", "/repositories/repo/tags", {"id": name, "ref": "main"},
                     "/repositories/repo/tags/" + name)


@case
def tag_delete(b):
    name = b.name("tag").replace("/", "-")
    assert b.api("POST", "/repositories/repo/tags", {"id": name, "ref": "main"}).status == 201
    path = "/repositories/repo/tags/" + name
    return api_makes(b, "DELETE", path, None, path)


@case
def repo_create(b):
    name = b.name("repo").replace("/", "-")
    return api_makes(b, "POST", "/repositories", {"name": name, "storage_namespace": "local://" + name},
                     "/repositories/" + name)


@case
def repo_delete(b):
    name = b.name("repo").replace("/", "-")
    assert b.api("POST", "/repositories", {"name": name, "storage_namespace": "local://" + name}
                 ).status == 201
    return api_makes(b, "DELETE", "/repositories/" + name, None, "/repositories/" + name)


def resets(b, what):
    branch = new_branch(b)
    assert b.s3("PUT", f"/repo/{branch}/new", SMALL).status == 200

    def check(a):
        got = b.get("new", branch)
        assert got is None if a.status == 204 else got in (None, SMALL), a
    return b.basic("PUT", "/repositories/repo/branches/" + branch, what), check


@case
def reset_all(b):
    return resets(b, {"type": "reset"})


@case
def reset_path(b):
    return resets(b, {"type": "object", "path": "new"})


@case
def reset_prefix(b):
    return resets(b, {"type": "common_prefix", "path": "n"})


def api_reads(b, path, fits):
    def check(a):
        assert a.status != 200 or fits(json.loads(a.body)["results"]), a
    return b.basic("GET", path), check


@case
def log(b):
    return api_reads(b, "/repositories/repo/refs/into/commits?amount=2", lambda r: 0 < len(r) <= 2)


@case
def diff(b):
    b.put("diff", b.name("diff").encode())
    return api_reads(b, "/repositories/repo/branches/main/diff?prefix=diff",
                     lambda r: [x["path"] for x in r] == ["diff"])


@case
def branch_list(b):
    return api_reads(b, "/repositories/repo/branches?prefix=main",
                     lambda r: [x["id"] for x in r] == ["main"])


@case
def versions(b):
    def check(a):
        assert a.status != 200 or b"<Key>main/small</Key>" in a.body, a
    return b.signed("GET", "/repo?versions&prefix=main/s"), check


@case
def set_tags(b):
    body = b.name("tagged")
    b.put("tagged", body.encode())

    def check(a):
        got = b.s3("GET", "/repo/main/tagged?tagging").body
        assert a.status != 200 or body.encode() in got, (a, got)
        assert b.get("tagged") == body.encode()
    return b.signed("PUT", "/repo/main/tagged?tagging", f"<Tagging><TagSet><Tag><Key>k</Key><Value>{body}"
                    "</Value></Tag></TagSet></Tagging>".encode()), check


@case
def multipart_copy_part(b):
    name = b.name("part")
    one = upload(b, name)

    def check(a):
        if a.status == 200 and b"<Error>" not in a.body:
            etag = re.search(rb"<ETag>(.*?)</ETag>", a.body)[1]
            assert etag in b.s3("GET", f"/repo/main/{name}?uploadId={one}").body
    return b.signed("PUT", f"/repo/main/{name}?partNumber=1&uploadId={one}", b"",
                    {"x-amz-copy-source": "/repo/main/large"}), check


@case
def multipart_abort(b):
    name = b.name("abort")
    one = upload(b, name)
    assert b.s3("PUT", f"/repo/main/{name}?partNumber=1&uploadId={one}", LARGE).status == 200

    def check(a):
        there = b.s3("GET", f"/repo/main/{name}?uploadId={one}").status
        assert there == 404 if a.status == 204 else there in (200, 404), (a, there)
    return b.signed("DELETE", f"/repo/main/{name}?uploadId={one}"), check


@case
def multipart_lists(b):
    name = b.name("listed")
    one = upload(b, name)

    def check(a):
        assert a.status != 200 or one.encode() in a.body, a
    return b.signed("GET", f"/repo?uploads&prefix=main/{name}"), check


# ---- the runs ---------------------------------------------------------------

# A disk that is full is told as that.  Not when a sync says so: whether the
# transaction took effect is not known then.
FULL_DISK = {errno.ENOSPC, errno.EDQUOT}
FULL_CALLS = {"write", "pwrite", "rename"}


def told(a, kind, ended):
    """One answer, or a connection that broke with what failed.  A program that
    ended is told about by its web server."""
    if a.whole and a.status:
        return 200 <= a.status < 600
    return kind in CONNECTION or ended()


class Run:
    def __init__(self, bench, name):
        self.b, self.name, self.wrong, self.asked, self.most = bench, name, [], 0, 2
        self.ended, self.slowest = collections.Counter(), (0,)
        self.random = random.Random(f"{SEED}/{name}")

    def once(self, kind, nth, error, sticky, ask):
        request, check = CASES[self.name](self.b)
        self.b.arm(kind, nth, error, sticky)
        said, begin, deaths = None, time.monotonic(), self.b.deaths
        try:
            a = ask(*request)
        except (OSError, subprocess.TimeoutExpired) as e:
            said, a = f"no answer: {e!r}", None
        self.b.control.armed = 0
        self.asked += 1
        self.slowest = max(self.slowest, (time.monotonic() - begin, kind, nth, error, sticky))
        if a is not None and not told(a, kind, lambda: self.b.dies(deaths, ask, kind)):
            said = f"not one answer: {a[:2]}"
        said = self.b.recover() or said
        self.ended[kind] += self.b.deaths - deaths
        try:
            if a is not None:
                check(a)
        except (AssertionError, OSError) as e:
            said = f"{said or ''} {e!r}"[:600]
        if a is not None and kind in FULL_CALLS and error in FULL_DISK and a.status == 500:
            said = f"{said or ''} a full disk is no 500: {a.body[:200]}"
        if said:
            self.complain(kind, nth, error, sticky, said)

    def complain(self, kind, nth, error, sticky, said):
        word = {SHORT: "short", DEATH: "death"}.get(error) or errno.errorcode[error]
        self.wrong.append(f"{self.name}: {kind} {nth}{' on' if sticky else ''} {word}: {said}")

    def __str__(self):
        ended = {k: n for k, n in self.ended.items() if n}
        return f"{self.name}: {self.asked} failures, workers ended {ended}, slowest {self.slowest}"

    def chosen(self, kind, count):
        """(nth, errno, from then on) of calls to fail."""
        every = [(n, e, sticky) for n in range(1, min(count, 80) + 1) for e in KINDS[kind]
                 if not ERRNOS or errno.errorcode.get(e) in ERRNOS
                 for sticky in (False, True)
                 if not (sticky and (e in (errno.EINTR, SHORT) or kind in CONNECTION | LOCKS))]
        return every if FULL and self.most == 2 else self.random.sample(
            every, min(len(every), self.most))

    def all(self, ask):
        calls = self.calls(ask)
        for kind in NAMES:
            for nth, error, sticky in self.chosen(kind, calls[kind]):
                self.once(kind, nth, error, sticky, ask)

    def calls(self, ask):
        request, check = CASES[self.name](self.b)
        return self.b.counted(lambda: check(ask(*request)))

    def deaths(self, ask=None):
        calls = self.calls(ask)
        for kind in CHANGES:
            every = range(1, min(calls[kind], 80) + 1)
            most = 1 if not FULL else 80 if self.most == 2 else self.most
            for nth in self.random.sample(every, min(len(every), most)):
                self.once(kind, nth, DEATH, False, ask)


@pytest.fixture(scope="module")
def bench(request):
    b = Bench(os.path.abspath(request.config.getoption("--build")))
    try:
        yield b
        b.settle()
    finally:
        b.close()


def some(names, what):
    """A quarter of them, by the day; FULL=1: all."""
    names = sorted(names)
    return names if FULL else random.Random(f"{SEED}/{what}").sample(names, -(-len(names) // 4))


@pytest.mark.parametrize("name", some(CASES, "fails"))
def test_each_call_of_a_request_fails(bench, name):
    run = Run(bench, name)
    run.all(bench.worker.ask)
    print(run)
    bench.settle()
    assert not run.wrong, f"{len(run.wrong)} of {run.asked}:\n" + "\n".join(run.wrong[:20])


@pytest.mark.parametrize("name", ["get_small", "put_small", "put_large", "login"])
def test_each_call_of_a_cgi_program_fails(bench, name):
    """From its start to its end."""
    run = Run(bench, name)
    run.all(bench.worker.cgi)
    print(run)
    bench.settle()
    assert not run.wrong, f"{len(run.wrong)} of {run.asked}:\n" + "\n".join(run.wrong[:20])


def test_each_call_of_a_worker_that_starts_fails(bench):
    """It serves, or it ends and the next one serves."""
    def starts():
        bench.start()
        return bench.recover()
    bench.stop()
    calls = bench.counted(starts)
    run, ended = Run(bench, "start"), collections.Counter()
    for kind in NAMES:
        for nth, error, sticky in run.chosen(kind, calls[kind]):
            bench.stop()
            bench.arm(kind, nth, error, sticky)
            bench.start()
            time.sleep(0.05)
            bench.control.armed = 0
            said = bench.recover()
            if said:
                ended[f"{kind} {nth} {error} {sticky}: {said}"] += 1
    assert not ended, "\n".join(ended)


# ---- commands: arguments, and what must hold after their end, which was good,
# ---- bad, or (None) a death ---------------------------------------------------

COMMANDS = {}


def command(f):
    COMMANDS[f.__name__] = f
    return f


def lake_stands(b, folder=None):
    r = subprocess.run([f"{b.build}/lakegate", "--lake", folder or b.lake, "fsck", "--deep"],
                       capture_output=True, text=True, check=False)
    assert r.returncode == 0, r.stdout + r.stderr


def garbage(b):
    """Objects and commits that have lost their names."""
    branch = new_branch(b)
    for body in (SMALL, LARGE):
        assert b.s3("PUT", f"/repo/{branch}/new", body).status == 200
    assert b.api("POST", f"/repositories/repo/branches/{branch}/commits", {"message": "m"}).status == 201
    assert b.api("DELETE", f"/repositories/repo/branches/{branch}").status == 204


@command
def gc(b):
    garbage(b)

    def check(_):
        assert b.get("large") == LARGE
        if b.n % 10 == 0:
            lake_stands(b)
    return ("--lake", b.lake, "gc", "--grace", "0"), check


@command
def fsck(b):
    return ("--lake", b.lake, "fsck", "--deep"), lambda _: None


def backup_of(b, to):
    """What is there can be restored, and is all that was acknowledged."""
    def check(done):
        if done:
            restored(b, to)
        shutil.rmtree(to, ignore_errors=True)
    return ("--lake", b.lake, "backup", to), check


def restored(b, to):
    where = f"{b.root}/restored"
    b.command("restore", to, lake=where)
    lake_stands(b, where)
    shutil.rmtree(where)


@command
def backup(b):
    return backup_of(b, f"{b.root}/backup-{b.name('b').replace('/', '-')}")


@command
def backup_again(b):
    """The one that was there is kept until the new one is whole."""
    to = f"{b.root}/kept"
    if not os.path.exists(to):
        b.command("backup", to)
    b.put("between", b.name("between").encode())
    return ("--lake", b.lake, "backup", to), lambda _: restored(b, to)


@command
def restore(b):
    to, where = f"{b.root}/source", f"{b.root}/target"
    if not os.path.exists(to):
        b.command("backup", to)

    def check(done):
        # It looks at the keys when all is there, which may fail too.
        if not os.path.exists(f"{where}/meta.db"):
            assert not done
            b.command("restore", to, lake=where)
        lake_stands(b, where)
        shutil.rmtree(where)
    return ("--lake", where, "restore", to), check


@command
def init(b):
    where = f"{b.root}/made"

    def check(done):
        if not done and not (done is None and os.path.exists(f"{where}/meta.db")):
            b.command("init", *FIRST_KEY, lake=where)
        lake_stands(b, where)
        shutil.rmtree(where)
    return ("init", where, *FIRST_KEY), check


class CommandRun(Run):
    def __init__(self, bench, name):
        super().__init__(bench, name)
        self.most = 8 if FULL else 1            # each takes a second

    def once(self, kind, nth, error, sticky, ask=None):
        args, check = COMMANDS[self.name](self.b)
        self.b.arm(kind, nth, error, sticky, self.b.command_control)
        said, begin = None, time.monotonic()
        try:
            r = self.b.fails(*args)
            if r.returncode not in (0, 1) and kind not in ENDS and error != DEATH:
                said = f"ended with {r.returncode}: {r.stderr[-300:]}"
            elif r.returncode == 1 and not r.stdout + r.stderr and kind != "write":
                said = "failed without a word"
            check(None if r.returncode < 0 else r.returncode == 0)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as e:
            said = f"{said or ''} {e!r}"[:600]
        self.asked += 1
        self.slowest = max(self.slowest, (time.monotonic() - begin, kind, nth, error, sticky))
        if said:
            self.complain(kind, nth, error, sticky, said)

    def calls(self, ask=None):
        args, check = COMMANDS[self.name](self.b)
        return self.b.counted(lambda: check(self.b.fails(*args).returncode == 0),
                              self.b.command_control)

    def whole(self):
        calls = self.calls()
        for kind in NAMES if FULL else self.random.sample(NAMES, 10):
            for nth, error, sticky in self.chosen(kind, calls[kind]):
                self.once(kind, nth, error, sticky)


# Without them a program cannot go on, and does not.
ENDS = {"clock", "random", "thread"}


@pytest.mark.parametrize("name", some(COMMANDS, "fails"))
def test_each_call_of_a_command_fails(bench, name):
    run = CommandRun(bench, name)
    run.whole()
    print(run)
    bench.settle()
    assert not run.wrong, f"{len(run.wrong)} of {run.asked}:\n" + "\n".join(run.wrong[:20])


@pytest.mark.parametrize("name", some(CASES, "dies"))
def test_a_worker_dies_before_each_call(bench, name):
    run = Run(bench, name)
    run.deaths(bench.worker.ask)
    print(run)
    bench.settle()
    assert not run.wrong, f"{len(run.wrong)} of {run.asked}:\n" + "\n".join(run.wrong[:20])


@pytest.mark.parametrize("name", some(COMMANDS, "dies"))
def test_a_command_dies_before_each_call(bench, name):
    run = CommandRun(bench, name)
    run.deaths()
    print(run)
    bench.settle()
    assert not run.wrong, f"{len(run.wrong)} of {run.asked}:\n" + "\n".join(run.wrong[:20])
