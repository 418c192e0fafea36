"""Buckets made and removed, and what tools ask of them first."""
import concurrent.futures
import uuid

import pytest

from sign import Signed


def test_a_bucket_is_a_repository(lake, refused):
    name = "b-" + uuid.uuid4().hex[:10]
    lake.s3.create_bucket(Bucket=name)
    with refused("InvalidBucketName", 400):
        lake.s3.create_bucket(Bucket="Not_a_name")
    assert lake.client.sdk_client.repositories_api.get_repository(name).default_branch == "main"
    put = lambda: lake.s3.put_object(Bucket=name, Key="main/o", Body=b"x")
    put()
    with refused("BucketNotEmpty", 409) as r:
        lake.s3.delete_bucket(Bucket=name)
    assert "lakegate repo delete" in r.message
    lake.s3.delete_object(Bucket=name, Key="main/o")
    lake.client.sdk_client.tags_api.create_tag(name, {"id": "v1", "ref": "main"})
    with refused("BucketNotEmpty", 409):
        lake.s3.delete_bucket(Bucket=name)
    lake.client.sdk_client.tags_api.delete_tag(name, "v1")
    lake.s3.delete_bucket(Bucket=name)
    with refused("NoSuchBucket", 404):
        put()
    with refused("NoSuchBucket", 404):
        lake.s3.delete_bucket(Bucket=name)


def test_buckets_come_in_pages(lake, refused):
    names = sorted(f"{lake.repo}-{n}" for n in range(3))
    for name in names:
        lake.s3.create_bucket(Bucket=name)
    page = lake.s3.list_buckets(Prefix=lake.repo + "-", MaxBuckets=2)
    assert [b["Name"] for b in page["Buckets"]] == names[:2] and page["Prefix"] == lake.repo + "-"
    page = lake.s3.list_buckets(Prefix=lake.repo + "-", MaxBuckets=2,
                                ContinuationToken=page["ContinuationToken"])
    assert [b["Name"] for b in page["Buckets"]] == names[2:] and "ContinuationToken" not in page
    status, _, text = Signed(lake.url, "GET", "/", query="max-buckets=0").send()
    assert status == 400 and b"InvalidArgument" in text


def test_a_history_is_not_empty(lake, refused):
    lake.put("main/o")
    lake.commit()
    lake.s3.delete_object(Bucket=lake.repo, Key="main/o")
    with refused("BucketNotEmpty", 409):
        lake.s3.delete_bucket(Bucket=lake.repo)


@pytest.mark.heavy
def test_what_was_acknowledged_is_not_deleted_with_its_bucket(lake):
    """A put and a deletion at once: one of them is refused."""
    def attempt(call):
        try:
            return call()["ResponseMetadata"]["HTTPStatusCode"] < 300
        except lake.s3.exceptions.ClientError:
            return False
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for n in range(60):
            name = "b-" + uuid.uuid4().hex[:10]
            lake.s3.create_bucket(Bucket=name)
            puts = [pool.submit(attempt, lambda i=i: lake.s3.put_object(
                Bucket=name, Key=f"main/{i}", Body=b"x")) for i in range(2)]
            gone = pool.submit(attempt, lambda: lake.s3.delete_bucket(Bucket=name))
            assert not (gone.result() and any(p.result() for p in puts))


@pytest.mark.parametrize("call,want", [
    ("get_bucket_acl", "FULL_CONTROL"), ("get_bucket_accelerate_configuration", {}),
    ("get_bucket_logging", {}), ("get_bucket_notification_configuration", {}),
    ("get_bucket_request_payment", "BucketOwner"), ("get_bucket_policy_status", False),
    ("get_bucket_cors", "NoSuchCORSConfiguration"),
    ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    ("get_bucket_ownership_controls", "Enforced"),
    ("get_bucket_policy", "NoSuchBucketPolicy"),
    ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
    ("get_bucket_tagging", "NoSuchTagSet"), ("get_bucket_website", "NoSuchWebsiteConfiguration"),
    ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")])
def test_questions_have_an_honest_answer(lake, refused, call, want):
    ask = lambda bucket: getattr(lake.s3, call)(Bucket=bucket)
    if isinstance(want, str) and want.startswith(("No", "Server", "Repl", "Object")):
        with refused(want, 404):
            ask(lake.repo)
    else:
        r = {k: v for k, v in ask(lake.repo).items() if k != "ResponseMetadata"}
        found = {"get_bucket_acl": lambda: r["Grants"][0]["Permission"],
                 "get_bucket_ownership_controls": lambda: r["OwnershipControls"]["Rules"][0][
                     "ObjectOwnership"].removeprefix("BucketOwner"),
                 "get_bucket_request_payment": lambda: r["Payer"],
                 "get_bucket_policy_status": lambda: r["PolicyStatus"]["IsPublic"]}
        assert found.get(call, lambda: r)() == want
    with refused("NoSuchBucket", 404):
        ask("no-such-repository")


@pytest.mark.parametrize("query", ["encryption", "website", "replication", "object-lock", "analytics&id=1"])
def test_settings_are_not_taken_silently(lake, query):
    status, _, text = Signed(lake.url, "PUT", f"/{lake.repo}", query=query).send(b"<x/>")
    assert status == 501 and b"NotImplemented" in text


def test_acls_are_refused_but_for_what_is_true(lake, refused):
    key = dict(Bucket=lake.repo, Key="main/o")
    for acl in ("private", "bucket-owner-full-control"):
        lake.s3.put_object(ACL=acl, **key)
    for call in (lambda: lake.s3.put_object(ACL="public-read", **key),
                 lambda: lake.s3.put_object(GrantRead="uri=all", **key),
                 lambda: lake.s3.copy_object(CopySource=f"{lake.repo}/main/o", ACL="public-read", **key),
                 lambda: lake.s3.create_multipart_upload(ACL="authenticated-read", **key),
                 lambda: lake.s3.create_bucket(Bucket=lake.repo + "-p", ACL="public-read"),
                 lambda: lake.s3.create_bucket(Bucket=lake.repo + "-p", ObjectOwnership="ObjectWriter")):
        with refused("AccessControlListNotSupported", 400):
            call()


def test_the_acl_of_an_object(lake, refused):
    lake.put("main/o")
    r = lake.s3.get_object_acl(Bucket=lake.repo, Key="main/o")
    assert r["Grants"][0]["Permission"] == "FULL_CONTROL" and r["Owner"]["ID"]
    with refused("NoSuchKey", 404):
        lake.s3.get_object_acl(Bucket=lake.repo, Key="main/none")
