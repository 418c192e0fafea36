"""Objects: put, get, ranges, conditions, checksums, metadata, copy, delete."""
import base64
import concurrent.futures
import datetime
import hashlib
import os

import pytest
import xxhash

from sign import Signed

pytestmark = pytest.mark.server


def test_put_is_staged_until_commit(lake, refused):
    lake.put("main/a.txt", b"one")
    assert lake.body("main/a.txt") == b"one"
    with refused("NoSuchKey", 404):
        lake.body("main@/a.txt")
    lake.commit()
    assert lake.body("main@/a.txt") == b"one"
    with refused("NoSuchKey", 404):
        lake.body("main~1/a.txt")


@pytest.mark.parametrize("size", [0, 1, 1000, 32768, 32769, 65536, 1000001])
def test_sizes_around_the_inline_limit(lake, size):
    body = os.urandom(size)
    etag = lake.put("main/o", body)["ETag"]
    assert etag == f'"{hashlib.md5(body).hexdigest()}"'
    assert lake.body("main/o") == body
    head = lake.s3.head_object(Bucket=lake.repo, Key="main/o")
    assert head["ContentLength"] == size and head["ETag"] == etag


@pytest.mark.parametrize("spec,want", [
    ("bytes=0-0", slice(0, 1)), ("bytes=5-9", slice(5, 10)),
    ("bytes=99990-", slice(99990, None)), ("bytes=-7", slice(-7, None)),
    ("bytes=99999-200000", slice(99999, None)), ("bytes=-200000", slice(None)),
])
def test_ranges(lake, spec, want):
    body = os.urandom(100000)
    lake.put("main/o", body)
    r = lake.s3.get_object(Bucket=lake.repo, Key="main/o", Range=spec)
    assert r["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert r["Body"].read() == body[want]


def test_range_past_the_end(lake, refused):
    lake.put("main/o", b"12345")
    with refused("InvalidRange", 416):
        lake.body("main/o", Range="bytes=5-")
    assert lake.body("main/o", Range="bytes=3-1") == b"12345"


def test_conditional_get(lake, refused):
    etag = lake.put("main/o", b"abc")["ETag"]
    assert lake.body("main/o", IfMatch=etag) == b"abc"
    with refused("PreconditionFailed", 412):
        lake.body("main/o", IfMatch='"nope"')
    with refused("304", 304):
        lake.body("main/o", IfNoneMatch=etag)
    past = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
    future = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    with refused("304", 304):
        lake.body("main/o", IfModifiedSince=future)
    with refused("PreconditionFailed", 412):
        lake.body("main/o", IfUnmodifiedSince=past)
    assert lake.body("main/o", IfModifiedSince=past) == b"abc"


def test_put_if_none_match(lake, refused):
    lake.put("main/o", b"1", IfNoneMatch="*")
    with refused("PreconditionFailed", 412):
        lake.put("main/o", b"2", IfNoneMatch="*")
    assert lake.body("main/o") == b"1"
    lake.s3.delete_object(Bucket=lake.repo, Key="main/o")
    lake.put("main/o", b"3", IfNoneMatch="*")
    assert lake.body("main/o") == b"3"


def test_put_if_match_is_a_compare_and_swap(lake, refused):
    etag = lake.put("main/o", b"1")["ETag"]
    second = lake.put("main/o", b"2", IfMatch=etag)["ETag"]
    with refused("PreconditionFailed", 412):
        lake.put("main/o", b"3", IfMatch=etag)
    lake.put("main/o", b"4", IfMatch=second)
    with refused("NoSuchKey", 404):
        lake.put("main/absent", b"5", IfMatch=etag)


def test_condition_sees_committed_objects(lake, refused):
    lake.put("main/o", b"1")
    lake.commit()
    with refused("PreconditionFailed", 412):
        lake.put("main/o", b"2", IfNoneMatch="*")


def test_one_winner_per_if_none_match(lake):
    def attempt(n):
        try:
            lake.put("main/o", str(n).encode(), IfNoneMatch="*")
            return n
        except lake.s3.exceptions.ClientError as e:
            assert e.response["Error"]["Code"] == "PreconditionFailed", e
            return None
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        won = [n for n in pool.map(attempt, range(24)) if n is not None]
    assert len(won) == 1
    assert lake.body("main/o") == str(won[0]).encode()


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256",
                                       "SHA512"])
@pytest.mark.parametrize("size", [11, 70000])
def test_checksums_are_verified_kept_and_returned(lake, algorithm, size):
    body = os.urandom(size)
    r = lake.put("main/o", body, ChecksumAlgorithm=algorithm)
    name = "Checksum" + algorithm
    head = lake.s3.head_object(Bucket=lake.repo, Key="main/o", ChecksumMode="ENABLED")
    assert head[name] == r[name] and head["ChecksumType"] == "FULL_OBJECT"
    assert lake.body("main/o", ChecksumMode="ENABLED") == body
    part = lake.s3.get_object(Bucket=lake.repo, Key="main/o", Range="bytes=0-3",
                              ChecksumMode="ENABLED")
    assert name not in part


@pytest.mark.parametrize("algorithm,digest", [
    ("XXHASH64", xxhash.xxh64), ("XXHASH3", xxhash.xxh3_64), ("XXHASH128", xxhash.xxh3_128),
    ("SHA512", hashlib.sha512), ("MD5", hashlib.md5)])
def test_checksums_that_clients_bring(lake, refused, algorithm, digest):
    body, name = os.urandom(70000), "Checksum" + algorithm
    raw = digest(body).digest()
    value = base64.b64encode(raw).decode()
    assert lake.put("main/o", body, **{name: value})[name] == value
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/o", ChecksumMode="ENABLED")[name] == value
    with refused("BadDigest", 400):
        lake.put("main/o", b"other", **{name: value})
    key = dict(Bucket=lake.repo, Key="main/parts")
    with refused("InvalidRequest", 400):
        lake.s3.create_multipart_upload(ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT",
                                        **key)
    up = lake.s3.create_multipart_upload(ChecksumAlgorithm=algorithm, **key)["UploadId"]
    part = lake.s3.upload_part(UploadId=up, PartNumber=1, Body=body, **key, **{name: value})
    r = lake.s3.complete_multipart_upload(UploadId=up, MultipartUpload={"Parts": [
        {"PartNumber": 1, "ETag": part["ETag"], name: value}]}, **key)
    assert r[name] == base64.b64encode(digest(raw).digest()).decode() + "-1"
    assert lake.body("main/o") == body


@pytest.mark.heavy
def test_a_copy_has_the_checksum_that_is_asked_for(lake, refused):
    body = os.urandom(70000)
    lake.put("main/o", body, ChecksumAlgorithm="CRC32", Metadata={"a": "b"})
    source = f"{lake.repo}/main/o"
    want = base64.b64encode(hashlib.sha256(body).digest()).decode()
    r = lake.s3.copy_object(Bucket=lake.repo, Key="main/c", CopySource=source,
                            ChecksumAlgorithm="SHA256")["CopyObjectResult"]
    assert r["ChecksumSHA256"] == want and "ChecksumCRC32" not in r
    head = lake.s3.head_object(Bucket=lake.repo, Key="main/c", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == want and head["Metadata"] == {"a": "b"}
    same = lake.s3.copy_object(Bucket=lake.repo, Key="main/c", CopySource=source)
    assert "ChecksumCRC32" in same["CopyObjectResult"]
    with refused("PreconditionFailed", 412):
        lake.s3.copy_object(Bucket=lake.repo, Key="main/c", CopySource=source,
                            CopySourceIfMatch="x", ChecksumAlgorithm="SHA256")
    with refused("InvalidRequest", 400):
        lake.s3.copy_object(Bucket=lake.repo, Key="main/c", CopySource=source,
                            ChecksumAlgorithm="SHA3")
    # Parts with another checksum than the copy's have none there.
    key = dict(Bucket=lake.repo, Key="main/parts")
    up = lake.s3.create_multipart_upload(ChecksumAlgorithm="CRC32", **key)["UploadId"]
    pieces = [os.urandom(5 << 20) for _ in range(5)] + [b"end"]
    parts = []
    for n, piece in enumerate(pieces, 1):
        r = lake.s3.upload_part(UploadId=up, PartNumber=n, Body=piece, ChecksumAlgorithm="CRC32", **key)
        parts.append({"PartNumber": n, "ETag": r["ETag"], "ChecksumCRC32": r["ChecksumCRC32"]})
    lake.s3.complete_multipart_upload(UploadId=up, MultipartUpload={"Parts": parts}, **key)
    r = lake.s3.copy_object(Bucket=lake.repo, Key="main/c", CopySource=f"{lake.repo}/main/parts",
                            ChecksumAlgorithm="CRC32C")["CopyObjectResult"]
    assert r["ChecksumType"] == "FULL_OBJECT"
    got = lake.s3.get_object_attributes(Bucket=lake.repo, Key="main/c",
                                        ObjectAttributes=["ObjectParts", "Checksum"])
    assert got["Checksum"]["ChecksumCRC32C"] == r["ChecksumCRC32C"]
    assert "ChecksumCRC32C" not in got["ObjectParts"]["Parts"][0]
    assert lake.body("main/c") == b"".join(pieces)


def test_wrong_digests_store_nothing(lake, refused):
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    with refused("BadDigest", 400):
        lake.put("main/o", b"body", ContentMD5=wrong)
    with refused("InvalidDigest", 400):
        lake.put("main/o", b"body", ContentMD5="no")
    with refused("BadDigest", 400):
        lake.put("main/o", b"body", ChecksumCRC32="AAAAAA==")
    with refused("InvalidRequest", 400):
        lake.put("main/o", b"body", ChecksumCRC32="!")
    for headers in ({"x-amz-sdk-checksum-algorithm": "CRC32"},
                    {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-crc32c": "AAAAAA=="}):
        status, _, text = Signed(lake.url, "PUT", f"/{lake.repo}/main/o", headers=headers).send(b"body")
        assert status == 400 and b"InvalidRequest" in text
    assert lake.keys() == []


def test_metadata_is_kept_as_sent(lake):
    lake.put("main/o", b"x", Metadata={"one": "1", "two-words": "a  b"},
             ContentType="text/csv", CacheControl="no-cache", ContentLanguage="de",
             ContentDisposition='attachment; filename="a b"', ContentEncoding="gzip")
    lake.commit()
    h = lake.s3.head_object(Bucket=lake.repo, Key="main/o")
    assert h["Metadata"] == {"one": "1", "two-words": "a  b"}
    assert h["ContentType"] == "text/csv" and h["CacheControl"] == "no-cache"
    assert h["ContentLanguage"] == "de" and h["ContentEncoding"] == "gzip"
    assert h["ContentDisposition"] == 'attachment; filename="a b"'


def test_metadata_names_that_cgi_folds(lake, refused):
    """"_" and "-" are one in CGI: the signature knows which it was.  Apache
    drops such headers, and then the signature does not match."""
    if lake.server.kind.startswith("apache"):
        with refused("SignatureDoesNotMatch", 403):
            lake.put("main/o", b"x", Metadata={"a_b.c": "1"})
        return
    lake.put("main/o", b"x", Metadata={"a_b.c": "1", "a-b": "2"})
    got = lake.s3.head_object(Bucket=lake.repo, Key="main/o")["Metadata"]
    assert got == {"a_b.c": "1", "a-b": "2"}


def test_response_overrides(lake):
    lake.put("main/o", b"x")
    r = lake.s3.get_object(Bucket=lake.repo, Key="main/o", ResponseContentType="image/png",
                           ResponseCacheControl="max-age=1")
    assert r["ContentType"] == "image/png" and r["CacheControl"] == "max-age=1"


def test_metadata_over_two_kilobytes(lake, refused):
    with refused("MetadataTooLarge", 400):
        lake.put("main/o", b"x", Metadata={"big": "v" * 2100})


def test_delete(lake, refused):
    lake.put("main/o")
    lake.s3.delete_object(Bucket=lake.repo, Key="main/o")
    with refused("NoSuchKey", 404):
        lake.body("main/o")
    lake.s3.delete_object(Bucket=lake.repo, Key="main/never")
    assert list(lake.main.uncommitted()) == []


def test_delete_of_a_committed_object_is_a_change(lake):
    lake.put("main/o")
    lake.commit()
    lake.s3.delete_object(Bucket=lake.repo, Key="main/o")
    assert [(c.type, c.path) for c in lake.main.uncommitted()] == [("removed", "o")]
    assert lake.keys() == [] and lake.keys("main@/") == ["main@/o"]


def test_conditional_delete(lake, refused):
    etag = lake.put("main/o", b"1")["ETag"]
    other = lake.put("main/p", b"2")["ETag"]
    call = dict(Bucket=lake.repo, Key="main/o")
    with refused("PreconditionFailed", 412):
        lake.s3.delete_object(IfMatch=other, **call)
    assert lake.body("main/o") == b"1"
    r = lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [
        {"Key": "main/o", "ETag": other}, {"Key": "main/p", "ETag": other}]})
    assert [e["Code"] for e in r["Errors"]] == ["PreconditionFailed"]
    assert [d["Key"] for d in r["Deleted"]] == ["main/p"]
    lake.s3.delete_object(IfMatch=etag, **call)
    assert lake.keys() == []


def test_tags_come_with_the_object(lake, refused):
    lake.put("main/o", b"x", Tagging="a=1&b=two%20words")
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/o")["TagCount"] == 2
    with refused("InvalidTag", 400):
        lake.put("main/o", b"x", Tagging="&".join(f"k{i}=v" for i in range(11)))


def test_copy_to_a_place_that_must_be_free(lake, refused):
    lake.put("main/a", b"a")
    lake.put("main/b", b"b")
    source = f"{lake.repo}/main/a"
    with refused("PreconditionFailed", 412):
        lake.s3.copy_object(Bucket=lake.repo, Key="main/b", CopySource=source, IfNoneMatch="*")
    lake.s3.copy_object(Bucket=lake.repo, Key="main/c", CopySource=source, IfNoneMatch="*")
    assert lake.body("main/b") == b"b" and lake.body("main/c") == b"a"


def test_delete_objects_is_honest_key_by_key(lake):
    for i in range(5):
        lake.put(f"main/o{i}")
    keys = [f"main/o{i}" for i in range(4)] + ["main/absent", "nobranch/x", "main/"]
    r = lake.s3.delete_objects(Bucket=lake.repo, Delete={
        "Objects": [{"Key": k} for k in keys]})
    assert [d["Key"] for d in r["Deleted"]] == keys[:5] + ["main/"]
    assert [e["Key"] for e in r["Errors"]] == ["nobranch/x"]
    assert lake.keys() == ["main/o4"]
    r = lake.s3.delete_objects(Bucket=lake.repo, Delete={
        "Objects": [{"Key": "main/o4"}], "Quiet": True})
    assert "Deleted" not in r and lake.keys() == []


def test_copy_keeps_bytes_and_metadata(lake, refused):
    body = os.urandom(50000)
    etag = lake.put("main/a", body, Metadata={"k": "v"}, ContentType="a/b")["ETag"]
    lake.repository.branch("dev").create("main")
    source = f"{lake.repo}/main/a"
    r = lake.s3.copy_object(Bucket=lake.repo, Key="dev/b", CopySource=source)
    assert r["CopyObjectResult"]["ETag"] == etag
    h = lake.s3.head_object(Bucket=lake.repo, Key="dev/b")
    assert h["Metadata"] == {"k": "v"} and h["ContentType"] == "a/b"
    lake.s3.copy_object(Bucket=lake.repo, Key="dev/c", CopySource=source,
                        MetadataDirective="REPLACE", ContentType="c/d")
    h = lake.s3.head_object(Bucket=lake.repo, Key="dev/c")
    assert h["Metadata"] == {} and h["ContentType"] == "c/d"
    lake.s3.delete_object(Bucket=lake.repo, Key="main/a")
    assert lake.body("dev/b") == body
    with refused("NoSuchKey", 404):
        lake.s3.copy_object(Bucket=lake.repo, Key="dev/x", CopySource=source)
    with refused("InvalidRequest", 400):
        lake.s3.copy_object(Bucket=lake.repo, Key="dev/b", CopySource=f"{lake.repo}/dev/b")
    with refused("PreconditionFailed", 412):
        lake.s3.copy_object(Bucket=lake.repo, Key="dev/x", CopySource=f"{lake.repo}/dev/b",
                            CopySourceIfMatch='"other"')


@pytest.mark.parametrize("path", [
    "a//b", "/lead", "../x", "x/../y", "./z", "a%2Fb", "sp ace", "plus+plus", "ü/ñ/漢字",
    "tail/", "q?x=1&y", "#hash", "a=b;c", "'quoted\"", "~tilde", "\x01ctl", "\ttab",
    "k" * 1024, "d/" * 512])
def test_odd_keys_are_kept_byte_for_byte(lake, path):
    key = "main/" + path
    lake.put(key, path.encode())
    assert lake.body(key) == path.encode()
    assert lake.keys() == [key]
    lake.commit()
    assert lake.body(key) == path.encode()
    lake.s3.delete_object(Bucket=lake.repo, Key=key)
    assert lake.keys() == []


def rename(lake, source, key, **headers):
    s = Signed(lake.url, "PUT", f"/{lake.repo}/{key}", query="renameObject", headers={
        "x-amz-rename-source": source, **{k.replace("_", "-"): v for k, v in headers.items()}})
    status, _, text = s.send()
    return status, text


def test_rename_in_one_step(lake):
    etag = lake.put("main/d/a b", b"body", Metadata={"k": "v"}, Tagging="t=1")["ETag"]
    before = lake.s3.head_object(Bucket=lake.repo, Key="main/d/a b")
    assert rename(lake, "main/d/a%20b", "main/new")[0] == 200
    after = lake.s3.head_object(Bucket=lake.repo, Key="main/new")
    for what in ("ETag", "LastModified", "Metadata", "TagCount", "ContentLength"):
        assert after[what] == before[what]
    assert lake.keys() == ["main/new"] and lake.body("main/new") == b"body"
    assert rename(lake, f"/{lake.repo}/main/new", "main/new")[0] == 200
    assert lake.keys() == ["main/new"]
    # Conditions on both.
    lake.put("main/there", b"other")
    assert rename(lake, "main/new", "main/there", if_none_match="*")[0] == 412
    assert rename(lake, "main/new", "main/x", x_amz_rename_source_if_match='"nope"')[0] == 412
    assert sorted(lake.keys()) == ["main/new", "main/there"]
    assert rename(lake, "main/new", "main/there", x_amz_rename_source_if_match=etag)[0] == 200
    assert lake.keys() == ["main/there"] and lake.body("main/there") == b"body"


def test_rename_stays_on_its_branch(lake):
    lake.put("main/a", b"body")
    commit = lake.commit()
    lake.repository.branch("dev").create("main")
    for source, key, status in (("main/none", "main/b", 404), ("dev/a", "main/b", 400), ("main/", "main/b", 400),
                                ("%zz", "main/b", 400), (f"{commit}/a", f"{commit}/b", 405)):
        got, text = rename(lake, source, key)
        assert got == status, (source, text)
    assert lake.keys() == ["main/a"]
    assert rename(lake, "main/a", "main/b")[0] == 200
    assert sorted((d.type, d.path) for d in lake.main.uncommitted()) == [("added", "b"), ("removed", "a")]
    assert lake.body(f"{commit}/a") == b"body"
