"""What tools that describe infrastructure ask of a bucket: settings that are
there, settings that are so already, and whose all of it is."""
import os

import pytest

from lake import Lake
from servers import KEY, SECRET, serve
from sign import Signed, ask

pytestmark = pytest.mark.server

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def stated(request):
    """A server whose settings say an account, and that the disk is encrypted."""
    s = serve(request.config.getoption("--server"), os.path.abspath(request.config.getoption("--build")),
              settings={"account": ACCOUNT, "disk_encrypted": "on"})
    yield s
    s.stop()


@pytest.fixture
def encrypted(stated):
    return Lake(stated)


def send(lake, method, query, body=b"", path="", **headers):
    s = Signed(lake.url, method, f"/{lake.repo}{path}", query=query,
               headers={k.replace("_", "-"): v for k, v in headers.items()})
    return s.send(body)


# ---- what is so already ------------------------------------------------------

SAME = [("ownershipControls", b"<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>"
         b"</OwnershipControls>"),
        ("logging", b"<BucketLoggingStatus/>"), ("notification", b"<NotificationConfiguration/>"),
        ("requestPayment", b"<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>"),
        ("accelerate", b"<AccelerateConfiguration><Status>Suspended</Status></AccelerateConfiguration>")]
OTHER = [("ownershipControls", b"<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"
          b"</OwnershipControls>"),
         ("logging", b"<BucketLoggingStatus><LoggingEnabled><TargetBucket>b</TargetBucket></LoggingEnabled>"
          b"</BucketLoggingStatus>"),
         ("notification", b"<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>"),
         ("requestPayment", b"<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"),
         ("accelerate", b"<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>")]


@pytest.mark.parametrize("query,body", SAME)
def test_what_is_so_already_succeeds(lake, query, body):
    before = send(lake, "GET", query)[2]
    status, _, text = send(lake, "PUT", query, body)
    assert status == 200 and text == b"", text
    assert send(lake, "GET", query)[2] == before
    lake.repo = "r-none-such"
    assert send(lake, "PUT", query, body)[0] == 404


@pytest.mark.parametrize("query,body", OTHER)
def test_what_is_not_so_is_501(lake, query, body):
    status, _, text = send(lake, "PUT", query, body)
    assert status == 501 and b"NotImplemented" in text, text


@pytest.mark.parametrize("query,body", [
    ("accelerate", b"<AccelerateConfiguration/>"), ("requestPayment", b"<RequestPaymentConfiguration/>"),
    ("ownershipControls", b"<OwnershipControls><Rule/></OwnershipControls>"), ("logging", b"<Other/>"),
    ("notification", b""), ("accelerate", b"<AccelerateConfiguration><Status>Suspended</Status>")])
def test_half_a_configuration(lake, query, body):
    status, _, text = send(lake, "PUT", query, body)
    assert status == 400 and b"MalformedXML" in text, text


@pytest.mark.parametrize("query", ["lifecycle", "encryption", "website", "replication", "ownershipControls",
                                   "publicAccessBlock"])
def test_what_is_not_there_is_deleted(lake, query):
    assert send(lake, "DELETE", query)[0] == 204
    lake.repo = "r-none-such"
    assert send(lake, "DELETE", query)[0] == 404


# ---- ACLs -------------------------------------------------------------------

@pytest.mark.parametrize("path", ["", "/main/o"])
def test_acls_that_grant_nothing_are_taken(lake, path):
    lake.put("main/o", b"x")
    code = lambda answer: answer[2].partition(b"<Code>")[2].partition(b"</Code>")[0].decode() or answer[0]
    for acl in ("private", "bucket-owner-full-control"):
        assert send(lake, "PUT", "acl", path=path, x_amz_acl=acl)[0] == 200
    for acl in ("public-read", "public-read-write", "authenticated-read", "bucket-owner-read", "aws-exec-read",
                "log-delivery-write"):
        assert code(send(lake, "PUT", "acl", path=path, x_amz_acl=acl)) == "AccessControlListNotSupported"
    for acl in ("nonsense", ""):
        assert code(send(lake, "PUT", "acl", path=path, x_amz_acl=acl)) == "InvalidArgument"
        assert code(send(lake, "PUT", "", b"y", path="/main/o", x_amz_acl=acl)) == "InvalidArgument"
    assert code(send(lake, "PUT", "acl", path=path, x_amz_grant_read="id=1")) == "AccessControlListNotSupported"
    assert code(send(lake, "PUT", "acl", path=path)) == "MissingSecurityHeader"
    now = send(lake, "GET", "acl", path=path)[2]
    assert send(lake, "PUT", "acl", now, path=path)[0] == 200, "what Get tells"
    for other in (now.replace(b"FULL_CONTROL", b"READ"), now.replace(b"</ID>", b"x</ID>"),
                  now.replace(b"</Owner>", b"</Owner><Other/>"),
                  now.replace(b"<ID>", b"<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI><ID>")):
        assert code(send(lake, "PUT", "acl", other, path=path)) == "AccessControlListNotSupported"
    assert code(send(lake, "PUT", "acl", b"<x/>", path=path)) == "MalformedXML"
    assert send(lake, "GET", "acl", path=path)[2] == now and lake.body("main/o") == b"x"
    assert code(send(lake, "PUT", "acl", path="/main/none", x_amz_acl="private")) == "NoSuchKey"


def test_the_acl_of_a_version(lake, refused):
    lake.s3.put_bucket_versioning(Bucket=lake.repo, VersioningConfiguration={"Status": "Enabled"})
    lake.put("main/o", b"x")
    version = lake.commit()
    key = dict(Bucket=lake.repo, Key="main/o")
    assert lake.s3.get_object_acl(**key, VersionId=version)["Grants"][0]["Permission"] == "FULL_CONTROL"
    lake.s3.put_object_acl(**key, ACL="private", VersionId=version)
    with refused("NoSuchVersion", 404):
        lake.s3.get_object_acl(**key, VersionId="0" * 64)


# ---- encryption ---------------------------------------------------------------

RULE = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}


def test_an_encrypted_disk_is_sse_s3(encrypted, refused):
    lake, s3 = encrypted, encrypted.s3
    key = dict(Bucket=lake.repo, Key="main/o")
    told = lambda r: r.get("ServerSideEncryption") == "AES256"
    for sse in ({}, {"ServerSideEncryption": "AES256"}):
        assert told(lake.put("main/o", b"x", **sse))
        assert told(s3.copy_object(Bucket=lake.repo, Key="main/c", CopySource=f"{lake.repo}/main/o", **sse))
        up = s3.create_multipart_upload(**key, **sse)
        part = s3.upload_part(**key, UploadId=up["UploadId"], PartNumber=1, Body=b"p")
        done = s3.complete_multipart_upload(**key, UploadId=up["UploadId"], MultipartUpload={
            "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        assert told(up) and told(part) and told(done)
        assert told(s3.get_object(**key)) and told(s3.head_object(**key))
    s3.copy_object(**key, CopySource=f"{lake.repo}/main/o", ServerSideEncryption="AES256")
    assert s3.get_bucket_encryption(Bucket=lake.repo)["ServerSideEncryptionConfiguration"] == RULE
    s3.put_bucket_encryption(Bucket=lake.repo, ServerSideEncryptionConfiguration=RULE)
    s3.delete_bucket_encryption(Bucket=lake.repo)
    assert s3.get_bucket_encryption(Bucket=lake.repo)["ServerSideEncryptionConfiguration"] == RULE
    for other in ({"SSEAlgorithm": "aws:kms"}, {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"}):
        with refused("NotImplemented", 501):
            s3.put_bucket_encryption(Bucket=lake.repo, ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": other}]})
    for sse in ("aws:kms", "aws:kms:dsse"):
        with refused("NotImplemented", 501):
            lake.put("main/o", b"y", ServerSideEncryption=sse)
    with refused("NotImplemented", 501):
        lake.put("main/o", b"y", ServerSideEncryption="AES256", BucketKeyEnabled=True)
    with refused("InvalidEncryptionAlgorithmError", 400):
        lake.put("main/o", b"y", ServerSideEncryption="ROT13")
    status, _, text = send(lake, "GET", "", path="/main/o", x_amz_server_side_encryption="AES256")
    assert status == 400 and b"InvalidArgument" in text
    assert lake.body("main/o") == b"p"


def test_a_disk_of_which_nothing_is_said(lake, refused):
    with refused("NotImplemented", 501) as r:
        lake.put("main/o", b"x", ServerSideEncryption="AES256")
    assert "disk_encrypted" in r.message
    with refused("NotImplemented", 501) as r:
        lake.s3.put_bucket_encryption(Bucket=lake.repo, ServerSideEncryptionConfiguration=RULE)
    assert "disk_encrypted" in r.message
    assert "ServerSideEncryption" not in lake.put("main/o", b"x")


# ---- whose it is --------------------------------------------------------------

def owner_is_checked(lake, refused, owner):
    s3, other = lake.s3, "111122223333"
    key = dict(Bucket=lake.repo, Key="main/o")
    lake.put("main/o", b"kept", ExpectedBucketOwner=owner)
    for call in (lambda who: s3.get_object(**key, ExpectedBucketOwner=who),
                 lambda who: s3.list_objects_v2(Bucket=lake.repo, ExpectedBucketOwner=who),
                 lambda who: s3.head_object(**key, ExpectedBucketOwner=who),
                 lambda who: s3.get_bucket_location(Bucket=lake.repo, ExpectedBucketOwner=who),
                 lambda who: s3.copy_object(Bucket=lake.repo, Key="main/c", CopySource=f"{lake.repo}/main/o",
                                            ExpectedSourceBucketOwner=who)):
        call(owner)
    for call in (lambda **w: lake.put("main/o", b"lost", **w), lambda **w: s3.delete_object(**key, **w),
                 lambda **w: s3.delete_bucket(Bucket=lake.repo, **w), lambda **w: s3.get_object(**key, **w),
                 lambda **w: s3.create_multipart_upload(**key, **w)):
        with refused("AccessDenied", 403):
            call(ExpectedBucketOwner=other)
    with refused("AccessDenied", 403):
        s3.copy_object(**key, CopySource=f"{lake.repo}/main/c", ExpectedSourceBucketOwner=other)
    target = s3.generate_presigned_url("get_object", Params=dict(key, ExpectedBucketOwner=other))
    assert ask(lake.url, "GET", target.removeprefix(lake.url), {"x-amz-expected-bucket-owner": other})[0] == 403
    assert lake.body("main/o") == b"kept"


def test_the_expected_owner_is_the_one_that_is_told(lake, refused):
    owner_is_checked(lake, refused, lake.s3.list_buckets()["Owner"]["ID"])


def test_the_account_of_the_settings_is_the_owner(encrypted, refused):
    owner_is_checked(encrypted, refused, ACCOUNT)
    s3, bucket = encrypted.s3, encrypted.repo
    key = dict(Bucket=bucket, Key="main/o")
    up = s3.create_multipart_upload(**key)["UploadId"]
    for who in (s3.list_buckets()["Owner"], s3.get_bucket_acl(Bucket=bucket)["Owner"],
                s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Grantee"], s3.get_object_acl(**key)["Owner"],
                s3.list_objects(Bucket=bucket, Prefix="main/")["Contents"][0]["Owner"],
                s3.list_object_versions(Bucket=bucket, Prefix="main/")["Versions"][0]["Owner"],
                s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]["Owner"],
                s3.list_parts(**key, UploadId=up)["Owner"]):
        assert who["ID"] == ACCOUNT


# ---- names ---------------------------------------------------------------------

@pytest.mark.parametrize("name", ["ends-in-", "xn--abc", "sthree-abc", "amzn-s3-demo-abc", "abc-s3alias", "abc--ol-s3",
                                  "abc--x-s3", "abc--table-s3"])
def test_names_that_aws_keeps_for_itself(lake, refused, name):
    status, _, text = Signed(lake.url, "PUT", f"/{name}").send()
    assert status == 400 and b"InvalidBucketName" in text, text


def test_a_bucket_of_ones_own_is_made_again(lake):
    """As in us-east-1, which is the region that this server says."""
    lake.put("main/o", b"kept")
    assert lake.s3.get_bucket_location(Bucket=lake.repo)["LocationConstraint"] is None
    lake.s3.create_bucket(Bucket=lake.repo)
    assert lake.body("main/o") == b"kept"


# ---- the public access block -----------------------------------------------------

ALL = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}


def test_a_public_access_block_is_kept_and_obeyed(lake, refused):
    s3, bucket = lake.s3, lake.repo
    policy = ('{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", '
              '"Resource": "arn:aws:s3:::%s/*"}}' % bucket)
    lake.put("main/o", b"x")
    with refused("NoSuchPublicAccessBlockConfiguration", 404):
        s3.get_public_access_block(Bucket=bucket)
    put = lambda **block: s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    read = lambda: ask(lake.url, "GET", f"/{bucket}/main/o")[0]
    put(**ALL)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == ALL
    with refused("AccessDenied", 403):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    put(BlockPublicAcls=True)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == {
        **dict.fromkeys(ALL, False), "BlockPublicAcls": True}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert read() == 200
    put(RestrictPublicBuckets=True)
    assert read() == 403
    s3.delete_public_access_block(Bucket=bucket)
    assert read() == 200
    status, _, text = send(lake, "PUT", "publicAccessBlock", b"<PublicAccessBlockConfiguration><BlockPublicPolicy>yes"
                           b"</BlockPublicPolicy></PublicAccessBlockConfiguration>")
    assert status == 400 and b"MalformedXML" in text


# ---- lifecycle ---------------------------------------------------------------------

def rule(days=1, prefix="", **more):
    return {"ID": f"r{days}{prefix.replace('/', '-')}", "Status": "Enabled", "Filter": {"Prefix": prefix},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days}, **more}


def test_a_lifecycle_of_uploads_is_kept(lake, refused):
    s3, bucket = lake.s3, lake.repo
    put = lambda *rules: s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    with refused("NoSuchLifecycleConfiguration", 404):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    put(rule(), rule(3, "main/tmp/", Status="Disabled"))
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == [
        rule(), rule(3, "main/tmp/", Status="Disabled")]
    expire = {k: v for k, v in rule().items() if k != "AbortIncompleteMultipartUpload"}
    for other in (dict(expire, Expiration={"Days": 1}), rule(Expiration={"Days": 1}),
                  dict(expire, NoncurrentVersionExpiration={"NoncurrentDays": 1}),
                  dict(expire, Transitions=[{"Days": 1, "StorageClass": "GLACIER"}]),
                  rule(Filter={"Tag": {"Key": "a", "Value": "b"}})):
        with refused("NotImplemented", 501):
            put(other)
    with refused("InvalidArgument", 400):
        put(rule(0))
    with refused("InvalidArgument", 400):
        put(rule(), rule())
    with refused("MalformedXML", 400):
        put(rule(Status="On"))
    with refused("MalformedXML", 400):
        put(expire)
    status, _, text = send(lake, "PUT", "lifecycle", b"<LifecycleConfiguration/>")
    assert status == 400 and b"MalformedXML" in text
    assert len(s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]) == 2
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with refused("NoSuchLifecycleConfiguration", 404):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


def test_a_lifecycle_has_limits(lake):
    one = lambda n, prefix="", id="": (
        f"<Rule><ID>{id or n}</ID><Filter><Prefix>{prefix}</Prefix></Filter><Status>Enabled</Status>"
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
        "</Rule>")

    def put(*rules):
        text = "<LifecycleConfiguration>" + "".join(rules) + "</LifecycleConfiguration>"
        status, _, text = send(lake, "PUT", "lifecycle", text.encode())
        return status, text
    assert put(*[one(n) for n in range(100)])[0] == 200
    status, text = put(*[one(n) for n in range(101)])
    assert status == 400 and b"MalformedXML" in text
    assert put(one(1, id="i" * 255))[0] == 200
    status, text = put(one(1, id="i" * 256))
    assert status == 400 and b"MalformedXML" in text
    assert put(*[one(n, "p" * 400) for n in range(99)])[0] == 200
    status, text = put(*[one(n, "p" * 600) for n in range(99)])
    assert status == 400 and b"InvalidRequest" in text


def test_version_2_does_not_choose_what_it_does_not_sign(lake):
    """A presigned address to make a bucket is none to change its settings."""
    import base64
    import hashlib
    import hmac
    import time
    import urllib.parse
    until = int(time.time()) + 300
    for method, name, body in (("PUT", "accelerate", SAME[4][1]), ("PUT", "ownershipControls", SAME[0][1]),
                               ("DELETE", "encryption", b"")):
        mac = hmac.new(SECRET.encode(), f"{method}\n\n\n{until}\n/{lake.repo}".encode(), hashlib.sha1).digest()
        signature = urllib.parse.quote(base64.b64encode(mac), safe="")
        status, text = ask(lake.url, method, f"/{lake.repo}?{name}&AWSAccessKeyId={KEY}&Expires={until}"
                           f"&Signature={signature}", body=body)
        assert status == 403 and b"AccessDenied" in text, text
