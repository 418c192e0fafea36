"""The lakeFS REST API, by its SDK and by hand."""
import base64
import concurrent.futures
import json
import urllib.error
import urllib.request

import lakefs
import pytest
from lakefs.exceptions import (BadRequestException, ConflictException, ForbiddenException,
                               NotFoundException, ObjectExistsException)

from servers import KEY, SECRET


def call(lake, method, path, body=None, auth=True, headers=None):
    """(status, JSON or text) of a bare request."""
    h = dict(headers or {})
    if auth:
        h["Authorization"] = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    data = body
    if isinstance(body, (dict, list)):
        data = json.dumps(body).encode()
        h.setdefault("Content-Type", "application/json")
    r = urllib.request.Request(lake.url + "/api/v1" + path, data=data, method=method, headers=h)
    try:
        with urllib.request.urlopen(r) as f:
            status, text = f.status, f.read()
    except urllib.error.HTTPError as e:
        status, text = e.code, e.read()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def test_config_and_health(lake):
    assert call(lake, "GET", "/healthcheck", auth=False)[0] == 204
    status, c = call(lake, "GET", "/config")
    assert status == 200 and c["version_config"]["version_context"] == "lakeFS"
    assert [int(n) for n in c["version_config"]["version"].split(".")]
    assert c["storage_config"]["import_support"] is False
    assert call(lake, "GET", "/config", auth=False)[0] == 401
    assert call(lake, "GET", "/user")[1]["user"]["id"] == "admin"
    assert call(lake, "GET", "/user", auth=False)[0] == 401
    assert call(lake, "GET", "/setup_lakefs", auth=False)[1]["state"] == "initialized"
    assert call(lake, "POST", "/setup_lakefs", {"username": "x"}, auth=False)[0] == 409


def test_login_gives_a_token(lake):
    status, r = call(lake, "POST", "/auth/login",
                     {"access_key_id": KEY, "secret_access_key": SECRET}, auth=False)
    assert status == 200
    bearer = {"Authorization": "Bearer " + r["token"]}
    assert call(lake, "GET", "/user", auth=False, headers=bearer)[0] == 200
    bad = {"Authorization": "Bearer " + r["token"][:-2] + "xx"}
    assert call(lake, "GET", "/user", auth=False, headers=bad)[0] == 401
    cookie = {"Cookie": "a=b; internal_auth_session=" + r["token"]}
    assert call(lake, "GET", "/user", auth=False, headers=cookie)[0] == 200
    assert call(lake, "POST", "/auth/login",
                {"access_key_id": KEY, "secret_access_key": "no"}, auth=False)[0] == 401


def test_routes(lake):
    assert call(lake, "GET", "/nothing")[0] == 404
    assert call(lake, "DELETE", "/repositories")[0] == 405
    status, r = call(lake, "GET", f"/repositories/{lake.repo}/pulls")
    assert status == 501 and "listPullRequests" in r["message"]
    assert call(lake, "POST", "/repositories", b"{", headers={"Content-Type": "application/json"})[0] == 400
    assert call(lake, "POST", "/repositories", b"{}", headers={"Content-Type": "text/plain"})[0] == 400
    assert call(lake, "POST", "/repositories", {"name": 7})[0] == 400
    assert call(lake, "GET", "/repositories?amount=1001")[0] == 400


def test_repositories(lake):
    with pytest.raises(ConflictException):
        lakefs.Repository(lake.repo, client=lake.client).create(storage_namespace="local://other")
    for name, namespace in (("Bad", "local://b1"), ("api", "local://b2"), ("good-one", "s3://b3"),
                            ("good-one", "local://" + lake.repo)):
        status, r = call(lake, "POST", "/repositories",
                         {"name": name, "storage_namespace": namespace})
        assert status == 400 and r["message"]
    other = lakefs.Repository(lake.repo + "-b", client=lake.client).create(
        storage_namespace=f"local://{lake.repo}-b", default_branch="trunk")
    names = [r.id for r in lakefs.repositories(client=lake.client, prefix=lake.repo)]
    assert names == [lake.repo, lake.repo + "-b"]
    assert other.properties.default_branch == "trunk"
    other.delete()
    with pytest.raises(NotFoundException):
        other.branch("trunk").get_commit()


def test_branches_and_tags(lake):
    lake.put("main/o")
    head = lake.commit()
    dev = lake.repository.branch("dev").create("main")
    assert dev.get_commit().id == head
    with pytest.raises(ConflictException):
        lake.repository.branch("dev").create("main")
    with pytest.raises(NotFoundException):
        lake.repository.branch("x").create("nothing")
    for bad in ("a/b", "-a", "a.b", ""):
        assert call(lake, "POST", f"/repositories/{lake.repo}/branches",
                    {"name": bad, "source": "main"})[0] == 400
    tag = lake.repository.tag("v1.0").create("dev")
    assert tag.get_commit().id == head
    for name in ("v1.0", "dev"):
        with pytest.raises(ConflictException):
            lake.repository.tag(name).create("main")
    with pytest.raises(BadRequestException):
        lake.repository.tag("a~b").create("main")
    assert [b.id for b in lake.repository.branches()] == ["dev", "main"]
    assert [t.id for t in lake.repository.tags()] == ["v1.0"]
    dev.delete()
    tag.delete()
    with pytest.raises(ForbiddenException):
        lake.main.delete()
    assert [b.id for b in lake.repository.branches()] == ["main"]


def test_refs_resolve_in_order(lake):
    ids = [lake.main.get_commit().id]
    for n in range(3):
        lake.put(f"main/{n}", str(n).encode())
        ids.append(lake.commit(message=str(n)))
    get = lambda ref: call(lake, "GET", f"/repositories/{lake.repo}/commits/{ref}")
    for ref, want in (("main", 3), ("main~", 2), ("main~2", 1), ("main^1", 2), ("main~1^1", 1),
                      ("main@", 3), ("main^0", 3), (ids[1], 1), (ids[2][:12], 2), (ids[2] + "~1", 1)):
        status, r = get(ref)
        assert status == 200 and r["id"] == ids[want], ref
    for ref, want in (("main~9", 404), ("main^2", 404), ("nothing", 404), ("main@~1", 400),
                      ("main%20x", 400), ("main$", 400), ("~1", 400)):
        assert get(ref)[0] == want, ref


def test_commit_and_log(lake):
    with pytest.raises(BadRequestException, match="no changes"):
        lake.main.commit("empty")
    lake.put("main/a", b"1")
    first = lake.main.commit("first", metadata={"k": "v"}).get_commit()
    assert first.metadata == {"k": "v"} and first.committer == "admin"
    lake.put("main/a", b"1")
    with pytest.raises(BadRequestException, match="no changes"):
        lake.main.commit("the same bytes again")
    lake.put("main/b/c", b"2")
    second = lake.main.commit("second").get_commit()
    assert second.parents == [first.id]
    assert [c.message for c in lake.main.log()] == ["second", "first", "Repository created"]
    log = f"/repositories/{lake.repo}/refs/main/commits"
    message = lambda q: [c["message"] for c in call(lake, "GET", log + q)[1]["results"]]
    assert message("?objects=a") == ["first"]
    assert message("?prefixes=b/") == ["second"]
    assert message("?amount=1") == ["second"]
    assert message(f"?after={second.id}") == ["first", "Repository created"]
    assert message(f"?stop_at={first.id}") == ["second", "first"]


def test_diff(lake):
    for p in ("same", "change", "gone", "d/x"):
        lake.put("main/" + p, b"1")
    lake.commit()
    dev = lake.repository.branch("dev").create("main")
    lake.put("dev/change", b"2")
    lake.put("dev/new", b"3")
    lake.s3.delete_object(Bucket=lake.repo, Key="dev/gone")
    want = [("changed", "change"), ("removed", "gone"), ("added", "new")]
    assert [(c.type, c.path) for c in dev.uncommitted()] == want
    lake.commit("dev")
    assert [(c.type, c.path) for c in dev.uncommitted()] == []
    assert [(c.type, c.path) for c in lake.main.diff(dev)] == want
    lake.put("main/d/y", b"4")
    lake.commit()
    assert [(c.type, c.path) for c in lake.main.diff(dev)] == want, "three dots"
    two = [(c.type, c.path) for c in lake.main.diff(dev, type="two_dot")]
    assert two == [("changed", "change"), ("removed", "d/y"), ("removed", "gone"), ("added", "new")]
    status, r = call(lake, "GET", f"/repositories/{lake.repo}/refs/main/diff/dev?type=two_dot&delimiter=/")
    assert [(c["type"], c["path"]) for c in r["results"]] == [
        ("changed", "change"), ("prefix_changed", "d/"), ("removed", "gone"), ("added", "new")]
    status, r = call(lake, "GET", f"/repositories/{lake.repo}/refs/main/diff/dev?amount=2")
    assert r["pagination"]["has_more"] and r["pagination"]["next_offset"] == "gone"


def test_diff_with_the_staging_view(lake):
    lake.put("main/a", b"1")
    first = lake.commit()
    lake.put("main/b", b"2")
    lake.commit()
    lake.put("main/c", b"3")
    path = f"/repositories/{lake.repo}/refs/{{}}/diff/main$?type=two_dot"
    changes = lambda left: [(c["type"], c["path"])
                            for c in call(lake, "GET", path.format(left))[1]["results"]]
    assert changes("main") == [("added", "c")]
    assert changes(first) == [("added", "b"), ("added", "c")]
    assert call(lake, "GET", path.format("main").replace("two_dot", "three_dot"))[0] == 400


def test_merge(lake):
    lake.put("main/base", b"1")
    lake.commit()
    dev = lake.repository.branch("dev").create("main")
    lake.put("dev/new", b"2")
    lake.commit("dev")
    lake.put("main/other", b"3")
    with pytest.raises(BadRequestException, match="dirty"):
        dev.merge_into(lake.main)
    lake.commit()
    merged = dev.merge_into(lake.main)
    assert lake.keys() == ["main/base", "main/new", "main/other"]
    c = lake.main.get_commit()
    assert c.id == merged and len(c.parents) == 2
    assert c.metadata == {".lakefs.merge.strategy": "default"}
    assert c.message == "Merge 'dev' into 'main'"
    with pytest.raises(BadRequestException, match="no changes"):
        dev.merge_into(lake.main)


@pytest.mark.parametrize("strategy,want", [("source-wins", b"dev"), ("dest-wins", b"main")])
def test_conflicts(lake, strategy, want):
    for p in ("both", "deleted"):
        lake.put("main/" + p, b"base")
    lake.commit()
    dev = lake.repository.branch("dev").create("main")
    lake.put("dev/both", b"dev")
    lake.s3.delete_object(Bucket=lake.repo, Key="dev/deleted")
    lake.commit("dev")
    lake.put("main/both", b"main")
    lake.put("main/deleted", b"main")
    lake.commit()
    assert [(c.type, c.path) for c in lake.main.diff(dev)] == [
        ("conflict", "both"), ("conflict", "deleted")]
    head = lake.main.get_commit().id
    with pytest.raises(ConflictException):
        dev.merge_into(lake.main)
    assert lake.main.get_commit().id == head
    dev.merge_into(lake.main, strategy=strategy)
    assert lake.body("main/both") == want
    assert ("main/deleted" in lake.keys()) == (strategy == "dest-wins")


def test_merge_base(lake):
    lake.put("main/a")
    base = lake.commit()
    lake.repository.branch("dev").create("main")
    lake.put("dev/b")
    dev = lake.commit("dev")
    lake.put("main/c")
    main = lake.commit()
    status, r = call(lake, "GET", f"/repositories/{lake.repo}/refs/dev/merge/main")
    assert r == {"base_commit_id": base, "source_commit_id": dev, "destination_commit_id": main}


def test_reset(lake):
    for p in ("a", "d/1", "d/2"):
        lake.put("main/" + p, b"old")
    lake.commit()
    for p in ("a", "d/1", "d/3"):
        lake.put("main/" + p, b"new")
    lake.s3.delete_object(Bucket=lake.repo, Key="main/d/2")
    lake.main.reset_changes("object", "a")
    assert lake.body("main/a") == b"old"
    lake.main.reset_changes("common_prefix", "d/")
    assert list(lake.main.uncommitted()) == []
    assert lake.keys() == ["main/a", "main/d/1", "main/d/2"]
    lake.put("main/x", b"new")
    lake.main.reset_changes()
    assert lake.keys() == ["main/a", "main/d/1", "main/d/2"]


def test_objects_by_the_sdk(lake):
    o = lake.main.object("d/a.csv").upload(data=b"1,2\n", content_type="text/csv",
                                           metadata={"k": "v"}, mode="xb")
    s = o.stat()
    assert s.size_bytes == 4 and s.content_type == "text/csv" and s.metadata == {"k": "v"}
    assert s.physical_address.startswith(f"local://{lake.repo}/data/")
    with pytest.raises(ObjectExistsException):
        lake.main.object("d/a.csv").upload(data=b"again", mode="xb")
    with o.reader() as r:
        assert r.read(2) == b"1," and r.read() == b"2\n"
        r.seek(-2, 2)
        assert r.read() == b"2\n"
    assert o.exists() and not lake.main.object("d/none").exists()
    o.copy("main", "d/b.csv")
    assert lake.body("main/d/b.csv") == b"1,2\n"
    listed = [(x.path, type(x).__name__) for x in lake.main.objects(delimiter="/")]
    assert listed == [("d/", "CommonPrefix")]
    lake.main.delete_objects(["d/a.csv", "d/absent"])
    assert [x.path for x in lake.main.objects()] == ["d/b.csv"]
    lake.main.object("d/b.csv").delete()
    assert list(lake.main.objects()) == []


def test_metadata_is_one_for_both_protocols(lake):
    lake.put("main/o", b"x", Metadata={"foo": "bar"})
    assert lake.main.object("o").stat().metadata == {"X-Amz-Meta-foo": "bar"}
    path = f"/repositories/{lake.repo}/branches/main/objects/stat/user_metadata?path=o"
    assert call(lake, "PUT", path, {"set": {"X-Amz-Meta-new": "1", "plain": "2"}})[0] == 204
    h = lake.s3.head_object(Bucket=lake.repo, Key="main/o")
    assert h["Metadata"] == {"new": "1"} and h["MissingMeta"] == 1


def test_upload_as_a_form(lake):
    for boundary, content in (("b1", b"bytes\r\n--b\r\nmore"), ("b2", b""), ("b3", b"x" * 200000)):
        body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nskip\r\n"
                f"--{boundary}\r\nContent-Disposition: form-data; name=\"content\"; filename=\"f\"\r\n"
                f"Content-Type: a/b\r\n\r\n").encode() + content + f"\r\n--{boundary}--\r\n".encode()
        status, r = call(lake, "POST", f"/repositories/{lake.repo}/branches/main/objects?path=form",
                         body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
        assert status == 201 and r["content_type"] == "a/b", r
        assert lake.body("main/form") == content
    status, r = call(lake, "POST", f"/repositories/{lake.repo}/branches/main/objects?path=bad",
                     b"--b\r\nno end", headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert status == 400


def test_ranges(lake):
    lake.put("main/o", b"0123456789")
    path = f"/repositories/{lake.repo}/refs/main/objects?path=o"
    assert call(lake, "GET", path, headers={"Range": "bytes=2-4"}) == (206, 234)
    assert call(lake, "GET", path, headers={"Range": "bytes=10-"})[0] == 416
    assert call(lake, "GET", path, headers={"Range": "lines=1"})[0] == 400
    assert call(lake, "GET", path.replace("path=o", "path="))[0] == 400
    assert call(lake, "GET", path.replace("path=o", "path=none"))[0] == 404


@pytest.mark.heavy
def test_parallel_commits_leave_nothing_behind(lake):
    def work(n):
        lake.put(f"main/{n}", str(n).encode())
        try:
            return lake.commit(message=str(n))
        except BadRequestException as e:
            assert "no changes" in str(e)
            return None
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = [c for c in pool.map(work, range(24)) if c]
    assert made and list(lake.main.uncommitted()) == []
    assert len(lake.keys("main@/")) == 24
