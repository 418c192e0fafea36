"""The server under test, over a fresh lake, and a repository for each test."""
import os
import shutil

import pytest
from botocore.exceptions import ClientError

from lake import Lake
from servers import KINDS, TOP, serve


def pytest_addoption(parser):
    parser.addoption("--build", default=os.path.join(TOP, "build", "check"))
    parser.addoption("--server", default="lighttpd",
                     help=" ".join(KINDS) + ", with +tls")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "server: what depends on the web server; behind most of them the test "
        "command runs only these")
    config.addinivalue_line(
        "markers", "heavy: not behind plain CGI, where a request is a process")
    config.addinivalue_line("markers", "minutes: only where FULL is set")
    config.addinivalue_line("markers", "tls: only over TLS")
    config.addinivalue_line("markers", "plain: talks to a socket itself, so not with TLS")
    config.addinivalue_line("markers", "root: only as root, who can be several users")
    config.addinivalue_line(
        "markers", "streams: only where the server passes bodies on as they come")


def pytest_collection_modifyitems(config, items):
    server = config.getoption("--server")
    out = (["heavy"] if server == "lighttpd-cgi" else []) + (
        ["streams"] if server not in ("lighttpd", "nginx") else []) + (
        ["plain"] if server.endswith("+tls") else ["tls"]) + (
        [] if os.environ.get("FULL") else ["minutes"]) + (
        [] if os.geteuid() == 0 else ["root"])
    gone = [i for i in items if any(i.get_closest_marker(m) for m in out)]
    config.hook.pytest_deselected(items=gone)
    items[:] = [i for i in items if i not in gone]


@pytest.fixture(scope="session")
def server(request):
    s = serve(request.config.getoption("--server"),
              os.path.abspath(request.config.getoption("--build")))
    yield s
    s.fsck()
    s.stop()
    words = s.words()
    shutil.rmtree(s.root)
    for bad in ("AddressSanitizer", "runtime error", "LeakSanitizer", "signalled"):
        assert bad not in words, words


@pytest.fixture
def lake(server):
    return Lake(server)


class Refused:
    """with refused("NoSuchKey", 404): …"""

    def __init__(self, code, status=None):
        self.code, self.status = code, status

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert kind is not None, f"{self.code} was expected"
        if not issubclass(kind, ClientError):
            return False
        got = error.response["Error"]["Code"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert got in (self.code, str(self.status)), error
        assert self.status in (None, status), error
        self.message = error.response["Error"].get("Message", "")
        return True


@pytest.fixture
def refused():
    return Refused
