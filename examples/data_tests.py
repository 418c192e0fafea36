"""Tests of the data on a branch, as a CI job runs them before a merge:

    BRANCH=… pytest data_tests.py

Without BRANCH one is made, with a dataset to test.  After the last test has
passed, the branch is merged into main."""
import os

import lakefs
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from lakefs.client import Client

URL = os.environ["AWS_ENDPOINT_URL"]
REPO = "example-tests"


@pytest.fixture(scope="module")
def s3():
    scheme, host = URL.split("://")
    return pyarrow.fs.S3FileSystem(scheme=scheme, endpoint_override=host, region="us-east-1",
                                   access_key=os.environ["AWS_ACCESS_KEY_ID"],
                                   secret_key=os.environ["AWS_SECRET_ACCESS_KEY"])


@pytest.fixture(scope="module")
def repo():
    client = Client(host=URL, username=os.environ["AWS_ACCESS_KEY_ID"],
                    password=os.environ["AWS_SECRET_ACCESS_KEY"])
    return lakefs.Repository(REPO, client=client).create(
        storage_namespace="local://" + REPO, exist_ok=True)


@pytest.fixture(scope="module")
def branch(s3, repo):
    name = os.environ.get("BRANCH", "under-test")
    branch = repo.branch(name).create("main", exist_ok=True)
    if "BRANCH" not in os.environ:
        people = pa.table({"id": [1, 2, 3], "country": ["SE", "DK", "SE"]})
        pq.write_table(people, f"{REPO}/{name}/people.parquet", filesystem=s3)
    return branch


@pytest.fixture(scope="module")
def people(s3, branch):
    return pq.read_table(f"{REPO}/{branch.id}/people.parquet", filesystem=s3)


def test_columns(people):
    assert people.schema.names == ["id", "country"]


def test_ids_are_unique(people):
    assert len(pc.unique(people["id"])) == people.num_rows


def test_countries_are_known(people):
    assert set(people["country"].to_pylist()) <= {"SE", "NO", "DK", "FI", "IS"}


def test_merge(repo, branch, request):
    """Last: only when all before it have passed."""
    assert request.session.testsfailed == 0
    if list(branch.uncommitted()):
        branch.commit("tested", metadata={"tests": "passed"})
    if list(repo.branch("main").diff(other_ref=branch)):
        branch.merge_into("main")
