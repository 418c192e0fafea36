"""A dataset that everybody may read, as it is and as it was, and an inbox that
visitors of a web page may leave files in.  No reader and no visitor has a key."""
import json
import os
import urllib.error
import urllib.request

import boto3
import lakefs
from botocore.config import Config
from lakefs.client import Client

url = os.environ["AWS_ENDPOINT_URL"]
s3 = boto3.client("s3", endpoint_url=url, config=Config(s3={"addressing_style": "path"}))
client = Client(host=url, username=os.environ["AWS_ACCESS_KEY_ID"],
                password=os.environ["AWS_SECRET_ACCESS_KEY"])
bucket = "example-public"
repo = lakefs.Repository(bucket, client=client).create(
    storage_namespace="local://example-public", exist_ok=True)

# Readers: main/public/ and nothing else; pages of one site; commits are versions.
s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:GetObjectVersion"],
    "Resource": f"arn:aws:s3:::{bucket}/main/public/*"}]}))
s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{
    "AllowedOrigins": ["https://www.example.org"], "AllowedMethods": ["GET", "POST"],
    "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag", "x-amz-version-id"]}]})
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

commits = []
for year, people in ((2025, 83), (2026, 84)):
    s3.put_object(Bucket=bucket, Key="main/public/people.csv", ContentType="text/csv",
                  Body=f"year,millions\n{year},{people}\n")
    commits.append(repo.branch("main").commit(f"the count of {year}").get_commit().id)


def get(path, **headers):
    request = urllib.request.Request(f"{url}/{bucket}/{path}", headers=headers)
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode(), answer.headers


now, headers = get("main/public/people.csv", Origin="https://www.example.org")
before, _ = get(f"main/public/people.csv?versionId={commits[0]}")
print("now:", now.split()[1], " before:", before.split()[1])
print("pages may read it:", headers["Access-Control-Allow-Origin"])

# What a page's <form enctype="multipart/form-data"> sends: at most 1 MB, for an hour, into the inbox.
form = s3.generate_presigned_post(bucket, "main/inbox/${filename}", ExpiresIn=3600,
                                  Conditions=[["content-length-range", 1, 1000000]])
parts = "".join(f'--mark\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in form["fields"].items())
parts += ('--mark\r\nContent-Disposition: form-data; name="file"; filename="letter.txt"\r\n\r\n'
          "a letter\r\n--mark--\r\n")
urllib.request.urlopen(urllib.request.Request(
    form["url"], parts.encode(), {"Content-Type": "multipart/form-data; boundary=mark"}))
print("in the inbox:", s3.get_object(Bucket=bucket, Key="main/inbox/letter.txt")["Body"].read().decode())
try:
    get("main/inbox/letter.txt")
except urllib.error.HTTPError as e:
    print("which nobody reads without a key:", e.code)
