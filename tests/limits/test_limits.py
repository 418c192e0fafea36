"""The largest things that S3 allows.  FULL=1 makes them as large as they may be:
5 GiB in one PUT, 10000 parts, an object beyond 5 TiB; else a quick part of it."""
import hashlib
import os
import shutil

import pytest

from lake import Lake
from servers import connect, serve
from sign import Signed

MIB = 1 << 20
FULL = bool(os.environ.get("FULL"))
PUT = 5 << 30 if FULL else 96 * MIB
PARTS = 10000 if FULL else 400
SOURCE = 600 * MIB if FULL else 5 * MIB


@pytest.fixture(scope="module", params=["lighttpd", "nginx"])
def lake(request):
    server = serve(request.param, os.path.abspath(request.config.getoption("--build")))
    yield Lake(server)
    r = server.run("--lake", server.lake, "fsck", check=False)
    assert r.returncode == 0, r.stdout
    server.stop()
    shutil.rmtree(server.root)


class Pattern:
    """Bytes that say where they are: nothing of an object is held in memory."""

    def __init__(self, size):
        self.size = size

    def at(self, off, n):
        first = off // 16
        lines = b"".join(b"%015x\n" % i for i in range(first, (off + n + 15) // 16))
        return lines[off - first * 16:][:n]

    def blocks(self, step=MIB):
        for off in range(0, self.size, step):
            yield self.at(off, min(step, self.size - off))


def put(lake, key, pattern):
    s = Signed(lake.url, "PUT", f"/{lake.repo}/{key}")
    c = connect(lake.url)
    c.request("PUT", s.path, pattern.blocks(),
              {**s.headers, "Content-Length": str(pattern.size)}, encode_chunked=False)
    r = c.getresponse()
    assert r.status == 200, r.read()
    return r.getheader("ETag")


def piece(lake, key, off, n, **more):
    return lake.body(key, Range=f"bytes={off}-{off + n - 1}", **more)


def peak(lake):
    """The most memory that a worker ever had, in MiB."""
    out = 0
    for pid in lake.server.workers():
        with open(f"/proc/{pid}/status") as f:
            out = max(out, *[int(line.split()[1]) for line in f if line.startswith("VmHWM")])
    return out / 1024


def test_one_put(lake):
    pattern = Pattern(PUT)
    etag = put(lake, "main/one", pattern)
    md5 = hashlib.md5()
    body = lake.s3.get_object(Bucket=lake.repo, Key="main/one")
    assert body["ContentLength"] == PUT
    for block in body["Body"].iter_chunks(MIB):
        md5.update(block)
    assert etag == f'"{md5.hexdigest()}"'
    for off in (0, 4095, PUT // 2 - 7, PUT - 20):
        assert piece(lake, "main/one", off, 20) == pattern.at(off, 20)
    assert peak(lake) < 48


def test_the_most_parts(lake, refused):
    pattern = Pattern(SOURCE)
    etag = put(lake, "main/source", pattern)
    key = dict(Bucket=lake.repo, Key="main/parts")
    up = lake.s3.create_multipart_upload(**key)["UploadId"]
    parts = []
    for n in range(1, PARTS + 1):
        r = lake.s3.upload_part_copy(UploadId=up, PartNumber=n, **key,
                                     CopySource=f"{lake.repo}/main/source")
        assert r["CopyPartResult"]["ETag"] == etag
        parts.append({"PartNumber": n, "ETag": etag})
    assert len(list(lake.s3.get_paginator("list_parts").paginate(UploadId=up, **key)
                    .search("Parts"))) == PARTS
    with refused("MalformedXML", 400):
        lake.s3.complete_multipart_upload(UploadId=up, MultipartUpload={
            "Parts": parts + [{"PartNumber": 10000, "ETag": etag}] * (10001 - PARTS)}, **key)
    whole = lake.s3.complete_multipart_upload(UploadId=up, MultipartUpload={"Parts": parts}, **key)
    raw = bytes.fromhex(etag.strip('"')) * PARTS
    assert whole["ETag"] == f'"{hashlib.md5(raw).hexdigest()}-{PARTS}"'
    commit = lake.commit()
    size = PARTS * SOURCE
    for at in ("main/parts", f"{commit}/parts"):
        head = lake.s3.head_object(Bucket=lake.repo, Key=at)
        assert head["ContentLength"] == size and head["ETag"] == whole["ETag"]
        for part in (0, 1, PARTS // 2, PARTS - 1):
            for off in (0, SOURCE - 40):
                assert piece(lake, at, part * SOURCE + off, 40) == pattern.at(off, 40)
        edge = (PARTS - 1) * SOURCE - 8
        assert piece(lake, at, edge, 16) == pattern.at(SOURCE - 8, 8) + pattern.at(0, 8)
        assert lake.body(at, Range="bytes=-5") == pattern.at(SOURCE - 5, 5)
        r = lake.s3.head_object(Bucket=lake.repo, Key=at, PartNumber=PARTS)
        assert (r["ContentLength"], r["PartsCount"]) == (SOURCE, PARTS)
        assert r["ContentRange"] == f"bytes {size - SOURCE}-{size - 1}/{size}"
    last = lake.s3.get_object_attributes(Bucket=lake.repo, Key="main/parts", PartNumberMarker=PARTS - 2,
                                         ObjectAttributes=["ObjectParts", "ObjectSize"])
    assert last["ObjectSize"] == size and len(last["ObjectParts"]["Parts"]) == 2
    page = lake.s3.list_objects_v2(Bucket=lake.repo, Prefix="main/parts")["Contents"]
    assert page[0]["Size"] == size
    assert peak(lake) < 64


def test_parts_of_nothing(lake):
    key = dict(Bucket=lake.repo, Key="main/nothing")
    up = lake.s3.create_multipart_upload(**key)["UploadId"]
    etag = lake.s3.upload_part(UploadId=up, PartNumber=1, Body=b"", **key)["ETag"]
    lake.s3.complete_multipart_upload(UploadId=up, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": etag}]}, **key)
    assert lake.body("main/nothing") == b""
    big = lake.s3.create_multipart_upload(**key)["UploadId"]
    parts = [{"PartNumber": n, "ETag": lake.s3.upload_part(
        UploadId=big, PartNumber=n, Body=body, **key)["ETag"]}
        for n, body in ((1, b"x" * (5 * MIB)), (10000, b""))]
    lake.s3.complete_multipart_upload(UploadId=big, MultipartUpload={"Parts": parts}, **key)
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/nothing")["ContentLength"] == 5 * MIB
    assert lake.body("main/nothing", PartNumber=2) == b""
