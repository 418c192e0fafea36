"""Signatures, streamed bodies, and requests that must be refused."""
import datetime
import hashlib
import os
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from lake import s3_client
from servers import KEY, connect
from sign import Signed, begin, chunked, crc32

pytestmark = pytest.mark.server

NOW = lambda **d: datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**d)


def put(lake, path="main/o", **more):
    return Signed(lake.url, "PUT", f"/{lake.repo}/{path}", **more)


def test_payload_hash(lake):
    s = put(lake, payload=hashlib.sha256(b"body").hexdigest())
    assert s.send(b"body")[0] == 200
    status, _, text = s.send(b"BODY")
    assert status == 400 and b"XAmzContentSHA256Mismatch" in text
    assert lake.body("main/o") == b"body"


@pytest.mark.parametrize("size", [0, 1, 8192, 100000])
def test_signed_chunks(lake, size):
    body = bytes(i % 251 for i in range(size))
    s = put(lake, payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            headers={"x-amz-decoded-content-length": str(size), "content-encoding": "aws-chunked,gzip"})
    status, _, text = s.send(chunked(s, body))
    assert status == 200, text
    assert lake.body("main/o") == body
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/o")["ContentEncoding"] == "gzip"


@pytest.mark.parametrize("payload,sign", [
    ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", True),
    ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", False)])
def test_trailers(lake, payload, sign):
    body = b"with a trailer" * 1000
    headers = {"x-amz-decoded-content-length": str(len(body)),
               "x-amz-trailer": "x-amz-checksum-crc32"}
    s = put(lake, payload=payload, headers=headers)
    status, out, text = s.send(chunked(s, body, sign=sign,
                                       trailer=("x-amz-checksum-crc32", crc32(body))))
    assert status == 200 and out["x-amz-checksum-crc32"] == crc32(body), text
    assert lake.body("main/o") == body
    status, _, text = s.send(chunked(s, body, sign=sign,
                                     trailer=("x-amz-checksum-crc32", crc32(b"other"))))
    assert status == 400 and b"BadDigest" in text


def test_spoilt_streams_store_nothing(lake):
    body = b"x" * 20000
    headers = {"x-amz-decoded-content-length": str(len(body))}
    s = put(lake, payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD", headers=headers)
    whole = chunked(s, body)
    for bad, code in ((chunked(s, body, spoil=1), b"SignatureDoesNotMatch"),
                      (whole[:9000], b"IncompleteBody"), (b"zz\r\n" + whole, b"IncompleteBody"),
                      (b"5;chunk-signature=" + b"0" * 5000 + whole, b"IncompleteBody")):
        status, _, text = s.send(bad)
        assert 400 <= status < 500 and code in text, text
    s = put(lake, payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            headers={"x-amz-decoded-content-length": "7"})
    status, _, text = s.send(chunked(s, body))
    assert status == 400, text
    assert lake.keys() == []


def test_presigned_lives_as_long_as_it_says(lake):
    lake.put("main/o", b"body")
    url = lake.s3.generate_presigned_url("get_object", Params={"Bucket": lake.repo, "Key": "main/o"},
                                         ExpiresIn=7 * 24 * 3600)
    if "X-Amz-Signature" not in url:
        s3 = s3_client(lake.url, signature_version="s3v4")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": lake.repo, "Key": "main/o"},
                                        ExpiresIn=7 * 24 * 3600)
    assert urllib.request.urlopen(url).read() == b"body"
    with pytest.raises(urllib.error.HTTPError) as e:
        urllib.request.urlopen(url.replace("Expires=604800", "Expires=604799"))
    assert e.value.code == 403


def presign(lake, when, expires):
    """A presigned GET made at another time."""
    import hmac
    import urllib.parse
    from sign import signing_key
    date = when.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{date[:8]}/us-east-1/s3/aws4_request"
    host = lake.url.split("//")[1]
    q = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{KEY}/{scope}",
         "X-Amz-Date": date, "X-Amz-Expires": str(expires), "X-Amz-SignedHeaders": "host"}
    query = "&".join(f"{k}={urllib.parse.quote(v, safe='-_.~')}" for k, v in sorted(q.items()))
    path = f"/{lake.repo}/main/o"
    canonical = "\n".join(["GET", path, query, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
    sts = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    mac = hmac.new(signing_key(date[:8]), sts.encode(), hashlib.sha256).hexdigest()
    c = connect(lake.url)
    c.request("GET", f"{path}?{query}&X-Amz-Signature={mac}")
    r = c.getresponse()
    return r.status, r.read()


@pytest.mark.parametrize("age,expires,want", [
    (dict(minutes=-20), 3600, 200), (dict(days=-6), 604800, 200), (dict(minutes=-20), 600, 403),
    (dict(hours=1), 3600, 403), (dict(), 604801, 400)])
def test_presigned_times(lake, age, expires, want):
    lake.put("main/o", b"body")
    status, text = presign(lake, NOW(**age), expires)
    assert status == want, text


def test_signature_version_2(lake, refused):
    """What s3cmd can send, and what boto3 and aws-cli 1 presign with."""
    old = s3_client(lake.url, signature_version="s3")
    key = "main/d/a b+\u00fc"
    old.put_object(Bucket=lake.repo, Key=key, Body=b"body", Metadata={"k": "v"},
                   ContentType="text/x")
    assert old.get_object(Bucket=lake.repo, Key=key)["Body"].read() == b"body"
    assert [o["Key"] for o in old.list_objects_v2(Bucket=lake.repo, Prefix="main/")["Contents"]] == [key]
    assert lake.repo in [b["Name"] for b in old.list_buckets()["Buckets"]]
    assert old.head_bucket(Bucket=lake.repo)
    assert old.get_bucket_location(Bucket=lake.repo)
    up = old.create_multipart_upload(Bucket=lake.repo, Key="main/mp")["UploadId"]
    part = old.upload_part(Bucket=lake.repo, Key="main/mp", UploadId=up, PartNumber=1, Body=b"x")
    old.complete_multipart_upload(Bucket=lake.repo, Key="main/mp", UploadId=up, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    for key_id, secret, code in ((KEY, "wrong", "SignatureDoesNotMatch"),
                                 ("AKIAUNKNOWN", "x", "InvalidAccessKeyId")):
        with refused(code, 403):
            s3_client(lake.url, key_id, secret, signature_version="s3").get_object(
                Bucket=lake.repo, Key=key)


def by_address(url, method="GET", body=None, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method)) as r:
            return r.status, r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()


def test_presigned_version_2(lake):
    old = s3_client(lake.url, signature_version="s3-query")
    make = lambda op, s=300, **p: old.generate_presigned_url(op, ExpiresIn=s, Params=dict(
        Bucket=lake.repo, Key="main/a b", **p))
    assert "AWSAccessKeyId=" in make("get_object")
    url = make("put_object", ContentType="text/x", Metadata={"k": "v"})
    headers = {"Content-Type": "text/x", "x-amz-meta-k": "v"}
    assert by_address(url, "PUT", b"body", **headers)[0] == 200
    assert by_address(url, "PUT", b"body", **{**headers, "Content-Type": "text/y"})[0] == 403
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/a b")["Metadata"] == {"k": "v"}
    assert by_address(make("get_object")) == (200, b"body")
    assert by_address(make("get_object", ResponseContentType="text/z"))[0] == 200
    assert by_address(make("get_object").replace("a%20b", "c"))[0] == 403
    status, text = by_address(make("get_object", -5))
    assert status == 403 and b"expired" in text


def test_an_empty_upload_that_expects_100_ends_its_connection(lake):
    """botocore misreads the answer after one that came without 100 Continue."""
    c = connect(lake.url)
    s = put(lake, headers={"expect": "100-continue"})
    c.request("PUT", s.path, body=b"", headers={**s.headers, "Content-Length": "0"})
    r = c.getresponse()
    assert r.status == 200 and r.getheader("Connection") == "close"


def test_a_missing_payload_header_is_named(lake):
    s = put(lake, payload=hashlib.sha256(b"x").hexdigest())
    del s.headers["x-amz-content-sha256"]
    status, _, text = s.send(b"x")
    assert status == 403 and b"add -H 'x-amz-content-sha256" in text.replace(b"&apos;", b"'")


@pytest.mark.parametrize("change,status,code", [
    (dict(secret="wrong"), 403, "SignatureDoesNotMatch"),
    (dict(key="AKIAUNKNOWN"), 403, "InvalidAccessKeyId"),
    (dict(when=NOW(hours=-1)), 403, "RequestTimeTooSkewed"),
    (dict(when=NOW(hours=1)), 403, "RequestTimeTooSkewed"),
])
def test_bad_signatures(lake, change, status, code):
    got, _, text = put(lake, **change).send(b"x")
    assert got == status and code.encode() in text
    assert lake.keys() == []


def test_a_wrong_signature_is_shown_what_was_signed(lake):
    s = put(lake, secret="wrong")
    status, _, text = s.send(b"x")
    assert status == 403 and f"<SignatureProvided>{s.signature}</SignatureProvided>".encode() in text
    assert f"<CanonicalRequest>PUT\n/{lake.repo}/main/o\n".encode() in text.replace(b"&#10;", b"\n")
    assert b"<StringToSign>AWS4-HMAC-SHA256" in text and b"<AWSAccessKeyId>AKIALAKEGATE" in text
    _, _, text = put(lake, when=NOW(hours=-1)).send(b"x")
    assert b"<ServerTime>20" in text and b"<MaxAllowedSkewMilliseconds>900000<" in text
    assert b"SignatureProvided" not in put(lake, key="AKIAUNKNOWN").send(b"x")[2]


def test_any_region_will_do(lake):
    assert put(lake, region="eu-nowhere-7").send(b"x")[0] == 200


def raw(lake, method, path, headers=None, body=b""):
    c = connect(lake.url)
    c.request(method, path, body=body or None, headers=headers or {})
    r = c.getresponse()
    return r.status, r.read()


def test_unsigned_is_access_denied(lake):
    status, text = raw(lake, "GET", f"/{lake.repo}/main/o")
    assert status == 403 and b"AccessDenied" in text
    status, text = raw(lake, "GET", "/", {"Authorization": "AWS4-HMAC-SHA256 nonsense"})
    assert status == 400 and b"AuthorizationHeaderMalformed" in text


def test_a_newcomers_errors_say_what_to_do(lake, refused):
    """Bucket in the host; a branch not made yet; the API without /api/v1; wrong keys."""
    host = f"{lake.repo}.lake.example"
    c = connect(lake.url)
    for path in ("/main/o", "/?list-type=2&prefix=main%2F", "/o"):
        s = Signed(lake.url.split("//")[0] + "//" + host, "GET", *path.split("?"))
        c.request("GET", path, headers=s.headers)
        text = c.getresponse().read()
        assert b"path-style" in text and lake.repo.encode() in text, text
    with refused("NoSuchBucket", 404) as r:
        lake.put("dev/o")
    assert 'branch "dev" not found' in r.message and "lakectl" in r.message
    with refused("NoSuchKey", 404) as r:
        lake.put("o")
    assert "<branch>/<path>" in r.message
    status, text = raw(lake, "GET", "/repositories", {"Authorization": "Basic x"})
    assert status == 400 and b"/api/v1" in text
    with refused("InvalidAccessKeyId", 403) as r:
        s3_client(lake.url, key="AKIANOTHERE").list_buckets()
    assert "lakegate key list" in r.message
    with refused("SignatureDoesNotMatch", 403) as r:
        s3_client(lake.url, secret="wrong").list_buckets()
    assert "secret access key" in r.message
    status, _, text = put(lake, when=NOW(hours=-1)).send(b"x")
    assert status == 403 and b"clock says 20" in text


def test_endpoint_with_api_v1_says_so(lake):
    status, _, text = Signed(lake.url, "GET", "/api/v1/repo/main/x").send()
    assert status == 404 and b"/api/v1" in text


def test_writes_to_what_is_no_branch(lake, refused):
    lake.put("main/o", b"x")
    commit = lake.commit()
    lake.repository.tag("v1").create("main")
    for ref in ("v1", commit, "main~1", "main@"):
        with refused("MethodNotAllowed", 405) as r:
            lake.put(ref + "/o", b"y")
        assert "read-only ref" in r.message
        with refused("MethodNotAllowed", 405):
            lake.s3.delete_object(Bucket=lake.repo, Key=ref + "/o")
    with refused("NoSuchBucket", 404) as r:
        lake.put("nobranch/o", b"y")
    assert "nobranch" in r.message
    assert lake.body("v1/o") == lake.body(commit + "/o") == lake.body(commit[:9] + "/o") == b"x"


def test_names_and_lengths(lake, refused):
    with refused("KeyTooLongError", 400):
        lake.put("main/" + "k" * 1025)
    with refused("NoSuchKey", 404):
        lake.body("main/" + "absent")
    status, _, text = put(lake, path="main/%ff%fe").send(b"x")
    assert status == 400 and b"InvalidURI" in text
    status, _, text = Signed(lake.url, "GET", "/Bad_Bucket").send()
    assert status == 400 and b"InvalidBucketName" in text
    assert put(lake, path="main/").send(b"")[0] == 200
    s = put(lake, path="main/", payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            headers={"x-amz-decoded-content-length": "0"})
    assert s.send(chunked(s, b""))[0] == 200
    status, _, text = put(lake, path="main/").send(b"x")
    assert status == 400 and lake.keys() == []


def test_the_marker_of_a_branch_is_deleted_without_being_there(lake):
    """S3A deletes the markers of all parents, up to the bucket."""
    lake.put("main/a/b", b"x")
    lake.s3.delete_object(Bucket=lake.repo, Key="main/")
    r = lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [
        {"Key": "main/a/"}, {"Key": "main/"}, {"Key": "main"}]})
    assert len(r["Deleted"]) == 3 and "Errors" not in r
    assert lake.keys() == ["main/a/b"]


@pytest.mark.parametrize("method,query", [
    ("POST", "acl"), ("PUT", "retention"), ("PUT", "renameObject"), ("GET", "retention"),
    ("GET", "torrent"), ("POST", "select"), ("PUT", "legal-hold"), ("DELETE", "acl")])
def test_unknown_subresources_never_fall_through(lake, method, query):
    lake.put("main/o", b"kept")
    status, _, text = Signed(lake.url, method, f"/{lake.repo}/main/o", query=query).send(b"<x/>"
                             if method != "GET" else b"")
    assert status == 501 and b"NotImplemented" in text, (status, text)
    assert lake.body("main/o") == b"kept"


@pytest.mark.parametrize("body", [
    b"", b"<", b"<Other/>", b"<Delete></Delete>", b"<Delete><Object><Key></Key></Object></Delete>",
    b'<!DOCTYPE x [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
    b"<Delete>" + b"<a>" * 5000, b"<Delete>" + b"<Object><Key>main/x</Key></Object>" * 1001 + b"</Delete>"])
def test_bad_xml(lake, body):
    lake.put("main/x", b"kept")
    status, _, text = Signed(lake.url, "POST", f"/{lake.repo}", query="delete").send(body)
    assert status == 400 and b"MalformedXML" in text, text
    assert lake.body("main/x") == b"kept"


@pytest.mark.plain
@pytest.mark.parametrize("header,body", [
    ("Content-Length: 50000", b"x" * 100),
    ("Transfer-Encoding: chunked", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    ("Transfer-Encoding: chunked", (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 50)])
def test_a_truncated_body_stores_nothing(lake, header, body):
    """Chunked, its length was never said: it is the end that must not come."""
    with begin(put(lake), header, body) as c:
        c.shutdown(socket.SHUT_WR)
        c.settimeout(5)
        try:
            assert b" 200 " not in c.recv(4096)
        except OSError:
            pass
    assert lake.keys() == []


@pytest.mark.plain
@pytest.mark.streams
def test_a_body_too_large_is_refused_before_it_has_come(lake):
    with begin(put(lake), f"Content-Length: {(5 << 30) + (1 << 20)}", b"x" * (1 << 20)) as c:
        answer = b""
        while b"EntityTooLarge" not in answer:
            piece = c.recv(4096)
            assert piece, answer
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400")


@pytest.mark.tls
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_an_early_refusal_is_heard(lake, version, tmp_path):
    """A large upload with a wrong key: the client learns why."""
    (tmp_path / "big").write_bytes(bytes(9 << 20))
    r = subprocess.run([
        "curl", "-sS", version, "--cacert", os.environ["AWS_CA_BUNDLE"], "--aws-sigv4", "aws:amz:us-east-1:s3",
        "--user", "AKIANOTHERE:wrong", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-T", tmp_path / "big",
        "-w", "%{http_version}", f"{lake.url}/{lake.repo}/main/big"], capture_output=True, text=True)
    assert r.returncode == 0 and "InvalidAccessKeyId" in r.stdout, r.stderr
    assert lake.keys() == []


def test_what_would_be_dropped_is_refused_plainly(lake, refused):
    lake.put("main/o", b"x")
    key = dict(Bucket=lake.repo, Key="main/o")
    secret = dict(SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32)
    up = lake.s3.create_multipart_upload(**key)["UploadId"]
    for call in (lambda: lake.put("main/o", b"y", ServerSideEncryption="AES256"),
                 lambda: lake.put("main/o", b"y", BucketKeyEnabled=True),
                 lambda: lake.put("main/o", b"y", ObjectLockLegalHoldStatus="ON"),
                 lambda: lake.put("main/o", b"y", WebsiteRedirectLocation="/z"),
                 lambda: lake.put("main/o", b"y", ObjectLockMode="GOVERNANCE"),
                 lambda: lake.put("main/o", b"y", WriteOffsetBytes=1),
                 lambda: lake.s3.create_bucket(Bucket=lake.repo + "-l", ObjectLockEnabledForBucket=True),
                 lambda: lake.s3.create_multipart_upload(ServerSideEncryption="aws:kms", **key)):
        with refused("NotImplemented", 501):
            call()
    if lake.url.startswith("https"):        # boto3 sends keys over TLS only
        for call in (lambda: lake.s3.get_object(**secret, **key),
                     lambda: lake.s3.upload_part(UploadId=up, PartNumber=1, Body=b"y", **secret, **key)):
            with refused("NotImplemented", 501):
                call()
    assert lake.body("main/o") == b"x"


def test_own_addresses(lake):
    assert raw(lake, "GET", "/_health") == (200, b"ok\n")
    status, text = raw(lake, "GET", "/metrics")
    assert status == 200 and b"lakegate_requests_total" in text
