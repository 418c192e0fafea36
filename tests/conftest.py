"""Servers under test, each over a fresh lake, and a client in one object."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

import boto3
import lakefs
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from lakefs.client import Client

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
KEY, SECRET = "AKIALAKEGATETESTS000", "a-secret-for-tests-only"


def pytest_addoption(parser):
    parser.addoption("--build", default=os.path.join(TOP, "build", "check"))
    parser.addoption("--server", default="lighttpd",
                     choices=["lighttpd", "lighttpd-cgi", "apache"])


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "heavy: not behind plain CGI, where a request is a process")
    config.addinivalue_line(
        "markers", "streams: only where the server passes bodies on as they come")


def pytest_collection_modifyitems(config, items):
    server = config.getoption("--server")
    out = (["heavy"] if server == "lighttpd-cgi" else []) + (
        ["streams"] if server != "lighttpd" else [])
    gone = [i for i in items if any(i.get_closest_marker(m) for m in out)]
    config.hook.pytest_deselected(items=gone)
    items[:] = [i for i in items if i not in gone]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


APACHE = """
ServerRoot {run}
ServerName localhost
PidFile {run}/httpd.pid
ErrorLog {run}/error.log
Listen 127.0.0.1:{port}
User {user}
Group {user}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule env_module /usr/lib/apache2/modules/mod_env.so
LoadModule setenvif_module /usr/lib/apache2/modules/mod_setenvif.so
LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
LoadModule fcgid_module /usr/lib/apache2/modules/mod_fcgid.so
FcgidIPCDir {run}/sock
FcgidProcessTableFile {run}/shm
Define LAKEGATE_LAKE {lake}
Define LAKEGATE_PORT {port}
Define LAKEGATE_BIN {bin}
Include {top}/apache/lakegate.conf
"""


class Server:
    """A web server over a lake: a new one, or one that another serves too."""

    def __init__(self, kind, build, lake=None):
        self.kind, self.build = kind, build
        self.root = tempfile.mkdtemp(prefix="lakegate-")
        self.lake = lake or os.path.join(self.root, "lake")
        self.rundir = os.path.join(self.root, "run")
        os.mkdir(self.rundir)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        if not lake:
            self.run("init", self.lake, "--access-key-id", KEY,
                     "--secret-access-key", SECRET)
        self.start()

    def run(self, *args, check=True):
        return subprocess.run([os.path.join(self.build, "lakegate"), *args],
                              check=check, capture_output=True, text=True)

    def command(self):
        run = self.rundir
        env = dict(os.environ, LAKEGATE_LAKE=self.lake, LAKEGATE_RUN=run,
                   LAKEGATE_PORT=str(self.port),
                   LAKEGATE_WORKER=os.path.join(self.build, "lakegate.fcgi"))
        env["PATH"] += ":/usr/sbin:/sbin"
        if self.kind == "lighttpd":
            return env, ["lighttpd", "-D", "-f", f"{TOP}/lighttpd/fastcgi.conf"]
        if self.kind == "lighttpd-cgi":
            cgi = os.path.join(self.root, "cgi")
            os.makedirs(cgi, exist_ok=True)
            shutil.copy(env["LAKEGATE_WORKER"], f"{cgi}/lakegate.cgi")
            env["LAKEGATE_CGI_DIR"] = cgi
            return env, ["lighttpd", "-D", "-f", f"{TOP}/lighttpd/cgi.conf"]
        user = "www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        bindir = os.path.join(self.root, "bin")
        os.makedirs(bindir, exist_ok=True)
        shutil.copy(env["LAKEGATE_WORKER"], bindir)
        os.makedirs(f"{run}/sock", exist_ok=True)
        conf = os.path.join(run, "httpd.conf")
        with open(conf, "w") as f:
            f.write(APACHE.format(run=run, port=self.port, lake=self.lake,
                                  bin=bindir, top=TOP, user=user))
        if os.geteuid() == 0:
            os.chmod(self.root, 0o755)
            subprocess.run(["chown", "-R", user, self.root], check=True)
        return env, ["apache2", "-DFOREGROUND", "-f", conf]

    def start(self):
        env, argv = self.command()
        self.log = open(os.path.join(self.root, "server.log"), "ab")
        self.process = subprocess.Popen(argv, env=env, stdout=self.log,
                                        stderr=self.log, cwd=TOP)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
                assert self.process.poll() is None, self.words()
        raise AssertionError("the server did not start: " + self.words())

    def words(self):
        out = ""
        for name in ("server.log", "run/error.log"):
            try:
                with open(os.path.join(self.root, name), errors="replace") as f:
                    out += f.read()[-4000:]
            except OSError:
                pass
        return out

    def workers(self):
        """Process ids of the workers (FastCGI)."""
        out = subprocess.run(["pgrep", "-f", "lakegate.fcgi"],
                             capture_output=True, text=True).stdout
        mine = []
        for pid in map(int, out.split()):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if self.lake.encode() in f.read():
                        mine.append(pid)
            except OSError:
                pass
        return [p for p in mine if p != self.process.pid]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()

    def fsck(self):
        r = self.run("--lake", self.lake, "fsck", "--deep", check=False)
        assert r.returncode == 0, r.stdout + r.stderr
        return r.stdout


@pytest.fixture(scope="session")
def server(request):
    s = Server(request.config.getoption("--server"),
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
        self.client = Client(host=server.url, username=KEY, password=SECRET)
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
