"""A repository of its own, and the clients to reach it."""
import os
import uuid

import boto3
import lakefs
from botocore.config import Config
from lakefs.client import Client

from servers import KEY, SECRET


class Lake:
    def __init__(self, server):
        self.server, self.url = server, server.url
        self.s3 = s3_client(server.url)
        self.client = Client(host=server.url, username=KEY, password=SECRET,
                             ssl_ca_cert=os.environ.get("AWS_CA_BUNDLE"))
        self.repo = "r-" + uuid.uuid4().hex[:12]
        self.repository = lakefs.Repository(self.repo, client=self.client).create(
            storage_namespace="local://" + self.repo)
        self.main = self.repository.branch("main")

    def put(self, key, body=b"x", **more):
        return self.s3.put_object(Bucket=self.repo, Key=key, Body=body, **more)

    def body(self, key, **more):
        return self.s3.get_object(Bucket=self.repo, Key=key, **more)["Body"].read()

    def keys(self, prefix="main/", **more):
        out = []
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.repo, Prefix=prefix, **more)
        for page in pages:
            out += [o["Key"] for o in page.get("Contents", [])]
        return out

    def commit(self, branch="main", message="a commit"):
        return self.repository.branch(branch).commit(message).get_commit().id


def s3_client(url, key=KEY, secret=SECRET, **config):
    config.setdefault("retries", {"max_attempts": 0})
    config.setdefault("s3", {"addressing_style": "path"})
    return boto3.client("s3", endpoint_url=url, aws_access_key_id=key,
                        aws_secret_access_key=secret, region_name="us-east-1",
                        config=Config(**config))
