"""What a browser is told, and what a page of another site can not do."""
import base64
import json
import urllib.parse

import pytest

from servers import KEY, SECRET, connect
from sign import Signed
from test_api import call
from test_public import ask, preflight
from worker import Cgi

pytestmark = pytest.mark.server

SANDBOX = "sandbox allow-downloads"
ACTIVE = ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "image/svg+xml", "text/xml",
          "application/xml", "application/rss+xml", "application/mathml+xml", "text/xsl",
          "text/plain, text/html", "multipart/x-mixed-replace; boundary=x"]
PASSIVE = ["text/plain", "application/pdf", "image/png", "application/json", "text/css",
           "binary/octet-stream", "application/javascript"]


def basic(key=KEY, secret=SECRET):
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def got(lake, key="main/o", method="GET", query=""):
    status, headers, _ = Signed(lake.url, method, f"/{lake.repo}/{key}", query).send()
    return status, headers


@pytest.mark.parametrize("type", ACTIVE + PASSIVE)
def test_pages_do_not_run_on_this_origin(lake, type):
    lake.put("main/o", b"<script>", ContentType=type)
    for method in ("GET", "HEAD"):
        status, h = got(lake, method=method)
        assert status == 200 and h["x-content-type-options"] == "nosniff"
        assert (h.get("content-security-policy") == SANDBOX) == (type in ACTIVE), h
    h = got(lake, query="response-content-type=" + urllib.parse.quote(type, safe=""))[1]
    assert (h.get("content-security-policy") == SANDBOX) == (type in ACTIVE), h
    h = got(lake, query="response-content-type=text%2Fplain")[1]
    assert "content-security-policy" not in h


@pytest.mark.parametrize("disposition,sandboxed", [
    ("attachment", False), ('ATTACHMENT; filename="a.html"', False), ("inline", True),
    ("inline; attachment", True), ("attachmentx", True), ("x; filename=attachment", True)])
def test_what_is_saved_as_a_file_needs_no_sandbox(lake, disposition, sandboxed):
    lake.put("main/o", b"x", ContentType="text/html", ContentDisposition=disposition)
    assert (got(lake)[1].get("content-security-policy") == SANDBOX) == sandboxed
    lake.put("main/o", b"x", ContentType="text/html")
    h = got(lake, query="response-content-disposition=" + urllib.parse.quote(disposition))[1]
    assert (h.get("content-security-policy") == SANDBOX) == sandboxed


def test_every_answer_says_nosniff(lake):
    lake.put("main/o")
    for target in ("/", "/_health", "/metrics", "/nothing", "/api/v1/healthcheck", "/api/v1/nothing",
                   "/api/v1/config", "/api/v1/setup_lakefs", "/logout", f"/{lake.repo}", "/%zz", "/openapi.json"):
        c = connect(lake.url)
        c.request("GET", target)
        r = c.getresponse()
        r.read()
        if r.status != 400 or "xml" in r.getheader("Content-Type", ""):     # else the server's own
            assert r.getheader("X-Content-Type-Options") == "nosniff", target
        if "xml" in (r.getheader("Content-Type") or ""):
            assert r.getheader("Content-Security-Policy") == SANDBOX, target
    for target in (f"/{lake.repo}?versioning", f"/{lake.repo}/main/o", f"/{lake.repo}/main/none"):
        path, _, query = target.partition("?")
        assert Signed(lake.url, "GET", path, query).send()[1]["x-content-type-options"] == "nosniff"
    c = connect(lake.url)
    c.request("GET", f"/api/v1/repositories/{lake.repo}/refs/main/objects?path=o",
              headers={"Authorization": basic()})
    r = c.getresponse()
    assert (r.status, r.headers.get_all("X-Content-Type-Options")) == (200, ["nosniff"])


def test_a_host_of_its_own_may_show_pages(tmp_path, request):
    """s3_domains: a host that speaks S3 alone has no session to steal."""
    cgi = Cgi(request.config.getoption("--build"), tmp_path / "lake", s3_domains="data.example site.example")

    def signed(method, host, path, **headers):
        s = Signed("http://" + host, method, path, headers=headers)
        return cgi.ask(method, path, s.headers, b"<html>" if method == "PUT" else b"")

    api = {"Authorization": basic(), "Content-Type": "application/json", "Host": "h"}
    assert cgi.ask("POST", "/api/v1/repositories", api, json.dumps(
        {"name": "pages", "storage_namespace": "local://pages"}).encode())[0] == 201
    assert signed("PUT", "site.example", "/pages/main/i.html", **{"content-type": "text/html"})[0] == 200
    for host, path, sandboxed in (("site.example", "/pages/main/i.html", False),
                                  ("pages.site.example:8080", "/main/i.html", False),
                                  ("DATA.example", "/pages/main/i.html", False),
                                  ("site.example.evil", "/pages/main/i.html", True),
                                  ("notsite.example", "/pages/main/i.html", True),
                                  ("127.0.0.1:8000", "/pages/main/i.html", True)):
        status, h, body = signed("GET", host, path)
        assert (status, body, h["x-content-type-options"]) == (200, b"<html>", "nosniff"), body
        assert ("content-security-policy" in h) == sandboxed, host


# ---- sessions

def login(lake):
    c = connect(lake.url)
    c.request("POST", "/api/v1/auth/login", json.dumps({"access_key_id": KEY, "secret_access_key": SECRET}),
              {"Content-Type": "application/json"})
    r = c.getresponse()
    r.read()
    return r.getheader("Set-Cookie")


def attributes(cookie):
    return {a.strip().lower() for a in cookie.split(";")[1:]}


def test_the_cookie_is_for_the_api_alone(lake):
    cookie = login(lake)
    want = {"path=/api/v1", "httponly", "samesite=strict"} | (
        {"secure"} if lake.url.startswith("https") else set())
    assert attributes(cookie) - {a for a in attributes(cookie) if a.startswith("max-age=")} == want
    c = connect(lake.url)
    c.request("GET", "/logout")
    r = c.getresponse()
    assert r.status == 307 and attributes(r.getheader("Set-Cookie")) == want | {"max-age=0"}
    lake.put("main/o")
    assert ask(lake, "/main/o", Cookie=cookie.split(";")[0])[0] == 403


@pytest.mark.parametrize("headers,status", [
    ({"Sec-Fetch-Site": "same-origin"}, 201), ({"Origin": "{origin}"}, 201),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 201),
    ({}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "none"}, 403), ({"Sec-Fetch-Site": "cross-site", "Origin": "{origin}"}, 403),
    ({"Sec-Fetch-Site": "same-origin, cross-site"}, 403), ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403), ({"Origin": "{origin}.evil.example"}, 403), ({"Origin": "{host}"}, 403),
    ({"Referer": "{origin}/x"}, 403)])
def test_a_change_by_cookie_comes_from_this_origin(lake, headers, status):
    host = lake.url.split("//")[1]
    headers = {k: v.format(origin=lake.url, host=host) for k, v in headers.items()}
    cookie = {"Cookie": login(lake).split(";")[0], **headers}
    path = f"/repositories/{lake.repo}/branches"
    got, answer = call(lake, "POST", path, {"name": "b", "source": "main"}, auth=False, headers=cookie)
    assert got == status, answer
    assert call(lake, "GET", path, auth=False, headers=cookie)[1]["pagination"]["results"] == 1 + (status == 201)
    # Whoever says who asks needs no such proof.
    assert call(lake, "POST", path, {"name": "c", "source": "main"}, headers=headers)[0] == 201


def test_no_password_prompt_comes_from_the_api(lake):
    for target in ("/api/v1/config", "/api/v1/repositories", f"/api/v1/repositories/{lake.repo}"):
        for auth in (None, "Basic eDp5", "Bearer x", "Basic !"):
            c = connect(lake.url)
            c.request("GET", target, headers={"Authorization": auth} if auth else {})
            r = c.getresponse()
            assert r.status == 401 and r.getheader("WWW-Authenticate") is None


# ---- headers

def set_meta(lake, meta):
    at = f"/repositories/{lake.repo}/branches/main/objects/stat/user_metadata?path=o"
    assert call(lake, "PUT", at, {"set": meta})[0] == 204
    r = call(lake, "GET", f"/repositories/{lake.repo}/refs/main/objects/stat?path=o")[1]
    assert r["metadata"] == meta


@pytest.mark.parametrize("name", [
    "X-Amz-Meta-a: 1\r\nX-Injected: yes\r\nX-b", "X-Amz-Meta-a\nX-Injected", "X-Amz-Meta-a b",
    "X-Amz-Meta-a: 1\r\nLocation: /.secret\r\nX-b", "X-Amz-Meta-a: 1\r\nStatus: 500\r\nX-b",
    "X-Amz-Meta-a:b", "X-Amz-Meta-\u00fc", "X-Amz-Meta-(", "", "Set-Cookie", "Location",
    "Status", "X-Sendfile", "X-Sendfile2", "X-LIGHTTPD-send-file", "X-Accel-Redirect", "Content-Length"])
def test_names_that_are_no_metadata_header_are_counted(lake, name):
    lake.put("main/o", b"body")
    set_meta(lake, {name: "x", "X-Amz-Meta-good": "1"})
    r = lake.s3.get_object(Bucket=lake.repo, Key="main/o")
    assert r["Body"].read() == b"body"
    assert r["Metadata"] == {"good": "1"} and r["MissingMeta"] == 1
    sent = {h.lower() for h in r["ResponseMetadata"]["HTTPHeaders"]}
    assert not sent & {"x-injected", "set-cookie", "location", "status", "x-accel-redirect", "x-sendfile"}
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/o")["MissingMeta"] == 1


@pytest.mark.parametrize("value", ["a\r\nX-Injected: yes", "a\nb", "a\0b", "\x1b[2J", "\x7f", "\x01"])
def test_values_that_are_no_header_are_counted(lake, value):
    lake.put("main/o")
    set_meta(lake, {"X-Amz-Meta-bad": value, "X-Amz-Meta-good": "\u00fc \t!"})
    status, h = got(lake)
    assert status == 200 and h["x-amz-missing-meta"] == "1"
    assert "x-amz-meta-bad" not in h and "x-injected" not in h and "x-amz-meta-good" in h


@pytest.mark.parametrize("param", ["type", "language", "disposition", "encoding"])
@pytest.mark.parametrize("value", ["a%0D%0AX-Injected:%20yes", "a%00", "a%0a", "%7f"])
def test_overrides_that_are_no_header_are_left_out(lake, param, value):
    lake.put("main/o", ContentType="text/html")
    status, h = got(lake, query=f"response-content-{param}={value}")
    assert status == 200 and "x-injected" not in h
    if param == "type":
        assert h["content-type"] == "binary/octet-stream"


def test_lines_that_no_server_carries_are_left_out(lake):
    lake.put("main/o", b"body")
    for param in ("cache-control", "content-disposition", "content-type"):
        status, h = got(lake, query=f"response-{param}=" + "v" * 9000)
        if status == 414:       # the host's own limit: the table
            assert lake.server.kind == "apache-htaccess"
            continue
        assert status == 200 and "v" * 100 not in h.get(param, "") and "content-type" in h


def test_headers_at_their_limits(lake, refused):
    most = 2048 - len("text/plain")
    lake.put("main/o", ContentType="text/plain", CacheControl="c" * most)
    r = lake.s3.get_object(Bucket=lake.repo, Key="main/o")
    assert r["CacheControl"] == "c" * most
    for more in ({"CacheControl": "c" * (most + 1)}, {"ContentDisposition": "a" * 2048}, {"ContentType": "t" * 2049}):
        with refused("MetadataTooLarge", 400):
            lake.put("main/n", **{"ContentType": "text/plain", **more})
    with refused("NoSuchKey", 404):
        lake.body("main/n")
    at = f"/repositories/{lake.repo}/branches/main/objects?path=n"
    for size, status in ((2048, 201), (2049, 400)):
        assert call(lake, "POST", at, b"x", headers={"Content-Type": "t" * size})[0] == status
    lake.put("main/o", Metadata={"a": "v" * 2047})
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/o")["Metadata"] == {"a": "v" * 2047}
    with refused("MetadataTooLarge", 400):
        lake.put("main/o", Metadata={"a": "v" * 2048})


def test_bytes_that_are_no_text_spoil_no_listing(lake):
    """A header may have any; what the API and S3 say of them is UTF-8 all the same."""
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/o", headers={"x-amz-meta-a": "a\xffb"})
    c = connect(lake.url)
    c.putrequest("PUT", s.path, skip_host=True)
    for name, value in {**s.headers, "Content-Length": "0"}.items():
        c.putheader(name, value.encode("latin-1"))
    c.endheaders()
    if c.getresponse().status == 200:
        r = call(lake, "GET", f"/repositories/{lake.repo}/refs/main/objects/ls")[1]
        assert [o["metadata"] for o in r["results"]] == [{"X-Amz-Meta-a": "a\ufffdb"}]
    at = f"/repositories/{lake.repo}/branches/main/objects?path=p"
    c = connect(lake.url)
    c.putrequest("POST", "/api/v1" + at)
    for name, value in (("Authorization", basic()), ("Content-Length", "0"), ("x-lakefs-meta-b", b"\xff\xfe")):
        c.putheader(name, value)
    c.endheaders()
    assert c.getresponse().status == 201
    r = call(lake, "GET", f"/repositories/{lake.repo}/refs/main/objects/stat?path=p")[1]
    assert r["metadata"] == {"b": "\ufffd\ufffd"}
    assert "\ufffd".encode() in Signed(lake.url, "GET", f"/{lake.repo}/main/%ff").send()[2]


# ---- CORS: only "*" is special

def test_a_question_mark_is_a_letter(lake):
    lake.s3.put_bucket_cors(Bucket=lake.repo, CORSConfiguration={"CORSRules": [
        {"AllowedOrigins": ["https://app.exa?ple.com", "https://a*a.example"], "AllowedMethods": ["GET"]}]})
    assert preflight(lake, "https://app.exa?ple.com", "GET")[0] == 200
    assert preflight(lake, "https://app.exaZple.com", "GET")[0] == 403
    assert preflight(lake, "https://a.b.a.example", "GET")[0] == 200
    assert preflight(lake, "https://a.example", "GET")[0] == 403


# ---- people ------------------------------------------------------------------

CHROME = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def page(lake, target, **headers):
    c = connect(lake.url)
    c.request("GET", target, headers={**CHROME, **headers})
    r = c.getresponse()
    return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read().decode()


@pytest.mark.parametrize("target,status,words", [
    ("/", 403, "the request is not signed"), ("/REPO/main/none", 403, "Access Denied"), ("/_nothing", 404, "nothing at"),
    ("/REPO/main/o?X-Amz-Algorithm=no", 400, "X-Amz-Algorithm only supports"), ("/REPO/main/%ff", 403, "Access Denied")])
def test_a_failure_is_a_page_in_a_browser(lake, target, status, words):
    got, headers, text = page(lake, target.replace("REPO", lake.repo))
    assert got == status and words in text and lake.url + " s3 ls" in text, text
    assert headers["content-type"] == "text/html; charset=utf-8" and headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "<script" not in text
    assert headers["cache-control"] == "no-store" and "Accept" in headers["vary"]
    assert text.startswith("<!DOCTYPE html>") and text.count("<h1>") == 1
    assert ('href="/"' in text) == (target != "/")


def test_an_address_that_has_expired_is_a_page(lake):
    """What is sent around, and opened too late."""
    import datetime
    from sign import presigned
    lake.put("main/o", b"x")
    old = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    status, headers, text = page(lake, presigned(lake.url, "GET", f"/{lake.repo}/main/o", when=old, expires=60))
    assert status == 403 and "Request has expired" in text and headers["content-type"].startswith("text/html")


def test_a_page_is_escaped(lake):
    evil = "<img src=x onerror=alert(1)>\"'&"
    target = (f"/{lake.repo}/main/o?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Date="
              f"20260101T000000Z&X-Amz-Signature={'0' * 64}&X-Amz-Credential="
              + urllib.parse.quote(f"AKIAX/20260101/us-east-1/{evil}/aws4_request", safe=""))
    status, headers, text = page(lake, target)
    assert status == 400 and headers["content-type"].startswith("text/html")
    assert "<img" not in text and "&lt;img src=x onerror=alert(1)&gt;" in text, text


def test_programs_get_no_pages(lake):
    """What SDKs, curl and scripts send: no Accept, any type, or a signature in a header."""
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/xml"}, {"Accept": "application/json, */*"}):
        c = connect(lake.url)
        c.request("GET", f"/{lake.repo}/main/none", headers=headers)
        r = c.getresponse()
        assert r.status == 403 and r.getheader("Content-Type") == "application/xml" and b"<Code>" in r.read()
    s = Signed(lake.url, "GET", f"/{lake.repo}/main/none", headers={"accept": "text/html"})
    status, headers, text = s.send()
    assert status == 404 and headers["content-type"] == "application/xml" and b"<Code>NoSuchKey</Code>" in text
    c = connect(lake.url)
    c.request("GET", "/api/v1/repositories/none", headers={**CHROME, "Authorization": basic()})
    r = c.getresponse()
    assert r.status == 404 and json.loads(r.read())["message"]
    for method in ("HEAD", "PUT", "POST", "DELETE"):
        c = connect(lake.url)
        c.request(method, f"/{lake.repo}/main/none", headers=CHROME)
        assert c.getresponse().getheader("Content-Type") == "application/xml"
    lake.put("main/o.html", b"<p>a page</p>", ContentType="text/html")
    assert lake.body("main/o.html") == b"<p>a page</p>"


def test_what_browsers_and_robots_ask_for(lake):
    for method in ("GET", "HEAD"):
        for path, kind in (("/robots.txt", "text/plain"), ("/favicon.ico", "image/x-icon")):
            c = connect(lake.url)
            c.request(method, path)
            r = c.getresponse()
            text = r.read()
            assert r.status == 200 and r.getheader("Content-Type") == kind, path
            assert r.getheader("X-Content-Type-Options") == "nosniff"
            if method == "GET":
                assert text == b"User-agent: *\nDisallow: /\n" if kind == "text/plain" else len(text) == 198
    status, text = Signed(lake.url, "PUT", "/robots.txt").send()[::2]
    assert status == 400 and b"InvalidBucketName" in text
