"""What a signature covers: nobody adds to a request what was not signed, and a presigned address
means all that its query says."""
import base64
import hashlib
import hmac
import os
import re
import subprocess
import time
import urllib.parse

import botocore.session
import pytest

from lake import s3_client
from servers import KEY, SECRET, TOP, connect
from sign import Signed, ask, crc32, presigned

pytestmark = pytest.mark.server

OTHER = {                       # each would change what the request does
    "x-amz-copy-source": "/{repo}/main/secret", "x-amz-rename-source": "main/secret",
    "x-amz-tagging": "a=b", "x-amz-meta-k": "v", "x-amz-acl": "private",
    "x-amz-metadata-directive": "REPLACE", "x-amz-checksum-crc32": crc32(b"x"),
    "x-amz-sdk-checksum-algorithm": "CRC32", "x-amz-decoded-content-length": "1",
    "x-amz-trailer": "x-amz-checksum-crc32", "x-amz-date": "20200101T000000Z",
    "x-amz-security-token": "t", "x-amz-expected-bucket-owner": "o", "x-amz-storage-class": "GLACIER"}


def state(lake):
    return {k: lake.body(k) for k in lake.keys()}


def refused(answer, name):
    status, text = answer[0], answer[-1]
    assert status == 403 and b"<Code>AccessDenied<" in text, text
    assert b"There were headers present in the request which were not signed" in text
    assert f"<HeadersNotSigned>{name}</HeadersNotSigned>".encode() in text, text


@pytest.fixture
def guarded(lake):
    lake.put("main/secret", b"SECRET")
    lake.put("main/o", b"old")
    before = state(lake)
    yield lake
    assert state(lake) == before
    head = lake.s3.head_object(Bucket=lake.repo, Key="main/o")
    assert head["Metadata"] == {} and "TagCount" not in head


@pytest.mark.parametrize("name", OTHER)
def test_an_unsigned_header_is_refused(guarded, name):
    """Of presigned uploads and parts, of uploads signed in the header."""
    lake, path = guarded, f"/{guarded.repo}/main/o"
    header = {name: OTHER[name].format(repo=lake.repo)}
    refused(ask(lake.url, "PUT", presigned(lake.url, "PUT", path), header, b"x"), name)
    up = lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/o")["UploadId"]
    part = presigned(lake.url, "PUT", path, [("partNumber", "1"), ("uploadId", up)])
    refused(ask(lake.url, "PUT", part, header, b"x"), name)
    assert "Parts" not in lake.s3.list_parts(Bucket=lake.repo, Key="main/o", UploadId=up)
    lake.s3.abort_multipart_upload(Bucket=lake.repo, Key="main/o", UploadId=up)
    s = Signed(lake.url, "PUT", path)
    s.headers.setdefault(name, header[name])
    if name != "x-amz-date":    # there it is one of those that are signed
        refused(s.send(b"x"), name)


def test_a_presigned_read_takes_ranges_and_conditions(lake):
    """HTTP's own headers are obeyed signed or not, as AWS does."""
    lake.put("main/o", b"0123456789")
    target = presigned(lake.url, "GET", f"/{lake.repo}/main/o")
    assert ask(lake.url, "GET", target, {"Range": "bytes=2-4"}) == (206, b"234")
    assert ask(lake.url, "GET", target, {"If-None-Match": "*"})[0] == 304
    refused(ask(lake.url, "GET", target, {"x-amz-checksum-mode": "ENABLED"}), "x-amz-checksum-mode")
    put = presigned(lake.url, "PUT", f"/{lake.repo}/main/p")
    assert ask(lake.url, "PUT", put, {"Content-Type": "text/x", "Cache-Control": "no-store"}, b"x")[0] == 200
    head = lake.s3.head_object(Bucket=lake.repo, Key="main/p")
    assert head["ContentType"] == "text/x" and head["CacheControl"] == "no-store"


def test_what_a_network_adds_is_let_by(lake):
    lake.put("main/o", b"body")
    target = presigned(lake.url, "GET", f"/{lake.repo}/main/o")
    assert ask(lake.url, "GET", target, {"x-amz-cf-id": "c", "x-amzn-trace-id": "t"}) == (200, b"body")
    s = Signed(lake.url, "GET", f"/{lake.repo}/main/o", leave=["x-amz-content-sha256"])
    s.headers["x-amz-cf-id"] = "c"
    assert s.send()[0] == 200
    old = s3_client(lake.url, signature_version="s3")
    old.meta.events.register("before-send.s3", lambda request, **_: request.headers.update({"x-amz-cf-id": "c"}))
    assert old.get_object(Bucket=lake.repo, Key="main/o")["Body"].read() == b"body"


def test_the_host_is_signed(guarded):
    """Where the host names the repository, an address is good for that one alone."""
    lake, path = guarded, f"/{guarded.repo}/main/o"
    refused(Signed(lake.url, "PUT", path, leave=["host"]).send(b"x"), "host")
    names = ["x-amz-meta-a"]
    target = presigned(lake.url, "PUT", path, headers={"x-amz-meta-a": "1"}, names=names)
    refused(ask(lake.url, "PUT", target, {"x-amz-meta-a": "1"}, b"x"), "host")


@pytest.mark.parametrize("name", ["x_amz_copy_source", "X-Amz_Copy-Source", "x.amz.copy.source"])
def test_a_name_that_cgi_folds_is_refused(guarded, name):
    """It is what its folded name says; or Apache drops it; or nginx, which folds no ".", passes on a
    name that means nothing."""
    lake, path = guarded, f"/{guarded.repo}/main/new"
    answers = [ask(lake.url, "PUT", presigned(lake.url, "PUT", path),
                   {name: f"/{lake.repo}/main/secret"}, b"x")]
    s = Signed(lake.url, "PUT", path)
    s.headers[name] = f"/{lake.repo}/main/secret"
    answers.append(s.send(b"x"))
    for answer in answers:
        if answer[0] == 200:
            assert lake.server.kind.startswith("apache" if "_" in name else ("apache", "nginx"))
            assert lake.body("main/new") == b"x"
        else:
            refused(answer, "x-amz-copy-source")
    lake.s3.delete_object(Bucket=lake.repo, Key="main/new")


@pytest.mark.parametrize("names", [
    ["host", "host"], ["host", "x-amz-meta-k", "x-amz-meta-k"], ["x-amz-meta-k", "host"], ["Host"],
    ["host", "X-Amz-Meta-K"], ["host", "x-amz-meta-absent"], ["host", ""], []])
def test_odd_lists_of_signed_headers(lake, names):
    """What was signed with such a list may be obeyed, or refused; never is more than it obeyed."""
    target = presigned(lake.url, "PUT", f"/{lake.repo}/main/o", headers={"x-amz-meta-k": "signed"}, names=names)
    status, text = ask(lake.url, "PUT", target, {"x-amz-meta-k": "signed"}, b"x")
    if status == 200:
        assert lake.s3.head_object(Bucket=lake.repo, Key="main/o")["Metadata"] == {"k": "signed"}
        assert "x-amz-meta-k" in names and "host" in names
    else:
        assert status in (400, 403) and lake.keys() == [], text
    assert ask(lake.url, "PUT", target, {"x-amz-meta-k": "other"}, b"x")[0] in (400, 403)


def test_a_long_list_of_signed_headers(lake):
    s = Signed(lake.url, "GET", f"/{lake.repo}")
    s.headers["Authorization"] = s.headers["Authorization"].replace("SignedHeaders=", "SignedHeaders=" + "a;" * 1000)
    status, _, text = s.send()
    assert status == 400 and b"AuthorizationHeaderMalformed" in text and b"1000" in text, text


def test_a_presigned_body_hash(lake):
    """In the header or in the query, it is of the body that comes."""
    path, hashed = f"/{lake.repo}/main/o", hashlib.sha256(b"body").hexdigest()
    name = "X-Amz-Content-Sha256"
    by_header = presigned(lake.url, "PUT", path, headers={name: hashed}, payload=hashed)
    by_query = presigned(lake.url, "PUT", path, [(name, hashed)], payload=hashed)
    plain = presigned(lake.url, "PUT", path)
    for target, headers, body, want in (
            (by_header, {name: hashed}, b"body", 200), (by_header, {name: hashed}, b"else", 400),
            (by_header, {}, b"body", 403), (by_header, {name: "UNSIGNED-PAYLOAD"}, b"else", 403),
            (by_query, {}, b"body", 200), (by_query, {}, b"else", 400),
            (plain, {name: "UNSIGNED-PAYLOAD"}, b"body", 200), (plain, {name: hashed}, b"body", 403)):
        status, text = ask(lake.url, "PUT", target, headers, body)
        assert status == want, (target, headers, body, text)
    assert lake.body("main/o") == b"body"


# ---- scope --------------------------------------------------------------------------------------


@pytest.mark.parametrize("change,words", [
    (dict(service="iam"), b'incorrect service "iam". This endpoint belongs to "s3".'),
    (dict(service="execute-api"), b'incorrect service "execute-api"'),
    (dict(day="20200101"), b'Invalid credential date "20200101". This date is not the same as X-Amz-Date')])
def test_a_scope_is_for_this_service_and_day(guarded, change, words):
    lake, path = guarded, f"/{guarded.repo}/main/o"
    status, _, text = Signed(lake.url, "PUT", path, **change).send(b"x")
    plain = text.replace(b"&quot;", b'"').replace(b"&#34;", b'"')
    assert status == 400 and b"<Code>AuthorizationHeaderMalformed<" in text and words in plain, text
    status, text = ask(lake.url, "PUT", presigned(lake.url, "PUT", path, **change), {}, b"x")
    plain = text.replace(b"&quot;", b'"').replace(b"&#34;", b'"')
    assert status == 400 and b"<Code>AuthorizationQueryParametersError<" in text and words in plain, text


def as_cgi(server, method, target, headers, **settings):
    """One request to the program itself, with settings of its own."""
    env = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method, "REQUEST_URI": target, "LAKEGATE_LAKE": server.lake,
           **{f"HTTP_{k.upper().replace('-', '_')}": v for k, v in headers.items()},
           **{k: v for k, v in os.environ.items() if k in ("LAKEGATE_SKIP", "ASAN_OPTIONS")},
           **{f"LAKEGATE_{k}": v for k, v in settings.items()}}
    out = subprocess.run([server.binary], env=env, stdin=subprocess.DEVNULL, capture_output=True).stdout
    head, _, text = out.partition(b"\r\n\r\n")
    return int(re.search(rb"Status: (\d+)", head)[1]), text


@pytest.mark.parametrize("strict,region,want", [
    ("off", "mars-1", 200), ("on", "eu-1", 200), ("on", "us-east-1", 400), ("on", "mars-1", 400)])
def test_region_strict(server, strict, region, want):
    """On, a signature is for the region of the setting alone."""
    url, settings = "http://h", dict(REGION="eu-1", REGION_STRICT=strict)
    header = Signed(url, "GET", "/", region=region).headers
    for target, headers, code in (("/", header, b"AuthorizationHeaderMalformed"),
                                  (presigned(url, "GET", "/", region=region), {"host": "h"},
                                   b"AuthorizationQueryParametersError")):
        status, text = as_cgi(server, "GET", target, headers, **settings)
        assert status == want, text
        assert want == 200 or (b"<Code>" + code in text and b"<Region>eu-1</Region>" in text and
                               b"is wrong; expecting" in text), text


def only_one(answer):
    status, text = answer[0], answer[-1]
    assert status == 400 and b"<Code>InvalidArgument<" in text and b"Only one auth mechanism allowed" in text, text


def test_one_signature(guarded):
    lake, path = guarded, f"/{guarded.repo}/main/o"
    v4 = presigned(lake.url, "PUT", path)
    v2 = s3_client(lake.url, signature_version="s3-query").generate_presigned_url(
        "put_object", Params={"Bucket": lake.repo, "Key": "main/o"})[len(lake.url):]
    head = Signed(lake.url, "PUT", path).headers
    only_one(ask(lake.url, "PUT", v4, head, b"x"))
    only_one(ask(lake.url, "PUT", v2, head, b"x"))
    only_one(ask(lake.url, "PUT", v4, {"Authorization": "Basic eDp5"}, b"x"))
    only_one(ask(lake.url, "PUT", v4 + "&" + v2.split("?")[1], {}, b"x"))
    for target in (v4, v2):
        for part in target.split("?")[1].split("&"):
            name = part.split("=")[0]
            if name in ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Expires",
                        "X-Amz-Date", "X-Amz-SignedHeaders", "AWSAccessKeyId", "Signature", "Expires"):
                only_one(ask(lake.url, "PUT", f"{target}&{part}", {}, b"x"))
                only_one(ask(lake.url, "PUT", f"{target}&{name.lower()}=x", {}, b"x"))
                only_one(ask(lake.url, "PUT", target.replace("?", f"?{name}=x&"), {}, b"x"))
    s = Signed(lake.url, "PUT", path)
    s.headers["Authorization"] += ", " + s.headers["Authorization"]
    assert s.send(b"x")[0] == 400


# ---- version 2 ----------------------------------------------------------------------------------


def v2_target(lake, method, path, query=(), amz="", expires=300):
    """An address signed by version 2, by hand: query as it is sent, amz as it is signed."""
    until = str(int(time.time()) + expires)
    sts = f"{method}\n\n\n{until}\n{amz}{path}"
    mac = base64.b64encode(hmac.new(SECRET.encode(), sts.encode(), hashlib.sha1).digest()).decode()
    pairs = [("AWSAccessKeyId", KEY), ("Expires", until), ("Signature", mac), *query]
    return f"{path}?" + "&".join(f"{urllib.parse.quote(k)}={urllib.parse.quote(v, safe='')}" for k, v in pairs)


@pytest.mark.parametrize("name", OTHER)
def test_version_2_signs_every_header(guarded, name):
    lake, path = guarded, f"/{guarded.repo}/main/o"
    header = {name: OTHER[name].format(repo=lake.repo) + "C"}
    status, text = ask(lake.url, "PUT", v2_target(lake, "PUT", path), header, b"x")
    assert status == 403 and b"<Code>SignatureDoesNotMatch<" in text
    old = s3_client(lake.url, signature_version="s3")
    old.meta.events.register("before-send.s3", lambda request, **_: request.headers.update(header))
    with pytest.raises(old.exceptions.ClientError) as e:
        old.put_object(Bucket=lake.repo, Key="main/o", Body=b"x")
    assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_version_2_parameters_are_not_overruled_by_a_header(guarded):
    """A signed parameter does not cover a header that says something else."""
    lake = guarded
    lake.put("main/good", b"good")
    source = f"/{lake.repo}/main/good"
    target = v2_target(lake, "PUT", f"/{lake.repo}/main/copy", [("x-amz-copy-source", source)],
                       f"x-amz-copy-source:{source}\n")
    refused(ask(lake.url, "PUT", target, {"x-amz-copy-source": f"/{lake.repo}/main/secret"}),
            "x-amz-copy-source")
    for headers in ({}, {"x-amz-copy-source": source}):
        status, text = ask(lake.url, "PUT", target, headers)
        assert status == 200 and b"CopyObjectResult" in text, text
        assert lake.body("main/copy") == b"good"
        lake.s3.delete_object(Bucket=lake.repo, Key="main/copy")
    lake.s3.delete_object(Bucket=lake.repo, Key="main/good")


@pytest.mark.parametrize("query", [
    [("x-amz-sdk-a", "1\nx-amz-tagging:a=b")], [("x-amz-sdk-a:1\nx-amz-tagging", "a=b")],
    [("x-amz-sdk-a", "1"), ("x-amz-tagging:a=b\n", "")]])
def test_version_2_lines_are_not_joined(guarded, query):
    """The same text to sign, read as other parameters."""
    lake = guarded
    signed = "x-amz-sdk-a:1\nx-amz-tagging:a=b\n"
    path = f"/{lake.repo}/main/o"
    assert ask(lake.url, "PUT", v2_target(lake, "PUT", path, query, signed), {}, b"x")[0] in (400, 403)


def test_version_2_parameters_are_not_joined(lake):
    """A value that reads like a second parameter, in the text that is signed."""
    lake.put("main/o", b"body")
    path = f"/{lake.repo}/main/o"
    until = str(int(time.time()) + 300)
    text = f"GET\n\n\n{until}\n{path}?response-content-type=a&versionId=null"
    mac = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()).decode()
    signed = f"{path}?AWSAccessKeyId={KEY}&Expires={until}&Signature={urllib.parse.quote(mac, safe='')}"
    assert ask(lake.url, "GET", signed + "&response-content-type=a&versionId=null")[0] == 200
    assert ask(lake.url, "GET", signed + "&response-content-type=a%26versionId%3Dnull")[0] == 400


def test_version_2_ignores_what_it_does_not_sign(lake):
    path = f"/{lake.repo}/main/o"
    target = v2_target(lake, "PUT", path) + "&X-Amz-Meta-K=v&X-Amz-Copy-Source=" + urllib.parse.quote(path)
    assert ask(lake.url, "PUT", target, {}, b"x")[0] == 200
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/o")["Metadata"] == {}


# ---- what a presigned address says in its query -------------------------------------------------


def by_query(lake, method, key, query, headers=None, body=None, signed=None):
    target = presigned(lake.url, method, f"/{lake.repo}/{key}" if key else f"/{lake.repo}", query, signed)
    return ask(lake.url, method, target, {**(headers or {}), **(signed or {})}, body)


def test_parameters_mean_headers(lake):
    lake.put("main/src", b"source", Metadata={"of": "src"})
    owner = lake.s3.list_buckets()["Owner"]["ID"]
    assert by_query(lake, "PUT", "main/o", [
        ("x-amz-meta-a_b.c", "1"), ("X-Amz-Meta-D", " two  2 "), ("x-amz-tagging", "k=v&l=m"), ("X-Amz-Acl", "private"),
        ("x-amz-storage-class", "STANDARD"), ("x-amz-expected-bucket-owner", owner)], {}, b"body")[0] == 200
    head = lake.s3.head_object(Bucket=lake.repo, Key="main/o")
    assert head["Metadata"] == {"a_b.c": "1", "d": "two  2"} and head["TagCount"] == 2
    status, text = by_query(lake, "PUT", "main/copy", [("X-Amz-Copy-Source", f"/{lake.repo}/main/src")])
    assert status == 200 and b"CopyObjectResult" in text and lake.body("main/copy") == b"source"
    assert by_query(lake, "PUT", "main/copy", [("x-amz-copy-source", f"/{lake.repo}/main/o"),
                                               ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-n", "1")])[0] == 200
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/copy")["Metadata"] == {"n": "1"}
    assert by_query(lake, "PUT", "main/renamed", [("renameObject", ""), ("x-amz-rename-source", "main/copy")])[0] == 200
    assert lake.body("main/renamed") == b"body" and "main/copy" not in lake.keys()
    up = lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/mp")["UploadId"]
    status, text = by_query(lake, "PUT", "main/mp", [
        ("uploadId", up), ("partNumber", "1"), ("x-amz-copy-source", f"{lake.repo}/main/src"),
        ("x-amz-copy-source-range", "bytes=1-2")])
    assert status == 200 and b"CopyPartResult" in text, text
    assert [p["Size"] for p in lake.s3.list_parts(Bucket=lake.repo, Key="main/mp", UploadId=up)["Parts"]] == [2]
    c = connect(lake.url)
    c.request("GET", presigned(lake.url, "GET", f"/{lake.repo}/main/renamed", [("x-amz-checksum-mode", "ENABLED")]))
    assert c.getresponse().status == 200
    status, text = by_query(lake, "GET", "main/o", [("attributes", ""), ("x-amz-object-attributes", "ObjectSize")])
    assert status == 200 and b"<ObjectSize>4<" in text


@pytest.mark.parametrize("query,status,code", [
    ([("x-amz-acl", "public-read")], 400, b"AccessControlListNotSupported"),
    ([("x-amz-server-side-encryption", "aws:kms")], 501, b"NotImplemented"),
    ([("x-amz-object-lock-mode", "GOVERNANCE")], 501, b"NotImplemented"),
    ([("x-amz-tagging", "a=1&a=2")], 400, b"InvalidTag"),
    ([("x-amz-meta-k", "v" * 3000)], 400, b"MetadataTooLarge"),
    ([("x-amz-meta-k", "a\r\nSet-Cookie: b")], 400, b"InvalidArgument"),
    ([("x-amz-meta-k: a\r\nSet-Cookie", "b")], 400, b"InvalidArgument"),
    ([("x-amz-meta-k", "a\0b")], 400, b"InvalidArgument"),
    ([("x-amz-meta-\u00fc", "b")], 400, b"InvalidArgument"),
    ([("x-amz-copy-source", "")], 400, b"InvalidArgument"),
    ([("x-amz-copy-source", "/nobody/main/o")], 404, b"NoSuchBucket"),
    ([("x-amz-meta-k", "1"), ("X-Amz-Meta-K", "2")], 400, b"InvalidArgument"),
    ([("x-amz-trailer", "x-amz-checksum-none")], 400, b"InvalidRequest"),
    # what S3 knows, and PutObject does not take
    ([("x-amz-checksum-mode", "ENABLED")], 400, b"InvalidArgument"),
    ([("x-amz-client-token", "t")], 400, b"InvalidArgument"),
    ([("x-amz-metadata-directive", "REPLACE")], 400, b"InvalidArgument"),
    ([("x-amz-copy-source-range", "bytes=0-1")], 400, b"InvalidArgument"),
    ([("x-amz-object-attributes", "ETag")], 400, b"InvalidArgument"),
])
def test_parameters_are_refused_as_headers_are(guarded, query, status, code):
    got, text = by_query(guarded, "PUT", "main/o", query, {}, b"x")
    assert got == status and b"<Code>" + code in text, text


def test_a_parameter_and_a_header_are_not_said_both(guarded):
    for name, value in (("x-amz-meta-k", "1"), ("x-amz-copy-source", "/x"), ("x-amz-checksum-crc32", crc32(b"x"))):
        status, text = by_query(guarded, "PUT", "main/o", [(name.title(), value)], signed={name: value}, body=b"x")
        assert status == 400 and b"InvalidArgument" in text and b"more than once" in text, text
        refused(by_query(guarded, "PUT", "main/o", [(name, value)], {name: value}, b"x"), name)


def test_other_operations_refuse_what_they_do_not_take(lake):
    lake.put("main/o", b"x")
    for method, key, query in (
            ("GET", "main/o", [("x-amz-meta-k", "1")]), ("GET", "main/o", [("x-amz-checksum-crc32", "x")]),
            ("DELETE", "main/o", [("x-amz-copy-source", "/x/y/z")]), ("GET", "", [("x-amz-acl", "private")]),
            ("GET", "", [("cors", ""), ("x-amz-tagging", "a=b")]), ("GET", "main/o", [("x-amz-fwd-status", "1")])):
        status, text = by_query(lake, method, key, query)
        assert status == 400 and b"does not take it" in text, (query, text)
    assert lake.body("main/o") == b"x"


def test_what_means_no_header_is_left_alone(lake):
    lake.put("main/o", b"body")
    assert by_query(lake, "GET", "main/o", [
        ("x-amz-user-agent", "sdk"), ("x-amz-sdk-checksum-algorithm", "CRC32"), ("x-amz-nobody-knows", "1"),
        ("x-amz-checksum-unheard", "1"), ("X-Amz-Security-Token", "t"), ("x-id", "GetObject")]) == (200, b"body")


def test_checksums_in_the_query_are_not_believed(lake):
    """The SDK for JavaScript signs the one of an empty body there."""
    assert by_query(lake, "PUT", "main/o", [
        ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-sdk-checksum-algorithm", "CRC32"), ("x-id", "PutObject")], {}, b"body")[0] == 200
    assert lake.body("main/o") == b"body"
    assert by_query(lake, "PUT", "main/o", [], signed={"x-amz-checksum-crc32": "AAAAAA=="}, body=b"body")[0] == 400


def test_the_table_of_headers_is_awss():
    """src/s3/s3_query.c against AWS's description of its API, for the operations that are here."""
    with open(f"{TOP}/src/s3/s3_query.c") as f:
        text = f.read().replace("\\\n", " ")
    words = dict(re.findall(r'^#define (\w+)\s+(.*)$', text, re.M))

    def operation(name):
        return name.title().replace("_", "")

    def expand(value):
        for word in re.findall(r"[A-Z]\w+", value):
            if word in words:
                yield from expand(words[word])
            else:
                yield "*" if word == "S3_ALL_OPS" else operation(word.removeprefix("OP_"))
    rows = [(n, list(expand(v))) for n, v in re.findall(r'\{ STR_INIT\("([a-z0-9-]+)"\),\s+([\w|\s]+?) \}', text)]
    assert len(rows) == text.count("{ STR_INIT(")
    with open(f"{TOP}/src/s3/s3_route.c") as f:
        route = f.read()
    here = set(re.findall(r'"([A-Z]\w+)"', route))
    pairs = re.findall(r'"(\w+)",\s+\.needs = [^"}]*?\.op = OP_(\w+)', route)
    assert len(pairs) == route.count(".op = ") > 0
    for name, op in pairs:
        assert operation(op) == name
    model = botocore.session.get_session().get_service_model("s3")
    taken = {}
    for op in model.operation_names:
        shape = model.operation_model(op).input_shape
        for member in shape.members.values() if shape else ():
            where = member.serialization
            if where.get("location") in ("header", "headers") and where["name"].lower().startswith("x-amz-"):
                taken.setdefault(where["name"].lower(), set()).add(op)
    del taken["x-amz-sdk-checksum-algorithm"]   # means no header in a query
    for name, operations in taken.items():
        row = next((n, v) for n, v in rows if n == name or (n.endswith("-") and name.startswith(n)))
        if row[1] != ["*"]:
            assert set(row[1]) == operations & here, name
    ours = {"x-amz-decoded-content-length", "x-amz-trailer"}        # of bodies: not in the description
    for name, _ in rows:
        assert name in ours or any(t == name or (name.endswith("-") and t.startswith(name)) for t in taken), name
