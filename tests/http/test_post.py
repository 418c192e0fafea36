"""PostObject: uploads from forms, with a policy that a key has signed."""
import base64
import datetime
import hashlib
import hmac
import json

import pytest

from servers import KEY, SECRET, connect
from sign import signing_key

pytestmark = pytest.mark.server


def form(fields, file=b"content", filename="f.txt", after=b""):
    """Body and content type of a form: fields, then the file."""
    out = b""
    for name, value in fields:
        out += f'--mark\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        out += (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    if file is not None:
        out += (f'--mark\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
                "Content-Type: text/plain\r\n\r\n").encode() + file + b"\r\n"
    return out + after + b"--mark--\r\n", "multipart/form-data; boundary=mark"


def send(lake, body, kind, repo=None):
    c = connect(lake.url)
    c.request("POST", f"/{repo or lake.repo}", body, {"Content-Type": kind})
    r = c.getresponse()
    text = r.read()
    c.close()
    return r.status, {k.lower(): v for k, v in r.getheaders()}, text


def encoded(policy):
    text = policy if isinstance(policy, str) else json.dumps(policy)
    return base64.b64encode(text.encode()).decode()


def policy(lake, *conditions, expires=100, bucket=None):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=expires)
    return {"expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "conditions": [{"bucket": bucket or lake.repo}, ["starts-with", "$key", "main/"],
                           *conditions]}


def v2(document, secret=SECRET):
    text = encoded(document)
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return [("AWSAccessKeyId", KEY), ("policy", text), ("signature", base64.b64encode(mac).decode())]


def post(lake, fields, document=None, key="main/o", **more):
    document = document if document is not None else policy(lake)
    return send(lake, *form([("key", key), *v2(document), *fields], **more))


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_what_boto_presigns(lake, version):
    from lake import s3_client
    s3 = s3_client(lake.url, signature_version=version)
    given = s3.generate_presigned_post(lake.repo, "main/${filename}", Fields={"acl": "private"},
                                       Conditions=[{"acl": "private"},
                                                   ["content-length-range", 1, 100]])
    status, h, text = send(lake, *form(list(given["fields"].items()), b"posted"))
    assert (status, text) == (204, b"")
    assert h["etag"] == f'"{hashlib.md5(b"posted").hexdigest()}"'
    assert h["location"] == f"{lake.url}/{lake.repo}/main/f.txt"
    assert lake.body("main/f.txt") == b"posted"
    wrong = dict(given["fields"], **{"x-amz-signature": "0" * 64, "signature": "x" * 28})
    wrong = {k: v for k, v in wrong.items() if k in given["fields"]}
    status, _, text = send(lake, *form(list(wrong.items()), b"forged"))
    assert status == 403 and b"SignatureDoesNotMatch" in text
    assert lake.body("main/f.txt") == b"posted"


def test_the_fields_are_the_headers_of_a_put(lake):
    tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>"
    extra = [("Content-Type", "text/csv"), ("Cache-Control", "no-cache"), ("tagging", tags),
             ("x-amz-meta-Name", "value"), ("x-ignore-this", "x"),
             ("x-amz-checksum-sha256", base64.b64encode(hashlib.sha256(b"content").digest()).decode())]
    document = policy(lake, *[["starts-with", "$" + n, ""] for n, _ in extra if "ignore" not in n])
    assert post(lake, extra, document)[0] == 204
    got = lake.s3.get_object(Bucket=lake.repo, Key="main/o", ChecksumMode="ENABLED")
    assert (got["ContentType"], got["CacheControl"]) == ("text/csv", "no-cache")
    assert got["Metadata"] == {"name": "value"} and got["TagCount"] == 1
    assert got["ChecksumSHA256"] and got["Body"].read() == b"content"


@pytest.mark.parametrize("name,value", [
    ("x-amz-checksum-sha256", base64.b64encode(b"0" * 32).decode()),
    ("Content-MD5", base64.b64encode(b"0" * 16).decode())])
def test_a_wrong_checksum_stores_nothing(lake, refused, name, value):
    status, _, text = post(lake, [(name, value)], policy(lake, ["eq", "$" + name, value]))
    assert status == 400 and b"BadDigest" in text
    with refused("NoSuchKey"):
        lake.body("main/o")


def test_an_acl_that_would_grant_is_refused(lake, refused):
    status, _, text = post(lake, [("acl", "public-read")], policy(lake, {"acl": "public-read"}))
    assert status == 400 and b"AccessControlListNotSupported" in text
    with refused("NoSuchKey"):
        lake.body("main/o")


def test_success_actions(lake):
    def with_field(name, value):
        return post(lake, [(name, value)], policy(lake, {name: value}))
    assert with_field("success_action_status", "200")[::2] == (200, b"")
    status, h, text = with_field("success_action_status", "201")
    assert status == 201 and h["content-type"] == "application/xml"
    assert f"<Key>main/o</Key>".encode() in text and h["location"].encode() in text
    assert with_field("success_action_status", "404")[0] == 204
    for name in ("success_action_redirect", "redirect"):
        status, h, _ = with_field(name, "http://app.example/done?a=1")
        etag = hashlib.md5(b"content").hexdigest()
        assert (status, h["location"]) == (303, "http://app.example/done?a=1&bucket="
                                           f"{lake.repo}&key=main%2Fo&etag=%22{etag}%22")
    assert with_field("success_action_redirect", "javascript:x")[0] == 204


def test_names_in_any_case(lake):
    document = {"expiration": policy(lake)["expiration"], "conditions": [
        {"bUcKeT": lake.repo}, ["StArTs-WiTh", "$KeY", "main/"], ["eQ", "$cOnTeNt-TyPe", "a/b"]]}
    fields = [(n.swapcase(), v) for n, v in [("key", "main/o"), *v2(document),
                                             ("Content-Type", "a/b")]]
    assert send(lake, *form(fields))[0] == 204


def test_what_follows_the_file_does_not_count(lake):
    after = b'--mark\r\nContent-Disposition: form-data; name="key"\r\n\r\nmain/other\r\n'
    assert post(lake, [], after=after)[0] == 204
    assert lake.keys() == ["main/o"]
    assert post(lake, [], file=b"")[0] == 204
    assert lake.body("main/o") == b""
    big = b"\r\n--mar\r\n" * 100000
    assert post(lake, [], file=big, filename="C:\\folder\\a;b.txt", key="main/x ${filename}")[0] == 204
    assert lake.body("main/x a;b.txt") == big


@pytest.mark.parametrize("change,status,code", [
    (lambda p: p.update(expiration="2000-01-01T00:00:00Z"), 403, "AccessDenied"),
    (lambda p: p.update(expiration="tomorrow"), 400, "InvalidPolicyDocument"),
    (lambda p: p.pop("expiration"), 400, "InvalidPolicyDocument"),
    (lambda p: p.pop("conditions"), 400, "InvalidPolicyDocument"),
    (lambda p: p.update(CONDITIONS=p.pop("conditions")), 400, "InvalidPolicyDocument"),
    (lambda p: p["conditions"].append({}), 400, "InvalidPolicyDocument"),
    (lambda p: p["conditions"].append(["eq", "$key"]), 400, "InvalidPolicyDocument"),
    (lambda p: p["conditions"].append(["eq", "key", "x"]), 400, "InvalidPolicyDocument"),
    (lambda p: p["conditions"].append(["like", "$key", "x"]), 400, "InvalidPolicyDocument"),
    (lambda p: p["conditions"].append(["content-length-range", 5]), 400, "InvalidPolicyDocument"),
    (lambda p: p["conditions"].append(["content-length-range", -1, 5]), 400,
     "InvalidPolicyDocument"),
    (lambda p: p["conditions"].append(["content-length-range", 0, 6]), 400, "EntityTooLarge"),
    (lambda p: p["conditions"].append(["content-length-range", 8, 9]), 400, "EntityTooSmall"),
    (lambda p: p["conditions"].append(["eq", "$key", "main/other"]), 403, "AccessDenied"),
    (lambda p: p["conditions"].append(["starts-with", "$key", "dev/"]), 403, "AccessDenied"),
    (lambda p: p["conditions"].append({"x-amz-meta-a": "b"}), 403, "AccessDenied"),
    (lambda p: p["conditions"].pop(0), 403, "AccessDenied"),
    (lambda p: p["conditions"].pop(1), 403, "AccessDenied"),
    (lambda p: p["conditions"][0].update(bucket="other"), 403, "AccessDenied")])
def test_policies_that_do_not_allow_it(lake, refused, change, status, code):
    document = policy(lake)
    change(document)
    got, _, text = post(lake, [], document)
    assert (got, code.encode() in text) == (status, True), text
    with refused("NoSuchKey"):
        lake.body("main/o")


def test_fields_have_20000_bytes(lake):
    """Names and values of all that precede the file."""
    good = [("key", "main/o"), *v2(policy(lake))]
    room = 20000 - sum(len(n) + len(v) for n, v in good) - len("x-ignore-big")
    for more, status in (1, 400), (0, 204):
        got, _, text = send(lake, *form(good + [("x-ignore-big", "x" * (room + more))]))
        assert got == status and (got == 204 or b"InvalidRequest" in text), text
        assert lake.keys() == (["main/o"] if status == 204 else [])


def test_forms_that_are_not_whole(lake, refused):
    good = [("key", "main/o"), *v2(policy(lake))]
    without = lambda name: [f for f in good if f[0] != name]
    for fields, status, code in [
            (without("policy"), 403, "AccessDenied"), (without("key"), 400, "InvalidArgument"),
            (without("signature"), 400, "InvalidArgument"),
            (without("AWSAccessKeyId"), 400, "InvalidArgument"),
            (without("key") + [("key", "")], 400, "InvalidArgument"),
            (without("key") + [("key", "main/")], 400, "InvalidArgument"),
            (without("AWSAccessKeyId") + [("AWSAccessKeyId", "nobody")], 403, "InvalidAccessKeyId"),
            (good + [("x-amz-meta-a", "not in the policy")], 403, "AccessDenied"),
            (good + [("Key", "main/other")], 400, "InvalidArgument"),
            (good + [(f"x-ignore-{n}", "") for n in range(200)], 400, "InvalidRequest"),
            (good + [("big", "x" * 20000)], 400, "InvalidRequest"),
            (without("policy") + [("policy", "***")], 403, "SignatureDoesNotMatch")]:
        got, _, text = send(lake, *form(fields))
        assert (got, code.encode() in text) == (status, True), text
    got, _, text = send(lake, *form(good, file=None))
    assert got == 400 and b"exactly one file" in text
    body, kind = form(good)
    got, _, text = send(lake, body, "text/plain")
    assert got == 412 and b"multipart/form-data" in text
    for broken in (body[:-20], b"", b"--mark", body.replace(b"mark", b"other")):
        got, _, text = send(lake, broken, kind)
        assert got == 400, text
    assert send(lake, body, "multipart/form-data")[0] == 400
    with refused("NoSuchKey"):
        lake.body("main/o")
    got, _, text = post(lake, [], policy(lake, ["starts-with", "$key", ""]), key="main/" + "k" * 1100)
    assert got == 400 and b"KeyTooLong" in text
    assert post(lake, [], {**policy(lake), "conditions": [
        {"bucket": lake.repo}, ["starts-with", "$key", ""]]}, key="nobranch/o")[0] == 404


def test_policies_are_signed_whole(lake):
    text = json.dumps(policy(lake))
    for document in (text, text[:-1], "[]", "{}", "null"):
        status = send(lake, *form([("key", "main/o"), *v2(document)]))[0]
        assert status == (204 if document == text else 400)
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{date[:8]}/eu-central-1/s3/aws4_request"
    signed = {"x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-credential": f"{KEY}/{scope}",
              "x-amz-date": date}
    doc = encoded(policy(lake, *[{k: v} for k, v in signed.items()]))
    mac = hmac.new(signing_key(date[:8], "eu-central-1"), doc.encode(), hashlib.sha256).hexdigest()
    fields = [("key", "main/o"), *signed.items(), ("policy", doc), ("x-amz-signature", mac)]
    assert send(lake, *form(fields))[0] == 204
    assert send(lake, *form([f for f in fields if f[0] != "x-amz-algorithm"]))[0] == 400
