"""Names and paths at their limits and beyond, and records that would not be whole."""
import urllib.parse

import pytest

from sign import Signed
from test_api import call
from worker import Cgi

pytestmark = pytest.mark.server

LONG, NULS = "a" * 3000, "%00" * 1024
UPLOAD = "0" * 32


def refused_by_the_server(status, text):
    """Some let no NUL through, or no name that a file could not have."""
    return status in (400, 403, 404) and b"<Error>" not in text


def quoted(s):
    return urllib.parse.quote(s, safe="")


@pytest.mark.parametrize("method,target,query,headers", [
    ("PUT", "a" * 2000, "tagging", {}),
    ("DELETE", "a" * 2000, "tagging", {}),
    ("GET", "a" * 2000, "tagging", {}),
    ("GET", LONG, "uploadId=" + UPLOAD, {}),
    ("DELETE", LONG, "uploadId=" + UPLOAD, {}),
    ("POST", LONG, "uploadId=" + UPLOAD, {}),
    ("PUT", LONG, "partNumber=1&uploadId=" + UPLOAD, {}),
    ("POST", LONG, "uploads", {}),
    ("GET", LONG, "", {}), ("HEAD", LONG, "", {}), ("PUT", LONG, "", {}), ("DELETE", LONG, "", {}),
    ("GET", LONG, "attributes", {"x-amz-object-attributes": "ETag"}),
    ("GET", LONG, "versionId=null", {}), ("DELETE", LONG, "versionId=null", {}),
    ("PUT", "o", "", {"x-amz-copy-source": "/{repo}/main/" + LONG}),
    ("PUT", "o", "", {"x-amz-rename-source": "main/" + LONG}),
    ("PUT", LONG, "", {"x-amz-copy-source": "/{repo}/main/o"}),
    ("PUT", "o", "partNumber=1&uploadId=" + UPLOAD, {"x-amz-copy-source": "/{repo}/main/" + LONG})])
def test_s3_keys_that_are_too_long(lake, method, target, query, headers):
    headers = {k: v.format(repo=lake.repo) for k, v in headers.items()}
    status, _, text = Signed(lake.url, method, f"/{lake.repo}/main/{target}", query, headers).send()
    assert status == 400 and (b"KeyTooLongError" in text or method == "HEAD"), text
    assert lake.keys() == []


def test_the_longest_key_has_every_operation(tmp_path, request):
    """1024 NULs, which one kind of record writes twice.  Some servers refuse them."""
    cgi = Cgi(request.config.getoption("--build"), tmp_path / "lake")
    path = "/repo/main/" + NULS

    def ask(method, path, query="", body=b""):
        headers = Signed("http://h", method, path, query).headers
        return cgi.ask(method, path + ("?" + query if query else ""), headers, body)

    assert ask("PUT", "/repo")[0] == 200
    assert ask("PUT", path, body=b"x")[0] == 200
    assert ask("GET", path)[2] == b"x"
    status, _, text = ask("POST", path, "uploads")
    assert status == 200, text
    upload = text.split(b"<UploadId>")[1].split(b"<")[0].decode()
    assert ask("PUT", path, f"partNumber=1&uploadId={upload}", b"y")[0] == 200
    status, _, text = ask("GET", "/repo", "uploads=&prefix=main/" + NULS)
    assert status == 200 and upload.encode() in text
    assert ask("DELETE", path, f"uploadId={upload}")[0] == 204
    assert ask("DELETE", path)[0] == 204
    assert b"<Contents>" not in ask("GET", "/repo", "list-type=2&prefix=main/")[2]


@pytest.mark.parametrize("query", [
    "prefix=main/" + LONG, "list-type=2&prefix=main/" + LONG, "versions=&prefix=main/" + LONG,
    "uploads=&prefix=main/" + LONG, "list-type=2&prefix=" + LONG, "uploads=&prefix=" + LONG,
    "list-type=2&prefix=main/&start-after=main/" + LONG, "prefix=main/&marker=main/" + LONG,
    "uploads=&prefix=main/&key-marker=main/" + LONG, "list-type=2&start-after=" + LONG,
    f"list-type=2&prefix={LONG}/", f"uploads=&prefix={LONG}/"])
def test_s3_listings_of_what_no_key_can_be(lake, query):
    status, _, text = Signed(lake.url, "GET", f"/{lake.repo}", query).send()
    assert status == 400 and b"KeyTooLongError" in text, text


@pytest.mark.parametrize("target,query", [
    ("main/%ff", ""), ("ma%c3in/o", ""), ("main/%ff", "tagging"), ("main/%ed%a0%80", "uploads"),
    ("", "prefix=main/%ff"), ("", "prefix=main/&delimiter=%ff"), ("", "prefix=%ff")])
def test_s3_names_that_are_not_utf8(lake, target, query):
    method = "POST" if query == "uploads" else "GET"
    status, _, text = Signed(lake.url, method, f"/{lake.repo}/{target}", query).send()
    assert status == 400 and (b"InvalidURI" if target else b"InvalidArgument") in text, text


@pytest.mark.parametrize("ref,status", [("m" * 513, 400), ("m" * 512, 404), ("ma%00in", 404)])
def test_s3_refs_at_their_limit(lake, ref, status):
    got, _, text = Signed(lake.url, "GET", f"/{lake.repo}/{ref}/o").send()
    assert got == status or refused_by_the_server(got, text), text
    assert Signed(lake.url, "PUT", f"/{lake.repo}/{ref}/o").send(b"x")[0] in (400, 404, 405)


@pytest.mark.parametrize("repo", ["a" * 64, "a" * 3000, "ab%00cd", "ab%ffcd", "Abcd"])
def test_repositories_that_no_name_can_be(lake, repo):
    status, _, text = Signed(lake.url, "GET", f"/{repo}/main/o").send()
    assert b"InvalidBucketName" in text or b"InvalidURI" in text or refused_by_the_server(status, text), text
    assert call(lake, "GET", f"/repositories/{repo}/branches")[0] in (400, 403, 404)


def test_one_key_of_a_list_is_refused_alone(lake):
    lake.put("main/o")
    keys = ["main/" + LONG, "main/o", "m" * 600 + "/o"]
    r = lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [
        *({"Key": k} for k in keys), {"Key": keys[0], "VersionId": "null"}]})
    assert [d["Key"] for d in r["Deleted"]] == ["main/o"]
    assert {e["Code"] for e in r["Errors"]} == {"KeyTooLongError"} and len(r["Errors"]) == 3


@pytest.mark.parametrize("method,path,body", [
    ("GET", "refs/main/objects?path={long}", None), ("HEAD", "refs/main/objects?path={long}", None),
    ("GET", "refs/main/objects/stat?path={long}", None),
    ("GET", "refs/main/objects/underlyingProperties?path={long}", None),
    ("POST", "branches/main/objects?path={long}", b"x"),
    ("DELETE", "branches/main/objects?path={long}", None),
    ("PUT", "branches/main/objects/stat/user_metadata?path={long}", {"set": {"a": "b"}}),
    ("POST", "branches/main/objects/copy?dest_path={long}", {"src_path": "o"}),
    ("POST", "branches/main/objects/copy?dest_path=n", {"src_path": LONG}),
    ("POST", "branches/main/objects/copy?dest_path=n", {"src_path": "o", "src_ref": "m" * 100000}),
    ("PUT", "branches/main", {"type": "object", "path": LONG}),
    ("PUT", "branches/main", {"type": "object", "path": ""}),
    ("PUT", "branches/main", {"type": "common_prefix", "path": LONG}),
    ("POST", "branches", {"name": "b", "source": "m" * 100000}),
    ("POST", "branches", {"name": "b" * 100000, "source": "main"}),
    ("POST", "tags", {"id": "t", "ref": "m" * 100000}),
    ("POST", "tags", {"id": "t" * 100000, "ref": "main"}),
    ("GET", "refs/main/commits?objects={long}", None), ("GET", "refs/main/commits?prefixes={long}", None),
    ("GET", "refs/main/commits?stop_at={long}", None), ("GET", "refs/main/commits?after={long}", None),
    ("GET", "refs/main/objects/ls?prefix={long}", None), ("GET", "refs/main/objects/ls?after={long}", None),
    ("GET", "branches/main/diff?prefix={long}", None), ("GET", "refs/main/diff/main?after={long}", None),
    ("GET", "branches?prefix={long}", None), ("GET", "tags?after={long}", None),
    ("GET", "branches/{long}", None), ("GET", "tags/{long}", None), ("GET", "commits/{long}", None),
    ("GET", "refs/{long}/objects/stat?path=o", None), ("GET", "refs/main/diff/{long}", None),
    ("POST", "refs/main/merge/{long}", {}), ("DELETE", "branches/{long}", None),
    ("GET", "refs/ma%ffin/objects/stat?path=o", None), ("GET", "refs/main/objects/stat?path=%ff", None),
    ("GET", "refs/main/objects/ls?prefix=%ff", None)])
def test_rest_names_beyond_their_limits(lake, method, path, body):
    target = f"/repositories/{lake.repo}/" + path.format(long=LONG)
    status, answer = call(lake, method, target, body)
    assert status == 400, answer
    assert call(lake, "GET", f"/repositories/{lake.repo}/branches")[1]["pagination"]["results"] == 1


def test_rest_delete_takes_no_notice_of_what_is_no_path(lake):
    lake.put("main/o")
    status, r = call(lake, "POST", f"/repositories/{lake.repo}/branches/main/objects/delete",
                     {"paths": [LONG, "o", "", "\0" * 1025]})
    assert (status, r) == (200, {"errors": []})
    assert lake.keys() == []


def test_rest_takes_the_longest_path(lake):
    for path in ("p" * 1024, "\0" * 1024):
        at = f"/repositories/{lake.repo}/branches/main/objects"
        assert call(lake, "POST", f"{at}?path={quoted(path)}", b"x")[0] == 201
        assert call(lake, "PUT", f"{at}/stat/user_metadata?path={quoted(path)}", {"set": {"a": "b"}})[0] == 204
        status, r = call(lake, "GET", f"/repositories/{lake.repo}/refs/main/objects/stat?path={quoted(path)}")
        assert status == 200 and r["metadata"] == {"a": "b"}


# ---- records are whole ------------------------------------------------------

@pytest.mark.parametrize("size", [49_200, 60_000, 190_000, 512_000])
def test_metadata_that_does_not_fit_changes_nothing(lake, size):
    lake.put("main/public/x.txt", b"kept", Metadata={"a": "b"})
    at = f"/repositories/{lake.repo}/branches/main/objects/stat/user_metadata?path=public/x.txt"
    status, r = call(lake, "PUT", at, {"set": {"X-Amz-Meta-big": "v" * size}})
    assert status == 400 and "metadata" in r["message"], r
    assert lake.body("main/public/x.txt") == b"kept"
    assert lake.s3.head_object(Bucket=lake.repo, Key="main/public/x.txt")["Metadata"] == {"a": "b"}
    assert lake.keys() == ["main/public/x.txt"]
    lake.commit()
    assert lake.body("main@/public/x.txt") == b"kept"
    r = lake.server.run("--lake", lake.server.lake, "gc", check=False)
    assert r.returncode == 0, r.stderr


def test_the_largest_metadata_is_kept_and_served(lake):
    lake.put("main/o", b"body")
    at = f"/repositories/{lake.repo}/branches/main/objects/stat/user_metadata?path=o"
    meta = {f"X-Amz-Meta-{i}": "v" * 1000 for i in range(46)}
    assert call(lake, "PUT", at, {"set": meta})[0] == 204
    status, r = call(lake, "GET", f"/repositories/{lake.repo}/refs/main/objects/stat?path=o")
    assert status == 200 and r["metadata"] == meta
    h = lake.s3.get_object(Bucket=lake.repo, Key="main/o")
    assert h["Body"].read() == b"body"
    assert len(h["Metadata"]) + h.get("MissingMeta", 0) == 46 and len(h["Metadata"]) > 0
    assert call(lake, "PUT", at, {"set": dict(meta, more="v" * 4000)})[0] == 400
    lake.commit()
    assert lake.body("main@/o") == b"body"


def test_tags_of_every_size(lake):
    """Ten tags of four bytes a character, beside metadata that leaves no room for them."""
    tags = [{"Key": "\U0001f300" * 126 + f"{i:02}", "Value": "\U0001f300" * 256} for i in range(10)]
    lake.put("main/o")
    lake.s3.put_object_tagging(Bucket=lake.repo, Key="main/o", Tagging={"TagSet": tags})
    assert lake.s3.get_object_tagging(Bucket=lake.repo, Key="main/o")["TagSet"] == tags
    at = f"/repositories/{lake.repo}/branches/main/objects/stat/user_metadata?path=o"
    assert call(lake, "PUT", at, {"set": {"a": "v" * 40000}})[0] == 400
    assert lake.s3.get_object_tagging(Bucket=lake.repo, Key="main/o")["TagSet"] == tags
