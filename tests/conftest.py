"""Servers under test, each over a fresh lake, and a client in one object."""
import os
import shutil
import uuid

import boto3
import lakefs
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from lakefs.client import Client

from servers import KEY, KINDS, SECRET, TOP, serve


def pytest_addoption(parser):
    parser.addoption("--build", default=os.path.join(TOP, "build", "check"))
    parser.addoption("--server", default="lighttpd",
                     help=" ".join(KINDS) + ", with +tls")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "heavy: not behind plain CGI, where a request is a process")
    config.addinivalue_line("markers", "plain: talks to a socket itself, so not with TLS")
    config.addinivalue_line(
        "markers", "streams: only where the server passes bodies on as they come")


def pytest_collection_modifyitems(config, items):
    server = config.getoption("--server")
    out = (["heavy"] if server == "lighttpd-cgi" else []) + (
        ["streams"] if server not in ("lighttpd", "nginx") else []) + (
        ["plain"] if server.endswith("+tls") else [])
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


class Lake:
    """A repository of its own, and the clients to reach it."""

    def __init__(self, server):
        self.server, self.url = server, server.url
        self.s3 = s3_client(server.url)
        self.client = Client(host=server.url, username=KEY, password=SECRET,
                             ssl_ca_cert=os.environ.get("AWS_CA_BUNDLE"))
        self.repo = "r-" + uuid.uuid4().hex[:12]
        self.repository = lakefs.Repository(self.repo, client=self.client).create(
            storage_namespace="local://" + self.repo)
        self.main = self.repository.branch("main")

    def put(self, key, body=b"x", **more):
        return self.s3.put_object(Bucket=self.repo, Key=key, Body=body, **more)

    def body(self, key, **more):
        return self.s3.get_object(Bucket=self.repo, Key=key, **more)["Body"].read()

    def keys(self, prefix="main/", **more):
        out = []
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.repo, Prefix=prefix, **more)
        for page in pages:
            out += [o["Key"] for o in page.get("Contents", [])]
        return out

    def commit(self, branch="main", message="a commit"):
        return self.repository.branch(branch).commit(message).get_commit().id


def s3_client(url, **config):
    config.setdefault("retries", {"max_attempts": 0})
    config.setdefault("s3", {"addressing_style": "path"})
    return boto3.client("s3", endpoint_url=url, aws_access_key_id=KEY,
                        aws_secret_access_key=SECRET, region_name="us-east-1",
                        config=Config(**config))


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
