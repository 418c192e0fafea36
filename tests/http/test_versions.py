"""Commits as versions of objects, where a repository shows them."""
import random

import pytest


def enable(lake, status="Enabled"):
    lake.s3.put_bucket_versioning(Bucket=lake.repo, VersioningConfiguration={"Status": status})


def versions(lake, size=1000, prefix="main/", **more):
    """(key, version, latest, deleted), and the common prefixes, page by page."""
    out, groups, marks = [], [], {}
    while True:
        page = lake.s3.list_object_versions(Bucket=lake.repo, Prefix=prefix, MaxKeys=size,
                                            **marks, **more)
        rows = [(v["Key"], v["VersionId"], v["IsLatest"], "ETag" not in v)
                for v in page.get("Versions", []) + page.get("DeleteMarkers", [])]
        found = [p["Prefix"] for p in page.get("CommonPrefixes", [])]
        assert len(rows) + len(found) <= size
        out, groups = out + rows, groups + found
        if not page["IsTruncated"]:
            return out, groups
        assert len(rows) + len(found) == size
        marks = {"KeyMarker": page["NextKeyMarker"]}
        if page.get("NextVersionIdMarker"):
            marks["VersionIdMarker"] = page["NextVersionIdMarker"]


@pytest.fixture
def story(lake):
    enable(lake)
    lake.put("main/o", b"one", Tagging="n=1")
    first = lake.commit()
    lake.put("main/o", b"two")
    second = lake.commit()
    lake.s3.delete_object(Bucket=lake.repo, Key="main/o")
    third = lake.commit()
    lake.put("main/o", b"staged")
    return lake, first, second, third


def test_versioning_is_off_until_enabled(lake, refused):
    lake.put("main/o", b"one")
    first = lake.commit()
    assert "Status" not in lake.s3.get_bucket_versioning(Bucket=lake.repo)
    with refused("NoSuchVersion", 404) as r:
        lake.body("main/o", VersionId=first)
    assert "PutBucketVersioning" in r.message
    assert lake.body("main/o", VersionId="null") == b"one"
    assert "VersionId" not in lake.s3.get_object(Bucket=lake.repo, Key="main/o")
    assert versions(lake) == ([("main/o", "null", True, False)], [])
    enable(lake)
    assert lake.s3.get_bucket_versioning(Bucket=lake.repo)["Status"] == "Enabled"
    assert lake.body("main/o", VersionId=first) == b"one"
    enable(lake, "Suspended")
    assert lake.s3.get_bucket_versioning(Bucket=lake.repo)["Status"] == "Suspended"
    with refused("NoSuchVersion", 404):
        lake.body("main/o", VersionId=first)


def test_versioning_is_enabled_or_suspended(lake, refused):
    with refused("MalformedXML", 400):
        enable(lake, "On")
    with refused("NotImplemented", 501):
        lake.s3.put_bucket_versioning(Bucket=lake.repo, MFA="1 2", VersioningConfiguration={
            "Status": "Enabled", "MFADelete": "Enabled"})
    with refused("NoSuchBucket", 404):
        lake.s3.put_bucket_versioning(Bucket="nosuch", VersioningConfiguration={
            "Status": "Enabled"})


def test_reading_at_a_version(story, refused):
    lake, first, second, third = story
    for version, body in ((first, b"one"), (second, b"two"), ("null", b"staged")):
        got = lake.s3.get_object(Bucket=lake.repo, Key="main/o", VersionId=version)
        assert (got["Body"].read(), got["VersionId"]) == (body, version)
        head = lake.s3.head_object(Bucket=lake.repo, Key="main/o", VersionId=version)
        assert (head["ContentLength"], head["VersionId"]) == (len(body), version)
        what = lake.s3.get_object_attributes(Bucket=lake.repo, Key="main/o", VersionId=version,
                                             ObjectAttributes=["ObjectSize"])
        assert (what["ObjectSize"], what["VersionId"]) == (len(body), version)
    tags = lake.s3.get_object_tagging(Bucket=lake.repo, Key="main/o", VersionId=first)
    assert (tags["TagSet"], tags["VersionId"]) == ([{"Key": "n", "Value": "1"}], first)
    assert lake.body("main/o") == b"staged"
    with refused("MethodNotAllowed", 405) as r:
        lake.body("main/o", VersionId=third)
    assert "deleted" in r.message
    with refused("405", 405):
        lake.s3.head_object(Bucket=lake.repo, Key="main/o", VersionId=third)
    for version in ("f" * 64, third[:-1] + ("0" if third[-1] != "0" else "1")):
        with refused("NoSuchVersion", 404):
            lake.body("main/o", VersionId=version)
    with refused("NoSuchVersion", 404):
        lake.body("main/other", VersionId=first)
    for version in ("", "main", first[:12], first.upper()):
        with refused("InvalidArgument", 400):
            lake.body("main/o", VersionId=version)
    with refused("NoSuchKey", 404):
        lake.body("nobranch/o", VersionId=first)


def test_the_version_read_is_said(lake, refused):
    enable(lake)
    lake.put("main/o", b"one")
    assert lake.s3.get_object(Bucket=lake.repo, Key="main/o")["VersionId"] == "null"
    first = lake.commit()
    lake.repository.tag("v1").create("main")
    lake.put("main/other", b"x")
    for key in ("main/o", "v1/o", f"{first}/o", "main@/o"):
        assert lake.s3.head_object(Bucket=lake.repo, Key=key)["VersionId"] == first
    with refused("NoSuchVersion", 404):
        lake.body("main/o", VersionId="null")
    lake.s3.delete_object(Bucket=lake.repo, Key="main/o")
    with refused("MethodNotAllowed", 405):
        lake.body("main/o", VersionId="null")
    with refused("NoSuchKey", 404):
        lake.body("main/o")


def test_what_is_written_is_the_null_version(lake):
    key = dict(Bucket=lake.repo, Key="main/o")
    assert "VersionId" not in lake.s3.put_object(Body=b"x", **key)
    enable(lake)
    assert lake.s3.put_object(Body=b"y", **key)["VersionId"] == "null"
    up = lake.s3.create_multipart_upload(**key)["UploadId"]
    etag = lake.s3.upload_part(UploadId=up, PartNumber=1, Body=b"z", **key)["ETag"]
    assert lake.s3.complete_multipart_upload(UploadId=up, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": etag}]}, **key)["VersionId"] == "null"
    assert versions(lake)[0] == [("main/o", "null", True, False)]


def test_a_deletion_over_a_commit_is_a_marker(lake):
    enable(lake)
    for key in ("main/a", "main/b"):
        lake.put(key)
    lake.commit()
    lake.put("main/staged")
    key = dict(Bucket=lake.repo, Key="main/staged")
    assert "DeleteMarker" not in lake.s3.delete_object(**key)
    gone = lake.s3.delete_object(Bucket=lake.repo, Key="main/a")
    assert (gone["DeleteMarker"], gone["VersionId"]) == (True, "null")
    r = lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [
        {"Key": "main/b"}, {"Key": "main/staged"}]})["Deleted"]
    assert r == [{"Key": "main/b", "DeleteMarker": True, "DeleteMarkerVersionId": "null"},
                 {"Key": "main/staged"}]
    assert [v for v in versions(lake)[0] if v[3]] == [("main/a", "null", True, True),
                                                      ("main/b", "null", True, True)]


def test_copying_from_a_version(story, refused):
    lake, first, second, third = story
    source = {"Bucket": lake.repo, "Key": "main/o"}
    got = lake.s3.copy_object(Bucket=lake.repo, Key="main/o", CopySource={
        **source, "VersionId": first})
    assert got["CopySourceVersionId"] == first and lake.body("main/o") == b"one"
    up = lake.s3.create_multipart_upload(Bucket=lake.repo, Key="main/big")["UploadId"]
    key = dict(Bucket=lake.repo, Key="main/big", UploadId=up)
    part = lake.s3.upload_part_copy(PartNumber=1, CopySource={**source, "VersionId": second},
                                    **key)
    assert part["CopySourceVersionId"] == second
    lake.s3.complete_multipart_upload(MultipartUpload={"Parts": [
        {"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]}, **key)
    assert lake.body("main/big") == b"two"
    for version, code in ((third, "MethodNotAllowed"), ("f" * 64, "NoSuchVersion"),
                          ("x", "InvalidArgument")):
        with refused(code):
            lake.s3.copy_object(Bucket=lake.repo, Key="main/c", CopySource={
                **source, "VersionId": version})


def test_history_is_not_written(story, refused):
    lake, first, second, third = story
    at = dict(Bucket=lake.repo, Key="main/o", VersionId=first)
    for change in (lambda: lake.s3.delete_object(**at),
                   lambda: lake.s3.delete_object_tagging(**at),
                   lambda: lake.s3.put_object_tagging(Tagging={"TagSet": []}, **at)):
        with refused("MethodNotAllowed", 405):
            change()
    answer = lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [
        {"Key": "main/o", "VersionId": first}, {"Key": "main/o", "VersionId": "odd"}]})
    assert [e["Code"] for e in answer["Errors"]] == ["MethodNotAllowed", "InvalidArgument"]
    assert answer["Errors"][0]["VersionId"] == first
    assert lake.body("main/o", VersionId=first) == b"one"


def test_deleting_the_null_version_takes_back_what_is_staged(story, refused):
    lake, first, second, third = story
    lake.put("main/o", b"four")
    lake.put("main/p", b"p")
    lake.commit()
    lake.s3.delete_object(Bucket=lake.repo, Key="main/o")
    lake.put("main/p", b"changed")
    answer = lake.s3.delete_object(Bucket=lake.repo, Key="main/o", VersionId="null")
    assert answer["VersionId"] == "null"
    answer = lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [
        {"Key": "main/p", "VersionId": "null"}]})
    assert answer["Deleted"] == [{"Key": "main/p", "VersionId": "null"}]
    assert (lake.body("main/o"), lake.body("main/p")) == (b"four", b"p")
    assert list(lake.main.uncommitted()) == []


def test_the_null_version_is_the_object_where_versions_are_off(lake):
    for key in ("main/a", "main/b"):
        lake.put(key)
    lake.commit()
    lake.s3.delete_object(Bucket=lake.repo, Key="main/a", VersionId="null")
    lake.s3.delete_objects(Bucket=lake.repo, Delete={"Objects": [
        {"Key": "main/b", "VersionId": "null"}]})
    assert lake.keys() == []


def test_listing_tells_the_story(story):
    lake, first, second, third = story
    assert versions(lake) == ([
        ("main/o", "null", True, False), ("main/o", second, False, False),
        ("main/o", first, False, False), ("main/o", third, False, True)], [])
    page = lake.s3.list_object_versions(Bucket=lake.repo, Prefix="main/")
    sizes = {v["VersionId"]: v["Size"] for v in page["Versions"]}
    assert sizes == {"null": 6, second: 3, first: 3}
    assert page["DeleteMarkers"][0]["Owner"]["ID"]
    lake.s3.delete_object(Bucket=lake.repo, Key="main/o")
    assert versions(lake)[0][0][1:] == (second, False, False)     # nothing is staged now
    assert ("main/o", third, True, True) in versions(lake)[0]
    assert versions(lake, prefix=f"{second}/") == ([
        (f"{second}/o", second, True, False), (f"{second}/o", first, False, False)], [])


def model(states, prefix, delimiter):
    """What listing has to say: states are (version, {path: body}), oldest first."""
    rows, groups = [], set()
    for path in sorted({p for _, s in states for p in s if p.startswith(prefix)}):
        at = path.find(delimiter, len(prefix)) if delimiter else -1
        if at >= 0:
            groups.add("main/" + path[:at + len(delimiter)])
            continue
        changes = []
        before = {}
        for version, state in states:
            if state.get(path) != before.get(path):
                changes.append((version, path not in state))
            before = state
        for i, (version, deleted) in enumerate(reversed(changes)):
            rows.append(("main/" + path, version, i == 0, deleted))
    return sorted(rows), sorted(groups)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", [1, 2])
def test_pages_of_any_history_are_the_whole(lake, seed):
    dice = random.Random(seed)
    enable(lake)
    paths = ["a", "a/x", "a/y/z", "b", "b/1", "b/2", "b/3", "c", "d/e", "d/f"]
    states, now = [], {}
    for step in range(7):
        for path in dice.sample(paths, 4):
            if path in now and dice.random() < 0.4:
                lake.s3.delete_object(Bucket=lake.repo, Key="main/" + path)
                del now[path]
            else:
                now[path] = str(step)
                lake.put("main/" + path, now[path].encode())
        states.append(("null" if step == 6 else lake.commit(), dict(now)))
    for prefix, delimiter in (("", ""), ("", "/"), ("b", ""), ("b/", "/"), ("d", "/")):
        want = model(states, prefix, delimiter)
        for size in (1, 2, 3, 5, 1000):
            rows, groups = versions(lake, size, "main/" + prefix, Delimiter=delimiter)
            assert (sorted(rows), groups) == want, (prefix, delimiter, size)


def test_merges_are_versions_of_the_branch(lake):
    enable(lake)
    lake.put("main/o", b"one")
    first = lake.commit()
    dev = lake.repository.branch("dev").create("main")
    lake.put("dev/o", b"two")
    lake.commit("dev")
    merge = dev.merge_into(lake.main)
    assert [v[1] for v in versions(lake)[0]] == [merge, first]


def test_branches_are_the_root_of_versions_too(lake, refused):
    enable(lake)
    lake.put("main/o")
    page = lake.s3.list_object_versions(Bucket=lake.repo)
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["main/"]
    assert versions(lake, prefix="nobranch/") == ([], [])
    with refused("InvalidArgument", 400):
        lake.s3.list_object_versions(Bucket=lake.repo, VersionIdMarker="null")
    with refused("InvalidArgument", 400):
        lake.s3.list_object_versions(Bucket=lake.repo, KeyMarker="main/o", VersionIdMarker="1")
    for more in ({"MaxKeys": 0}, {"KeyMarker": "zoo/a"}):
        page = lake.s3.list_object_versions(Bucket=lake.repo, Prefix="main/", **more)
        assert not page["IsTruncated"] and "Versions" not in page
