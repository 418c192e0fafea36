"""Failed logins and signatures: counted, logged, 429; /metrics; whose address."""
import base64
import datetime
import email.utils
import hashlib
import hmac
import json
import os
import shutil

import pytest
from lake import s3_client
from servers import KEY, SECRET, connect, serve
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


def token(server, secret, client=None, key=""):
    words = json.loads(login(server, SECRET)[2])["token"] if secret == SECRET else \
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl"
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
