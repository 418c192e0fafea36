"""Limits on what is sent: at the limit it is taken, one over it is refused, and
nothing is stored."""
import base64
import json
import os
import subprocess

import pytest

from servers import FIRST_KEY, KEY, SECRET, connect
from sign import Signed, chunked, crc32

pytestmark = pytest.mark.server

KIB, MIB = 1 << 10, 1 << 20


def api(lake, method, path, body, key=KEY):
    """Status and text of a request to the REST API; key None: unsigned."""
    c = connect(lake.url)
    c.putrequest(method, "/api/v1" + path)
    c.putheader("Content-Type", "application/json")
    c.putheader("Content-Length", str(len(body)))
    if key:
        word = base64.b64encode(f"{key}:{SECRET}".encode()).decode()
        c.putheader("Authorization", "Basic " + word)
    c.endheaders()
    try:
        c.send(body)
    except OSError:         # refused before the last byte
        pass
    r = c.getresponse()
    text = r.read()
    c.close()
    return r.status, text


def of_size(document, size):
    """A document in JSON, with blanks up to this size."""
    text = json.dumps(document)
    return (text + " " * (size - len(text))).encode()


def login(lake, size):
    return api(lake, "POST", "/auth/login", of_size(
        {"access_key_id": KEY, "secret_access_key": SECRET}, size), key=None)


def test_a_login_has_64_kib(lake):
    assert login(lake, 64 * KIB)[0] == 200
    assert login(lake, 64 * KIB + 1)[0] == 413


def test_a_hostile_login_is_refused(lake):
    body = b'{"a":[' + b"{}," * (8 * MIB // 3) + b"{}]}"
    assert api(lake, "POST", "/auth/login", body, key=None)[0] == 413
    assert api(lake, "POST", "/setup_lakefs", body, key=None)[0] == 413


def test_a_length_that_is_too_much_is_refused_before_the_body(tmp_path, server):
    """A CGI program whose body never comes: its length alone is too much."""
    where = tmp_path / "lake"
    server.run("init", str(where), *FIRST_KEY)
    for path, length, word in (
            ("/api/v1/auth/login", 64 * KIB, "400"), ("/api/v1/auth/login", 64 * KIB + 1, "413")):
        r = subprocess.run([server.binary], capture_output=True, text=True, stdin=subprocess.DEVNULL, env=dict(
            os.environ, GATEWAY_INTERFACE="CGI/1.1", LAKEGATE_LAKE=str(where), REQUEST_METHOD="POST",
            REQUEST_URI=path, CONTENT_LENGTH=str(length), CONTENT_TYPE="application/json"))
        assert r.stdout.startswith(f"Status: {word} "), r.stdout


def test_bodies_of_the_api_have_1_mib(lake):
    path = f"/repositories/{lake.repo}/branches"
    new = {"name": "b1", "source": "main"}
    assert api(lake, "POST", path, of_size(new, MIB + 1))[0] == 413
    assert api(lake, "POST", path, of_size(new, MIB))[0] == 201


def test_objects_delete_has_8_mib(lake):
    path = f"/repositories/{lake.repo}/branches/main/objects/delete"
    for size, status, left in (8 * MIB + 1, 413, ["main/o"]), (8 * MIB, 200, []):
        lake.put("main/o")
        assert api(lake, "POST", path, of_size({"paths": ["o"]}, size))[0] == status
        assert lake.keys() == left


def test_objects_delete_takes_1000_paths(lake):
    path = f"/repositories/{lake.repo}/branches/main/objects/delete"
    lake.put("main/o")
    some = [f"p{i}" for i in range(999)]
    assert api(lake, "POST", path, json.dumps({"paths": some + ["o", "p"]}).encode())[0] == 400
    assert lake.keys() == ["main/o"]
    assert api(lake, "POST", path, json.dumps({"paths": some + ["o"]}).encode())[0] == 200
    assert lake.keys() == []


def test_a_commit_has_64_kib_of_words(lake):
    path = f"/repositories/{lake.repo}/branches/main/commits"
    lake.put("main/o")
    for more, status in (1, 413), (0, 201):
        body = json.dumps({"message": "m" * (60 * KIB), "metadata": {"k": "v" * (4 * KIB - 1 + more)}})
        assert api(lake, "POST", path, body.encode())[0] == status
    path = f"/repositories/{lake.repo}/refs/main/merge/other"
    lake.repository.branch("other").create("main~1")
    assert api(lake, "POST", path, json.dumps({"message": "m" * 64 * KIB}).encode())[0] == 413


def test_a_storage_namespace_has_1024_bytes(lake):
    for n, status in (1025, 400), (1024, 201):
        body = {"name": f"{lake.repo}-{n}", "storage_namespace": "local://".ljust(n, "x")}
        assert api(lake, "POST", "/repositories", json.dumps(body).encode())[0] == status


def s3(lake, method, query, body, key=""):
    return Signed(lake.url, method, f"/{lake.repo}" + key, query).send(body)


def spaced(text, size):
    return (text + " " * (size - len(text))).encode()


DELETE = "<Delete><Object><Key>main/o</Key></Object></Delete>"


@pytest.mark.parametrize("query,limit,text,status", [
    ("delete", 8 * MIB, DELETE, 200),
    ("tagging", MIB, "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>", 204),
    ("versioning", MIB, "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", 200),
    ("cors", MIB, "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET"
     "</AllowedMethod></CORSRule></CORSConfiguration>", 200)])
def test_bodies_in_xml(lake, query, limit, text, status):
    method = "POST" if query == "delete" else "PUT"
    got, _, answer = s3(lake, method, query, spaced(text, limit + 1))
    assert (got, b"MalformedXML" in answer) == (400, True), answer
    begin, end = text.rsplit("</", 1)
    assert s3(lake, method, query, (begin + " " * (limit - len(text)) + "</" + end).encode())[0] == status


def test_a_completion_has_4_mib(lake):
    up = lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/o")["UploadId"]
    part = lake.s3.upload_part(Bucket=lake.repo, Key="main/o", UploadId=up, PartNumber=1, Body=b"part")
    text = ("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
            f"<ETag>{part['ETag'].strip(chr(34))}</ETag></Part></CompleteMultipartUpload>")
    status, _, answer = s3(lake, "POST", f"uploadId={up}", spaced(text, 4 * MIB + 1), "/main/o")
    assert (status, b"MalformedXML" in answer) == (400, True), answer
    assert lake.keys() == []
    begin, end = text.rsplit("</", 1)
    whole = begin + " " * (4 * MIB - len(text)) + "</" + end
    assert s3(lake, "POST", f"uploadId={up}", whole.encode(), "/main/o")[0] == 200
    assert lake.body("main/o") == b"part"


def test_a_policy_has_20_kib(lake):
    one = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{lake.repo}/main/*"}]}
    status, _, text = s3(lake, "PUT", "policy", of_size(one, 20 * KIB + 1))
    assert (status, b"MalformedPolicy" in text) == (400, True), text
    assert s3(lake, "GET", "policy", b"")[0] == 404
    assert s3(lake, "PUT", "policy", of_size(one, 20 * KIB))[0] == 204


@pytest.mark.parametrize("more,status", [(0, 200), (1, 400), (100000, 400)])
def test_trailers_are_counted(lake, more, status):
    body = b"with a trailer"
    s = Signed(lake.url, "PUT", f"/{lake.repo}/main/o",
               payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
               headers={"x-amz-decoded-content-length": str(len(body)),
                        "x-amz-trailer": "x-amz-checksum-crc32"})
    sent = chunked(s, body, trailer=("x-amz-checksum-crc32", crc32(body)))
    line = sent[sent.index(b"x-amz-trailer-signature"):-2]
    assert s.send(sent[:-2] + line * more + b"\r\n")[0] == status
    assert lake.keys() == (["main/o"] if status == 200 else [])


def test_a_line_of_framing_has_4_kib(lake):
    for more, status in (1, 400), (0, 200):
        s = Signed(lake.url, "PUT", f"/{lake.repo}/main/o", payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                   headers={"x-amz-decoded-content-length": "1", "x-amz-trailer": "x-amz-checksum-crc32"})
        sent = b"1;" + b"e" * (4 * KIB - 4 + more) + b"\r\nx\r\n0\r\nx-amz-checksum-crc32:" + crc32(b"x").encode()
        assert s.send(sent + b"\r\n\r\n")[0] == status
        assert lake.keys() == (["main/o"] if status == 200 else [])


@pytest.fixture
def as_cgi(tmp_path, server):
    """A CGI program whose bodies never come: the length of each says what is too much."""
    where = str(tmp_path / "lake")
    server.run("init", where, *FIRST_KEY)
    server.run("--lake", where, "repo", "create", "doc")

    def run(s, length):
        names = {"HTTP_" + k.upper().replace("-", "_"): v for k, v in s.headers.items()}
        return subprocess.run([server.binary], capture_output=True, text=True, stdin=subprocess.DEVNULL, env=dict(
            os.environ, **names, GATEWAY_INTERFACE="CGI/1.1", LAKEGATE_LAKE=where, REQUEST_METHOD=s.method,
            REQUEST_URI=s.path + ("?" + s.query if s.query else ""), CONTENT_LENGTH=str(length))).stdout
    return run


def test_an_object_and_a_part_have_5_gib(as_cgi):
    upload = as_cgi(Signed("http://h", "POST", "/doc/main/o", "uploads"), 0)
    upload = upload.split("<UploadId>")[1].split("<")[0]
    for query in "", f"partNumber=1&uploadId={upload}":
        for more, code in (0, "IncompleteBody"), (1, "EntityTooLarge"):
            r = as_cgi(Signed("http://h", "PUT", "/doc/main/o", query), (5 << 30) + more)
            assert r.startswith("Status: 400 ") and f"<Code>{code}</Code>" in r, r


def test_an_upload_to_the_api_has_5_tib(as_cgi):
    s = Signed("http://h", "POST", "/api/v1/repositories/doc/branches/main/objects", "path=o")
    s.headers["Authorization"] = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    for more, status in (0, 400), (1, 413):
        r = as_cgi(s, (5 << 40) + more)
        assert r.startswith(f"Status: {status} "), r


def test_names_of_branches_and_tags_have_255_bytes(lake):
    at = f"/repositories/{lake.repo}"
    for n, status in (256, 400), (255, 201):
        for path, body in (("/branches", {"name": "n" * n, "source": "main"}),
                           ("/tags", {"id": "t" * n, "ref": "main"})):
            got, text = api(lake, "POST", at + path, json.dumps(body).encode())
            assert got == status, text
    assert {b.id for b in lake.repository.branches()} == {"main", "n" * 255}
    assert [t.id for t in lake.repository.tags()] == ["t" * 255]
    lake.put("n" * 255 + "/o", b"x")
    assert lake.body("n" * 255 + "/o") == b"x"


def test_metadata_goes_out_up_to_8000_bytes(lake):
    """Four names of twelve bytes; of one byte more the last is left out, and counted."""
    at = f"/repositories/{lake.repo}/branches/main/objects/stat/user_metadata?path=o"
    lake.put("main/o")
    for more in 0, 1:
        meta = {f"X-Amz-Meta-{i}": "v" * (1988 + (more if i == 3 else 0)) for i in range(4)}
        assert api(lake, "PUT", at, json.dumps({"set": meta}).encode())[0] == 204
        r = lake.s3.head_object(Bucket=lake.repo, Key="main/o")
        assert (len(r["Metadata"]), r.get("MissingMeta")) == (4 - more, 1 if more else None)


def test_a_record_has_48_kib(lake):
    """The largest metadata that is taken is kept whole; with one byte more it is refused, and what
    was there stays."""
    at = f"/repositories/{lake.repo}/branches/main/objects/stat/user_metadata?path=o"
    lake.put("main/o")

    def taken(n):
        status, text = api(lake, "PUT", at, json.dumps({"set": {"m": "v" * n}}).encode())
        assert status in (204, 400), text
        return status == 204
    low, high = 47 * KIB, 48 * KIB
    assert taken(low) and not taken(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if taken(middle) else (low, middle)
    assert taken(low) and not taken(low + 1)
    r = api(lake, "GET", f"/repositories/{lake.repo}/refs/main/objects/stat?path=o", b"")
    assert json.loads(r[1])["metadata"] == {"m": "v" * low}


@pytest.mark.parametrize("n,status", [(10000, 200), (10001, 400)])
def test_a_page_of_buckets_has_10000(lake, n, status):
    got, _, text = Signed(lake.url, "GET", "/", f"max-buckets={n}").send()
    assert got == status and (status == 200 or b"InvalidArgument" in text), text


def test_a_page_is_bounded_in_memory(lake):
    """Entries with 40 KiB of metadata: fewer to a page, and none lost."""
    names = [f"n{i:03}" for i in range(120)]
    for name in names:
        lake.put("main/" + name)
        assert api(lake, "PUT", f"/repositories/{lake.repo}/branches/main/objects/stat/user_metadata"
                   f"?path={name}", json.dumps({"set": {"m": "v" * 40 * KIB}}).encode())[0] == 204

    def pages(path, field="path"):
        got, after, sizes = [], "", []
        while True:
            status, text = api(lake, "GET", f"{path}amount=1000&after={after}", b"")
            page = json.loads(text)
            assert status == 200, text
            got += [r[field] for r in page["results"]]
            sizes.append(len(page["results"]))
            after = page["pagination"]["next_offset"]
            if not page["pagination"]["has_more"]:
                return got, sizes

    base = f"/repositories/{lake.repo}/"
    for path in "refs/main/objects/ls?", "branches/main/diff?":
        got, sizes = pages(base + path)
        assert got == names and len(sizes) == 2 and sizes[0] > 90, sizes
    assert lake.keys() == ["main/" + n for n in names]
    lake.s3.put_bucket_versioning(Bucket=lake.repo, VersioningConfiguration={"Status": "Enabled"})
    lake.commit()
    for name in names[::2]:
        lake.put("main/" + name, b"y")
    shown = [(v["Key"], v["IsLatest"]) for page in lake.s3.get_paginator("list_object_versions").paginate(
        Bucket=lake.repo, Prefix="main/") for v in page["Versions"]]
    assert shown == [("main/" + n, latest) for i, n in enumerate(names)
                     for latest in ([True, False] if i % 2 == 0 else [True])]
    for i in range(75):
        lake.put(f"main/c{i}")
        assert api(lake, "POST", base + "branches/main/commits",
                   json.dumps({"message": f"{i:02}" + "m" * 60 * KIB}).encode())[0] == 201
    got, sizes = pages(base + "refs/main/commits?", "message")
    assert [m[:2] for m in got[:75]] == [f"{i:02}" for i in reversed(range(75))] and len(sizes) == 2


def test_a_completion_lists_10000_parts(lake):
    up = lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/o")["UploadId"]
    part = "<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>"
    for n, code in (10000, b"InvalidPart"), (10001, b"MalformedXML"):
        body = f"<CompleteMultipartUpload>{part * n}</CompleteMultipartUpload>".encode()
        status, _, text = s3(lake, "POST", f"uploadId={up}", body, "/main/o")
        assert (status, code in text) == (400, True), text
    assert lake.keys() == []


def test_delete_objects_takes_1000(lake):
    lake.put("main/o")
    some = "".join(f"<Object><Key>main/p{i}</Key></Object>" for i in range(999))
    for more, status, left in ("<Object><Key>main/p</Key></Object>", 400, ["main/o"]), ("", 200, []):
        body = f"<Delete>{some}<Object><Key>main/o</Key></Object>{more}</Delete>".encode()
        assert s3(lake, "POST", "delete", body)[0] == status
        assert lake.keys() == left


@pytest.mark.parametrize("encode", ["utf-16", "utf-16-be", "utf-32-le"])
def test_an_entity_in_another_encoding_is_refused(lake, encode):
    lake.put("main/o")
    body = ('<?xml version="1.0"?><!DOCTYPE Tagging [<!ENTITY e "' + "x" * 1000 + '">]><Tagging><TagSet><Tag>'
            "<Key>k</Key><Value>&e;</Value></Tag></TagSet></Tagging>").encode(encode)
    status, _, text = s3(lake, "PUT", "tagging", body, "/main/o")
    assert (status, b"MalformedXML" in text) == (400, True), text
    assert lake.s3.get_object_tagging(Bucket=lake.repo, Key="main/o")["TagSet"] == []
