"""Tags: set with the object or afterwards, versioned with it."""
import pytest

from sign import Signed


def tags_of(lake, key="main/o"):
    r = lake.s3.get_object_tagging(Bucket=lake.repo, Key=key)
    return {t["Key"]: t["Value"] for t in r["TagSet"]}


def tag(lake, key="main/o", **tags):
    lake.s3.put_object_tagging(Bucket=lake.repo, Key=key, Tagging={
        "TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})


def test_tags_are_set_and_taken_away(lake, refused):
    before = lake.put("main/o", b"body", Tagging="a=1&b=two%20words", Metadata={"m": "v"})["ETag"]
    assert tags_of(lake) == {"a": "1", "b": "two words"}
    tag(lake, c="\u00fc+&=", d="")
    assert tags_of(lake) == {"c": "\u00fc+&=", "d": ""}
    head = lake.s3.head_object(Bucket=lake.repo, Key="main/o")
    assert (head["ETag"], head["Metadata"], head["TagCount"]) == (before, {"m": "v"}, 2)
    assert lake.body("main/o") == b"body"
    lake.s3.delete_object_tagging(Bucket=lake.repo, Key="main/o")
    assert tags_of(lake) == {}
    lake.s3.delete_object_tagging(Bucket=lake.repo, Key="main/o")
    for call in (lambda: tags_of(lake, "main/none"), lambda: tag(lake, "main/none", a="1")):
        with refused("NoSuchKey", 404):
            call()


def test_tags_are_versioned(lake, refused):
    lake.put("main/o", b"body", Tagging="state=raw")
    first = lake.commit()
    tag(lake, state="clean")
    assert [d.path for d in lake.main.uncommitted()] == ["o"]
    second = lake.commit()
    assert tags_of(lake, f"{first}/o") == {"state": "raw"}
    assert tags_of(lake, f"{second}/o") == tags_of(lake) == {"state": "clean"}
    for change in (lambda: tag(lake, f"{first}/o", a="1"),
                   lambda: lake.s3.delete_object_tagging(Bucket=lake.repo, Key=f"{first}/o")):
        with refused("MethodNotAllowed", 405) as r:
            change()
        assert "read-only ref" in r.message


def test_copies_take_tags_along_or_new_ones(lake):
    lake.put("main/o", b"body", Tagging="a=1")
    source = f"{lake.repo}/main/o"
    lake.s3.copy_object(Bucket=lake.repo, Key="main/same", CopySource=source)
    lake.s3.copy_object(Bucket=lake.repo, Key="main/new", CopySource=source,
                        TaggingDirective="REPLACE", Tagging="b=2")
    assert (tags_of(lake, "main/same"), tags_of(lake, "main/new")) == ({"a": "1"}, {"b": "2"})


def test_uploads_in_parts_have_tags(lake):
    key = dict(Bucket=lake.repo, Key="main/o")
    up = lake.s3.create_multipart_upload(Tagging="a=1", **key)["UploadId"]
    part = lake.s3.upload_part(UploadId=up, PartNumber=1, Body=b"x", **key)
    lake.s3.complete_multipart_upload(UploadId=up, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}, **key)
    assert tags_of(lake) == {"a": "1"}


@pytest.mark.parametrize("tags", [
    {f"k{i}": "v" for i in range(11)}, {"k" * 129: "v"}, {"k": "v" * 257}])
def test_limits(lake, refused, tags):
    lake.put("main/o", b"body", Tagging="a=1")
    with refused("InvalidTag", 400):
        tag(lake, **tags)
    assert tags_of(lake) == {"a": "1"}
    tag(lake, **{"\u00fc" * 128: "\u00fc" * 256})
    assert len(tags_of(lake)) == 1


def test_ten_tags_in_a_header_and_no_more(lake, refused):
    ten, more = ("&".join(f"k{i}=v" for i in range(n)) for n in (10, 11))
    key = dict(Bucket=lake.repo, Key="main/o")
    for call in (lambda: lake.put("main/o", Tagging=more),
                 lambda: lake.s3.create_multipart_upload(Tagging=more, **key),
                 lambda: lake.put("main/o", Tagging="k" * 129 + "=v"),
                 lambda: lake.put("main/o", Tagging="k=" + "v" * 257)):
        with refused("InvalidTag", 400):
            call()
    assert lake.keys() == []
    lake.put("main/o", Tagging=ten)
    assert len(tags_of(lake)) == 10
    tag(lake, **{f"n{i}": "" for i in range(10)})
    assert sorted(tags_of(lake)) == [f"n{i}" for i in range(10)]
    lake.put("main/o", Tagging="k" * 128 + "=" + "v" * 256)
    assert tags_of(lake) == {"k" * 128: "v" * 256}


@pytest.mark.parametrize("body,code", [
    (b"", b"MalformedXML"), (b"<Tagging/>", b"MalformedXML"), (b"<Other/>", b"MalformedXML"),
    (b"<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag>"
     b"<Tag><Key>a</Key><Value>2</Value></Tag></TagSet></Tagging>", b"InvalidTag"),
    (b"<Tagging><TagSet><Tag><Key></Key><Value>1</Value></Tag></TagSet></Tagging>", b"InvalidTag")])
def test_bad_bodies(lake, body, code):
    lake.put("main/o", b"kept", Tagging="a=1")
    status, _, text = Signed(lake.url, "PUT", f"/{lake.repo}/main/o", query="tagging").send(body)
    assert status == 400 and code in text
    assert tags_of(lake) == {"a": "1"} and lake.body("main/o") == b"kept"


def test_tags_of_a_bucket(lake, refused):
    def put(*pairs):
        lake.s3.put_bucket_tagging(Bucket=lake.repo, Tagging={
            "TagSet": [{"Key": k, "Value": v} for k, v in pairs]})
    with refused("NoSuchTagSet", 404):
        lake.s3.get_bucket_tagging(Bucket=lake.repo)
    put(("team", "data & <more>"), ("cost", ""))
    assert lake.s3.get_bucket_tagging(Bucket=lake.repo)["TagSet"] == [
        {"Key": "team", "Value": "data & <more>"}, {"Key": "cost", "Value": ""}]
    for tags in ([("k", "1"), ("k", "2")], [("k" * 129, "")], [("k", "v" * 257)],
                 [(str(n), "") for n in range(51)]):
        with refused("InvalidTag", 400):
            put(*tags)
    assert len(lake.s3.get_bucket_tagging(Bucket=lake.repo)["TagSet"]) == 2
    put(("\u00fc" * 128, "\u00fc" * 256))
    put(*[(str(n), "v") for n in range(50)])
    assert len(lake.s3.get_bucket_tagging(Bucket=lake.repo)["TagSet"]) == 50
    lake.s3.delete_bucket_tagging(Bucket=lake.repo)
    with refused("NoSuchTagSet", 404):
        lake.s3.get_bucket_tagging(Bucket=lake.repo)
    with refused("NoSuchBucket", 404):
        lake.s3.delete_bucket_tagging(Bucket="nosuch")
