"""What lakeFS's clients hear where the first answer of this API was another."""
import io
import json
import os
import subprocess
import sys
import urllib.parse

import pyarrow.parquet
import pytest
from lakefs.exceptions import BadRequestException, ConflictException, NotFoundException

from servers import TOP, connect
from test_api import call
from test_browsers import basic
from worker import Cgi

SAMPLES = f"{TOP}/examples/sample_data"
TRUE, FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("0", "f", "F", "false", "FALSE", "False")


def ask(lake, method, path, headers=None, body=None, auth=True):
    """(status, headers, body) of a request with our key."""
    c = connect(lake.url)
    c.request(method, path, body, dict({"authorization": basic()} if auth else {}, **(headers or {})))
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, {k.lower(): v for k, v in r.getheaders()}, data


def create(lake, name, **more):
    return call(lake, "POST", "/repositories", dict(name=name, storage_namespace="local://" + name, **more))


def of(lake, rest):
    return f"/repositories/{lake.repo}/{rest}"


def commit(lake, branch="main", **more):
    return call(lake, "POST", of(lake, f"branches/{branch}/commits"), dict({"message": "m"}, **more))


# ---- parameters ----------------------------------------------------------------

def test_booleans_are_those_of_go(lake):
    call(lake, "POST", of(lake, "branches"), {"name": "h", "source": "main", "hidden": True})
    names = lambda word: [b["id"] for b in call(lake, "GET", of(
        lake, f"branches?show_hidden={word}"))[1]["results"]]
    for word in TRUE:
        assert names(word) == ["h", "main"], word
    for word in FALSE + ("",):
        assert names(word) == ["main"], word
    for word in ("yes", "no", "tRUE", "2", "01", "-1", "on", "true%20", "%00", "None"):
        assert call(lake, "GET", of(lake, f"branches?show_hidden={word}"))[0] == 400, word


def test_the_sdk_sends_true_with_a_capital(lake):
    main = lake.main
    main.object("o").upload(data=b"x", metadata={"k": "v"})
    first = lake.commit()
    assert [c.id for c in main.log(max_amount=1, first_parent=True, limit=True)] == [first]
    assert [b.id for b in lake.repository.branches(show_hidden=True)] == ["main"]
    assert [o.metadata for o in main.objects(user_metadata=False)] == [{}]
    assert [o.metadata for o in main.objects(user_metadata=True, presign=False)] == [{"k": "v"}]
    sdk = lake.client.sdk_client
    assert sdk.objects_api.stat_object(lake.repo, "main", "o", user_metadata=False, presign=False).metadata == {}
    dev = lake.repository.branch("dev").create("main")
    dev.object("p").upload(data=b"yy")
    lake.commit("dev")
    right = sdk.refs_api.diff_refs(lake.repo, "main", "dev", include_right_stats=True).results[0].right
    assert right.checksum and right.metadata == {}
    sdk.objects_api.delete_object(lake.repo, "dev", "p", force=True, no_tombstone=False)
    assert not dev.object("p").exists()
    sdk.branches_api.delete_branch(lake.repo, "dev", force=True)
    sdk.repositories_api.delete_repository(lake.repo, force=True)
    assert call(lake, "GET", f"/repositories/{lake.repo}")[0] == 404


def test_the_log_since_any_time_of_rfc_3339(lake):
    for seconds in (1000000000, 1000000001):
        assert commit(lake, date=seconds, allow_empty=True, message=str(seconds))[0] == 201
    for since, want in (
            ("2001-09-09T01:46:40Z", 2), ("2001-09-09T03:46:40+02:00", 2), ("2001-09-08T18:46:41-07:00", 1),
            ("2001-09-09T01:46:40.000000001Z", 1), ("2001-09-09T01:46:39.999Z", 2), ("2001-09-09t01:46:41.0z", 1),
            ("2001-09-09T01:46:41.5Z", 0), ("1969-12-31T23:00:00-00:30", 2), ("0001-01-01T00:00:00Z", 2)):
        status, r = call(lake, "GET", of(lake, "refs/main/commits?since=" + urllib.parse.quote(since)))
        assert status == 200, since
        # The repository's own first commit is of today.
        assert len([c for c in r["results"] if c["message"] != "Repository created"]) == want, since
    for since in ("yesterday", "2001-09-09", "2001-09-09T01:46:40", "2001-02-29T01:46:40Z", "2001-09-09T01:46:40.Z",
                  "2001-09-09T01:46:40+2:00", "2001-09-09T25:46:40Z", "2001-09-09T01:46:40Z" + "0" * 3000):
        assert call(lake, "GET", of(lake, "refs/main/commits?since=" + urllib.parse.quote(since)))[0] == 400, since


def test_the_date_of_a_commit_may_be_0_and_must_be_one(lake):
    for date in (0, 1, 253402300799):
        status, r = commit(lake, date=date, allow_empty=True)
        assert status == 201 and r["creation_date"] == date
    assert commit(lake, allow_empty=True)[1]["creation_date"] > 1700000000
    assert commit(lake, allow_empty=True, date=None)[1]["creation_date"] > 1700000000
    for date in (-1, 253402300800, 2**63 - 1, 2**64, "1", 1.5):
        assert commit(lake, date=date, allow_empty=True)[0] == 400, date


def test_a_store_that_is_not_there(lake):
    assert create(lake, lake.repo + "-s", storage_id="invalidvalue")[0] == 400
    assert create(lake, lake.repo + "-s", storage_id="")[0] == 201


def test_metadata_names_are_kept_byte_for_byte_in_json(lake):
    names = {"a_b": "1", "a-b": "2", "a.b": "3", "A_B": "4", "grün ö/ä": "5", "x-lakefs-meta-y": "6"}
    assert call(lake, "POST", of(lake, "branches/main/objects?path=o"), b"x",
                headers={"x-lakefs-meta-plain-name": "v"})[1]["metadata"] == {"plain-name": "v"}
    assert call(lake, "PUT", of(lake, "branches/main/objects/stat/user_metadata?path=o"), {"set": names})[0] == 204
    assert call(lake, "GET", of(lake, "refs/main/objects/stat?path=o"))[1]["metadata"] == names
    assert commit(lake, metadata=names)[1]["metadata"] == names


# ---- words ---------------------------------------------------------------------

def test_words_that_clients_compare_come_first(lake):
    says = lambda want, status, answer: answer[0] == status and answer[1]["message"].startswith(want)
    lake.put("main/o")
    head = lake.commit()
    assert says("repository not found", 404, call(lake, "GET", "/repositories/not-here"))
    assert says("repository not found", 404, call(lake, "GET", "/repositories/not-here/refs/main/objects/ls"))
    assert says("commit not found", 404, call(lake, "GET", of(lake, "commits/nope")))
    assert says("commit not found", 404, call(lake, "GET", of(lake, "commits/" + "0" * 64)))
    assert says("error creating repository: not unique", 409, create(lake, lake.repo))
    assert says("commit: no changes", 400, commit(lake))
    tag = lambda: call(lake, "POST", of(lake, "tags"), {"id": "v1", "ref": head})
    assert tag()[0] == 201 and says("tag already exists", 409, tag())
    assert says("branch already exists", 409, call(lake, "POST", of(lake, "branches"),
                                                   {"name": "main", "source": "main"}))


def test_a_transaction_does_not_take_a_tag_that_is_there(lake):
    lake.put("main/o")
    lake.commit()
    lake.repository.tag("v1").create("main")
    with pytest.raises(ConflictException, match="tag already exists"):
        with lake.main.transact(commit_message="m", tag="v1") as tx:
            tx.object("p").upload(data=b"x")


@pytest.mark.server
def test_beside_the_api_there_is_text(lake):
    for path in ("/api/v11/config", "/api/v2/repositories", "/api/v2", "/api/", "/api/config", "/api/v1x/config"):
        for method, body in (("GET", None), ("POST", b"{}")):
            status, headers, text = ask(lake, method, path, body=body)
            assert status == 404 and headers["content-type"].startswith("text/plain"), path
            assert b"/api/v1" in text and not text.startswith(b"{")
    status, headers, text = ask(lake, "GET", "/api/v1/nothing")
    assert status == 404 and headers["content-type"] == "application/json"


# ---- small answers ----------------------------------------------------------------

def test_statistics_are_taken_and_forgotten(lake):
    event = {"class": "lakectl", "name": "repo_list", "count": 1}
    assert call(lake, "POST", "/statistics", {"events": [event, event]}) == (204, b"")
    assert call(lake, "POST", "/statistics", {"events": []})[0] == 204
    assert call(lake, "POST", "/statistics", {"events": []}, auth=False)[0] == 401
    for body in ({}, {"events": 1}, {"events": None}, b"[", b"[]", b"", {"events": [event] * 2000}):
        assert call(lake, "POST", "/statistics", body, headers={"Content-Type": "application/json"})[0] == 400


def test_what_can_be_no_branch_is_400(lake):
    lake.put("main/o")
    head = lake.commit()
    lake.repository.tag("v1").create("main")
    for name in ("main~1", "main@", "main$", "main^1", "v1.0", "a%20b", "-a"):
        for method, path, body in (
                ("GET", "branches/{}", None), ("DELETE", "branches/{}", None), ("GET", "branches/{}/diff", None),
                ("POST", "branches/{}/objects?path=o", b"x"), ("DELETE", "branches/{}/objects?path=o", None),
                ("POST", "branches/{}/objects/copy?dest_path=p", {"src_path": "o"}),
                ("POST", "branches/{}/objects/delete", {"paths": ["o"]}),
                ("PUT", "branches/{}/objects/stat/user_metadata?path=o", {"set": {}}),
                ("PUT", "branches/{}", {"type": "reset"}), ("POST", "branches/{}/commits", {"message": "m"}),
                ("POST", "refs/main/merge/{}", {})):
            assert call(lake, method, of(lake, path.format(name)), body)[0] == 400, (method, path, name)
    for name in ("nope", "v1", head):
        assert call(lake, "GET", of(lake, f"branches/{name}"))[0] == 404
        assert call(lake, "POST", of(lake, f"branches/{name}/objects?path=o"), b"x")[0] == 404
    assert call(lake, "GET", of(lake, "refs/main/merge/main~1"))[0] == 200, "a merge base is asked of any ref"


def test_a_user_has_an_address_for_mail(lake):
    assert call(lake, "GET", "/user")[1]["user"]["email"] == ""


def test_an_upload_judges_no_list_of_etags(lake):
    path = of(lake, "branches/main/objects?path=o")
    assert call(lake, "POST", path, b"x", headers={"If-None-Match": '"abc"'})[0] == 501
    assert call(lake, "GET", of(lake, "refs/main/objects?path=o"))[0] == 404
    assert call(lake, "POST", path, b"x", headers={"If-None-Match": "*"})[0] == 201
    assert call(lake, "POST", path, b"x", headers={"If-None-Match": "*"})[0] == 412


@pytest.mark.server
def test_errors_to_head_have_no_type(lake):
    lake.put("main/o")
    for path, want in ((of(lake, "refs/main/objects?path=none"), 404), ("/repositories/X/refs/main/objects?path=o", 400),
                       (of(lake, "refs/main/objects"), 400)):
        status, headers, body = ask(lake, "HEAD", "/api/v1" + path)
        assert (status, body) == (want, b"") and "content-type" not in headers, headers
        assert headers["x-content-type-options"] == "nosniff"
    status, headers, _ = ask(lake, "HEAD", "/api/v1" + of(lake, "refs/main/objects?path=o"), auth=False)
    assert status == 401 and "content-type" not in headers
    assert not lake.main.object("none").exists() and lake.main.object("o").exists()


@pytest.mark.server
def test_304_and_416_say_of_what_state(lake):
    path = "/api/v1" + of(lake, "refs/main/objects?path=o")
    lake.put("main/o", b"0123456789")
    etag = ask(lake, "GET", path)[1]["etag"]
    for headers, want in (({"if-none-match": etag}, 304), ({"range": "bytes=10-"}, 416)):
        for method in ("GET", "HEAD"):
            status, h, _ = ask(lake, method, path, headers)
            assert (status, h["etag"]) == (want, etag), h
            assert h["cache-control"] == "no-store, must-revalidate" and h["x-content-type-options"] == "nosniff"
    assert ask(lake, "GET", path, {"range": "bytes=10-"})[1]["content-range"] == "bytes */10"


@pytest.mark.server
def test_every_answer_of_the_api_says_nosniff(lake):
    lake.put("main/o")
    for method, path, body, want in (
            ("GET", "/healthcheck", None, 204), ("GET", "/config", None, 200), ("GET", "/nothing", None, 404),
            ("GET", of(lake, "pulls"), None, 501), ("DELETE", "/repositories", None, 405),
            ("GET", of(lake, "refs/main/objects?path=o"), None, 200),
            ("GET", of(lake, "refs/x/objects?path=o"), None, 404),
            ("POST", of(lake, "branches/main/objects?path=p"), b"x", 201), ("GET", of(lake, "branches/a.b"), None, 400),
            ("DELETE", of(lake, "branches/main/objects?path=p"), None, 204)):
        status, headers, _ = ask(lake, method, "/api/v1" + path, body=body)
        assert (status, headers["x-content-type-options"]) == (want, "nosniff"), path


# ---- an empty root ----------------------------------------------------------------

def test_a_commit_over_an_empty_root_is_merged(lake):
    branch = lambda name: call(lake, "POST", of(lake, "branches"), {"name": name, "source": "main"})[0] == 201
    merge = lambda name: call(lake, "POST", of(lake, f"refs/{name}/merge/main"), {})
    assert branch("e") and branch("same")
    assert merge("same")[0] == 400 and "no changes" in merge("same")[1]["message"]
    assert commit(lake, "e", allow_empty=True)[0] == 201
    status, r = merge("e")
    assert status == 200
    parents = call(lake, "GET", of(lake, "commits/main"))[1]["parents"]
    assert len(parents) == 2 and r["reference"] == call(lake, "GET", of(lake, "branches/main"))[1]["commit_id"]
    assert merge("e")[0] == 400
    assert branch("f") and commit(lake, "f", allow_empty=True)[0] == 201
    assert merge("f")[0] == 400, "its tree is that of the merge base"
    lake.put("f/o")
    assert commit(lake, "f")[0] == 201 and merge("f")[0] == 200


# ---- action files -----------------------------------------------------------------

ACTION = b"name: a gate\non:\n  pre-commit:\nhooks:\n  - id: no\n    type: lua\n"


@pytest.mark.parametrize("path", ["_lakefs_actions/gate.yaml", "_lakefs_actions/gate.yml"])
def test_an_action_file_cannot_be_committed(lake, path):
    """What asks for a gate, where there are no gates, is refused, however it came."""
    ways = [lambda: lake.put("main/" + path, ACTION),
            lambda: lake.main.object(path).upload(data=ACTION),
            lambda: lake.main.object("elsewhere.yaml").copy("main", path)]
    lake.put("main/elsewhere.yaml", ACTION)
    head = lake.commit()
    for write in ways:
        write()
        for allow in (False, True):
            status, r = commit(lake, allow_empty=allow, force=True)
            assert status == 501 and path in r["message"], r
        assert call(lake, "GET", of(lake, "branches/main"))[1]["commit_id"] == head
        assert lake.body("main/" + path) == ACTION, "it stays staged"
        assert call(lake, "DELETE", of(lake, "branches/main/objects?path=" + path))[0] == 204
    lake.put("main/other")
    assert commit(lake)[0] == 201


def test_what_is_no_action_file_is_committed(lake):
    for path in ("_lakefs_actions.yaml", "a/_lakefs_actions/x.yaml", "_lakefs_actions/script.lua",
                 "_lakefs_actions/x.yaml.txt", "_lakefs_action/x.yaml", "_lakefs_actionsx/y.yaml"):
        lake.put("main/" + path, ACTION)
    assert commit(lake)[0] == 201
    dev = lake.repository.branch("dev").create("main")
    dev.object("a").upload(data=b"1")
    assert commit(lake, "dev")[0] == 201
    dev.merge_into(lake.main)


def test_a_branch_cannot_be_merged_with_an_action_file_on_either_side(lake):
    """Staged on the destination it is dirt, on the source it is not merged."""
    dev = lake.repository.branch("dev").create("main")
    dev.object("a").upload(data=b"1")
    assert commit(lake, "dev")[0] == 201
    dev.object("_lakefs_actions/x.yaml").upload(data=ACTION)
    assert commit(lake, "dev")[0] == 501
    dev.merge_into(lake.main)
    assert sorted(lake.keys()) == ["main/a"]
    lake.main.object("_lakefs_actions/x.yaml").upload(data=ACTION)
    dev.reset_changes()
    dev.object("b").upload(data=b"1")
    assert commit(lake, "dev")[0] == 201
    with pytest.raises(BadRequestException, match="dirty"):
        dev.merge_into(lake.main)


# ---- sample data ------------------------------------------------------------------

def test_sample_data_has_the_shape_of_lakefs(lake):
    name = lake.repo + "-s"
    assert create(lake, name, sample_data=True)[0] == 201
    at = f"/repositories/{name}/refs/main/"
    ls = lambda prefix="": [(o["path"], o.get("size_bytes")) for o in call(
        lake, "GET", at + f"objects/ls?delimiter=/&amount=1000&prefix={prefix}")[1]["results"]]
    assert [path for path, _ in ls()] == ["README.md", "data/", "images/", "lakes.parquet"]
    assert [path for path, _ in ls("data/")] == ["data/lakes.source.md"]
    assert len(ls("images/")) == 29
    size = dict(ls())["lakes.parquet"]
    assert size >= 512 * 1024
    assert size + sum(n for _, n in ls("images/") + ls("data/")) > 1024 * 1024
    messages = [c["message"] for c in call(lake, "GET", at + "commits")[1]["results"]]
    assert messages == ["Add sample data", "Repository created"]
    assert call(lake, "GET", f"/repositories/{name}/branches/main/diff")[1]["results"] == []
    data = lake.s3.get_object(Bucket=name, Key="main/lakes.parquet")
    assert data["ContentType"] == "application/vnd.apache.parquet"
    rows = pyarrow.parquet.read_table(io.BytesIO(data["Body"].read()))
    assert rows.num_rows == 20000 and "Denmark" in rows["Country"].to_pylist()
    picture = lake.s3.get_object(Bucket=name, Key="main/images/lake-29.png")
    assert picture["ContentType"] == "image/png" and picture["Body"].read().startswith(b"\x89PNG\r\n")


def test_sample_data_is_what_its_script_makes(tmp_path):
    subprocess.run([sys.executable, f"{SAMPLES}/make.py", tmp_path], check=True)
    for line in ["contents"] + (tmp_path / "contents").read_text().splitlines():
        path = line.split(" ")[-1]
        with open(f"{SAMPLES}/{path}", "rb") as f:
            assert f.read() == (tmp_path / path).read_bytes(), path


def test_without_sample_data_nothing_is_made(request, tmp_path):
    build = os.path.abspath(request.config.getoption("--build"))
    no_list, no_file = tmp_path / "no-list", tmp_path / "no-file"
    for folder, contents, want in ((no_list, None, 501), (no_file, "text/plain a\ntext/plain none\n", 500)):
        folder.mkdir()
        (folder / "a").write_text("x")
        if contents:
            (folder / "contents").write_text(contents)
        worker = Cgi(build, tmp_path / f"{folder.name}-lake", sample_data=folder)
        headers = {"Authorization": basic(), "Content-Type": "application/json"}
        body = json.dumps({"name": "new", "storage_namespace": "local://new", "sample_data": True}).encode()
        status, _, text = worker.ask("POST", "/api/v1/repositories", headers, body)
        assert status == want and str(tmp_path).encode() not in text, text
        assert worker.ask("GET", "/api/v1/repositories/new", headers)[0] == 404
