"""What who has no key learns: the same of a repository that is there as of one
that is not, and nothing of the host."""
import base64
import hashlib
import itertools
import json
import re
import uuid

import pytest

from servers import connect
from sign import Signed
from test_browsers import basic
from test_public import put_policy, statement
from worker import Cgi

pytestmark = pytest.mark.server

HIDDEN = {"date", "x-amz-request-id", "x-request-id", "keep-alive", "connection"}
QUERIES = ["", "list-type=2", "prefix=main/", "versions", "uploads", "location", "acl", "policy", "policyStatus",
           "cors", "tagging", "versioning", "delete", "website", "encryption", "nosuch", "foo=bar",
           "uploadId=" + "0" * 32, "partNumber=1&uploadId=" + "0" * 32, "uploads=&prefix=main/",
           "versionId=null", "versionId=" + "0" * 64, "response-content-type=text/html", "attributes", "x-id=GetObject",
           "max-keys=x", "X-Amz-Expires=5", "Signature=x"]
KEYS = ["", "/", "/main", "/main/", "/main/o", "/main/none", "/nosuch/o", "/main~1/o", "/v1/o", "/main/" + "a" * 2000,
        "/main/%ff"]
METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]
HEADERS = [{}, {"Origin": "https://app.example"},
           {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"},
           {"Range": "bytes=0-3"}, {"If-None-Match": "*"}, {"x-amz-copy-source": "/{repo}/main/o"},
           {"x-amz-acl": "public-read"}, {"x-amz-server-side-encryption": "AES256"},
           {"Cookie": "internal_auth_session=x"}, {"Expect": "100-continue"},
           {"x-amz-rename-source": "main/o"}, {"Content-Type": "multipart/form-data; boundary=b"}]
FORM = ('--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nmain/o\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n').encode()


def questions(repo):
    """Method, path and query, headers, body: some of all there could be, and all of what counts."""
    for method, key, query in itertools.product(METHODS, ["", "/main/o", "/main/none"], QUERIES):
        yield method, f"/{repo}{key}" + ("?" + query if query else ""), {}, b""
    for method, key in itertools.product(METHODS, KEYS):
        yield method, f"/{repo}{key}", {}, b""
    for method, key, headers in itertools.product(METHODS, ["", "/main/o"], HEADERS):
        yield method, f"/{repo}{key}", {k: v.format(repo=repo) for k, v in headers.items()}, \
            FORM if method == "POST" else b""
    yield "POST", f"/{repo}?delete", {}, b"<Delete><Object><Key>main/o</Key></Object></Delete>"


def plain(status, headers, text, repo):
    """An answer, without what differs from request to request."""
    headers = sorted((k.lower(), v.replace(repo, "REPO")) for k, v in headers if k.lower() not in HIDDEN)
    text = re.sub(rb"<RequestId>\w+</RequestId>", b"", text).replace(repo.encode(), b"REPO")
    return status, headers, text


def answers(lake, repo, asked, host=None):
    out = []
    c = connect(lake.url)
    for method, target, headers, body in asked:
        if host:
            headers = {**headers, "Host": host.format(repo=repo)}
        try:
            c.request(method, target, body or None, headers)
            r = c.getresponse()
        except (OSError, ValueError):           # the server ended a connection that was kept
            c.close()
            c.request(method, target, body or None, headers)
            r = c.getresponse()
        out.append(plain(r.status, r.getheaders(), r.read(), repo))
    c.close()
    return out


def differ(asked, one, other):
    return [(q[:3], a, b) for q, a, b in zip(asked, one, other) if a != b]


@pytest.fixture
def private(lake):
    lake.put("main/o", b"secret", Tagging="a=1", Metadata={"a": "b"})
    lake.s3.put_bucket_versioning(Bucket=lake.repo, VersioningConfiguration={"Status": "Enabled"})
    lake.s3.put_bucket_tagging(Bucket=lake.repo, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    lake.commit()
    lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/up")
    # Closed again: what it had leaves nothing behind.
    put_policy(lake, statement(lake))
    lake.s3.delete_bucket_policy(Bucket=lake.repo)
    return lake


@pytest.mark.heavy
@pytest.mark.parametrize("host", [None, "{repo}.example.com"])
def test_strangers_do_not_learn_that_a_repository_is_there(private, host):
    absent = "r-" + uuid.uuid4().hex[:12]
    one = answers(private, private.repo, list(questions(private.repo)), host)
    asked = list(questions(absent))
    other = answers(private, absent, asked, host)
    assert len(asked) > 700
    assert not differ(asked, one, other)
    refused = [a[0] for q, a in zip(asked, one) if q[0] == "GET" and q[1].startswith(f"/{absent}/main/o?")]
    assert 403 in refused and not [s for s in refused if s < 400]
    assert private.body("main/o") == b"secret"


def test_a_host_that_is_no_domain_says_nothing_of_it(private):
    """The bucket that the path names is neither; who has a key is told what to do."""
    def asked(repo):
        for method, query, key in itertools.product(METHODS, ["", "foo", "acl"], ["", "/", "/main/o"]):
            yield method, f"/nosuchbucket{key}?{query}", {"Host": f"{repo}.example.com"}, b""
            yield method, f"{key or '/'}?{query}", {"Host": f"{repo}.example.com:8000"}, b""

    absent = "r-" + uuid.uuid4().hex[:12]
    one = answers(private, private.repo, list(asked(private.repo)))
    q = list(asked(absent))
    assert not differ(q, one, answers(private, absent, q))


def test_a_rule_for_origins_tells_only_who_knows_one(private):
    """What a repository's CORS rules open is open: to those origins, and to no others."""
    private.s3.put_bucket_cors(Bucket=private.repo, CORSConfiguration={"CORSRules": [
        {"AllowedOrigins": ["https://known.example"], "AllowedMethods": ["GET", "PUT"]}]})
    absent = "r-" + uuid.uuid4().hex[:12]
    one = answers(private, private.repo, list(questions(private.repo)))
    asked = list(questions(absent))
    assert not differ(asked, one, answers(private, absent, asked))


def test_rest_asks_who_before_it_looks(private):
    absent = "r-" + uuid.uuid4().hex[:12]

    def asked(repo):
        for method, path in itertools.product(METHODS, [
                "", "/branches", "/branches/main", "/branches/none", "/tags", "/refs/main/objects?path=o",
                "/refs/main/objects/ls", "/refs/main/objects/stat?path=none", "/refs/main/commits",
                "/branches/main/objects?path=" + "a" * 2000, "/branches/main/commits", "/commits/%ff", "/nosuch",
                "/branches/main/diff", "/metadata", "/settings/gc_rules", "/refs/main/merge/main"]):
            for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": basic("AKIANOBODY", "x")},
                            {"Content-Type": "application/json"}):
                yield method, f"/api/v1/repositories/{repo}{path}", headers, b""

    one = answers(private, private.repo, list(asked(private.repo)))
    q = list(asked(absent))
    assert not differ(q, one, answers(private, absent, q))
    assert {a[0] for a in one} <= {400, 401, 404, 405, 501}


@pytest.mark.parametrize("headers", [{"Host": "{repo}.data.example"}, {"Host": "data.example"},
                                     {"Host": "{repo}.other.example"}])
def test_nor_by_the_name_of_a_host(tmp_path, request, headers):
    """The worker itself, with s3_domains; a part of the questions, for each is a process."""
    cgi = Cgi(request.config.getoption("--build"), tmp_path / "lake", s3_domains="data.example")
    api = {"Authorization": basic(), "Content-Type": "application/json", "Host": "h"}
    assert cgi.ask("POST", "/api/v1/repositories", api, json.dumps(
        {"name": "there", "storage_namespace": "local://there"}).encode())[0] == 201
    s = Signed("http://data.example", "PUT", "/there/main/o")
    assert cgi.ask("PUT", "/there/main/o", s.headers, b"x")[0] == 200

    def ask(repo, q):
        method, target, more, body = q
        if headers["Host"].startswith("{repo}.data"):
            target = target.replace(f"/{repo}", "", 1) or "/"
            target = target if target.startswith("/") else "/" + target
        host = {k: v.format(repo=repo) for k, v in headers.items()}
        status, h, text = cgi.ask(method, target, {**more, **host}, body)
        return plain(status, h.items(), text, repo)

    some = list(questions("there"))[::29], list(questions("wheee"))[::29]
    for a, b in zip(*some):
        assert ask("there", a) == ask("wheee", b), a[:3]
    # Who has a key is helped.
    s = Signed("http://there.other.example", "GET", "/none/main/o")
    text = cgi.ask("GET", "/none/main/o", s.headers)[2]
    assert b"names the repository &quot;there&quot;" in text


# ---- the host

def test_no_version_of_any_software(lake):
    lake.put("main/o")
    for target in ("/", "/_health", "/_ready", "/nothing/main/o", "/api/v1/config", "/api/v1/nosuch", "/openapi.json",
                   "/api/v1/healthcheck", "/api/v1/setup_lakefs", "/api/v1/config/version", "/logout", "/%zz",
                   "/api/v1/auth/capabilities"):
        c = connect(lake.url)
        c.request("GET", target)
        r = c.getresponse()
        text = r.read()
        server = r.getheader("Server") or ""
        if lake.server.kind != "apache-htaccess":       # there the host says it
            assert not re.search(r"[0-9]", server), server
        assert not re.search(rb"\d+\.\d+\.\d+", text.replace(b"127.0.0.1", b"")), text
        assert "X-Powered-By" not in r.headers


def test_a_full_disk_names_no_files(tmp_path, request):
    """Steps in the lake that find the disk full, and a reserve that nobody has."""
    cgi = Cgi(request.config.getoption("--build"), tmp_path / "lake")
    api = {"Authorization": basic(), "Content-Type": "application/json", "Host": "h"}
    assert cgi.ask("POST", "/api/v1/repositories", api, json.dumps(
        {"name": "there", "storage_namespace": "local://there"}).encode())[0] == 201
    big = b"x" * 100_000
    for more in ({"LAKEGATE_RESERVE": "1024G"}, *({"LAKEGATE_FAULT": f"{point}:1"} for point in (
            "file.create", "file.write", "file.sync", "kv.commit"))):
        s = Signed("http://h", "PUT", "/there/main/o")
        status, _, text = cgi.ask("PUT", "/there/main/o", s.headers, big, **more)
        assert status in (500, 503) and str(tmp_path).encode() not in text, text
        status, _, text = cgi.ask("POST", "/api/v1/repositories/there/branches/main/objects?path=o",
                                  {"Authorization": basic(), "Host": "h"}, big, **more)
        assert status in (500, 503) and str(tmp_path).encode() not in text, text


def test_what_a_lost_commit_leaves_is_said_of_each_path(tmp_path, request):
    """300 paths are two transactions, of which the second one's commit fails."""
    cgi = Cgi(request.config.getoption("--build"), tmp_path / "lake")
    api = {"Authorization": basic(), "Content-Type": "application/json", "Host": "h"}
    assert cgi.ask("POST", "/api/v1/repositories", api, json.dumps(
        {"name": "there", "storage_namespace": "local://there"}).encode())[0] == 201
    paths = [f"p{i:03}" for i in range(300)]
    ask = lambda n: cgi.ask("POST", "/api/v1/repositories/there/branches/main/objects/delete", api,
                            json.dumps({"paths": paths}).encode(), LAKEGATE_FAULT=f"kv.commit:{n}")
    status, _, text = ask(1)
    assert status in (500, 503) and str(tmp_path).encode() not in text, text
    status, _, text = ask(2)
    errors = json.loads(text)["errors"]
    assert status == 200 and [e["path"] for e in errors] == paths[256:], text
    assert {e["status_code"] for e in errors} <= {500, 503} and str(tmp_path).encode() not in text
    body = ("<Delete>" + "".join(f"<Object><Key>main/{p}</Key></Object>" for p in paths) + "</Delete>").encode()
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    s = Signed("http://h", "POST", "/there", "delete=", {"content-md5": md5})
    status, _, text = cgi.ask("POST", "/there?delete", s.headers, body, LAKEGATE_FAULT="kv.commit:2")
    assert status == 200 and text.count(b"<Deleted>") == 256 and text.count(b"<Error>") == 44, text


def test_ready_says_so_without_words(lake, tmp_path, request):
    c = connect(lake.url)
    c.request("GET", "/_ready")
    r = c.getresponse()
    assert (r.status, r.read()) == (200, b"")
    cgi = Cgi(request.config.getoption("--build"), tmp_path / "lake")
    assert cgi.ask("GET", "/_ready")[::2] == (200, b"")
    assert cgi.ask("HEAD", "/_ready")[::2] == (200, b"")
    assert cgi.ask("GET", "/_ready", LAKEGATE_RESERVE="1024G")[::2] == (503, b"")
    assert cgi.ask("GET", "/_health", LAKEGATE_RESERVE="1024G")[0] == 200
