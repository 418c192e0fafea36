"""Concurrency: several servers with processes of their own over one lake; a
checker searches for an order of the operations that explains every answer."""
import os
import random
import threading
import time

import pytest

from lake import Lake, s3_client
from servers import serve

OPS = int(os.environ.get("OPS", "14"))


class Op:
    """An operation on one of two keys, and what became of it."""

    def __init__(self, kind, key=0, value=None, expected=None):
        self.kind, self.key, self.value, self.expected = kind, key, value, expected
        self.begin, self.end, self.result = time.monotonic(), None, None

    def step(self, state):
        """Both keys' values after it, or () when this answer is impossible in state."""
        here, there = state[self.key], state[1 - self.key]

        def became(here, there):
            return (here, there) if self.key == 0 else (there, here)
        if self.kind == "get":
            return state if self.result == here else ()
        if self.kind == "clear":
            return (None, None)
        possible = {
            "put": True, "delete": True, "create": here is None, "complete": here is None,
            "swap": here == self.expected, "reswap": here == self.expected,
            "drop": here == self.expected,
            "copy": here == self.expected and there is None,
            "rename": here == self.expected and there is None}[self.kind]
        if possible != self.result:
            return ()
        if not possible:
            return state
        return became(*{"delete": (None, there), "drop": (None, there), "copy": (here, here),
                        "rename": (None, here)}.get(self.kind, (self.value, there)))

    def __repr__(self):
        return f"{self.kind}({self.key},{self.value},{self.expected})={self.result}"


def explains(ops, final):
    """Wing and Gong's search, with memory of (what is done, state)."""
    seen = set()

    def search(done, state):
        if done == (1 << len(ops)) - 1:
            return state == final
        if (done, state) in seen:
            return False
        seen.add((done, state))
        first_end = min(o.end for i, o in enumerate(ops) if not done >> i & 1)
        for i, o in enumerate(ops):
            if done >> i & 1 or o.begin > first_end:
                continue
            after = o.step(state)
            if after != () and search(done | 1 << i, after):
                return True
        return False
    return search(0, (None, None))


def test_the_checker_bites():
    def op(kind, begin, end, result=True, **more):
        o = Op(kind, **more)
        o.begin, o.end, o.result = begin, end, result
        return o
    lost = [op("put", 0, 1, value="a"), op("put", 2, 3, value="b"), op("get", 4, 5, "a")]
    assert not explains(lost, ("b", None))
    for kind in ("create", "complete"):
        double = [op(kind, 0, 5, value="a"), op(kind, 0, 5, value="b")]
        assert not explains(double, ("a", None)) and not explains(double, ("b", None))
    fine = [op("put", 0, 3, value="a"), op("put", 0, 3, value="b"), op("get", 4, 5, "a")]
    assert explains(fine, ("a", None)) and not explains(fine, ("b", None))
    for kind, final in (("rename", (None, "a")), ("copy", ("a", "a")), ("drop", (None, None))):
        moved = [op("put", 0, 1, value="a"), op(kind, 2, 6, expected="a")]
        assert explains(moved, final) and not explains(moved, ("a", None))
    both = moved[:1] + [op("rename", 2, 9, expected="a"), op("drop", 2, 9, expected="a")]
    assert not explains(both, (None, "a")) and not explains(both, (None, None))
    half = [op("put", 0, 1, value="a"), op("put", 0, 1, value="b", key=1), op("clear", 2, 5),
            op("get", 6, 7, None), op("get", 6, 7, "b", key=1)]
    assert not explains(half, (None, "b"))


def act(s3, bucket, keys, op, etag):
    """Do it: the ETag that the key then has, or None; op.result of a get."""
    at, other = ({"Bucket": bucket, "Key": k} for k in (keys[op.key], keys[1 - op.key]))
    source = f"{bucket}/{at['Key']}"
    body = op.value.encode()
    if op.kind == "get":
        r = s3.get_object(**at)
        op.result = r["Body"].read().decode()
        return r["ETag"]
    if op.kind in ("put", "create", "swap"):
        more = {"put": {}, "create": {"IfNoneMatch": "*"}, "swap": {"IfMatch": etag}}[op.kind]
        return s3.put_object(Body=body, **at, **more)["ETag"]
    if op.kind in ("complete", "reswap"):
        more = {"IfNoneMatch": "*"} if op.kind == "complete" else {"IfMatch": etag}
        up = s3.create_multipart_upload(**at)["UploadId"]
        part = s3.upload_part(UploadId=up, PartNumber=1, Body=body, **at)["ETag"]
        return s3.complete_multipart_upload(UploadId=up, MultipartUpload={
            "Parts": [{"PartNumber": 1, "ETag": part}]}, **at, **more)["ETag"]
    if op.kind == "copy":
        s3.copy_object(CopySource=source, CopySourceIfMatch=etag, IfNoneMatch="*", **other)
        return etag
    if op.kind == "rename":
        s3.rename_object(RenameSource="/" + source, SourceIfMatch=etag,
                         DestinationIfNoneMatch="*", **other)
    elif op.kind == "clear":
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in keys]})
    else:
        s3.delete_object(**at, **({"IfMatch": etag} if op.kind == "drop" else {}))
    return None


KINDS = ["get"] * 4 + ["put"] * 2 + ["create", "swap", "delete", "drop", "copy", "rename",
                                     "complete", "reswap", "clear"]


def client(lake, url, n, histories, barrier):
    chance = random.Random(n)
    s3 = s3_client(url)
    seen = {}                               # (pair, key): value and ETag
    barrier.wait()
    for i in range(OPS):
        pair, key = chance.choice(list(histories)), chance.randrange(2)
        kind, (value, etag) = chance.choice(KINDS), seen.get((pair, key), (None, None))
        if etag is None and kind in ("swap", "drop", "copy", "rename", "reswap"):
            kind = "get"
        op = Op(kind, key, f"{n}-{i}", value)
        try:
            etag = act(s3, lake.repo, [f"main/{pair}/{k}" for k in "ab"], op, etag)
            if kind != "get":
                op.result = True
            current = {"get": op.result, "copy": value}.get(kind, op.value)
            seen[pair, key] = (current, etag)
        except s3.exceptions.ClientError as e:
            code = e.response["Error"]["Code"]
            assert code in ("PreconditionFailed", "NoSuchKey"), e
            op.result = None if kind == "get" else False
            seen.pop((pair, key), None)
        op.end = time.monotonic()
        histories[pair].append(op)


@pytest.mark.parametrize("kinds", [["lighttpd"] * 4, ["apache"], ["lighttpd-cgi"],
                                   ["lighttpd", "lighttpd-cgi"],
                                   ["lighttpd", "apache", "apache-htaccess", "nginx",
                                    "apache-proxy", "nginx+tls"]])
def test_every_answer_has_an_explanation(request, kinds):
    build = os.path.abspath(request.config.getoption("--build"))
    servers = [serve(kinds[0], build)]
    servers += [serve(k, build, servers[0].lake) for k in kinds[1:]]
    lake = Lake(servers[0])
    histories = {f"p{i}": [] for i in range(3)}
    barrier = threading.Barrier(9)
    stop = threading.Event()

    def commits():
        while not stop.is_set():
            try:
                lake.commit()
            except Exception as e:
                assert "no changes" in str(e), e
    threads = [threading.Thread(target=client, args=(
        lake, servers[n % len(servers)].url, n, histories, barrier), daemon=True) for n in range(9)]
    for t in threads:
        t.start()
    background = threading.Thread(target=commits, daemon=True)
    background.start()
    for t in threads:
        t.join()
    stop.set()
    background.join()
    assert sum(map(len, histories.values())) == 9 * OPS
    for pair, ops in histories.items():
        there = lake.keys(f"main/{pair}/")
        final = tuple(lake.body(k).decode() if k in there else None
                      for k in (f"main/{pair}/a", f"main/{pair}/b"))
        assert explains(ops, final), (pair, final, sorted(ops, key=lambda o: o.begin))
    servers[0].fsck()
    for s in reversed(servers):
        s.stop()


def test_commits_are_consistent_cuts(request):
    """A writer raises two objects in turn: in no commit may the second be ahead."""
    server = serve("lighttpd", os.path.abspath(request.config.getoption("--build")))
    lake = Lake(server)
    stop = threading.Event()

    def writer():
        n = 0
        while not stop.is_set():
            n += 1
            lake.put("main/first", str(n).encode())
            lake.put("main/second", str(n).encode())
    t = threading.Thread(target=writer, daemon=True)
    t.start()
    commits = []
    while len(commits) < 20:
        try:
            commits.append(lake.commit())
        except Exception as e:
            assert "no changes" in str(e), e
    stop.set()
    t.join()
    for c in commits:
        value = []
        for name in ("first", "second"):
            try:
                value.append(int(lake.body(f"{c}/{name}")))
            except lake.s3.exceptions.ClientError:
                value.append(0)
        assert value[0] - value[1] in (0, 1), value
    server.fsck()
    server.stop()
