"""Reloads under load: every request is answered, none with an error.

mod_fcgid forgets a request that waits for one of its processes at the moment
of a reload: apache/README.md says so.  There, and only there, a request may
stay without an answer; none has a wrong one, and what was answered is kept."""
import os
import threading
import time

import pytest

from lake import Lake
from servers import serve
from sign import Signed


class Client(threading.Thread):
    """Puts, each over a connection of its own, without a second try."""

    def __init__(self, lake, n, until):
        super().__init__(daemon=True)
        self.lake, self.n, self.until = lake, n, until
        self.done, self.wrong = [], []

    def run(self):
        while not self.until.is_set():
            name = f"main/{self.n}-{len(self.done)}"
            size = 60000 if len(self.done) % 4 == 0 else 100
            try:
                s = Signed(self.lake.url, "PUT", f"/{self.lake.repo}/{name}")
                status, _, text = s.send(name.encode().ljust(size))
                if status != 200:
                    self.wrong.append((name, f"{status}", text))
            except Exception as e:
                self.wrong.append((name, repr(e)))
            self.done.append(name)


@pytest.mark.parametrize("kind,what", [
    ("lighttpd", "reload"), ("apache", "reload"), ("apache-htaccess", "reload"),
    ("nginx", "reload"), ("apache-proxy", "reload"),
    ("nginx", "restart_worker"), ("apache-proxy", "restart_worker")])
def test_nothing_is_lost(request, kind, what):
    server = serve(kind, os.path.abspath(request.config.getoption("--build")))
    lake = Lake(server)
    until = threading.Event()
    clients = [Client(lake, n, until) for n in range(6)]
    for c in clients:
        c.start()
    forgets = kind in ("apache", "apache-htaccess")
    gap = 3 if forgets else 0.7         # most of its processes are there by then
    for _ in range(3):
        time.sleep(gap)
        getattr(server, what)()
    time.sleep(1.5)
    until.set()
    for c in clients:
        c.join()
    wrong = [w for c in clients for w in c.wrong]
    forgotten = {w[0] for w in wrong if forgets and w[1].startswith("TimeoutError")}
    assert [w for w in wrong if w[0] not in forgotten] == []
    names = {n for c in clients for n in c.done}
    assert set(lake.keys()) - forgotten == names - forgotten and len(names) > 100
    server.fsck()
    server.stop()
