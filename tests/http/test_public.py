"""Reading without a key, where a policy allows it; and what browsers are told."""
import json
import urllib.error
import urllib.request

import pytest

from sign import Signed

pytestmark = pytest.mark.server

READ = ["s3:GetObject", "s3:GetObjectTagging"]


def statement(lake, action="s3:GetObject", resource="/main/public/*", **more):
    return {"Effect": "Allow", "Principal": "*", "Action": action,
            "Resource": f"arn:aws:s3:::{lake.repo}{resource}", **more}


def put_policy(lake, *statements, **more):
    lake.s3.put_bucket_policy(Bucket=lake.repo, Policy=json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements), **more}))


def ask(lake, target, method="GET", body=None, **headers):
    """Status, headers and body of an unsigned request."""
    r = urllib.request.Request(f"{lake.url}/{lake.repo}{target}", method=method, data=body,
                               headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(r) as a:
            return a.status, a.headers, a.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


@pytest.fixture
def public(lake):
    for key in ("main/public/o", "main/private/o"):
        lake.put(key, key.encode(), Tagging="a=1")
    put_policy(lake, statement(lake, READ), Id="readers")
    return lake


def test_nobody_reads_without_a_policy(lake):
    lake.put("main/public/o")
    assert ask(lake, "/main/public/o")[0] == 403
    assert not lake.s3.get_bucket_policy_status(Bucket=lake.repo)["PolicyStatus"]["IsPublic"]


def test_a_policy_opens_what_it_names(public):
    assert ask(public, "/main/public/o")[2] == b"main/public/o"
    assert ask(public, "/main/public/o", Range="bytes=0-3")[::2] == (206, b"main")
    assert ask(public, "/main/public/o", "HEAD")[0] == 200
    assert b"<Key>a</Key>" in ask(public, "/main/public/o?tagging")[2]
    for target in ("/main/private/o", "/main@/public/o", "/main/public/o?attributes", "",
                   "?list-type=2", "?location", "/main/public/o?acl", "?uploads"):
        status, _, text = ask(public, target)
        assert (status, b"AccessDenied" in text) == (403, True), target
    assert ask(public, "/main/public/o", "PUT", b"x")[0] == 403
    assert ask(public, "/main/public/o", "DELETE")[0] == 403
    assert ask(public, "/main/public/new", "PUT", b"x")[0] == 403
    assert ask(public, "?delete", "POST", b"<Delete/>")[0] == 403
    assert ask(public, "/main/public/o?response-content-type=text/html")[0] == 400
    assert public.body("main/private/o") == b"main/private/o"


def test_who_may_not_list_does_not_learn_what_is_missing(public):
    assert ask(public, "/main/public/none")[0] == 403
    put_policy(public, statement(public), statement(public, "s3:ListBucket", ""))
    assert ask(public, "/main/public/none")[0] == 404
    status, _, text = ask(public, "?list-type=2&prefix=main/")
    assert status == 200 and b"main/private/o" in text
    assert ask(public, "", "HEAD")[0] == 200
    assert ask(public, "?versions&prefix=main/")[0] == 403


def test_versions_are_opened_apart(public):
    public.s3.put_bucket_versioning(Bucket=public.repo,
                                    VersioningConfiguration={"Status": "Enabled"})
    commit = public.commit()
    assert ask(public, f"/main/public/o?versionId={commit}")[0] == 403
    put_policy(public, statement(public, "s3:GetObjectVersion"),
               statement(public, "s3:ListBucketVersions", ""))
    assert ask(public, f"/main/public/o?versionId={commit}")[0] == 200
    assert ask(public, "/main/public/o")[0] == 403
    assert ask(public, "?versions&prefix=main/")[0] == 200


def test_a_policy_is_kept_and_taken_away(public, refused):
    text = public.s3.get_bucket_policy(Bucket=public.repo)["Policy"]
    assert json.loads(text)["Id"] == "readers"
    assert public.s3.get_bucket_policy_status(Bucket=public.repo)["PolicyStatus"]["IsPublic"]
    public.s3.delete_bucket_policy(Bucket=public.repo)
    public.s3.delete_bucket_policy(Bucket=public.repo)
    assert ask(public, "/main/public/o")[0] == 403
    with refused("NoSuchBucketPolicy", 404):
        public.s3.get_bucket_policy(Bucket=public.repo)
    with refused("NoSuchBucket", 404):
        public.s3.put_bucket_policy(Bucket="nosuch", Policy=json.dumps(
            {"Version": "2012-10-17", "Statement": {
                **statement(public), "Resource": "arn:aws:s3:::nosuch/*"}}))


@pytest.mark.parametrize("change,code", [
    ({"Effect": "Deny"}, "NotImplemented"), ({"Effect": "Perhaps"}, "MalformedPolicy"),
    ({"Effect": None}, "MalformedPolicy"), ({"Action": "s3:PutObject"}, "NotImplemented"),
    ({"Action": ["s3:GetObject", "s3:*"]}, "NotImplemented"), ({"Action": 1}, "MalformedPolicy"),
    ({"Action": "iam:x"}, "MalformedPolicy"), ({"Resource": "*"}, "MalformedPolicy"),
    ({"Resource": "arn:aws:s3:::other/*"}, "MalformedPolicy"),
    ({"Action": "*"}, "NotImplemented"), ({"Action": "s3:Get*"}, "NotImplemented"),
    ({"Resource": "arn:aws:s3:::*o/*"}, "MalformedPolicy"),
    ({"Resource": "arn:aws:s3:::*/${aws:username}/*"}, "NotImplemented"),
    ({"Principal": {"AWS": "arn:aws:iam::1:root"}}, "NotImplemented"),
    ({"Principal": ["*", "x"]}, "NotImplemented"), ({"Principal": {"Service": "*"}}, "NotImplemented"),
    ({"Principal": {"AWS": {"a": "*"}}}, "NotImplemented"), ({"Condition": {}}, "NotImplemented"),
    ({"NotAction": "s3:x"}, "NotImplemented"), ({"Principal": None}, "MalformedPolicy")])
def test_a_policy_promises_nothing_that_is_not_done(lake, refused, change, code):
    st = {k: v for k, v in {**statement(lake), **change}.items() if v is not None}
    with refused(code):
        put_policy(lake, st)
    with refused("NoSuchBucketPolicy", 404):
        lake.s3.get_bucket_policy(Bucket=lake.repo)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"Version":"2012-10-17"}', "{}",
                                  '{"Version":"1","Statement":[]}', "x" * 30000,
                                  '{"Version":"2012-10-17","Statement":[]}',
                                  '{"Version":"2012-10-17","Statement":"s"}'])
def test_malformed_policies(lake, refused, text):
    status, _, answer = Signed(lake.url, "PUT", f"/{lake.repo}", query="policy").send(text.encode())
    assert status == 400 and b"MalformedPolicy" in answer


@pytest.mark.parametrize("resource", ["arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:s3:::r-*/*", "arn:aws:s3:::?-*",
                                      "arn:aws:s3:::*/main/public/*"])
def test_wildcards_of_resources(lake, resource):
    lake.put("main/public/o")
    lake.put("main/o")
    put_policy(lake, {**statement(lake, action="s3:getobject"), "Resource": resource})
    assert ask(lake, "/main/public/o")[0] == 200
    assert ask(lake, "/main/o")[0] == (403 if "public" in resource else 200)
    assert ask(lake, "?list-type=2")[0] == 403


def test_one_statement_and_other_forms_of_everyone(lake):
    lake.put("main/public/o")
    for principal in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
        lake.s3.put_bucket_policy(Bucket=lake.repo, Policy=json.dumps(
            {"Version": "2008-10-17", "Statement": statement(lake, Principal=principal)}))
        assert ask(lake, "/main/public/o")[0] == 200


# ---- CORS

RULES = [{"ID": "app", "AllowedOrigins": ["https://app.example", "https://*.dev.example"],
          "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["x-amz-*", "Content-Type"],
          "ExposeHeaders": ["ETag", "x-amz-meta-a"], "MaxAgeSeconds": 600},
         {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]


@pytest.fixture
def crossed(lake):
    lake.put("main/o", b"x")
    lake.s3.put_bucket_cors(Bucket=lake.repo, CORSConfiguration={"CORSRules": RULES})
    return lake


def preflight(lake, origin="https://app.example", method="PUT", target="/main/o", asked=None):
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    if asked:
        headers["Access-Control-Request-Headers"] = asked
    return ask(lake, target, "OPTIONS", **headers)


def test_cors_is_kept_and_taken_away(crossed, refused):
    assert crossed.s3.get_bucket_cors(Bucket=crossed.repo)["CORSRules"] == RULES
    crossed.s3.delete_bucket_cors(Bucket=crossed.repo)
    with refused("NoSuchCORSConfiguration", 404):
        crossed.s3.get_bucket_cors(Bucket=crossed.repo)
    assert preflight(crossed)[0] == 403
    with refused("NoSuchBucket", 404):
        crossed.s3.put_bucket_cors(Bucket="nosuch", CORSConfiguration={"CORSRules": RULES})


def test_preflight(crossed):
    status, h, _ = preflight(crossed, asked="X-Amz-Date, content-type")
    assert status == 200
    assert h["Access-Control-Allow-Origin"] == "https://app.example"
    assert h["Access-Control-Allow-Credentials"] == "true"
    assert h["Access-Control-Allow-Methods"] == "GET, PUT"
    assert h["Access-Control-Allow-Headers"] == "x-amz-date, content-type"
    assert h["Access-Control-Expose-Headers"] == "ETag, x-amz-meta-a"
    assert h["Access-Control-Max-Age"] == "600"
    assert "Origin" in h["Vary"]
    assert preflight(crossed, "https://a.dev.example")[0] == 200
    # A presigned address is asked about with its query.
    url = crossed.s3.generate_presigned_url("put_object", Params={
        "Bucket": crossed.repo, "Key": "main/o"})
    assert preflight(crossed, target="/main/o?" + url.split("?")[1])[0] == 200


@pytest.mark.parametrize("more", [
    {"origin": "https://app.example.org"}, {"method": "DELETE"}, {"asked": "Authorization"},
    {"origin": "http://dev.example"}])
def test_preflight_refused(crossed, more):
    status, h, text = preflight(crossed, **more)
    assert "Access-Control-Allow-Origin" not in h
    assert status == 403 and b"AccessForbidden" in text


def test_half_a_preflight(crossed):
    assert ask(crossed, "/main/o", "OPTIONS")[0] == 400
    assert ask(crossed, "/main/o", "OPTIONS", Origin="https://app.example")[0] == 400


def test_answers_say_who_may_read_them(crossed):
    def get(path, origin):
        return Signed(crossed.url, "GET", f"/{crossed.repo}{path}",
                      headers={"origin": origin}).send()
    status, h, _ = get("/main/o", "https://app.example")
    assert status == 200 and h["access-control-allow-origin"] == "https://app.example"
    status, h, _ = get("/main/o", "https://elsewhere.example")
    assert status == 200 and h["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in h
    status, h, _ = get("/main/none", "https://app.example")
    assert status == 404 and h["access-control-allow-origin"] == "https://app.example"
    status, h, _ = ask(crossed, "/main/o", Origin="https://app.example")
    assert status == 403 and h["Access-Control-Allow-Origin"] == "https://app.example"
    status, h, _ = ask(crossed, "/main/o")
    assert status == 403 and "Access-Control-Allow-Origin" not in h


@pytest.mark.parametrize("change,code", [
    ({"AllowedMethods": ["PATCH"]}, "InvalidRequest"), ({"AllowedOrigins": ["*.*"]}, "InvalidRequest"),
    ({"ExposeHeaders": ["x-*"]}, "InvalidRequest"), ({"AllowedMethods": []}, "MalformedXML"),
    ({"AllowedOrigins": []}, "MalformedXML"), ({"ID": "i" * 256}, "MalformedXML"),
    ({"AllowedHeaders": ["a*b*"]}, "InvalidRequest")])
def test_malformed_cors(lake, refused, change, code):
    with refused(code, 400):
        lake.s3.put_bucket_cors(Bucket=lake.repo, CORSConfiguration={
            "CORSRules": [{**RULES[0], **change}]})
    with refused("NoSuchCORSConfiguration", 404):
        lake.s3.get_bucket_cors(Bucket=lake.repo)


def test_cors_has_limits(lake, refused):
    def put(*rules):
        lake.s3.put_bucket_cors(Bucket=lake.repo, CORSConfiguration={"CORSRules": list(rules)})

    def kept():
        return Signed(lake.url, "GET", f"/{lake.repo}", "cors").send()[2]
    at_most = {**RULES[0], "ID": "i" * 255, "MaxAgeSeconds": (1 << 31) - 1}
    put(at_most, *[RULES[1]] * 99)
    before = kept()
    assert lake.s3.get_bucket_cors(Bucket=lake.repo)["CORSRules"] == [at_most] + [RULES[1]] * 99
    for rules in ([], [RULES[1]] * 101, [{**RULES[0], "ID": "i" * 256}],
                  [{**RULES[0], "MaxAgeSeconds": 1 << 31}]):
        with refused("MalformedXML", 400):
            put(*rules)
    assert kept() == before
    # The whole, as it is kept, has 64 KiB: the last origin fills it.
    origins = ["https://" + "o" * 1000] * 60
    put({"AllowedOrigins": origins, "AllowedMethods": ["GET"]})
    room = 65536 - len(kept()) - len("<AllowedOrigin></AllowedOrigin>")
    put({"AllowedOrigins": origins + ["o" * room], "AllowedMethods": ["GET"]})
    before = kept()
    assert len(before) == 65536
    with refused("InvalidRequest", 400):
        put({"AllowedOrigins": origins + ["o" * (room + 1)], "AllowedMethods": ["GET"]})
    assert kept() == before
    long = {"AllowedOrigins": ["https://" + "o" * 1000] * 70, "AllowedMethods": ["GET"]}
    with refused("InvalidRequest", 400):
        lake.s3.put_bucket_cors(Bucket=lake.repo, CORSConfiguration={"CORSRules": [long]})
