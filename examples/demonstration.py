"""What a versioned lake is for, in twenty requests: boto3 for the objects,
plain HTTP for the versions.  Needs LAKEGATE_ENDPOINT and the AWS_… keys."""
import base64
import json
import os
import urllib.error
import urllib.request

import boto3
from botocore.client import Config

ENDPOINT = os.environ["LAKEGATE_ENDPOINT"]
REPO = "quickstart"
s3 = boto3.client("s3", endpoint_url=ENDPOINT, region_name="us-east-1",
                  config=Config(s3={"addressing_style": "path"}))
basic = base64.b64encode("{AWS_ACCESS_KEY_ID}:{AWS_SECRET_ACCESS_KEY}".format(
    **os.environ).encode()).decode()


def api(method, path, body=None):
    request = urllib.request.Request(
        ENDPOINT + "/api/v1" + path, method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Basic " + basic, "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    return json.loads(text) if text.startswith("{") else text


def say(what, got):
    print(f"  {what:<44} {got}")


def read(ref):
    body = s3.get_object(Bucket=REPO, Key=f"{ref}/sales/2026.csv")["Body"].read()
    return body.decode().strip().replace("\n", " | ")


print("the demonstration")
try:
    api("POST", "/repositories", {"name": REPO, "storage_namespace": f"local://{REPO}"})
    say("create repository", REPO)
except urllib.error.HTTPError as e:
    assert e.code == 409, e
    say("repository is there already", REPO)
R = f"/repositories/{REPO}"
run = str(sum(1 for _ in api("GET", R + "/refs/main/commits?amount=1000")["results"]))

s3.put_object(Bucket=REPO, Key="main/sales/2026.csv", Body=f"id,amount\n1,{run}\n".encode())
say("put s3://quickstart/main/sales/2026.csv", read("main"))
listed = s3.list_objects_v2(Bucket=REPO, Prefix="main/")
say("list s3://quickstart/main/", ", ".join(o["Key"] for o in listed["Contents"]))
first = api("POST", R + "/branches/main/commits", {"message": "sales of run " + run})["id"]
say("commit main", first[:12])

branch = "fix-" + run
api("POST", R + "/branches", {"name": branch, "source": "main"})
s3.put_object(Bucket=REPO, Key=f"{branch}/sales/2026.csv",
              Body=f"id,amount\n1,{run}\n2,99\n".encode())
api("POST", R + f"/branches/{branch}/commits", {"message": "add a sale"})
say(f"branch, change and commit {branch}", read(branch))
changes = api("GET", R + f"/refs/main/diff/{branch}")["results"]
say(f"diff main…{branch}", ", ".join(f"{c['type']} {c['path']}" for c in changes))
assert [c["type"] for c in changes] == ["changed"]
merged = api("POST", R + f"/refs/{branch}/merge/main", {})["reference"]
say(f"merge {branch} into main", merged[:12])

say("read by branch: main", read("main"))
say(f"read by commit id: {first[:12]}", read(first))
say("read by expression: main~1", read("main~1"))
assert read("main") == read(branch) != read(first) == read("main~1")
