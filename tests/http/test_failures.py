"""Failed logins and signatures: counted, logged, 429; /metrics; whose address."""
import base64
import concurrent.futures
import configparser
import datetime
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.parse

import pytest
from lake import s3_client
from servers import KEY, SECRET, TOP, USER, connect, free_port, serve, wait_for, write
from sign import Signed

KEY_LIMIT, ADDRESS_LIMIT = 10, 50




def server_with(request, **settings):
    s = serve(request.config.getoption("--server"),
              os.path.abspath(request.config.getoption("--build")),
              settings=dict(settings, failures="refuse", log_file="RUN/lines.log"))
    yield s
    s.fsck()
    s.stop()
    assert "AddressSanitizer" not in s.words() and "runtime error" not in s.words(), s.words()
    shutil.rmtree(s.root)


@pytest.fixture(scope="module")
def strict(request):
    """Believes the X-Forwarded-For of this machine, so that tests are many."""
    yield from server_with(request, trusted_proxies="127.0.0.1")


@pytest.fixture(scope="module")
def untold(request):
    """Knows of no proxy."""
    yield from server_with(request)


@pytest.fixture(autouse=True)
def nothing_counted(request):
    """Each test begins with the counts empty: the file may go at any time."""
    for name in {"strict", "untold"} & set(request.fixturenames):
        path = request.getfixturevalue(name).lake + "/failures"
        if os.path.exists(path):
            os.unlink(path)


def lines(server, word="auth failure"):
    with open(f"{server.rundir}/lines.log", errors="surrogateescape") as f:
        return [line for line in f if word in line]


def ask(server, method, path, body=None, client=None, **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    if client:
        headers["X-Forwarded-For"] = client
    c = connect(server.url)
    c.request(method, path, body, headers)
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, {k.lower(): v for k, v in r.getheaders()}, data


# The doors: each tries a secret, and says what came of it.

def login(server, secret, client=None, key=KEY):
    return ask(server, "POST", "/api/v1/auth/login", json.dumps(
        {"access_key_id": key, "secret_access_key": secret}), client,
        Content_Type="application/json")


def basic_words(secret, key=KEY):
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def basic(server, secret, client=None, key=KEY):
    return ask(server, "GET", "/api/v1/repositories", None, client,
               Authorization=basic_words(secret, key))


def forged(key):
    claims = {"kid": key, "sub": "admin", "aud": "login", "exp": 4000000000}
    parts = [json.dumps({"alg": "HS256"}), json.dumps(claims), "no signature, but as long"]
    return ".".join(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts)


def token(server, secret, client=None, key=KEY):
    words = json.loads(login(server, SECRET)[2])["token"] if secret == SECRET else forged(key)
    return ask(server, "GET", "/api/v1/repositories", None, client, Authorization="Bearer " + words)


def v4_header(server, secret, client=None, key=KEY):
    more = {"x-forwarded-for": client} if client else {}
    return Signed(server.url, "GET", "/", headers=more, key=key, secret=secret).send()


def presigned(version):
    def door(server, secret, client=None, key=KEY):
        s3 = s3_client(server.url, key, secret, signature_version=version)
        url = s3.generate_presigned_url("list_objects_v2", Params={"Bucket": "doors"})
        return ask(server, "GET", url[len(server.url):], None, client)
    door.__name__ = "presigned_" + version
    return door


def v2_header(server, secret, client=None, key=KEY):
    date = email.utils.formatdate(usegmt=True)
    mac = hmac.new(secret.encode(), f"GET\n\n\n{date}\n/doors".encode(), hashlib.sha1).digest()
    return ask(server, "GET", "/doors", None, client, Date=date,
               Authorization=f"AWS {key}:{base64.b64encode(mac).decode()}")


def form(server, secret, client=None, key=KEY):
    post = s3_client(server.url, key, secret, signature_version="s3v4").generate_presigned_post(
        "doors", "main/form")
    body = "".join(f'--B\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
                   for k, v in dict(post["fields"], file="x").items()) + "--B--\r\n"
    return ask(server, "POST", "/doors", body, client,
               Content_Type="multipart/form-data; boundary=B")


DOORS = [login, basic, token, v4_header, presigned("s3v4"), presigned("s3"), v2_header, form]


@pytest.fixture
def doors(strict):
    s3 = s3_client(strict.url)
    if not s3.list_buckets().get("Buckets"):
        s3.create_bucket(Bucket="doors")
    return strict


@pytest.mark.parametrize("door", DOORS, ids=lambda d: d.__name__)
def test_what_fails_too_often_is_429_and_what_is_right_is_served(doors, door):
    plain = {door(doors, "wrong-secret", "192.0.2.1")[0] for _ in range(KEY_LIMIT)}
    assert plain <= {401, 403} and len(plain) == 1
    status, headers, body = door(doors, "wrong-secret", "192.0.2.1")
    assert status == 429 and headers["retry-after"] == "60", body
    if door in (login, basic, token):
        assert "too many" in json.loads(body)["message"]
    else:
        assert b"<Code>TooManyRequests</Code>" in body
    for client in ("192.0.2.1", "192.0.2.2"):
        assert door(doors, SECRET, client)[0] in (200, 204)
    assert {door(doors, "wrong-secret", "192.0.2.2")[0]} == plain
    assert door(doors, "wrong-secret", "192.0.2.1")[0] == 429


def test_an_address_that_tries_many_keys_is_429(strict):
    for door in (login, v4_header):
        for n in range(ADDRESS_LIMIT // 2):
            assert door(strict, "wrong-secret", "198.51.100.7", f"KEY{n}")[0] in (401, 403)
    assert login(strict, "wrong-secret", "198.51.100.7", "ONEMORE")[0] == 429
    assert v4_header(strict, "wrong-secret", "198.51.100.7")[0] == 429
    assert login(strict, "wrong-secret", "198.51.100.8", "ONEMORE")[0] == 401
    assert login(strict, SECRET, "198.51.100.7")[0] == 200
    assert v4_header(strict, SECRET, "198.51.100.7")[0] == 200


def test_of_ipv6_a_64_is_one_address(strict):
    for n in range(ADDRESS_LIMIT):
        assert login(strict, "wrong-secret", f"2001:db8::{n:x}:1", f"KEY{n}")[0] == 401
    assert login(strict, "wrong-secret", "[2001:db8::ffff:1]:4711", "ONEMORE")[0] == 429
    assert login(strict, "wrong-secret", "2001:db8:0:1::1", "ONEMORE")[0] == 401


def test_an_untold_proxy_is_not_counted_by_address(untold):
    """It would be all of the proxy's clients; a key is counted alone."""
    for n in range(ADDRESS_LIMIT + 5):
        assert login(untold, "wrong-secret", f"192.0.2.{n}", f"KEY{n}")[0] == 401
    for n in range(KEY_LIMIT):
        assert login(untold, "wrong-secret", f"192.0.2.{n}")[0] == 401
    assert login(untold, "wrong-secret", "192.0.2.99")[0] == 429
    assert login(untold, SECRET, "192.0.2.99")[0] == 200
    assert login(untold, "wrong-secret")[0] == 401, "direct: the key from that address"
    assert all(" client=- " in line and " peer=127.0.0.1 " in line
               for line in lines(untold)[-60:-1])
    assert " client=127.0.0.1 " in lines(untold)[-1]


PROMETHEUS = b"# TYPE lakegate_requests_total counter"


@pytest.mark.parametrize("path", ["/metrics", "/_metrics"])
def test_metrics_are_for_this_machine_or_a_key(strict, untold, path):
    status, headers, body = ask(untold, "GET", path)
    assert status == 200 and PROMETHEUS in body
    for forwarded in ({"X_Forwarded_For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}):
        assert ask(untold, "GET", path, **forwarded)[0] == 403
    # Where a proxy is trusted, nobody is near.
    for client in (None, "127.0.0.1", "192.0.2.1"):
        assert ask(strict, "GET", path, None, client)[0] == 403
    token_words = json.loads(login(strict, SECRET)[2])["token"]
    for words in (basic_words(SECRET), "Bearer " + token_words):
        status, headers, body = ask(strict, "GET", path, Authorization=words)
        assert status == 200 and PROMETHEUS in body
    assert PROMETHEUS in Signed(strict.url, "GET", path).send()[2]
    assert ask(strict, "HEAD", path, Authorization=basic_words(SECRET))[0] == 200
    for n in range(KEY_LIMIT):
        assert ask(strict, "GET", path, Authorization=basic_words("wrong"))[0] == 403
    status, headers, body = ask(strict, "GET", path, Authorization=basic_words("wrong"))
    assert status == 429 and headers["retry-after"] == "60"
    assert Signed(strict.url, "GET", path, secret="wrong").send()[0] == 429
    assert ask(strict, "GET", path, Authorization=basic_words(SECRET))[0] == 200


@pytest.fixture(scope="module")
def keyed(request):
    yield from server_with(request, metrics="key")


def test_metrics_may_be_for_keys_alone(keyed):
    assert ask(keyed, "GET", "/metrics")[0] == 403
    assert ask(keyed, "GET", "/metrics", Authorization=basic_words(SECRET))[0] == 200


def counter(server, name):
    text = ask(server, "GET", "/metrics", Authorization=basic_words(SECRET))[2].decode()
    return int(text.split(f"\nlakegate_{name}_total ")[1].split("\n")[0])


def test_failures_have_metrics(strict):
    before = [counter(strict, f"auth_{n}") for n in ("failures", "refused")]
    for _ in range(KEY_LIMIT + 2):
        login(strict, "wrong-secret", "192.0.2.1")
    after = [counter(strict, f"auth_{n}") for n in ("failures", "refused")]
    assert [b - a for a, b in zip(before, after)] == [KEY_LIMIT + 2, 2]


def test_what_is_late_early_or_malformed_is_not_counted(strict):
    seen, now = len(lines(strict)), datetime.datetime.now(datetime.timezone.utc)
    late = s3_client(strict.url, signature_version="s3").generate_presigned_url(
        "list_objects_v2", Params={"Bucket": "doors"}, ExpiresIn=-1000)[len(strict.url):]
    words = ["Basic !", "Basic " + base64.b64encode(b"no colon").decode(), "Bearer x", "Bearer a.b",
             "Digest x", "AWS4-HMAC-SHA256 Credential=x", "AWS4-HMAC-SHA512 x", "AWS nothing"]
    for _ in range(KEY_LIMIT + 1):
        for days in (-1, 1):
            status, _, body = Signed(strict.url, "GET", "/", headers={"x-forwarded-for": "192.0.2.1"},
                                     when=now + datetime.timedelta(days=days)).send()
            assert status == 403 and b"RequestTimeTooSkewed" in body
        assert b"Request has expired" in ask(strict, "GET", late, None, "192.0.2.1")[2]
        for w in words:
            status = ask(strict, "GET", "/api/v1/repositories", None, "192.0.2.1", Authorization=w)[0]
            assert status in (400, 401, 403, 404), w
        assert ask(strict, "GET", "/api/v1/repositories", None, "192.0.2.1")[0] == 401
    assert len(lines(strict)) == seen
    assert login(strict, "wrong-secret", "192.0.2.1")[0] == 401


def banned(text):
    """Whom fail2ban would ban, by the filter of examples/."""
    conf = configparser.ConfigParser()
    conf.read(f"{TOP}/examples/fail2ban-filter.conf")
    rule = re.compile(conf["Definition"]["failregex"].replace("<ADDR>", r"(?P<ip>[0-9A-Fa-f:.]+)"))
    assert conf["Definition"]["datepattern"] == r"^%Y-%m-%dT%H:%M:%S\.%f%z"
    date = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
    found = [rule.search(date.sub("", line, count=1).rstrip("\n")) for line in text if date.match(line)]
    return [m["ip"] for m in found if m]


FORGED = "x warn auth failure client=6.6.6.6 reason=secret id=" + "0" * 32 + " key="


def test_one_line_for_each_failure_and_nobody_forges_it(strict):
    seen, clients = len(lines(strict, "")), []
    keys = [KEY, "", "a b", " client=6.6.6.6 ", "A\n2026-01-01T00:00:00.000Z" + FORGED[1:], "\r\n", '"',
            "\\", "%0A", "=", "\x1b[2J", "\x7f", "\x9b", "\u2028", "\u202e", "é", "k" * 5000, FORGED]
    for n, key in enumerate(keys):
        clients.append(("192.0.2.%d", "2001:db8::%x")[n % 2] % (n + 1))
        assert login(strict, "wrong-secret", clients[-1], key)[0] in (400, 401)
        assert ask(strict, "GET", "/" + urllib.parse.quote(key or "x"), None, "192.0.2.99",
                   User_Agent=FORGED.replace("\n", ""))[0] in (400, 403, 404)
    new = lines(strict, "")[seen:]
    assert banned(new) == clients
    for line in new:
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warn) ", line), line
    # Not of an address that is not known.
    login(strict, "wrong-secret", "unknown")
    assert banned(lines(strict)[-1:]) == [] and " client=- " in lines(strict)[-1]


def test_the_jail_is_the_filters():
    conf = configparser.ConfigParser()
    conf.read(f"{TOP}/examples/fail2ban-jail.conf")
    jail = conf["lakegate"]
    with open(f"{TOP}/examples/fail2ban-filter.conf") as f:
        assert f"/filter.d/{jail['filter']}.conf" in f.read()
    with open(f"{TOP}/debian/lakegate.conf") as f:
        assert f"log_file = {jail['logpath']}\n" in f.read()
    assert int(jail["maxretry"]) > 10       # who mistypes is told 429 first


@pytest.mark.heavy              # lighttpd ends a CGI program whose client has gone
def test_the_access_log_says_who_asks(strict):
    v4_header(strict, SECRET, "2001:DB8:0::7")
    ask(strict, "GET", "/_health", None, 'x client="6.6.6.6"')
    for word in " client=2001:db8::7 peer=127.0.0.1 ", " protocol=own op=- user=\"\" client=- ":
        for _ in range(100):            # the line follows the answer
            if lines(strict, word):
                break
            time.sleep(0.05)
        assert lines(strict, word)


@pytest.mark.heavy
def test_a_flood_locks_nobody_out(strict):
    """Wrong logins from very many addresses, for the owner's key and others."""
    def flood(part):
        c = connect(strict.url)
        for n in range(part, 10000, 4):
            body = json.dumps({"access_key_id": KEY if n % 2 else f"KEY{n}",
                               "secret_access_key": "wrong-secret"})
            c.request("POST", "/api/v1/auth/login", body, {
                "Content-Type": "application/json",
                "X-Forwarded-For": f"6.6.6.6, 10.{n % 250}.{n // 250}.1"})
            r = c.getresponse()
            assert r.status == 401, r.read()
            r.read()
        c.close()
    login(strict, "wrong-secret", "192.0.2.1", "FIRST")
    size = os.path.getsize(strict.lake + "/failures")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        work = [pool.submit(flood, n) for n in range(4)]
        while not all(w.done() for w in work):
            for client in ("192.0.2.7", "10.1.1.1"):
                assert v4_header(strict, SECRET, client)[0] == 200
                assert login(strict, SECRET, client)[0] == 200
        for w in work:
            w.result()
    assert os.path.getsize(strict.lake + "/failures") == size < 256 * 1024
    for pid in strict.workers():
        with open(f"/proc/{pid}/status") as status, open(f"/proc/{pid}/maps") as maps:
            if "asan" not in maps.read():
                assert int(status.read().split("VmRSS:")[1].split()[0]) < 32 * 1024


def spoil(path, how):
    if how in ("gone", "folder"):
        os.unlink(path)
    if how == "folder":
        os.mkdir(path)
    if how == "cut":
        os.truncate(path, 0)
    if how == "noise":
        with open(path, "r+b") as f:
            f.write(os.urandom(os.path.getsize(path)))


@pytest.mark.parametrize("how", ["gone", "folder", "cut", "noise"])
def test_the_counts_may_be_lost_at_any_time(strict, how):
    for door in (login, v4_header):
        door(strict, "wrong-secret", "192.0.2.1")
        spoil(strict.lake + "/failures", how)
        assert door(strict, SECRET, "192.0.2.1")[0] == 200
        assert door(strict, "wrong-secret", "192.0.2.1")[0] in (401, 403)
        if how == "folder":
            os.rmdir(strict.lake + "/failures")
    for _ in range(KEY_LIMIT):
        login(strict, "wrong-secret", "192.0.2.1")
    assert login(strict, "wrong-secret", "192.0.2.1")[0] == 429
    assert login(strict, SECRET, "192.0.2.1")[0] == 200


def test_servers_of_a_lake_count_together(strict):
    other = serve(strict.kind, strict.build, strict.lake, strict.settings)
    try:
        for n in range(KEY_LIMIT):
            assert login((strict, other)[n % 2], "wrong-secret", "192.0.2.1")[0] == 401
        for s in (strict, other):
            assert login(s, "wrong-secret", "192.0.2.1")[0] == 429
            assert login(s, SECRET, "192.0.2.1")[0] == 200
    finally:
        other.stop()
        shutil.rmtree(other.root)


@pytest.mark.parametrize("value", ["10.0.0.0/33", "proxy.example.org", "none ::1", "1.2.3.4,5.6.7.8"])
def test_a_proxy_that_is_no_address_is_refused_at_start(strict, value, monkeypatch):
    monkeypatch.setenv("LAKEGATE_TRUSTED_PROXIES", value)
    r = strict.run("--lake", strict.lake, "user", "list", check=False)
    assert r.returncode != 0 and "trusted_proxies" in r.stderr


# Proxies of HTTP, by the configurations that are shipped.

class Front:
    def __init__(self, server):
        self.port, self.root = free_port(), tempfile.mkdtemp(prefix="lakegate-front-")
        os.chmod(self.root, 0o755)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(f"{self.root}/log", "ab")
        self.process = subprocess.Popen(
            self.argv(server.port), stdout=self.log, stderr=self.log,
            env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin", LAKEGATE_RUN=self.root,
                     LAKEGATE_SPOOL=self.root,
                     LAKEGATE_PORT=str(self.port), LAKEGATE_SERVER="127.0.0.1",
                     LAKEGATE_SERVER_PORT=str(server.port)))
        wait_for(self.process, self.port, lambda: open(f"{self.root}/log").read())

    def stop(self):
        self.process.terminate()
        self.process.wait(40)
        self.log.close()
        shutil.rmtree(self.root)


class NginxFront(Front):
    def argv(self, port):
        user = f"user {USER};" if os.geteuid() == 0 else ""
        subprocess.run(["chown", USER, self.root], check=os.geteuid() == 0)
        temp = " ".join(f"{m}_temp_path {self.root}/{m};"
                        for m in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return ["nginx", "-e", f"{self.root}/log", "-c", write(f"{self.root}/nginx.conf", f"""
daemon off; pid {self.root}/pid; {user} error_log {self.root}/log; events {{}}
http {{ access_log off; {temp}
  upstream lakegate_server {{ server 127.0.0.1:{port}; }}
  server {{ listen 127.0.0.1:{self.port}; include {TOP}/nginx/front.conf; }} }}""")]


class ApacheFront(Front):
    def argv(self, port):
        modules = "\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so"
                            for m in ("mpm_event", "authz_core", "proxy", "proxy_http"))
        return ["apache2", "-DFOREGROUND", "-f", write(f"{self.root}/httpd.conf", f"""
ServerRoot {self.root}
ServerName localhost
PidFile {self.root}/pid
ErrorLog {self.root}/log
Listen 127.0.0.1:{self.port}
User {USER}
Group {USER}
{modules}
Define LAKEGATE_PORT {self.port}
Define LAKEGATE_SERVER 127.0.0.1:{port}
Include {TOP}/apache/front.conf
""")]


class LighttpdFront(Front):
    def argv(self, port):
        return ["lighttpd", "-D", "-f", f"{TOP}/lighttpd/front.conf"]


@pytest.mark.plain
@pytest.mark.parametrize("kind", [NginxFront, ApacheFront, LighttpdFront], ids=lambda k: k.__name__)
def test_behind_a_proxy_the_client_counts(doors, kind):
    front = kind(doors)

    def far(secret, spoofed=None):      # as from another machine
        c = http.client.HTTPConnection("127.0.0.1", front.port, source_address=("127.0.0.2", 0))
        headers = {"Authorization": basic_words(secret)}
        if spoofed:
            headers["X-Forwarded-For"] = spoofed
        c.request("GET", "/api/v1/repositories", headers=headers)
        r = c.getresponse()
        r.read()
        c.close()
        return r.status
    try:
        s3 = s3_client(front.url)
        for key in ("main/a b+c%2F//d", "main/é~'!/./y"):
            s3.put_object(Bucket="doors", Key=key, Body=b"x" * 100000)
            assert s3.get_object(Bucket="doors", Key=key)["Body"].read() == b"x" * 100000
        for n in range(KEY_LIMIT):
            assert far("wrong-secret", None if n % 2 else "6.6.6.6") == 401
        assert " client=127.0.0.2 " in lines(doors)[-1]
        assert far("wrong-secret") == 429 and far("wrong-secret", "6.6.6.6") == 429
        assert far(SECRET) == 200
        assert ask(front, "GET", "/metrics")[0] == 403
    finally:
        front.stop()
