"""Reloads under load: every request is answered, none with an error."""
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
        super().__init__()
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
                    self.wrong.append((name, status, text))
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
    # mod_fcgid forgets the requests that wait for it to start a process when
    # it is reloaded: apache/README.md says so.  Let it have them all first.
    gap = 3 if kind in ("apache", "apache-htaccess") else 0.7
    for _ in range(3):
        time.sleep(gap)
        getattr(server, what)()
    time.sleep(1.5)
    until.set()
    for c in clients:
        c.join()
    assert [w for c in clients for w in c.wrong] == []
    names = sorted(n for c in clients for n in c.done)
    assert sorted(lake.keys()) == names and len(names) > 100
    server.fsck()
    server.stop()
