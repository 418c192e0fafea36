"""The first key, and how long a session lasts."""
import base64
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from lake import s3_client
from servers import KEY, SECRET, serve


def ask(url, method, path, body=None, **headers):
    """(status, headers, JSON or text) of a request to the REST API."""
    data = None if body is None else json.dumps(body).encode()
    if data:
        headers.setdefault("Content-Type", "application/json")
    r = urllib.request.Request(url + "/api/v1" + path, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(r) as f:
            status, head, text = f.status, f.headers, f.read()
    except urllib.error.HTTPError as e:
        status, head, text = e.code, e.headers, e.read()
    try:
        return status, head, json.loads(text)
    except ValueError:
        return status, head, text


def basic(key, secret):
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


@pytest.fixture
def fresh(request, tmp_path):
    """A lake of its own, made and served as a test wants it."""
    build, servers = os.path.abspath(request.config.getoption("--build")), []

    class Fresh:
        lake = str(tmp_path / "lake")

        def run(self, *args, check=True, **more):
            r = subprocess.run([os.path.join(build, "lakegate"), *args], text=True,
                               capture_output=True, **more)
            assert not check or r.returncode == 0, r.stderr
            return r

        def serve(self, **settings):
            servers.append(serve("lighttpd", build, self.lake, settings))
            return servers[-1].url
    yield Fresh()
    for s in servers:
        s.stop()
        assert "Sanitizer" not in s.words(), s.words()
        shutil.rmtree(s.root)


def test_setup_is_off(fresh):
    fresh.run("init", fresh.lake, "--no-key")
    url = fresh.serve()
    assert ask(url, "GET", "/setup_lakefs")[2]["state"] == "not_initialized"
    status, _, answer = ask(url, "POST", "/setup_lakefs", {"username": "evil"})
    assert status == 403
    assert '"setup"' in answer["message"] and "lakegate init" in answer["message"]
    assert ask(url, "GET", "/setup_lakefs")[2]["state"] == "not_initialized"
    assert fresh.run("--lake", fresh.lake, "user", "list").stdout == ""
    fresh.run("--lake", fresh.lake, "key", "create", "admin")
    assert ask(url, "GET", "/setup_lakefs")[2]["state"] == "initialized"
    assert ask(url, "POST", "/setup_lakefs", {"username": "evil"})[0] == 409


def test_of_many_setups_at_once_one_wins(fresh):
    fresh.run("init", fresh.lake, "--no-key")
    url = fresh.serve(setup="on")
    answers, together = [], threading.Barrier(12)

    def setup(n):
        together.wait()
        answers.append(ask(url, "POST", "/setup_lakefs", {"username": f"user{n}"}))

    threads = [threading.Thread(target=setup, args=(n,)) for n in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(a[0] for a in answers) == [200] + [409] * 11
    won = next(a[2] for a in answers if a[0] == 200)
    s3_client(url, won["access_key_id"], won["secret_access_key"]).list_buckets()
    assert len(fresh.run("--lake", fresh.lake, "key", "list").stdout.splitlines()) == 1
    assert len(fresh.run("--lake", fresh.lake, "user", "list").stdout.splitlines()) == 1


def test_setup_does_not_open_again(fresh):
    """Neither the last user nor the last key can be taken away."""
    out = fresh.run("init", fresh.lake).stdout
    key = re.search(r"id +(\S+)", out).group(1)
    run = lambda *a, **m: fresh.run("--lake", fresh.lake, *a, **m)
    for command in (("user", "delete", "admin", "--yes"), ("key", "revoke", key)):
        r = run(*command, check=False)
        assert r.returncode == 1 and "lakegate key create" in r.stderr
    url = fresh.serve(setup="on")
    assert ask(url, "POST", "/setup_lakefs", {"username": "evil"})[0] == 409
    run("key", "create", "ann")
    run("user", "delete", "admin", "--yes")
    assert ask(url, "POST", "/setup_lakefs", {"username": "evil"})[0] == 409


def login(url, key=KEY, secret=SECRET):
    status, head, answer = ask(url, "POST", "/auth/login",
                               {"access_key_id": key, "secret_access_key": secret})
    assert status == 200
    return answer["token"], answer["token_expiration"], head


def user_of(url, token):
    """What a session's holder gets, by bearer and by cookie."""
    statuses = {ask(url, "GET", "/user", Authorization="Bearer " + token)[0],
                ask(url, "GET", "/user", Cookie="internal_auth_session=" + token)[0]}
    assert len(statuses) == 1
    return statuses.pop()


def test_a_session_ends_with_its_key_and_with_its_user(server):
    run = lambda *a: server.run("--lake", server.lake, *a)

    def key(user):
        out = run("key", "create", user).stdout
        return (re.search(r"id +(\S+)", out).group(1),
                re.search(r"secret access key +(\S+)", out).group(1))
    first, second = key("sue"), key("sue")
    token, other = login(server.url, *first)[0], login(server.url, *second)[0]
    assert user_of(server.url, token) == user_of(server.url, other) == 200
    run("key", "revoke", first[0])
    assert user_of(server.url, token) == 401
    assert user_of(server.url, other) == 200
    run("user", "delete", "sue", "--yes")
    assert user_of(server.url, other) == 401
    run("user", "create", "sue")
    key("sue")
    assert user_of(server.url, token) == user_of(server.url, other) == 401
    run("user", "delete", "sue", "--yes")


def test_a_session_lasts_as_long_as_the_setting_says(fresh):
    import time
    out = fresh.run("init", fresh.lake).stdout
    key = re.search(r"id +(\S+)", out).group(1)
    secret = re.search(r"secret access key +(\S+)", out).group(1)
    for settings, life in (({}, 86400), ({"session": 600}, 600)):
        url = fresh.serve(**settings)
        token, end, head = login(url, key, secret)
        assert abs(end - time.time() - life) < 30
        assert f"Max-Age={life};" in head["Set-Cookie"]
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert claims["exp"] == end and claims["kid"] == key


def test_a_token_has_three_parts(server):
    token = login(server.url)[0]
    assert user_of(server.url, token) == 200
    for bad in (token + ".", token + ".x", token + "." + token.split(".")[1], "." + token):
        assert user_of(server.url, bad) == 401
