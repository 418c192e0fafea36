"""One Delta table, two experiments on branches, the better one merged.

A Delta table has relative paths only, so that on a branch it is a table of its
own: versions that one experiment writes do not meet the other's."""
import os

import deltalake
import lakefs
import pyarrow as pa
from lakefs.client import Client

url = os.environ["AWS_ENDPOINT_URL"]
client = Client(host=url, username=os.environ["AWS_ACCESS_KEY_ID"],
                password=os.environ["AWS_SECRET_ACCESS_KEY"])
storage = {"aws_endpoint_url": url, "aws_region": "us-east-1", "aws_allow_http": "true"}
repo = lakefs.Repository("example-delta", client=client).create(
    storage_namespace="local://example-delta", exist_ok=True)
main = repo.branch("main")


def table(ref):
    return f"s3://example-delta/{ref}/scores"


def ask(ref, what):
    """One number about the table on a branch, by deltalake's own SQL engine."""
    query = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(table(ref), storage_options=storage))
    return pa.table(query.execute(f"SELECT {what} AS n FROM t").read_all())["n"][0].as_py()


deltalake.write_deltalake(table("main"), pa.table({"id": list(range(10)), "score": [0.5] * 10}),
                          mode="overwrite", storage_options=storage)
main.commit("scores")

for name, factor in (("bold", 3.0), ("careful", 1.5)):
    branch = repo.branch(name).create("main", exist_ok=True)
    deltalake.DeltaTable(table(name), storage_options=storage).update(updates={"score": f"score * {factor}"})
    branch.commit(f"scores times {factor}", metadata={"factor": str(factor)})
    print(name, "has a mean of", ask(name, "avg(score)"))

# Scores above 1 make no sense: the bold one is out.
good = [n for n in ("bold", "careful") if ask(n, "max(score)") <= 1]
assert good == ["careful"]
repo.branch("careful").merge_into(main)
for name in ("bold", "careful"):
    repo.branch(name).delete()
assert ask("main", "min(score)") == ask("main", "max(score)") == 0.75
print("merged: careful")
