"""Tools on the Java virtual machine."""
import os
import re

import pytest

from matrix import aws_env, digest, run, venv, which

pytestmark = pytest.mark.full
HERE = os.path.dirname(os.path.abspath(__file__))
JAVA = "/usr/lib/jvm/java-17-openjdk-amd64"


def maven(folder, *goals):
    run(which("mvn"), "-q", "-B", *goals, cwd=os.path.join(HERE, folder),
        env={**os.environ, "JAVA_HOME": JAVA})


@pytest.fixture(scope="session")
def s3a():
    maven("spark", "dependency:copy-dependencies")


def spark(lake, committer, where, **more):
    out = run(f"{venv('pyspark')}/python", f"{HERE}/spark/job.py", committer, lake.repo, cwd=where,
              env=aws_env(lake, JAVA_HOME=JAVA, **more))
    return out.strip().split("\n")[-1]


@pytest.mark.parametrize("committer", [
    pytest.param(c, marks=pytest.mark.tool(
        f"Spark S3A, {words} committer", "parquet: write, append, overwrite, partitions, rename, "
        "read by commit")) for c, words in (("file", "default"), ("magic", "magic"),
                                            ("directory", "directory staging"),
                                            ("partitioned", "partitioned staging"))])
def test_spark(lake, tree, s3a, committer, tmp_path, row):
    import io
    import pyarrow.parquet
    tree.put(lake, "main/given/")
    row.version = spark(lake, committer, tmp_path, GIVEN=lake.commit())
    ids = []
    for k in lake.keys(f"main/{committer}-big/"):
        if k.endswith(".parquet"):
            ids += pyarrow.parquet.read_table(io.BytesIO(lake.body(k)))["id"].to_pylist()
    assert sorted(ids) == list(range(1000000))
    assert [k for k in lake.keys() if "__magic" in k or "_temporary" in k] == []
    assert lake.s3.list_multipart_uploads(Bucket=lake.repo).get("Uploads", []) == []


@pytest.mark.tool("Hive tables (Spark, metastore on Derby)", "create, insert, query by branch and by commit")
def test_hive(lake, s3a, tmp_path, row):
    row.version = spark(lake, "hive", tmp_path)


@pytest.mark.tool("AWS SDK for Java 2", "objects, paging, parts, transfer manager, conditions")
def test_java_sdk(lake, tree, given, src, dst, row):
    maven("javasdk", "dependency:copy-dependencies")
    out = run(f"{JAVA}/bin/java", "-cp", "target/dependency/*", "Sdk.java", lake.repo, given, src, dst,
              cwd=f"{HERE}/javasdk", env=aws_env(lake))
    row.version = out.split()[-1]
    tree.is_at(lake, "main/up/")
    tree.is_in(dst)
    for key in ("main/parts", "main/managed"):
        assert digest(lake.body(key)) == digest(tree.files["big.bin"])


@pytest.mark.tool("Trino, Hive connector", "create, insert, delete, query by branch and by commit")
def test_trino(lake, tmp_path, row):
    import io
    import pyarrow as pa
    import pyarrow.parquet as pq
    maven("trino", "dependency:copy-dependencies")
    given = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(1000))}), given)
    lake.put("main/given/x.parquet", given.getvalue())
    (tmp_path / "metastore").mkdir()
    run(f"{JAVA}/bin/java", "-cp", "target/dependency/*", "Trino.java", lake.repo,
        tmp_path / "metastore", cwd=f"{HERE}/trino", env=aws_env(lake))
    with open(f"{HERE}/trino/pom.xml") as f:
        row.version = re.search("<trino>(.*)</trino>", f.read()).group(1)
    ids = []
    for k in lake.keys("main@/t/day"):
        ids += pq.read_table(io.BytesIO(lake.body(k)), columns=["id"])["id"].to_pylist()
    assert sorted(ids) == list(range(3000))
