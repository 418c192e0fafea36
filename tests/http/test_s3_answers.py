"""Answers that clients of S3 know from AWS, behind every web server."""
import base64
import email.utils
import hashlib
import os
import re
import subprocess
import xml.dom.minidom

import botocore.session
import pytest

from servers import KEY, SECRET, TOP, connect
from sign import Signed, ask, presigned

pytestmark = pytest.mark.server
MIB = 1 << 20


def signed(lake, method, path, body=b"", query="", **headers):
    """(status, headers, text) of a request with headers of these names ("_" is "-")."""
    s = Signed(lake.url, method, f"/{lake.repo}{path}", query=query,
               headers={k.replace("_", "-"): v for k, v in headers.items()})
    return s.send(body)


# ---- checksums of an object that is completed ------------------------------

@pytest.fixture
def parts(lake):
    """An upload of two parts, and its list: parts("SHA256")."""
    def begin_upload(algorithm, **more):
        key = dict(Bucket=lake.repo, Key="main/mp")
        up = lake.s3.create_multipart_upload(**key, **({"ChecksumAlgorithm": algorithm} if algorithm else {}), **more)
        lake.id, lake.list, given = up["UploadId"], [], f"Checksum{algorithm}"
        for n, body in enumerate((os.urandom(5 * MIB), b"tail"), 1):
            r = lake.s3.upload_part(**key, UploadId=lake.id, PartNumber=n, Body=body,
                                    **({"ChecksumAlgorithm": algorithm} if algorithm else {}))
            lake.list.append({"PartNumber": n, "ETag": r["ETag"], **({given: r[given]} if algorithm else {})})
        raw = b"".join(base64.b64decode(p[given]) for p in lake.list) if algorithm else b""
        lake.complete = lambda **more: lake.s3.complete_multipart_upload(
            **key, UploadId=lake.id, MultipartUpload={"Parts": lake.list}, **more)
        return raw
    lake.begin = begin_upload
    return lake


@pytest.mark.parametrize("algorithm,digest", [("SHA256", hashlib.sha256), ("SHA1", hashlib.sha1)])
def test_a_composite_checksum_is_verified_at_completion(parts, refused, algorithm, digest):
    whole = base64.b64encode(digest(parts.begin(algorithm)).digest()).decode()
    other = base64.b64encode(digest(b"other").digest()).decode()
    name = "Checksum" + algorithm
    for wrong in (other + "-2", whole + "-3", other):
        with refused("BadDigest", 400):
            parts.complete(**{name: wrong})
    for malformed in (whole + "-", whole + "-x", whole + "-0", whole + "-02", whole + "-10001", whole + "-2-2",
                      "AAAA-2", "-2"):
        with refused("InvalidRequest", 400):
            parts.complete(**{name: malformed})
    with refused("InvalidRequest", 400):
        parts.complete(ChecksumCRC32="AAAAAA==")
    with refused("BadDigest", 400):
        parts.complete(ChecksumType="FULL_OBJECT")
    assert parts.keys() == []
    r = parts.complete(ChecksumType="COMPOSITE", **{name: whole + "-2"})
    assert r[name] == whole + "-2" and r["ChecksumType"] == "COMPOSITE"
    assert parts.complete(**{name: whole + "-2"})["ETag"] == r["ETag"], "the same request again"


def test_a_composite_checksum_without_the_number_of_parts(parts):
    """AWS takes both forms, and answers with the number."""
    whole = base64.b64encode(hashlib.sha256(parts.begin("SHA256")).digest()).decode()
    assert parts.complete(ChecksumSHA256=whole)["ChecksumSHA256"] == whole + "-2"


def test_a_checksum_that_nothing_can_be_compared_with(parts, refused):
    parts.begin(None)
    with refused("InvalidRequest", 400):
        parts.complete(ChecksumCRC32="AAAAAA==")
    parts.complete(ChecksumType="FULL_OBJECT")


# ---- headers with an empty value -------------------------------------------

def test_an_empty_condition_does_not_go_away(lake):
    """A client's variable that was not set: lighttpd drops such a header."""
    lake.put("main/o", b"kept")
    for method, path, name, body in (
            ("PUT", "/main/o", "if-match", b"lost"), ("DELETE", "/main/o", "if-match", b""),
            ("GET", "/main/o", "if-match", b"")):
        status, _, text = signed(lake, method, path, body, **{name: ""})
        assert status == 412 and b"PreconditionFailed" in text, (method, text)
    status, _, text = signed(lake, "PUT", "/main/c", x_amz_copy_source=f"/{lake.repo}/main/o",
                             x_amz_copy_source_if_match="")
    assert status == 412, text
    assert lake.body("main/o") == b"kept" and lake.keys() == ["main/o"]


@pytest.mark.parametrize("name,code", [
    ("content-md5", b"InvalidDigest"), ("x-amz-checksum-sha256", b"InvalidRequest"),
    ("x-amz-copy-source", b"InvalidArgument"), ("x-amz-expected-bucket-owner", b"AccessDenied")])
def test_an_empty_header_is_one(lake, name, code):
    lake.put("main/o", b"kept")
    status, _, text = signed(lake, "PUT", "/main/o", b"lost", **{name: ""})
    assert status in (400, 403) and code in text, text
    assert lake.body("main/o") == b"kept"


@pytest.mark.parametrize("name", ["x-amz-if-match-size", "x-amz-if-match-last-modified-time"])
@pytest.mark.parametrize("value", ["", "soon"])
def test_a_condition_that_cannot_be_read_is_no_leave_to_delete(lake, name, value):
    lake.put("main/o", b"kept")
    status, _, text = signed(lake, "DELETE", "/main/o", **{name: value})
    assert status == 400 and b"InvalidArgument" in text, text
    assert lake.body("main/o") == b"kept"


@pytest.mark.parametrize("inside,code", [
    ("<ETag></ETag>", b"PreconditionFailed"), ("<Size></Size>", b"MalformedXML"),
    ("<LastModifiedTime>soon</LastModifiedTime>", b"MalformedXML"), ("<LastModifiedTime/>", b"MalformedXML")])
def test_an_empty_condition_in_a_list_of_deletions(lake, inside, code):
    lake.put("main/o", b"kept")
    status, _, text = signed(lake, "POST", "", f"<Delete><Object><Key>main/o</Key>{inside}</Object></Delete>".encode(),
                             query="delete")
    assert status == (200 if code == b"PreconditionFailed" else 400) and code in text, text
    assert lake.body("main/o") == b"kept"


def test_metadata_may_be_empty(lake):
    status, _, text = signed(lake, "PUT", "/main/o", b"x", x_amz_meta_a="", x_amz_meta_b="1")
    assert status == 200, text
    assert lake.main.object("o").stat().metadata == {"X-Amz-Meta-a": "", "X-Amz-Meta-b": "1"}
    h = lake.s3.head_object(Bucket=lake.repo, Key="main/o")
    if lake.server.kind.startswith("lighttpd"):     # it drops empty headers of answers, too
        assert h["Metadata"] == {"b": "1"} and h["MissingMeta"] == 1, h
    else:
        assert h["Metadata"] == {"a": "", "b": "1"} and "MissingMeta" not in h, h


def test_a_presigned_address_keeps_its_empty_headers(lake):
    lake.put("main/o", b"kept")
    to = presigned(lake.url, "PUT", f"/{lake.repo}/main/o", headers={"if-match": ""})
    for headers in ({"if-match": ""}, {}):
        status, text = ask(lake.url, "PUT", to, headers, b"lost")
        assert status == 412, text
    assert lake.body("main/o") == b"kept"


# ---- parameters of queries -------------------------------------------------

def test_parameters_that_s3_does_not_know_mean_nothing(lake):
    lake.put("main/app.js", b"x")
    lake.s3.put_bucket_policy(Bucket=lake.repo, Policy=(
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", '
        '"s3:ListBucket"], "Resource": ["arn:aws:s3:::%s", "arn:aws:s3:::%s/*"]}}' % (lake.repo, lake.repo)))
    for query in ("v=3", "utm_source=x&id=5", "_=1234", "v"):
        assert ask(lake.url, "GET", f"/{lake.repo}/main/app.js?{query}") == (200, b"x")
        status, text = ask(lake.url, "GET", f"/{lake.repo}?list-type=2&prefix=main/&{query}")
        assert status == 200 and b"<Key>main/app.js</Key>" in text
        assert signed(lake, "GET", "/main/app.js", query=query)[2] == b"x"
    to = presigned(lake.url, "GET", f"/{lake.repo}/main/app.js", query=[("x-user", "john"), ("etag", "1")])
    assert ask(lake.url, "GET", to) == (200, b"x")
    # Where a form's success_action_redirect comes back.
    status, text = ask(lake.url, "GET", f"/{lake.repo}?bucket={lake.repo}&key=main%2Fapp.js&etag=%22x%22")
    assert status == 200 and b"ListBucketResult" in text
    assert signed(lake, "PUT", "/main/p", b"put", query="v=1")[0] == 200 and lake.body("main/p") == b"put"
    status, _, text = signed(lake, "POST", "/main/p", query="v=1")
    assert status == 405 and b"MethodNotAllowed" in text


def test_parameters_of_other_operations_are_501(lake):
    lake.put("main/o", b"kept")
    for method, query in (("GET", "torrent"), ("GET", "uploads&v=1"), ("PUT", "v=1&retention"), ("PUT", "versions"),
                          ("PUT", "partNumber=1"), ("DELETE", "legal-hold&_=2")):
        status, _, text = signed(lake, method, "/main/o", b"lost" if method == "PUT" else b"", query=query)
        assert status == 501 and b"NotImplemented" in text, (method, query, text)
    assert lake.body("main/o") == b"kept"


def test_the_parameters_that_s3_has_are_all_known():
    model, names = botocore.session.get_session().get_service_model("s3"), set()
    for name in model.operation_names:
        op = model.operation_model(name)
        names.update(p.partition("=")[0] for p in op.http["requestUri"].partition("?")[2].split("&") if p)
        for shape in op.input_shape.members.values() if op.input_shape else ():
            if shape.serialization.get("location") == "querystring":
                names.add(shape.serialization["name"])
    with open(f"{TOP}/src/s3/s3_route.c") as f:
        text = f.read().partition("parameters[] = ")[2].partition(";")[0]
    assert set("".join(re.findall('"([^"]*)"', text)).split()) == {
        n for n in names if not n.startswith("x-")} - {"id"}


# ---- bodies without a length -----------------------------------------------

def in_pieces(lake, s, body, piece=8192, target=None):
    """A body as every real client sends it: its pieces after the headers, in packets of their own."""
    c = connect(lake.url)
    c.putrequest(s.method, target or s.path + ("?" + s.query if s.query else ""), skip_host=True,
                 skip_accept_encoding=True)
    for name, value in s.headers.items():
        c.putheader(name, value)
    c.putheader("Transfer-Encoding", "chunked")
    c.endheaders()
    for i in range(0, len(body), piece):
        c.send(b"%x\r\n%s\r\n" % (len(body[i:i + piece]), body[i:i + piece]))
    c.send(b"0\r\n\r\n")
    r = c.getresponse()
    return r.status, r.read()


@pytest.mark.parametrize("size", [0, 3, 100000, 3 * MIB])
def test_a_chunked_body_needs_no_length(lake, size):
    body = os.urandom(size)
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/o")
    status, text = in_pieces(lake, s, body)
    if lake.server.kind == "apache-htaccess" and size > 128 << 10:
        # Its FastCGI takes 128 KiB, and CGI cannot tell a body that was cut.
        assert status == 411, text
        return assert_no_key(lake)
    assert status == 200, text
    assert lake.body("main/o") == body
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/o", payload=hashlib.sha256(body).hexdigest())
    assert in_pieces(lake, s, body)[0] == 200
    status, text = in_pieces(lake, s, body + b"x")
    assert status == 400 and b"XAmzContentSHA256Mismatch" in text


def assert_no_key(lake):
    assert lake.keys() == []


def test_a_presigned_upload_of_a_stream(lake):
    to = presigned(lake.url, "PUT", f"/{lake.repo}/main/o")
    r = subprocess.run(["curl", "-sS", "-T", "-", "--cacert", os.environ.get("AWS_CA_BUNDLE", "/dev/null"),
                        lake.url + to], input=b"a stream", capture_output=True)
    assert r.returncode == 0 and r.stdout == b"", r
    assert lake.body("main/o") == b"a stream"


def test_a_part_of_unknown_length(lake):
    key = dict(Bucket=lake.repo, Key="main/mp")
    up = lake.s3.create_multipart_upload(**key)["UploadId"]
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/mp", query=f"partNumber=1&uploadId={up}")
    assert in_pieces(lake, s, b"part")[0] == 200
    part = lake.s3.list_parts(**key, UploadId=up)["Parts"][0]
    assert part["Size"] == 4
    # What is read into memory must say how much it is.
    s = Signed(lake.url, "POST", f"/{lake.repo}/main/mp", query=f"uploadId={up}")
    text = (f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part['ETag']}</ETag></Part>"
            "</CompleteMultipartUpload>").encode()
    status, answer = in_pieces(lake, s, text)
    if status != 200:       # a server that collects bodies says their length
        assert status == 411 and b"MissingContentLength" in answer
        assert s.send(text)[0] == 200
    assert lake.body("main/mp") == b"part"


def test_a_chunked_body_of_a_stranger_is_refused(lake):
    c = connect(lake.url)
    c.request("PUT", f"/{lake.repo}/main/o", iter([b"x" * 1000] * 3), {"Transfer-Encoding": "chunked"},
              encode_chunked=True)
    assert c.getresponse().status in (403, 411)
    assert lake.keys() == []


# ---- who signs, and how ----------------------------------------------------

@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000"])
def test_a_date_in_utc_by_any_name(lake, zone):
    lake.put("main/o", b"x")
    date = email.utils.formatdate(usegmt=True).replace("GMT", zone)
    s = Signed(lake.url, "GET", f"/{lake.repo}/main/o")
    # Version 4 with Date alone: signed anew, with the time that Date says.
    headers = {"date": date, "host": s.host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    assert by_date(lake, headers)[0] == 200
    assert version_2(lake, date)[0] == 200


def by_date(lake, headers):
    import datetime
    import hmac
    from sign import signing_key
    when = email.utils.parsedate_to_datetime(headers["date"].replace("-0000", "+0000"))
    stamp = when.astimezone(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
    names = sorted(headers)
    canonical = "\n".join(["GET", f"/{lake.repo}/main/o", "", *[f"{n}:{headers[n]}" for n in names], "",
                           ";".join(names), headers["x-amz-content-sha256"]])
    sts = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    mac = hmac.new(signing_key(stamp[:8]), sts.encode(), hashlib.sha256).hexdigest()
    return ask(lake.url, "GET", f"/{lake.repo}/main/o", {**headers, "Authorization": (
        f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={';'.join(names)}, Signature={mac}")})


def version_2(lake, date):
    import hmac
    sts = f"GET\n\n\n{date}\n/{lake.repo}/main/o"
    mac = base64.b64encode(hmac.new(SECRET.encode(), sts.encode(), hashlib.sha1).digest()).decode()
    return ask(lake.url, "GET", f"/{lake.repo}/main/o", {"Date": date, "Authorization": f"AWS {KEY}:{mac}"})


def test_curl_signs_without_a_digest(lake):
    """curl signs the digest of no bytes, and does not say so."""
    lake.put("main/o", b"read")
    curl = lambda *args: subprocess.run(
        ["curl", "-sS", "--cacert", os.environ.get("AWS_CA_BUNDLE", "/dev/null"), "--aws-sigv4", "aws:amz:us-east-1:s3",
         "--user", f"{KEY}:{SECRET}", "-w", "%{http_code}", *args], capture_output=True, text=True).stdout
    at = f"{lake.url}/{lake.repo}/main/o"
    assert curl(at) == "read200"
    assert curl("-I", at).endswith("200")
    assert curl("-X", "DELETE", at) == "204"


def test_a_body_is_not_covered_by_the_digest_of_nothing(lake):
    import hmac
    lake.put("main/o", b"kept")
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/o", payload=hashlib.sha256(b"").hexdigest(),
               leave=("x-amz-content-sha256",))
    del s.headers["x-amz-content-sha256"]
    assert s.send(b"lost")[0] == 403
    assert lake.body("main/o") == b"kept"
    assert s.send(b"")[0] == 200 and lake.body("main/o") == b""


def test_an_authorization_header_of_version_2_that_is_none(lake):
    status, text = ask(lake.url, "GET", f"/{lake.repo}", {"Authorization": "AWS HAHAHA"})
    assert status == 400 and b"<Code>InvalidArgument</Code>" in text, text


# ---- names ------------------------------------------------------------------

def test_a_key_that_is_not_utf8_is_no_uri(lake):
    for method in ("GET", "PUT", "DELETE"):
        status, _, text = signed(lake, method, "/main/%ae%8a-")
        assert status == 400 and b"<Code>InvalidURI</Code>" in text, text
        xml.dom.minidom.parseString(text)
    assert lake.keys() == []


# ---- what is kept of an object, and told back -------------------------------

@pytest.mark.parametrize("sent,kept", [
    ("deflate, gzip", "deflate, gzip"), ("gzip ,br", "gzip ,br"), ("aws-chunked, gzip", "gzip"),
    ("deflate, AWS-chunked, gzip", "deflate, gzip"), ("gzip,aws-chunked", "gzip"), ("aws-chunked", None)])
def test_content_encoding_is_kept_byte_for_byte(lake, sent, kept):
    assert signed(lake, "PUT", "/main/o", b"x", content_encoding=sent)[0] == 200
    assert signed(lake, "HEAD", "/main/o")[1].get("content-encoding") == kept


def test_metadata_beyond_ascii(lake):
    word, long = "=?utf-8?q?=D7=95?=", "\u00fc" * 60
    raw = {"x-amz-meta-q": word, "x-amz-meta-b": "=?UTF-8?B?w4TDlsOc?= =?iso-8859-1?Q?=E4_b?=", "x-amz-meta-raw": "ü",
           "x-amz-meta-long": long, "x-amz-meta-url": "http://h/?a=?b", "x-amz-meta-no": "=?koi8-r?B?wQ==?=",
           "x-amz-meta-bad": "=?utf-8?q?a=0Ab?=", "x-amz-meta-twice": "=?utf-8?B?PT91dGYtOD9xP2E/PQ==?="}
    status, text = utf8_put(lake, {k: v.encode() for k, v in raw.items()})
    assert status == 200, text
    seen = lake.main.object("o").stat().metadata
    assert {k.lower().removeprefix("x-amz-meta-"): v for k, v in seen.items()} == {
        "q": "\u05d5", "b": "ÄÖÜä b", "raw": "ü", "long": long, "url": "http://h/?a=?b", "no": "=?koi8-r?B?wQ==?=",
        "bad": "=?utf-8?q?a=0Ab?=", "twice": "=?utf-8?q?a?="}
    import email.header
    decoded = lambda v: str(email.header.make_header(email.header.decode_header(v)))
    headers = signed(lake, "HEAD", "/main/o")[1]
    assert all(v.isascii() for v in headers.values()), headers
    got = {k.removeprefix("x-amz-meta-"): v for k, v in headers.items() if k.startswith("x-amz-meta-")}
    assert got["url"] == "http://h/?a=?b" and got["no"] == "=?koi8-r?B?wQ==?=", got
    assert {k: decoded(got[k]) for k in ("q", "b", "raw", "long", "twice")} == {
        "q": "\u05d5", "b": "ÄÖÜä b", "raw": "ü", "long": long, "twice": "=?utf-8?q?a?="}
    assert all(len(w) <= 75 for w in got["long"].split(" "))


def utf8_put(lake, headers):
    """Signed over bytes that are no ASCII, which http.client does not send as text."""
    import datetime
    import hmac
    from sign import signing_key
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope, path = f"{stamp[:8]}/us-east-1/s3/aws4_request", f"/{lake.repo}/main/o"
    headers = {**headers, "host": lake.url.split("//")[1].encode(), "x-amz-date": stamp.encode(),
               "x-amz-content-sha256": b"UNSIGNED-PAYLOAD"}
    names = ";".join(sorted(headers)).encode()
    canonical = b"\n".join([b"PUT", path.encode(), b"", *[n.encode() + b":" + headers[n] for n in sorted(headers)], b"",
                            names, b"UNSIGNED-PAYLOAD"])
    sts = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical).hexdigest()])
    mac = hmac.new(signing_key(stamp[:8]), sts.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, "
                                f"SignedHeaders={names.decode()}, Signature={mac}").encode()
    c = connect(lake.url)
    c.request("PUT", path, b"x", headers)
    r = c.getresponse()
    return r.status, r.read()


def test_storage_classes_are_told_back(lake, refused):
    key = dict(Bucket=lake.repo, Key="main/o")
    head = lambda k="main/o": lake.s3.head_object(Bucket=lake.repo, Key=k).get("StorageClass")
    for bad in ("FOO", "standard", "OUTPOSTS"):
        with refused("InvalidStorageClass", 400):
            lake.put("main/o", b"x", StorageClass=bad)
    assert signed(lake, "PUT", "/main/o", b"x", x_amz_storage_class="")[0] == 400
    for frozen in ("GLACIER", "DEEP_ARCHIVE"):
        with refused("NotImplemented", 501):
            lake.put("main/o", b"x", StorageClass=frozen)
        with refused("NotImplemented", 501):
            lake.s3.create_multipart_upload(StorageClass=frozen, **key)
    assert lake.keys() == []
    lake.put("main/o", b"x", StorageClass="STANDARD")
    assert head() is None
    for one in ("STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY"):
        lake.put("main/o", b"x", StorageClass=one, CacheControl="no-cache")
        assert head() == one
        assert lake.s3.get_object(**key)["StorageClass"] == one
        for listed in (lake.s3.list_objects_v2, lake.s3.list_objects):
            assert listed(Bucket=lake.repo, Prefix="main/")["Contents"][0]["StorageClass"] == one
        assert lake.s3.list_object_versions(Bucket=lake.repo, Prefix="main/")["Versions"][0]["StorageClass"] == one
        assert lake.s3.get_object_attributes(ObjectAttributes=["StorageClass"], **key)["StorageClass"] == one
    # A copy has the class that it is given, and STANDARD without; all else is the source's.
    copy = lambda to, **more: lake.s3.copy_object(Bucket=lake.repo, Key=to, CopySource=f"{lake.repo}/main/o", **more)
    copy("main/c")
    assert head("main/c") is None
    copy("main/d", StorageClass="GLACIER_IR")
    h = lake.s3.head_object(Bucket=lake.repo, Key="main/d")
    assert h["StorageClass"] == "GLACIER_IR" and h["CacheControl"] == "no-cache"
    copy("main/e", MetadataDirective="REPLACE", StorageClass="ONEZONE_IA")
    assert head("main/e") == "ONEZONE_IA"
    copy("main/o", StorageClass="STANDARD_IA")      # onto itself: it changes something
    assert head() == "STANDARD_IA" and lake.body("main/o") == b"x"
    up = lake.s3.create_multipart_upload(StorageClass="STANDARD_IA", **key)["UploadId"]
    assert lake.s3.list_multipart_uploads(Bucket=lake.repo)["Uploads"][0]["StorageClass"] == "STANDARD_IA"
    part = lake.s3.upload_part(UploadId=up, PartNumber=1, Body=b"mp", **key)["ETag"]
    assert lake.s3.list_parts(UploadId=up, **key)["StorageClass"] == "STANDARD_IA"
    lake.s3.complete_multipart_upload(UploadId=up, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]}, **key)
    assert head() == "STANDARD_IA" and lake.body("main/o") == b"mp"
    lake.commit()
    assert head("main@/o") == "STANDARD_IA"


def test_a_range_past_the_end_names_the_object(lake):
    etag = lake.put("main/o", b"x")["ETag"]
    status, headers, text = signed(lake, "GET", "/main/o", range="bytes=9-")
    assert status == 416 and b"InvalidRange" in text
    assert headers["etag"] == etag and headers["content-range"] == "bytes */1" and "last-modified" in headers


@pytest.mark.parametrize("condition", [{"IfMatchSize": 3}, {"IfMatchLastModifiedTime": 1e9}])
def test_a_deletion_of_what_is_gone_has_succeeded(lake, refused, condition):
    key = dict(Bucket=lake.repo, Key="main/o")
    lake.s3.delete_object(**key, **condition)
    name, value = {"IfMatchSize": ("Size", 3)}.get(next(iter(condition)), ("LastModifiedTime", 1e9))
    r = lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [{"Key": "main/o", name: value}]})
    assert [d["Key"] for d in r["Deleted"]] == ["main/o"] and "Errors" not in r
    with refused("NoSuchKey", 404):
        lake.s3.delete_object(**key, IfMatch="*")
    with refused("NoSuchKey", 404):
        lake.s3.delete_object(**key, IfMatch="*", **condition)
    lake.put("main/o", b"kept")
    with refused("PreconditionFailed", 412):
        lake.s3.delete_object(**key, **condition)
    assert lake.body("main/o") == b"kept"
