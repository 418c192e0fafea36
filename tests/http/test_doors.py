"""Every row of both route tables, with credentials that are not there, are
wrong, or are no longer good: 401 or 403 and nothing changed; with a good key,
an answer of the operation itself."""
import base64
import datetime
import email.utils
import hashlib
import hmac
import http.client
import itertools
import json
import sqlite3
import time
import uuid

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.compat import get_current_datetime
from botocore.credentials import Credentials

from lake import Lake, s3_client
from routes import api_rows, s3_rows
from servers import KEY, SECRET, connect

pytestmark = pytest.mark.heavy
S3, API = s3_rows(), api_rows()

# Rows of the REST API that answer strangers on purpose: what they say.
OPEN = {
    "healthCheck": (204, "load balancers have no key; it says nothing but that it answers"),
    "login": (401, "it is how a key becomes a token; the body holds the key"),
    "getAuthCapabilities": (200, "a login page asks before anybody is logged in"),
    "getSetupState": (200, "a login page asks whether there is a user at all"),
    "setup": (409, "the first key of a lake that has none; here it has one"),
    "setupCommPrefs": (501, "not there"),
    "stsLogin": (501, "not there"),
    "externalPrincipalLogin": (501, "not there"),
    "oauthCallback": (501, "not there"),
}


# ---- what each row is sent, so that a good key succeeds ---------------------

TAGS = b"<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
CORS = (b"<CORSConfiguration><CORSRule><AllowedOrigin>https://a.example</AllowedOrigin>"
        b"<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>")
S3_BODY = {
    "PutBucketVersioning": b"<VersioningConfiguration><Status>Enabled</Status>"
                           b"</VersioningConfiguration>",
    "PutBucketCors": CORS,
    "PutBucketTagging": TAGS,
    "PutObjectTagging": TAGS,
    "DeleteObjects": b"<Delete><Object><Key>main/o</Key></Object></Delete>",
    "PutObject": b"written through a door",
    "UploadPart": b"another part",
    "PutBucketAccelerateConfiguration": b"<AccelerateConfiguration><Status>Suspended</Status></AccelerateConfiguration>",
    "PutBucketEncryption": b"<ServerSideEncryptionConfiguration/>",
    "PutBucketLifecycleConfiguration":
        b"<LifecycleConfiguration><Rule><ID>a</ID><Filter/><Status>Enabled</Status><AbortIncompleteMultipartUpload>"
        b"<DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>",
    "PutBucketLogging": b"<BucketLoggingStatus/>",
    "PutBucketNotificationConfiguration": b"<NotificationConfiguration/>",
    "PutBucketOwnershipControls": b"<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership>"
                                  b"</Rule></OwnershipControls>",
    "PutPublicAccessBlock": b"<PublicAccessBlockConfiguration/>",
    "PutBucketRequestPayment": b"<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
}
# What a good key is answered where that is not 2xx: what is asked for is not
# there, and the answer says so.
S3_GOOD = {name: 404 for name in (
    "GetBucketEncryption", "GetBucketLifecycleConfiguration", "GetBucketReplication",
    "GetBucketWebsite", "GetObjectLockConfiguration", "GetPublicAccessBlock")}
S3_GOOD["PutBucketEncryption"] = 501    # the settings do not say that the disk is encrypted
S3_GOOD["DeleteBucket"] = 409           # it is not empty

API_BODY = {
    "login": {"access_key_id": "AKIANOBODYHASTHIS000", "secret_access_key": "no-secret-of-ours"},
    "setup": {"username": "stranger"},
    "createRepository": {"name": "NEW", "storage_namespace": "local://NEW"},
    "createBranch": {"name": "new", "source": "main"},
    "resetBranch": {"type": "reset"},
    "commit": {"message": "through a door"},
    "createTag": {"id": "new", "ref": "main"},
    "deleteObjects": {"paths": ["o"]},
    "copyObject": {"src_path": "o", "src_ref": "main"},
    "updateObjectUserMetadata": {"set": {"door": "open"}},
    "mergeIntoBranch": {"message": "through a door"},
    "postStatsEvents": {"events": []},
}
API_QUERY = {name: "path=o" for name in (
    "uploadObject", "stageObject", "deleteObject", "getObject", "headObject", "statObject",
    "updateObjectUserMetadata", "getUnderlyingProperties", "uploadObjectPreflight")}
API_QUERY["copyObject"] = "dest_path=copied"
# A template's captures, by the segment before each; else "x".
CAPTURE = {"branches": "main", "refs": "main", "tags": "t", "diff": "other"}


class House:
    """A repository with something behind each door."""

    def __init__(self, lake):
        self.lake, s3, repo = lake, lake.s3, lake.repo
        lake.put("main/o", b"an object", Tagging="a=1", Metadata={"m": "1"})
        self.commit = lake.commit()
        lake.repository.tag("t").create("main")
        for name in ("other", "clean"):
            lake.repository.branch(name).create("main")
        lake.put("other/new", b"to be merged")
        lake.commit("other")
        lake.put("main/o", b"not committed", Tagging="a=2")
        self.upload = s3.create_multipart_upload(Bucket=repo, Key="main/o")["UploadId"]
        self.part = s3.upload_part(Bucket=repo, Key="main/o", UploadId=self.upload, PartNumber=1,
                                   Body=b"a part")["ETag"]
        self.policy = json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{repo}/main/public/*"}]})
        s3.put_bucket_policy(Bucket=repo, Policy=self.policy)
        s3.put_bucket_cors(Bucket=repo, CORSConfiguration={"CORSRules": [
            {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]})
        s3.put_bucket_tagging(Bucket=repo, Tagging={"TagSet": [{"Key": "b", "Value": "1"}]})
        self.good = Basic(KEY, SECRET)

    def s3(self, row):
        """Method, target, headers and body for a row of the S3 table."""
        path = {"AT_SERVICE": "/", "AT_BUCKET": f"/{self.lake.repo}",
                "AT_OBJECT": f"/{self.lake.repo}/main/o"}[row.scope]
        query, headers = [], {}
        if row.must:
            value = {"uploadId": self.upload, "list-type": "2"}.get(row.must, "")
            query.append(f"{row.must}={value}")
        if row.must == "uploadId" and row.method == "PUT":
            query.append("partNumber=2")
        if row.header == "x-amz-copy-source":
            headers[row.header] = f"/{self.lake.repo}/other/new"
        if row.header == "x-amz-rename-source":
            path, query = f"/{self.lake.repo}/main/renamed", ["renameObject="]
            headers[row.header] = f"/{self.lake.repo}/main/o"
        if row.name == "GetObjectAttributes":
            headers["x-amz-object-attributes"] = "ETag"
        if row.name in ("PutBucketAcl", "PutObjectAcl"):
            headers["x-amz-acl"] = "private"
        body = S3_BODY.get(row.name, b"")
        if row.name == "PutBucketPolicy":
            body = self.policy.encode()
        if row.name == "CompleteMultipartUpload":
            body = (f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{self.part}"
                    "</ETag></Part></CompleteMultipartUpload>").encode()
        if row.name == "PostObject":
            body, headers["Content-Type"] = form([("key", "main/o")])
        return row.method, path + ("?" + "&".join(query) if query else ""), headers, body

    def api(self, row):
        """The same for a row of the REST table."""
        out, last = [], ""
        for segment in row.path.split("/"):
            if segment == "{}":
                segment = self.lake.repo if last == "repositories" else (
                    self.commit if last == "commits" else CAPTURE.get(last, "x"))
                if last == "merge":
                    segment = "clean"
                if row.name == "deleteBranch":
                    segment = segment.replace("main", "other")
            last = segment if segment in (*CAPTURE, "repositories", "commits", "merge") else ""
            out.append(segment)
        path = "/".join(out)
        if row.name == "mergeIntoBranch":
            path = path.replace("/refs/main/", "/refs/other/")
        body, headers = b"", {}
        if row.name in API_BODY or (row.method in ("POST", "PUT", "PATCH") and not row.runs):
            text = json.dumps(API_BODY.get(row.name, {}))
            body = text.replace("NEW", "n-" + uuid.uuid4().hex[:12]).encode()
            headers["Content-Type"] = "application/json"
        if row.name == "uploadObject":
            body, headers["Content-Type"] = b"uploaded", "application/octet-stream"
        query = API_QUERY.get(row.name, "")
        return row.method, "/api/v1" + path + ("?" + query if query else ""), headers, body

    def everything(self):
        """What a holder of a good key can see, to be compared."""
        repo, s3 = self.lake.repo, self.lake.s3
        here = f"/api/v1/repositories/{repo}"
        out = {}
        with Line(self.lake) as line:
            for target in ("/api/v1/repositories?amount=1000", here + "/branches", here + "/tags",
                           here + "/metadata", here + "/branches/main/diff",
                           here + "/refs/main/objects/ls?user_metadata=true",
                           here + "/refs/other/objects/ls?user_metadata=true",
                           here + "/refs/main/commits", here + "/refs/other/commits",
                           here + "/refs/main/objects?path=o"):
                out[target] = line.ask("GET", target, {}, b"", self.good)[::2]
                assert out[target][0] == 200, (target, out[target])
        named = dict(Bucket=repo)
        for what in (s3.list_object_versions(**named), s3.list_multipart_uploads(**named),
                     s3.get_bucket_policy(**named), s3.get_bucket_cors(**named),
                     s3.get_bucket_tagging(**named), s3.get_bucket_versioning(**named),
                     s3.get_object_tagging(Key="main/o", **named),
                     s3.list_parts(Key="main/o", UploadId=self.upload, **named)):
            what.pop("ResponseMetadata")
            out[len(out)] = json.dumps(what, default=str, sort_keys=True)
        for what in ("user", "key"):
            out[what] = self.lake.server.run("--lake", self.lake.server.lake, what, "list").stdout
        return out


class Line:
    """A connection for many requests; refusals may close it."""

    def __init__(self, lake):
        self.lake = lake

    def __enter__(self):
        self.c = connect(self.lake.url)
        return self

    def __exit__(self, *_):
        self.c.close()

    def ask(self, method, target, headers, body, credential):
        url, headers = credential(method, self.lake.url + target, dict(headers), body)
        target = url[len(self.lake.url):]
        for again in (True, False):
            try:
                self.c.request(method, target, body, {**headers, "Content-Length": str(len(body))})
                r = self.c.getresponse()
                return r.status, dict(r.getheaders()), r.read()
            except (ConnectionError, http.client.BadStatusLine):
                self.c.close()
                if not again:
                    raise


def form(fields):
    out = b"".join(f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode()
                   for n, v in fields)
    out += b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n'
    return out, "multipart/form-data; boundary=b"


# ---- credentials: (method, url, headers, body) -> (url, headers) ------------

def nobody(method, url, headers, body):
    return url, headers


class Basic:
    def __init__(self, key, secret):
        self.text = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()

    def __call__(self, method, url, headers, body):
        return url, {**headers, "Authorization": self.text}


class Bearer(Basic):
    def __init__(self, token):
        self.text = "Bearer " + token


class Cookie:
    def __init__(self, token):
        self.text = "internal_auth_session=" + token

    def __call__(self, method, url, headers, body):
        return url, {**headers, "Cookie": self.text}


SIGNERS = {
    "v4": botocore.auth.S3SigV4Auth, "v4 url": botocore.auth.S3SigV4QueryAuth,
    "v2": botocore.auth.HmacV1Auth, "v2 url": botocore.auth.HmacV1QueryAuth,
}


class Aws:
    """One of the four forms of a signature, made at another time if asked."""

    def __init__(self, form, key, secret, ago=0):
        self.form, self.key, self.ago = form, Credentials(key, secret), ago

    def __call__(self, method, url, headers, body):
        r = AWSRequest(method, url, headers, b"" if "url" in self.form else body)
        if self.form == "v2 url":
            signer = SIGNERS[self.form](self.key, expires=60 - self.ago)
        elif self.form == "v2":
            signer = SIGNERS[self.form](self.key)
            date = email.utils.formatdate(time.time() - self.ago, usegmt=True)
            signer._get_date = lambda: date
        else:
            extra = (60,) if "url" in self.form else ()
            signer = SIGNERS[self.form](self.key, "s3", "us-east-1", *extra)
        was = botocore.auth.get_current_datetime
        botocore.auth.get_current_datetime = lambda *a, **k: (
            get_current_datetime(*a, **k) - datetime.timedelta(seconds=self.ago))
        try:
            signer.add_auth(r)
        finally:
            botocore.auth.get_current_datetime = was
        out = dict(r.prepare().headers.items())
        return r.url, {k: v.decode() if isinstance(v, bytes) else v for k, v in out.items()
                       if k.lower() != "content-length"}


def url_bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def url_text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(token, head=None, secret=None, **changed):
    """The token with other claims; signed anew with the key for tokens."""
    a, b, mac = token.split(".")
    body = {**json.loads(url_bytes(b)), **changed}
    a = url_text(json.dumps(head).encode()) if head else a
    b = url_text(json.dumps(body, separators=(",", ":")).encode())
    if secret:
        mac = url_text(hmac.new(secret, f"{a}.{b}".encode(), hashlib.sha256).digest())
    return f"{a}.{b}.{mac}"


@pytest.fixture(scope="module")
def house(server):
    return House(Lake(server))


class Holders:
    """Keys and tokens: good, revoked, of a user who is gone."""

    def __init__(self, house):
        self.lake, self.house = house.lake, house
        self.good = self.login(KEY, SECRET)
        self.revoked = self.key("leaver-" + uuid.uuid4().hex[:6])
        self.revoked_token = self.login(*self.revoked)
        gone = "gone-" + uuid.uuid4().hex[:6]
        self.gone = self.key(gone)
        self.gone_token = self.login(*self.gone)
        for credential in (Basic(*self.revoked), Bearer(self.revoked_token), Bearer(self.gone_token),
                           Cookie(self.revoked_token)):
            assert self.user(credential) == 200
        self.cli("key", "revoke", self.revoked[0])
        self.cli("user", "delete", gone, "--yes")
        self.secret = self.token_key()

    def token_key(self):
        """What signs the tokens of the good key: the part of its record, the
        sealed secret, under which a token that is good verifies."""
        signed, _, mac = self.good.rpartition(".")
        db = sqlite3.connect(f"file:{self.lake.server.lake}/meta.db?mode=ro", uri=True)
        rows = db.execute("SELECT v FROM record WHERE instr(k, ?) > 0", (KEY.encode(),)).fetchall()
        db.close()
        for (record,) in rows:
            for i, j in itertools.combinations(range(len(record) + 1), 2):
                text = "lakegate session token " + url_text(record[i:j])
                key = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()
                if url_text(hmac.new(key, signed.encode(), hashlib.sha256).digest()) == mac:
                    return key
        raise AssertionError("no part of the key's record signs its tokens")

    def cli(self, *args):
        return self.lake.server.run("--lake", self.lake.server.lake, *args).stdout

    def key(self, user):
        words = dict(line.rsplit(None, 1) for line in self.cli("key", "create", user).splitlines())
        words = {k.strip(): v for k, v in words.items()}
        return words["access key id"], words["secret access key"]

    def login(self, key, secret):
        body = json.dumps({"access_key_id": key, "secret_access_key": secret}).encode()
        with Line(self.lake) as line:
            status, _, text = line.ask("POST", "/api/v1/auth/login",
                                       {"Content-Type": "application/json"}, body, nobody)
        assert status == 200, text
        return json.loads(text)["token"]

    def user(self, credential):
        with Line(self.lake) as line:
            return line.ask("GET", "/api/v1/user", {}, b"", credential)[0]

    def s3_refused(self):
        """Name, credential, code of the answer."""
        yield "none", nobody, "AccessDenied"
        yield "cookie", Cookie(self.good), "AccessDenied"
        for form in SIGNERS:
            yield form + ", unknown", Aws(form, "AKIANOBODYHASTHIS000", SECRET), "InvalidAccessKeyId"
            yield form + ", wrong", Aws(form, KEY, "another-secret-of-forty-characters"), \
                "SignatureDoesNotMatch"
            yield form + ", revoked", Aws(form, *self.revoked), "InvalidAccessKeyId"
            yield form + ", of a user who is gone", Aws(form, *self.gone), "InvalidAccessKeyId"
            yield form + ", too late", Aws(form, KEY, SECRET, 3600), \
                "AccessDenied" if "url" in form else "RequestTimeTooSkewed"
            if form != "v2 url":        # it says nothing but when it ends
                yield form + ", early", Aws(form, KEY, SECRET, -3600), \
                    "AccessDenied" if "url" in form else "RequestTimeTooSkewed"

    def api_refused(self):
        yield "none", nobody
        yield "unknown", Basic("AKIANOBODYHASTHIS000", SECRET)
        yield "wrong", Basic(KEY, "another-secret-of-forty-characters")
        yield "empty", Basic("", "")
        yield "no secret", Basic(KEY, "")
        yield "revoked", Basic(*self.revoked)
        yield "of a user who is gone", Basic(*self.gone)
        for form in (Bearer, Cookie):
            for name, token in self.bad_tokens():
                yield f"{form.__name__}, {name}", form(token)

    def bad_tokens(self):
        now = int(time.time())
        yield "expired", claims(self.good, secret=self.secret, exp=now - 10)
        yield "no end", claims(self.good, secret=self.secret, exp=None)
        yield "for another use", claims(self.good, secret=self.secret, aud="reset")
        yield "forged", claims(self.good, exp=now + 3600)
        yield "forged with another key", claims(self.good, secret=b"x" * 32)
        yield "unsigned", claims(self.good, {"alg": "none"}).rsplit(".", 1)[0] + "."
        yield "cut", self.good[:-4]
        yield "of a revoked key", self.revoked_token
        yield "of a user who is gone", self.gone_token
        yield "empty", ""
        yield "no token", "x"


@pytest.fixture(scope="module")
def holders(house):
    return Holders(house)


def refused_s3(house, line, credential, codes):
    """Rows that answered something else than these codes and 403."""
    for row in S3:
        status, _, text = line.ask(*house.s3(row), credential)
        shown = row.method == "HEAD" or any(f"<Code>{c}</Code>".encode() in text
                                            for c in codes.split())
        if status != 403 or not shown:
            yield row.name, status, text[:200]


def test_s3_refuses_what_is_not_signed_well(house, holders):
    before = house.everything()
    for name, credential, codes in holders.s3_refused():
        if "early" in name and name.startswith("v2 url"):
            continue            # a version 2 address says only when it ends
        with Line(house.lake) as line:
            wrong = [w for w in refused_s3(house, line, credential, codes)
                     if not of_form(w, name)]
        assert not wrong, f"{name}: {len(wrong)} rows: {wrong[:5]}"
    assert house.everything() == before


def test_forms_are_refused_that_are_not_signed_well(house, holders):
    before, repo = house.everything(), house.lake.repo
    for name, (key, secret), life, code in (
            ("unknown", ("AKIANOBODYHASTHIS000", SECRET), 60, "InvalidAccessKeyId"),
            ("wrong", (KEY, "another-secret-of-forty-characters"), 60, "SignatureDoesNotMatch"),
            ("revoked", holders.revoked, 60, "InvalidAccessKeyId"),
            ("of a user who is gone", holders.gone, 60, "InvalidAccessKeyId"),
            ("expired", (KEY, SECRET), -60, "AccessDenied")):
        for version in ("s3v4", "s3"):
            s3 = s3_client(house.lake.url, key, secret, signature_version=version)
            fields = s3.generate_presigned_post(repo, "main/o", ExpiresIn=life)["fields"]
            body, kind = form(list(fields.items()))
            with Line(house.lake) as line:
                status, _, text = line.ask("POST", f"/{repo}", {"Content-Type": kind}, body, nobody)
            assert (status, code.encode() in text) == (403, True), (name, version, status, text)
    assert house.everything() == before


def of_form(answer, credential):
    """A form says itself who sends it; beside another signature it is 400."""
    return answer[0] == "PostObject" and credential != "none" and answer[1] in (400, 403)


def test_api_refuses_who_does_not_prove_who_he_is(house, holders):
    before = house.everything()
    for name, credential in holders.api_refused():
        wrong = []
        with Line(house.lake) as line:
            for row in API:
                status, headers, text = line.ask(*house.api(row), credential)
                want = OPEN[row.name][0] if "F_OPEN" in row.needs else 401
                if status != want:
                    wrong.append((row.name, status, text[:200]))
        assert not wrong, f"{name}: {len(wrong)} rows: {wrong[:5]}"
    assert house.everything() == before


def test_what_is_open_is_listed():
    assert sorted(OPEN) == sorted(r.name for r in API if "F_OPEN" in r.needs)
    assert [r.name for r in S3 if "F_FORM" in r.needs] == ["PostObject"]


def test_a_token_that_differs_in_nothing_but_its_end_is_good(house, holders):
    """The tokens above are refused for what their names say."""
    later = int(time.time()) + 3600
    for form in (Bearer, Cookie):
        assert holders.user(form(claims(holders.good, secret=holders.secret, exp=later))) == 200
        assert holders.user(form(holders.good)) == 200
    with Line(house.lake) as line:
        for form in SIGNERS:
            row = next(r for r in S3 if r.name == "GetObject")
            assert line.ask(*house.s3(row), Aws(form, KEY, SECRET))[0] == 200, form


@pytest.mark.parametrize("row", S3, ids=lambda r: r.name)
def test_s3_serves_a_good_key(lake, row):
    house = House(lake)
    method, target, headers, body = house.s3(row)
    credential = Aws("v4", KEY, SECRET)
    if "F_FORM" in row.needs:
        given = lake.s3.generate_presigned_post(lake.repo, "main/o")["fields"]
        (body, headers["Content-Type"]), credential = form(list(given.items())), nobody
    with Line(lake) as line:
        status, _, text = line.ask(method, target, headers, body, credential)
    want = S3_GOOD.get(row.name)
    assert status == want if want else status // 100 == 2, (status, text)


@pytest.mark.parametrize("form", [Basic, Bearer, Cookie])
def test_api_serves_a_good_key(server, holders, form):
    credential = form(KEY, SECRET) if form is Basic else form(holders.good)
    wrong, shared = [], House(Lake(server))
    for row in API:
        if "F_OPEN" in row.needs:
            continue
        house = House(Lake(server)) if row.runs and row.method != "GET" else shared
        method, target, headers, body = house.api(row)
        if form is Cookie:
            headers["Sec-Fetch-Site"] = "same-origin"
        with Line(house.lake) as line:
            status, _, text = line.ask(method, target, headers, body, credential)
        if not (status // 100 == 2 if row.runs else status == 501):
            wrong.append((row.name, status, text[:200]))
    assert not wrong, wrong
