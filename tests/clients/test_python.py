"""Python libraries of data tools."""
import importlib.metadata
import json
import os
import threading

import pytest

from lake import s3_client
from matrix import aws_env, digest, run, venv, which
from servers import KEY, SECRET

pytestmark = pytest.mark.full

# Runs as it stands under old and current boto3: one tree up, one down.
BOTO3 = """
import boto3, hashlib, json, os, sys
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
repo, given, src, dst = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                  config=Config(s3={"addressing_style": "path"}))
parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
for top, _, names in os.walk(src):
    for name in names:
        path = os.path.join(top, name)
        s3.upload_file(path, repo, "main/up/" + os.path.relpath(path, src), Config=parts)
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=repo, Prefix=given):
    for o in page["Contents"]:
        path = os.path.join(dst, o["Key"][len(given):])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        s3.download_file(repo, o["Key"], path)
s3.copy({"Bucket": repo, "Key": given + "big.bin"}, repo, "main/copy", Config=parts)
assert s3.head_object(Bucket=repo, Key="main/copy")["ContentLength"] == 9 << 20
s3.delete_objects(Bucket=repo, Delete={"Objects": [{"Key": "main/copy"}]})
print(boto3.__version__)
"""


@pytest.mark.tool("boto3", "upload_file, download_file, copy, listing, delete_objects")
def test_boto3(lake, tree, given, src, dst, row):
    row.version = run(f"{venv('clients')}/python", "-c", BOTO3, lake.repo, given, src, dst,
                      env=aws_env(lake)).strip()
    tree.is_at(lake, "main/up/")
    tree.is_in(dst)


@pytest.mark.tool("boto3 (Debian 12)", "upload_file, download_file, copy, listing, delete_objects")
def test_debians_boto3(lake, tree, given, src, dst, row):
    row.version = run(which("python3"), "-c", BOTO3, lake.repo, given, src, dst,
                      env=aws_env(lake)).strip()
    tree.is_at(lake, "main/up/")
    tree.is_in(dst)


@pytest.mark.tool("boto3 with awscrt", "CRC64NVME, in one piece and in parts")
def test_awscrt(lake, tree, row):
    row.version = importlib.metadata.version("awscrt")
    s3 = s3_client(lake.url)
    for name, data in tree.files.items():
        s3.put_object(Bucket=lake.repo, Key="main/up/" + name, Body=data,
                      ChecksumAlgorithm="CRC64NVME")
    tree.is_at(lake, "main/up/")
    key = dict(Bucket=lake.repo, Key="main/parts")
    up = s3.create_multipart_upload(ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT", **key)
    pieces = [tree.files["big.bin"][:6 << 20], tree.files["big.bin"][6 << 20:]]
    parts = [dict(PartNumber=n, **{k: v for k, v in s3.upload_part(
        UploadId=up["UploadId"], PartNumber=n, Body=p, ChecksumAlgorithm="CRC64NVME", **key).items()
        if k in ("ETag", "ChecksumCRC64NVME")}) for n, p in enumerate(pieces, 1)]
    done = s3.complete_multipart_upload(UploadId=up["UploadId"], MultipartUpload={"Parts": parts}, **key)
    whole = s3.head_object(ChecksumMode="ENABLED", **dict(key, Key="main/up/big.bin"))
    assert done["ChecksumCRC64NVME"] == whole["ChecksumCRC64NVME"]
    assert digest(lake.body("main/parts", ChecksumMode="ENABLED")) == digest(tree.files["big.bin"])


S3FS = """
import json, os, sys
import pandas as pd, s3fs
repo, given, src, dst = sys.argv[1:]
url = os.environ["AWS_ENDPOINT_URL"]
fs = s3fs.S3FileSystem(endpoint_url=url)
fs.put(src, f"{repo}/main/up", recursive=True)
fs.get(f"{repo}/{given}", dst, recursive=True)
assert fs.exists(f"{repo}/{given}plain.txt") and not fs.exists(f"{repo}/{given}none")
assert fs.isdir(f"{repo}/{given}deep") and len(fs.find(f"{repo}/{given}")) == 4
with fs.open(f"{repo}/{given}big.bin", "rb") as f:
    f.seek(-10, 2)
    assert len(f.read()) == 10
fs.mkdirs(f"{repo}/main/made", exist_ok=True)
fs.copy(f"{repo}/main/up/plain.txt", f"{repo}/main/t/copy")
fs.mv(f"{repo}/main/t/copy", f"{repo}/main/t/moved")
fs.rm(f"{repo}/main/t", recursive=True)
so = {"endpoint_url": url}
df = pd.DataFrame({"id": range(5000), "day": [i % 3 for i in range(5000)]})
df.to_parquet(f"s3://{repo}/main/df.parquet", storage_options=so)
df.to_csv(f"s3://{repo}/main/df.csv", index=False, storage_options=so)
df.to_parquet(f"s3://{repo}/main/hive", partition_cols=["day"], storage_options=so)
assert pd.read_parquet(f"s3://{repo}/main/df.parquet", storage_options=so).equals(df)
assert pd.read_csv(f"s3://{repo}/main/df.csv", storage_options=so).equals(df)
assert sorted(pd.read_parquet(f"s3://{repo}/main/hive", storage_options=so).id) == list(range(5000))
print(s3fs.__version__, pd.__version__)
"""


@pytest.mark.tool("s3fs, pandas", "put, get, find, open and seek, mv, rm; to_ and read_ parquet and csv")
def test_s3fs(lake, tree, given, src, dst, row):
    row.version = ", ".join(run(f"{venv('s3fs')}/python", "-c", S3FS, lake.repo, given, src, f"{dst}/",
                                env=aws_env(lake)).split())
    tree.is_at(lake, "main/up/")
    tree.is_in(dst)
    import io
    import pandas
    frame = pandas.read_parquet(io.BytesIO(lake.body("main/df.parquet")))
    assert list(frame.id) == list(range(5000))


@pytest.mark.tool("pyarrow", "file system; dataset writing and reading, hive partitions")
def test_pyarrow(lake, tree, given, src, dst, row):
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.fs as pafs
    row.version = pa.__version__
    fs = pafs.S3FileSystem(access_key=KEY, secret_key=SECRET, scheme="http", region="us-east-1",
                           endpoint_override=lake.url.split("//")[1])
    pafs.copy_files(str(src), f"{lake.repo}/main/up", destination_filesystem=fs)
    tree.is_at(lake, "main/up/")
    pafs.copy_files(f"{lake.repo}/{given}", str(dst), source_filesystem=fs)
    tree.is_in(dst)
    fs.create_dir(f"{lake.repo}/main/dir/sub", recursive=True)
    assert fs.get_file_info(f"{lake.repo}/main/dir/sub").type == pafs.FileType.Directory
    assert fs.get_file_info(f"{lake.repo}/main/none").type == pafs.FileType.NotFound
    fs.move(f"{lake.repo}/main/up/plain.txt", f"{lake.repo}/main/moved")
    assert lake.body("main/moved") == tree.files["plain.txt"]
    fs.delete_dir(f"{lake.repo}/main/up")
    assert [k for k in lake.keys("main/up/") if not k.endswith("/")] == []
    table = pa.table({"id": list(range(3000)), "day": [i % 7 for i in range(3000)]})
    hive = ds.partitioning(pa.schema([("day", pa.int64())]), flavor="hive")
    ds.write_dataset(table, f"{lake.repo}/main/t", filesystem=fs, format="parquet", partitioning=hive)
    commit = lake.commit()
    ds.write_dataset(table.slice(0, 10), f"{lake.repo}/main/t", filesystem=fs, format="parquet",
                     partitioning=hive, existing_data_behavior="delete_matching")
    count = lambda ref: ds.dataset(f"{lake.repo}/{ref}/t", filesystem=fs, partitioning="hive").count_rows()
    assert (count("main"), count(commit)) == (10, 3000)


@pytest.mark.tool("DuckDB httpfs", "COPY to and from parquet and csv, glob, hive partitions, by branch and commit")
def test_duckdb(lake, row):
    import duckdb
    import duckdb_extensions
    import pyarrow.parquet
    duckdb_extensions.import_extension("httpfs")
    row.version = duckdb.__version__
    d = duckdb.connect()
    d.execute("LOAD httpfs")
    d.execute(f"CREATE SECRET (TYPE s3, KEY_ID '{KEY}', SECRET '{SECRET}', "
              f"ENDPOINT '{lake.url.split('//')[1]}', URL_STYLE 'path', USE_SSL false)")
    at = lambda ref: f"s3://{lake.repo}/{ref}"
    d.execute(f"COPY (SELECT range AS id, range % 3 AS part FROM range(100000)) TO '{at('main')}/t' "
              f"(FORMAT parquet, PARTITION_BY (part))")
    d.execute(f"COPY (SELECT range AS id FROM range(1000)) TO '{at('main')}/a=1+2 \u00fc.csv'")
    d.execute(f"COPY (SELECT range AS id, repeat('x', 200) AS s FROM range(100000)) TO '{at('main')}/big.csv'")
    commit = lake.commit()
    lake.repository.branch("dev").create("main")
    d.execute(f"COPY (SELECT range AS id, 0 AS part FROM range(7)) TO '{at('dev')}/t' "
              f"(FORMAT parquet, PARTITION_BY (part), OVERWRITE_OR_IGNORE, FILENAME_PATTERN 'more_{{i}}')")
    total = lambda ref: d.execute(f"SELECT sum(id), count(*) FROM read_parquet('{at(ref)}/t/**/*.parquet', "
                                  f"hive_partitioning=true) WHERE part >= 0").fetchone()
    assert total("main") == total(commit) == (sum(range(100000)), 100000)
    assert total("dev") == (sum(range(100000)) + 21, 100007)
    assert d.execute(f"SELECT count(*) FROM read_csv('{at('main')}/a=1+2*.csv')").fetchone() == (1000,)
    assert d.execute(f"SELECT count(*) FROM '{at(commit)}/big.csv'").fetchone() == (100000,)
    assert len(d.execute(f"SELECT file FROM glob('{at('main')}/**')").fetchall()) == len(lake.keys())
    import io
    ids = []
    for k in lake.keys("main/t/"):
        ids += pyarrow.parquet.read_table(io.BytesIO(lake.body(k)), columns=["id"])["id"].to_pylist()
    assert sorted(ids) == list(range(100000))


def storage(lake):
    return {"aws_endpoint_url": lake.url, "aws_access_key_id": KEY, "aws_secret_access_key": SECRET,
            "aws_region": "us-east-1", "aws_allow_http": "true"}


@pytest.mark.tool("Polars", "scan_parquet, scan_csv, sink_parquet, hive partitions, by branch and tag")
def test_polars(lake, row):
    import io
    import polars as pl
    row.version = pl.__version__
    so = storage(lake)
    frame = pl.DataFrame({"id": range(50000), "day": [i % 5 for i in range(50000)]})
    frame.lazy().sink_parquet(f"s3://{lake.repo}/main/p/one.parquet", storage_options=so)
    frame.write_parquet(f"s3://{lake.repo}/main/w.parquet", storage_options=so)
    frame.lazy().sink_csv(f"s3://{lake.repo}/main/c.csv", storage_options=so)
    lake.commit()
    lake.repository.tag("v1").create("main")
    frame.head(3).write_parquet(f"s3://{lake.repo}/main/p/one.parquet", storage_options=so)
    read = lambda ref: pl.scan_parquet(f"s3://{lake.repo}/{ref}/p/*.parquet", storage_options=so).collect()
    assert read("v1").equals(frame) and read("main").equals(frame.head(3))
    assert pl.read_parquet(io.BytesIO(lake.body("main/w.parquet"))).equals(frame)
    lake.put("main/given.csv", frame.write_csv().encode())
    assert pl.scan_csv(f"s3://{lake.repo}/main/*.csv", storage_options=so).collect().height == 100000
    lake.put("main/hive/day=3/x.parquet", lake.body("main/w.parquet"))
    assert pl.scan_parquet(f"s3://{lake.repo}/main/hive/", hive_partitioning=True, storage_options=so
                           ).select(pl.col("id").count()).collect().item() == 50000


@pytest.mark.tool("deltalake (delta-rs)", "20 appenders at once, nothing lost; time travel; a table on two branches")
def test_deltalake(lake, row):
    import pyarrow as pa
    import deltalake
    row.version = deltalake.__version__
    so = storage(lake)
    at = lambda ref: f"s3://{lake.repo}/{ref}/table"
    part = lambda n: pa.table({"writer": [n] * 10, "x": list(range(10))})
    deltalake.write_deltalake(at("main"), part(-1), storage_options=so)
    lost = []

    def append(n):
        try:
            deltalake.write_deltalake(at("main"), part(n), mode="append", storage_options=so,
                                      commit_properties=deltalake.CommitProperties(max_commit_retries=100))
        except Exception as e:
            lost.append(e)
    threads = [threading.Thread(target=append, args=(n,)) for n in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert lost == []
    rows = lambda ref, **v: deltalake.DeltaTable(at(ref), storage_options=so, **v).to_pyarrow_table()
    assert sorted(set(rows("main")["writer"].to_pylist())) == list(range(-1, 20))
    assert rows("main").num_rows == 210 and rows("main", version=0).num_rows == 10
    commit = lake.commit()
    lake.repository.branch("try").create("main")
    deltalake.DeltaTable(at("try"), storage_options=so).delete("writer >= 0")
    assert (rows("try").num_rows, rows("main").num_rows, rows(commit).num_rows) == (10, 210, 210)


@pytest.mark.tool("pyiceberg", "SQL catalog: create, append, overwrite, snapshots; read from a commit")
def test_pyiceberg(lake, row, tmp_path):
    import pyarrow as pa
    import pyiceberg
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.table import StaticTable
    row.version = pyiceberg.__version__
    io = {"s3.endpoint": lake.url, "s3.access-key-id": KEY, "s3.secret-access-key": SECRET,
          "s3.region": "us-east-1"}
    catalog = SqlCatalog("c", uri=f"sqlite:///{tmp_path}/catalog.db",
                         warehouse=f"s3://{lake.repo}/main/warehouse", **io)
    catalog.create_namespace("db")
    data = pa.table({"id": list(range(1000))})
    table = catalog.create_table("db.t", schema=data.schema)
    table.append(data)
    table.append(data)
    assert table.scan().to_arrow().num_rows == 2000
    first = table.history()[0].snapshot_id
    commit = lake.commit()
    table.overwrite(data.slice(0, 5))
    assert table.scan().to_arrow().num_rows == 5
    assert table.scan(snapshot_id=first).to_arrow().num_rows == 1000
    metadata = [k for k in lake.keys(f"{commit}/warehouse/") if k.endswith(".metadata.json")]
    old = StaticTable.from_metadata(f"s3://{lake.repo}/{sorted(metadata)[-1]}", properties=io)
    assert old.scan().to_arrow().num_rows == 2000
    assert json.loads(lake.body(sorted(metadata)[-1]))["table-uuid"] == str(table.metadata.table_uuid)


@pytest.mark.tool("lakefs SDK", "objects, branches, transactions, diff, merge, by tag and commit")
def test_lakefs_sdk(lake, tree, given, row):
    row.version = importlib.metadata.version("lakefs")
    for name, data in tree.files.items():
        lake.main.object("up/" + name).upload(data=data)
    tree.is_at(lake, "main/up/")
    for name, data in tree.files.items():
        with lake.repository.ref("v1").object("given/" + name).reader() as r:
            assert digest(r.read()) == digest(data)
    lake.commit()
    dev = lake.repository.branch("dev").create("main")
    with dev.transact(commit_message="in one piece") as tx:
        tx.object("up/plain.txt").upload(data=b"changed")
        tx.object("up/empty").delete()
    assert sorted(d.path for d in lake.main.diff(other_ref=dev)) == ["up/empty", "up/plain.txt"]
    dev.merge_into(lake.main)
    assert lake.body("main/up/plain.txt") == b"changed"
    assert lake.body("main~1/up/plain.txt") == tree.files["plain.txt"]


@pytest.mark.tool("lakefs-spec", "put, get, find, open; transactions")
def test_lakefs_spec(lake, tree, given, src, dst, row):
    from lakefs_spec import LakeFSFileSystem
    row.version = importlib.metadata.version("lakefs-spec")
    LakeFSFileSystem.clear_instance_cache()
    fs = LakeFSFileSystem(host=lake.url, username=KEY, password=SECRET)
    fs.put(f"{src}/", f"lakefs://{lake.repo}/main/up/", recursive=True)
    tree.is_at(lake, "main/up/")
    fs.get(f"lakefs://{lake.repo}/{given}", f"{dst}/", recursive=True)
    tree.is_in(dst)
    lake.commit()
    with fs.transaction(lake.repo, "main") as tx:
        fs.pipe_file(f"lakefs://{lake.repo}/{tx.branch.id}/t", b"in a transaction")
        tx.commit(message="by lakefs-spec")
    assert lake.body("main@/t") == b"in a transaction"
