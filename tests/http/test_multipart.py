"""Multipart uploads."""
import base64
import concurrent.futures
import hashlib
import os
import zlib

import pytest

pytestmark = pytest.mark.server

MIB = 1 << 20


@pytest.fixture
def upload(lake):
    lake.id = lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/mp",
                                              Metadata={"k": "v"}, ContentType="a/b")["UploadId"]
    lake.part = lambda n, body: {
        "PartNumber": n, "ETag": lake.s3.upload_part(
            Bucket=lake.repo, Key="main/mp", UploadId=lake.id, PartNumber=n, Body=body)["ETag"]}
    lake.complete = lambda parts, **more: lake.s3.complete_multipart_upload(
        Bucket=lake.repo, Key="main/mp", UploadId=lake.id, MultipartUpload={"Parts": parts}, **more)
    return lake


def test_complete(upload, refused):
    bodies = [os.urandom(5 * MIB), os.urandom(5 * MIB), b"tail"]
    parts = [upload.part(n + 1, b) for n, b in enumerate(bodies)]
    digest = hashlib.md5(b"".join(hashlib.md5(b).digest() for b in bodies)).hexdigest()
    with refused("NoSuchKey", 404):
        upload.body("main/mp")
    r = upload.complete(parts)
    assert r["ETag"] == f'"{digest}-3"' and r["Key"] == "main/mp"
    h = upload.s3.head_object(Bucket=upload.repo, Key="main/mp")
    assert h["ETag"] == r["ETag"] and h["Metadata"] == {"k": "v"} and h["ContentType"] == "a/b"
    assert upload.body("main/mp") == b"".join(bodies)
    edge = upload.body("main/mp", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}")
    assert edge == bodies[0][-2:] + bodies[1][:2]
    assert upload.complete(parts)["ETag"] == r["ETag"], "the same list again"
    with refused("NoSuchUpload", 404):
        upload.complete(parts[:1])
    assert upload.main.object("mp").stat().checksum == f"{digest}-3"


def test_many_parts_go_into_a_manifest(upload):
    body = os.urandom(5 * MIB)
    parts = [upload.part(n, body) for n in range(1, 7)] + [upload.part(7, b"end")]
    upload.complete(parts)
    upload.commit()
    assert upload.body("main@/mp") == body * 6 + b"end"
    upload.s3.copy_object(Bucket=upload.repo, Key="main/copy", CopySource=f"{upload.repo}/main/mp")
    assert upload.body("main/copy", Range="bytes=-3") == b"end"


def test_lists_that_are_refused(upload, refused):
    one, two = upload.part(1, os.urandom(5 * MIB)), upload.part(2, b"tail")
    small = upload.part(3, b"small")
    with refused("InvalidPart", 400):
        upload.complete([one, {"PartNumber": 9, "ETag": two["ETag"]}])
    with refused("InvalidPart", 400):
        upload.complete([{"PartNumber": 1, "ETag": '"no"'}])
    with refused("InvalidPartOrder", 400):
        upload.complete([two, one])
    with refused("EntityTooSmall", 400):
        upload.complete([two, small])
    with refused("MalformedXML", 400):
        upload.complete([])
    assert upload.complete([one, two])["ETag"].endswith('-2"')


def test_a_part_again_replaces_it(upload):
    upload.part(1, b"first")
    upload.complete([upload.part(1, b"second")])
    assert upload.body("main/mp") == b"second"


def test_abort(upload, refused):
    part = upload.part(1, b"x")
    upload.s3.abort_multipart_upload(Bucket=upload.repo, Key="main/mp", UploadId=upload.id)
    for call in (lambda: upload.part(2, b"y"), lambda: upload.complete([part]),
                 lambda: upload.s3.abort_multipart_upload(
                     Bucket=upload.repo, Key="main/mp", UploadId=upload.id)):
        with refused("NoSuchUpload", 404):
            call()
    assert upload.keys() == []


def test_another_key_is_another_upload(upload, refused):
    with refused("NoSuchUpload", 404):
        upload.s3.upload_part(Bucket=upload.repo, Key="main/other", UploadId=upload.id,
                              PartNumber=1, Body=b"x")


@pytest.mark.heavy
def test_one_of_completion_and_abort_wins(lake):
    key = dict(Bucket=lake.repo, Key="main/o")

    def attempt(call, **more):
        try:
            call(**key, **more)
            return True
        except lake.s3.exceptions.ClientError as e:
            assert e.response["Error"]["Code"] == "NoSuchUpload", e
            return False
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for n in range(30):
            up = lake.s3.create_multipart_upload(**key)["UploadId"]
            body = b"%d" % n
            parts = [{"PartNumber": i, "ETag": lake.s3.upload_part(
                UploadId=up, PartNumber=i, Body=body, **key)["ETag"]} for i in (1, 2)]
            lists = [parts[:1], parts[:1], parts[1:]]
            made = [pool.submit(attempt, lake.s3.complete_multipart_upload, UploadId=up,
                                MultipartUpload={"Parts": p}) for p in lists]
            gone = pool.submit(attempt, lake.s3.abort_multipart_upload, UploadId=up)
            same, again, other = (m.result() for m in made)
            won = [same or again, other, gone.result()]
            assert won.count(True) == 1, won
            there = lake.keys() != []
            assert there == (same or again or other)
            if there:
                assert lake.body("main/o") == body
                lake.s3.delete_object(**key)
            assert not lake.s3.list_multipart_uploads(Bucket=lake.repo).get("Uploads")


@pytest.mark.parametrize("number", [0, 10001])
def test_part_numbers(upload, refused, number):
    with refused("InvalidArgument", 400):
        upload.part(number, b"x")


def test_lists_of_parts_and_uploads(upload):
    for n in range(1, 6):
        upload.part(n, b"x" * n)
    call = dict(Bucket=upload.repo, Key="main/mp", UploadId=upload.id)
    page = upload.s3.list_parts(MaxParts=2, **call)
    assert [p["PartNumber"] for p in page["Parts"]] == [1, 2] and page["IsTruncated"]
    page = upload.s3.list_parts(PartNumberMarker=page["NextPartNumberMarker"], **call)
    assert [(p["PartNumber"], p["Size"]) for p in page["Parts"]] == [(3, 3), (4, 4), (5, 5)]
    other = upload.s3.create_multipart_upload(Bucket=upload.repo, Key="main/x/y")["UploadId"]
    for prefix, want in (("main/", [upload.id, other]), ("main/x/", [other]),
                         ("", [upload.id, other]), ("dev/", [])):
        got = upload.s3.list_multipart_uploads(Bucket=upload.repo, Prefix=prefix)
        assert [u["UploadId"] for u in got.get("Uploads", [])] == want
    page = upload.s3.list_multipart_uploads(Bucket=upload.repo, Prefix="main/", MaxUploads=1)
    page = upload.s3.list_multipart_uploads(
        Bucket=upload.repo, Prefix="main/", KeyMarker=page["NextKeyMarker"],
        UploadIdMarker=page["NextUploadIdMarker"])
    assert [u["UploadId"] for u in page["Uploads"]] == [other]


def test_part_copy(upload, refused):
    body = os.urandom(6 * MIB)
    upload.put("main/src", body)
    source = f"{upload.repo}/main/src"
    copy = lambda n, **more: {"PartNumber": n, "ETag": upload.s3.upload_part_copy(
        Bucket=upload.repo, Key="main/mp", UploadId=upload.id, PartNumber=n, CopySource=source,
        **more)["CopyPartResult"]["ETag"]}
    parts = [copy(1), copy(2, CopySourceRange="bytes=10-19")]
    assert parts[1]["ETag"] == f'"{hashlib.md5(body[10:20]).hexdigest()}"'
    with refused("InvalidRange", 416):
        copy(3, CopySourceRange=f"bytes=0-{6 * MIB}")
    with refused("InvalidArgument", 400):
        copy(3, CopySourceRange="bytes=5-")
    upload.complete(parts)
    assert upload.body("main/mp") == body + body[10:20]


def test_conditional_complete(upload, refused):
    upload.put("main/mp", b"old")
    part = upload.part(1, b"new")
    with refused("PreconditionFailed", 412):
        upload.complete([part], IfNoneMatch="*")
    assert upload.body("main/mp") == b"old"
    upload.s3.delete_object(Bucket=upload.repo, Key="main/mp")
    upload.complete([part], IfNoneMatch="*")
    assert upload.body("main/mp") == b"new"


@pytest.mark.parametrize("kind", ["COMPOSITE", "FULL_OBJECT"])
def test_checksum_of_the_whole(lake, refused, kind):
    bodies = [os.urandom(5 * MIB), b"and the rest"]
    u = lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/mp", ChecksumAlgorithm="CRC32",
                                        ChecksumType=kind)["UploadId"]
    call = dict(Bucket=lake.repo, Key="main/mp", UploadId=u)
    parts = []
    for n, body in enumerate(bodies):
        r = lake.s3.upload_part(PartNumber=n + 1, Body=body, ChecksumAlgorithm="CRC32", **call)
        parts.append({"PartNumber": n + 1, "ETag": r["ETag"], "ChecksumCRC32": r["ChecksumCRC32"]})
    b64 = lambda v: base64.b64encode(v.to_bytes(4, "big")).decode()
    if kind == "FULL_OBJECT":
        want = b64(zlib.crc32(b"".join(bodies)))
        with refused("BadDigest", 400):
            lake.s3.complete_multipart_upload(MultipartUpload={"Parts": parts},
                                              ChecksumCRC32="AAAAAA==", **call)
    else:
        want = b64(zlib.crc32(b"".join(zlib.crc32(b).to_bytes(4, "big") for b in bodies))) + "-2"
    r = lake.s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **call)
    assert r["ChecksumCRC32"] == want
    h = lake.s3.head_object(Bucket=lake.repo, Key="main/mp", ChecksumMode="ENABLED")
    assert h["ChecksumCRC32"] == want and h["ChecksumType"] == kind


def in_parts(lake, sizes, **more):
    key = dict(Bucket=lake.repo, Key="main/parts")
    bodies = [bytes([65 + i]) * n for i, n in enumerate(sizes)]
    up = lake.s3.create_multipart_upload(**key, **more)["UploadId"]
    parts = []
    for n, body in enumerate(bodies, 1):
        r = lake.s3.upload_part(UploadId=up, PartNumber=n, Body=body, **key)
        parts.append({"PartNumber": n, **{k: v for k, v in r.items() if k in ("ETag", "ChecksumCRC32")}})
    lake.s3.complete_multipart_upload(UploadId=up, MultipartUpload={"Parts": parts}, **key)
    return bodies


@pytest.mark.heavy
def test_reading_one_part(lake, refused):
    bodies = in_parts(lake, [5 << 20, 5 << 20, 7])
    get = lambda n, **more: lake.s3.get_object(Bucket=lake.repo, Key="main/parts", PartNumber=n, **more)
    at = 0
    for n, body in enumerate(bodies, 1):
        r = get(n)
        assert r["Body"].read() == body and r["PartsCount"] == 3
        assert r["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert r["ContentRange"] == f"bytes {at}-{at + len(body) - 1}/{sum(map(len, bodies))}"
        assert lake.s3.head_object(Bucket=lake.repo, Key="main/parts", PartNumber=n)["ContentLength"] == len(body)
        at += len(body)
    with refused("InvalidPartNumber", 416):
        get(4)
    with refused("InvalidRequest", 400):
        get(1, Range="bytes=0-1")
    with refused("InvalidArgument", 400):
        get(10001)
    lake.commit()
    lake.s3.copy_object(Bucket=lake.repo, Key="main/copy", CopySource=f"{lake.repo}/main@/parts")
    assert lake.body("main/copy", PartNumber=3) == bodies[2]


def test_an_object_of_one_piece_is_its_part_1(lake, refused):
    sent = lake.put("main/o", b"whole", ChecksumAlgorithm="SHA1")
    lake.put("main/empty", b"")
    r = lake.s3.get_object(Bucket=lake.repo, Key="main/o", PartNumber=1, ChecksumMode="ENABLED")
    assert r["ChecksumSHA1"] == sent["ChecksumSHA1"]
    assert r["Body"].read() == b"whole" and "PartsCount" not in r
    assert lake.body("main/empty", PartNumber=1) == b""
    with refused("InvalidPartNumber", 416):
        lake.body("main/o", PartNumber=2)


@pytest.mark.heavy
def test_attributes(lake, refused):
    ask = lambda key, *what, **more: lake.s3.get_object_attributes(
        Bucket=lake.repo, Key=key, ObjectAttributes=list(what), **more)
    etag = lake.put("main/o", b"whole", ChecksumAlgorithm="CRC32")["ETag"].strip('"')
    r = ask("main/o", "ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")
    assert (r["ETag"], r["ObjectSize"], r["StorageClass"]) == (etag, 5, "STANDARD")
    assert r["Checksum"]["ChecksumCRC32"] and r["Checksum"]["ChecksumType"] == "FULL_OBJECT"
    assert "ObjectParts" not in r and r["LastModified"]
    assert "ETag" not in ask("main/o", "ObjectSize")
    in_parts(lake, [5 << 20, 5 << 20, 7], ChecksumAlgorithm="CRC32")
    parts = ask("main/parts", "ObjectParts", MaxParts=2)["ObjectParts"]
    assert (parts["TotalPartsCount"], parts["IsTruncated"]) == (3, True)
    assert [p["Size"] for p in parts["Parts"]] == [5 << 20, 5 << 20]
    rest = ask("main/parts", "ObjectParts", PartNumberMarker=parts["NextPartNumberMarker"])["ObjectParts"]
    assert [(p["PartNumber"], p["Size"]) for p in rest["Parts"]] == [(3, 7)] and not rest["IsTruncated"]
    with refused("NoSuchKey", 404):
        ask("main/none", "ETag")
    with refused("InvalidArgument", 400):
        ask("main/o", "ETag", "Colour")


def checksum(algorithm, body):
    if algorithm == "CRC32":
        raw = zlib.crc32(body).to_bytes(4, "big")
    else:
        raw = hashlib.new(algorithm.lower(), body).digest()
    return raw, base64.b64encode(raw).decode()


@pytest.mark.heavy
@pytest.mark.parametrize("algorithm,kind,count", [
    ("CRC32", "COMPOSITE", 2), ("CRC32", "FULL_OBJECT", 2), ("SHA256", "COMPOSITE", 6),
    ("SHA1", "COMPOSITE", 2)])
def test_parts_keep_their_checksums(lake, refused, algorithm, kind, count):
    key, name = dict(Bucket=lake.repo, Key="main/parts"), "Checksum" + algorithm
    bodies = [os.urandom(5 * MIB) for _ in range(count - 1)] + [b"end"]
    sums = [checksum(algorithm, b)[1] for b in bodies]
    up = lake.s3.create_multipart_upload(ChecksumAlgorithm=algorithm, ChecksumType=kind,
                                         **key)["UploadId"]
    lake.put("main/first", bodies[0])
    r = lake.s3.upload_part_copy(UploadId=up, PartNumber=1, CopySource=f"{lake.repo}/main/first",
                                 **key)["CopyPartResult"]
    assert r[name] == sums[0]
    parts = [{"PartNumber": 1, "ETag": r["ETag"], name: r[name]}]
    for n, body in enumerate(bodies[1:], 2):
        r = lake.s3.upload_part(UploadId=up, PartNumber=n, Body=body, ChecksumAlgorithm=algorithm,
                                **key)
        parts.append({"PartNumber": n, "ETag": r["ETag"], name: r[name]})
    with refused("InvalidRequest", 400):
        lake.s3.upload_part(UploadId=up, PartNumber=9, Body=b"x", ChecksumAlgorithm="CRC32C", **key)
    listed = lake.s3.list_parts(UploadId=up, **key)
    assert [p[name] for p in listed["Parts"]] == sums
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (algorithm, kind)
    page = lake.s3.list_multipart_uploads(Bucket=lake.repo, Prefix="main/")["Uploads"][0]
    assert (page["ChecksumAlgorithm"], page["ChecksumType"]) == (algorithm, kind)
    whole, again = (lake.s3.complete_multipart_upload(
        UploadId=up, MultipartUpload={"Parts": parts}, **key)[name] for _ in range(2))
    assert whole == again
    if kind == "COMPOSITE":
        raw = b"".join(checksum(algorithm, b)[0] for b in bodies)
        assert whole == f"{checksum(algorithm, raw)[1]}-{count}"
    else:
        assert whole == checksum(algorithm, b"".join(bodies))[1]
    lake.commit()
    lake.s3.copy_object(Bucket=lake.repo, Key="main/copy", CopySource=f"{lake.repo}/main@/parts")
    for at in ("main/parts", "main/copy"):
        got = lake.s3.get_object_attributes(Bucket=lake.repo, Key=at,
                                            ObjectAttributes=["ObjectParts", "Checksum"])
        assert [p[name] for p in got["ObjectParts"]["Parts"]] == sums
        assert got["Checksum"] == {name: whole, "ChecksumType": kind}
        for n, body in enumerate(bodies, 1):
            r = lake.s3.get_object(Bucket=lake.repo, Key=at, PartNumber=n, ChecksumMode="ENABLED")
            assert r[name] == sums[n - 1] and r["Body"].read() == body
        r = lake.s3.get_object(Bucket=lake.repo, Key=at, Range="bytes=0-9", ChecksumMode="ENABLED")
        assert name not in r


@pytest.mark.heavy
def test_a_copied_range_has_its_checksum(lake):
    body = os.urandom(6 * MIB)
    lake.put("main/src", body)
    key = dict(Bucket=lake.repo, Key="main/o")
    up = lake.s3.create_multipart_upload(ChecksumAlgorithm="SHA256", **key)["UploadId"]
    r = lake.s3.upload_part_copy(UploadId=up, PartNumber=1, CopySource=f"{lake.repo}/main/src",
                                 CopySourceRange="bytes=7-99", **key)["CopyPartResult"]
    assert r["ChecksumSHA256"] == checksum("SHA256", body[7:100])[1]


def test_listing_uploads_by_delimiter(lake):
    lake.repository.branch("dev").create("main")
    keys = ["dev/x", "main/a", "main/d/1", "main/d/2", "main/d/e/3", "main/f", "main/z/9"]
    for key in keys + ["main/a"]:
        lake.s3.create_multipart_upload(Bucket=lake.repo, Key=key)

    def pages(size, **more):
        """Everything, in pages of a size."""
        found, where = [], {}
        while True:
            r = lake.s3.list_multipart_uploads(Bucket=lake.repo, MaxUploads=size, **more, **where)
            page = [u["Key"] for u in r.get("Uploads", [])] + [
                p["Prefix"] for p in r.get("CommonPrefixes", [])]
            assert len(page) <= size
            found += page
            if not r["IsTruncated"]:
                return sorted(found)
            where = {"KeyMarker": r["NextKeyMarker"], "UploadIdMarker": r["NextUploadIdMarker"]}
    for size in (1, 2, 3, 1000):
        assert pages(size) == sorted(keys + ["main/a"])
        assert pages(size, Delimiter="/") == ["dev/", "main/"]
        assert pages(size, Prefix="main/", Delimiter="/") == [
            "main/a", "main/a", "main/d/", "main/f", "main/z/"]
        assert pages(size, Prefix="main/d/", Delimiter="/") == ["main/d/1", "main/d/2", "main/d/e/"]
        assert pages(size, Prefix="main/d") == ["main/d/1", "main/d/2", "main/d/e/3"]
        assert pages(size, Prefix="nobranch/") == []
    lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/q/a b+\u00fc")
    r = lake.s3.list_multipart_uploads(Bucket=lake.repo, Prefix="main/q/", EncodingType="url")
    assert r["Uploads"][0]["Key"] == "main/q/a%20b%2B%C3%BC" and r["EncodingType"] == "url"
