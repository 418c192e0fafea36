"""ListObjects, both versions."""
import pytest

pytestmark = pytest.mark.server


def names(page):
    return ([o["Key"] for o in page.get("Contents", [])],
            [p["Prefix"] for p in page.get("CommonPrefixes", [])])


@pytest.fixture
def tree(lake):
    for path in ["a", "b/1", "b/2", "b/c/3", "d", "e/4"]:
        lake.put("main/" + path)
    lake.commit()
    lake.put("main/b/5")
    lake.s3.delete_object(Bucket=lake.repo, Key="main/d")
    return lake


def test_branches_are_the_root(lake):
    lake.repository.branch("dev").create("main")
    page = lake.s3.list_objects_v2(Bucket=lake.repo, Delimiter="/")
    assert names(page) == ([], ["dev/", "main/"])
    page = lake.s3.list_objects_v2(Bucket=lake.repo, Prefix="m")
    assert names(page) == ([], ["main/"])
    page = lake.s3.list_objects(Bucket=lake.repo, MaxKeys=1)
    assert names(page) == ([], ["dev/"]) and page["IsTruncated"]
    page = lake.s3.list_objects(Bucket=lake.repo, Marker=page["NextMarker"])
    assert names(page) == ([], ["main/"])


def test_staged_over_committed(tree):
    assert tree.keys() == ["main/" + p for p in ["a", "b/1", "b/2", "b/5", "b/c/3", "e/4"]]
    assert tree.keys("main@/") == ["main@/" + p
                                   for p in ["a", "b/1", "b/2", "b/c/3", "d", "e/4"]]


@pytest.mark.parametrize("delimiter,prefix,want", [
    ("/", "main/", (["main/a"], ["main/b/", "main/e/"])),
    ("/", "main/b/", (["main/b/1", "main/b/2", "main/b/5"], ["main/b/c/"])),
    ("c/", "main/", (["main/a", "main/b/1", "main/b/2", "main/b/5", "main/e/4"], ["main/b/c/"])),
    ("/", "main/b", ([], ["main/b/"])),
    ("", "main/e", (["main/e/4"], [])),
    ("/", "main/zzz", ([], [])),
    ("/", "nobranch/", ([], [])),
])
def test_prefix_and_delimiter(tree, delimiter, prefix, want):
    for call in (tree.s3.list_objects, tree.s3.list_objects_v2):
        assert names(call(Bucket=tree.repo, Prefix=prefix, Delimiter=delimiter)) == want


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_are_the_whole(tree, size, delimiter):
    whole = names(tree.s3.list_objects_v2(Bucket=tree.repo, Prefix="main/",
                                          Delimiter=delimiter))
    for version in ("list_objects", "list_objects_v2"):
        keys, groups = [], []
        pages = tree.s3.get_paginator(version).paginate(
            Bucket=tree.repo, Prefix="main/", Delimiter=delimiter,
            PaginationConfig={"PageSize": size})
        for page in pages:
            k, g = names(page)
            assert len(k) + len(g) <= size
            keys += k
            groups += g
        assert (keys, groups) == whole


def test_start_after(tree):
    page = tree.s3.list_objects_v2(Bucket=tree.repo, Prefix="main/", StartAfter="main/b/2")
    assert names(page)[0] == ["main/b/5", "main/b/c/3", "main/e/4"]
    assert page["StartAfter"] == "main/b/2"
    page = tree.s3.list_objects_v2(Bucket=tree.repo, Prefix="main/", StartAfter="zzz")
    assert names(page) == ([], [])
    page = tree.s3.list_objects_v2(Bucket=tree.repo, Prefix="main/", Delimiter="/",
                                   StartAfter="main/b/2")
    assert names(page) == ([], ["main/b/", "main/e/"])


def test_max_keys(tree, refused):
    page = tree.s3.list_objects_v2(Bucket=tree.repo, Prefix="main/", MaxKeys=0)
    assert names(page) == ([], []) and not page["IsTruncated"]
    assert tree.s3.list_objects_v2(Bucket=tree.repo, Prefix="main/",
                                   MaxKeys=5000)["MaxKeys"] == 1000
    with refused("InvalidArgument", 400):
        tree.s3.list_objects_v2(Bucket=tree.repo, Prefix="main/", MaxKeys=-1)
    with refused("InvalidArgument", 400):
        tree.s3.list_objects_v2(Bucket=tree.repo, Prefix="main/", ContinuationToken="?")


def test_an_empty_token_begins_at_the_start(tree):
    page = tree.s3.list_objects_v2(Bucket=tree.repo, Prefix="main/", ContinuationToken="")
    assert len(names(page)[0]) == 6 and page["ContinuationToken"] == ""


def test_unknown_bucket(lake, refused):
    with refused("NoSuchBucket", 404):
        lake.s3.list_objects_v2(Bucket="no-such-repository")
    with refused("NoSuchBucket", 404):
        lake.s3.list_objects_v2(Bucket="no-such-repository", Prefix="main/")


@pytest.mark.heavy
def test_many_deletes_are_folded_away(lake):
    keys = [f"main/k{i:05}" for i in range(4500)]
    for k in keys[:40]:
        lake.put(k)
    for i in range(0, 4500, 1000):
        lake.s3.delete_objects(Bucket=lake.repo, Delete={
            "Objects": [{"Key": k} for k in keys[i:i + 1000]]})
    assert lake.keys() == []
