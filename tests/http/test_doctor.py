"""lakegate serve says what is wrong before it serves; lakegate doctor says what
is wrong at any time: each fault is made, and named."""
import http.server
import os
import re
import subprocess
import threading
import time
import urllib.request

import pytest

from servers import KEY, SECRET, free_port


@pytest.fixture
def command(server, tmp_path):
    """The command, with a lake of its own and no settings of the machine."""
    lake = str(tmp_path / "lake")
    binary = f"{server.build}/lakegate"

    def run(*args, give=None, **env):
        return subprocess.run([binary, "--lake", lake, *args], text=True, capture_output=True,
                              input=give, timeout=120, env=clean(env))
    conf = tmp_path / "lakegate.conf"
    conf.write_text("")

    def clean(env):
        return {**{k: v for k, v in os.environ.items() if not k.startswith("LAKEGATE_")},
                "LAKEGATE_CONF": str(conf), **env}
    (tmp_path / "secret").write_text(SECRET + "\n")
    r = subprocess.run([binary, "init", lake, "--access-key-id", KEY, "--secret-file", f"{tmp_path}/secret"],
                       capture_output=True, text=True, env=clean({}))
    assert r.returncode == 0, r.stderr
    run.lake, run.conf, run.binary, run.clean, run.secret = lake, conf, binary, clean, f"{tmp_path}/secret"
    return run


@pytest.fixture
def serve(command):
    """Serve in the background; what it said so far, by a function."""
    running = []

    def start(*args, lake=command.lake, **env):
        out = open(f"{command.lake}.said{len(running)}", "w+")
        p = subprocess.Popen([command.binary, "--lake", lake, "serve", *args], stderr=out, stdout=out,
                             env=command.clean(env))
        running.append((p, out))
        return p, out.name
    yield start
    for p, out in running:
        p.terminate()
        p.wait(timeout=40)
        out.close()


def said(path, words, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        with open(path) as f:
            text = f.read()
        if words in text:
            return text
        time.sleep(0.05)
    raise AssertionError(text)


def test_serve_says_so_when_it_listens(command, serve):
    port = free_port()
    p, log = serve("--port", str(port))
    said(log, f"lakegate: serving {command.lake} at http://127.0.0.1:{port}")
    # Then, and not before: the first request is answered.
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_health") as r:
        assert r.read() == b"ok\n"
    r = command("serve", "--port", str(port))
    assert r.returncode == 1 and "nobody can listen" in r.stderr and "--port" in r.stderr
    assert "serving" not in r.stderr
    p.terminate()
    assert p.wait(timeout=40) == 0


def test_serve_ends_where_its_worker_cannot_start(command):
    command.conf.write_text(f"audit_log = {command.lake}.none/audit.log\n")
    r = command("serve", "--port", str(free_port()))
    assert r.returncode == 1 and "audit" in r.stderr and "serving" not in r.stderr


def test_a_log_of_another_user_does_not_stop_it(command, serve, tmp_path):
    """The package's settings name one, and each user reads them."""
    command.conf.write_text(f"log_file = {tmp_path}/nowhere/lakegate.log\n")
    port = free_port()
    _, log = serve("--port", str(port))
    text = said(log, "serving")
    assert "cannot be written by you" in text
    urllib.request.urlopen(f"http://127.0.0.1:{port}/_health").close()
    said(log, "op=-")


def test_serve_finds_a_short_name_for_its_socket(command, serve, tmp_path):
    deep = str(tmp_path / ("deep" * 20) / "lake")
    os.mkdir(os.path.dirname(deep))
    os.rename(command.lake, deep)
    port, runtime = free_port(), tmp_path / "r"
    runtime.mkdir()
    _, log = serve("--port", str(port), lake=deep, XDG_RUNTIME_DIR=str(runtime))
    said(log, "serving")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_health") as r:
        assert r.read() == b"ok\n"


def lines(r):
    return {m.group(2): m.group(1) for m in re.finditer(r"^(ok|FAIL)  +(.*?):(?= |$)", r.stdout, re.M)}


def test_a_sound_lake(command, serve):
    port = free_port()
    _, log = serve("--port", str(port))
    said(log, "serving")
    url = f"http://127.0.0.1:{port}"
    r = command("doctor", url, "--access-key-id", KEY, "--secret-file", command.secret)
    got = lines(r)
    assert r.returncode == 0 and set(got.values()) == {"ok"}, r.stdout + r.stderr
    assert {"libxml2", "lake", "master key", "disk", "worker", "clock", "a signed request", url} <= got.keys()
    r = command("doctor", url, "--access-key-id", KEY, "--secret-file", "-", give="wrong" * 8)
    assert r.returncode == 1 and lines(r)["a signed request"] == "FAIL"
    assert "SignatureDoesNotMatch" in r.stdout and "wrong" not in r.stdout
    assert "not tried" in command("doctor").stdout


def stranger(status):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()

        def date_time_string(self, timestamp=None):
            return "Sat, 21 Nov 2020 12:00:00 GMT"

        def log_message(self, *args):
            pass
    s = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s


@pytest.mark.parametrize("status,what,words", [
    (404, "http", "another program"), (503, "http", "error log says why"), (200, "clock", "NTP")])
def test_another_address(command, status, what, words):
    s = stranger(status)
    url = f"http://127.0.0.1:{s.server_port}"
    r = command("doctor", url)
    s.shutdown()
    assert r.returncode == 1 and words in r.stdout, r.stdout
    assert lines(r)[url if what == "http" else what] == "FAIL"


def test_nobody_listens(command):
    r = command("doctor", f"http://127.0.0.1:{free_port()}")
    assert r.returncode == 1 and "nobody answers" in r.stdout and "is this its port?" in r.stdout


@pytest.mark.parametrize("what,words,settings", [
    ("lake", "is not a lake", {"gone": "meta.db"}),
    ("lake", "chmod", {"mode": 0o755}),
    ("master key", "master.key", {"gone": "master.key"}),
    ("disk", "fewer than the reserve", {"conf": "reserve = 1024G"}),
    ("worker", "does not answer", {"conf": "log_file = /proc/nowhere/log"}),
])
def test_what_is_wrong_is_named(command, what, words, settings):
    if "gone" in settings:
        os.unlink(f"{command.lake}/{settings['gone']}")
    if "mode" in settings:
        os.chmod(command.lake, settings["mode"])
    command.conf.write_text(settings.get("conf", "") + "\n")
    r = command("doctor")
    assert r.returncode == 1 and lines(r)[what] == "FAIL" and words in r.stdout, r.stdout + r.stderr


def test_a_lake_without_its_library(command, tmp_path):
    """As where libxml2 is not installed."""
    (tmp_path / "libxml2.so.2").write_text("no library")
    r = command("doctor", LD_LIBRARY_PATH=str(tmp_path))
    assert r.returncode == 1 and lines(r)["libxml2"] == "FAIL" and "install libxml2" in r.stdout


@pytest.mark.root
def test_a_lake_of_somebody_else(command):
    """It is there, and is not to be made again."""
    os.chmod(os.path.dirname(command.lake), 0o755)
    for folder in (os.path.dirname(os.path.dirname(command.lake)),):
        os.chmod(folder, 0o755)
    if not os.access(command.binary, os.X_OK):
        pytest.fail("the build cannot be run")
    r = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", command.binary],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    binary = command.binary
    if r.returncode != 0:
        binary = f"{command.lake}.bin"
        subprocess.run(["cp", command.binary, binary], check=True)
        os.chmod(binary, 0o755)
    r = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, "--lake",
                        command.lake, "repo", "list"], text=True, capture_output=True, env=command.clean(
                            {"LAKEGATE_CONF": "/dev/null"}))
    assert r.returncode == 1 and "cannot be opened by this user" in r.stderr and "init" not in r.stderr, r.stderr
