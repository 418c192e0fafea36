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
    def __init__(self, kind, value=None, expected=None):
        self.kind, self.value, self.expected = kind, value, expected
        self.begin, self.end, self.result = time.monotonic(), None, None

    def step(self, state):
        """The state after it, or () when this answer is impossible in state."""
        if self.kind == "get":
            return state if self.result == state else ()
        if self.kind == "put":
            return self.value
        if self.kind == "create":
            done = state is None
        else:                           # compare-and-swap
            done = state == self.expected
        if self.result is not None and done != self.result:
            return ()
        return self.value if done else state

    def __repr__(self):
        return f"{self.kind}({self.value},{self.expected})={self.result}"


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
    return search(0, None)


def test_the_checker_bites():
    def op(kind, begin, end, **more):
        o = Op(kind, more.get("value"), more.get("expected"))
        o.begin, o.end, o.result = begin, end, more.get("result")
        return o
    lost = [op("put", 0, 1, value="a"), op("put", 2, 3, value="b"), op("get", 4, 5, result="a")]
    assert not explains(lost, "b")
    double = [op("create", 0, 5, value="a", result=True), op("create", 0, 5, value="b", result=True)]
    assert not explains(double, "a") and not explains(double, "b")
    fine = [op("put", 0, 3, value="a"), op("put", 0, 3, value="b"), op("get", 4, 5, result="a")]
    assert explains(fine, "a") and not explains(fine, "b")


def client(lake, url, n, histories, barrier):
    chance = random.Random(n)
    s3 = s3_client(url)
    etags = {}
    barrier.wait()
    for i in range(OPS):
        key = chance.choice(list(histories))
        kind = chance.choice(["get", "put", "create", "swap", "delete-free"])
        value = f"{n}-{i}"
        if kind == "get" or (kind == "swap" and key not in etags):
            kind = "get"
        if kind == "delete-free":
            kind = "put"
        op = Op(kind, value, etags.get(key, (None, None))[0])
        try:
            call = dict(Bucket=lake.repo, Key="main/" + key)
            if kind == "get":
                r = s3.get_object(**call)
                op.result = r["Body"].read().decode()
                etags[key] = (op.result, r["ETag"])
            else:
                more = {"create": {"IfNoneMatch": "*"}, "put": {},
                        "swap": {"IfMatch": etags.get(key, (0, ""))[1]}}[kind]
                r = s3.put_object(Body=value.encode(), **call, **more)
                etags[key] = (value, r["ETag"])
                op.result = True
        except s3.exceptions.ClientError as e:
            code = e.response["Error"]["Code"]
            assert code in ("PreconditionFailed", "NoSuchKey"), e
            op.result = None if kind == "get" else False
            if kind == "get":
                op.value = None
        op.end = time.monotonic()
        histories[key].append(op)


@pytest.mark.parametrize("kinds", [["lighttpd"] * 4, ["apache"], ["lighttpd-cgi"],
                                   ["lighttpd", "lighttpd-cgi"],
                                   ["lighttpd", "apache", "apache-htaccess", "nginx",
                                    "apache-proxy", "nginx+tls"]])
def test_every_answer_has_an_explanation(request, kinds):
    build = os.path.abspath(request.config.getoption("--build"))
    servers = [serve(kinds[0], build)]
    servers += [serve(k, build, servers[0].lake) for k in kinds[1:]]
    lake = Lake(servers[0])
    histories = {f"k{i}": [] for i in range(6)}
    barrier = threading.Barrier(9)
    stop = threading.Event()

    def commits():
        while not stop.is_set():
            try:
                lake.commit()
            except Exception as e:
                assert "no changes" in str(e), e
    threads = [threading.Thread(target=client, args=(
        lake, servers[n % len(servers)].url, n, histories, barrier)) for n in range(9)]
    for t in threads:
        t.start()
    background = threading.Thread(target=commits)
    background.start()
    for t in threads:
        t.join()
    stop.set()
    background.join()
    assert sum(map(len, histories.values())) == 9 * OPS
    for key, ops in histories.items():
        try:
            final = lake.body("main/" + key).decode()
        except lake.s3.exceptions.ClientError:
            final = None
        assert explains(ops, final), (key, sorted(ops, key=lambda o: o.begin))
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
    t = threading.Thread(target=writer)
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
