"""A dataset's way: written by one tool, read by others, by branch, tag and
commit, changed on a branch, diffed, merged, read again."""
import hashlib
import os
import subprocess

import duckdb
import duckdb_extensions
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs
import pytest

from servers import KEY, SECRET


@pytest.fixture
def duck(lake):
    duckdb_extensions.import_extension("httpfs")
    d = duckdb.connect()
    d.execute("LOAD httpfs")
    host = lake.url.split("//")[1]
    d.execute(f"CREATE SECRET (TYPE s3, KEY_ID '{KEY}', SECRET '{SECRET}', "
              f"ENDPOINT '{host}', URL_STYLE 'path', USE_SSL false)")
    return d


@pytest.fixture
def fs(lake):
    return pyarrow.fs.S3FileSystem(access_key=KEY, secret_key=SECRET, scheme="http",
                                   endpoint_override=lake.url.split("//")[1],
                                   region="us-east-1")


def rows(fs, path):
    t = ds.dataset(path, filesystem=fs, partitioning="hive").to_table()
    return sorted(zip(t["id"].to_pylist(), t["day"].to_pylist(), t["amount"].to_pylist()))


def test_partitioned_parquet_over_branches(lake, fs, duck):
    n = 3000
    table = pa.table({"id": list(range(n)), "day": [i % 7 for i in range(n)],
                      "amount": [float(i) for i in range(n)]})
    root = f"{lake.repo}/main/sales"
    ds.write_dataset(table, root, filesystem=fs, format="parquet",
                     partitioning=ds.partitioning(pa.schema([("day", pa.int64())]), flavor="hive"))
    want = sorted(zip(*(table[c].to_pylist() for c in ("id", "day", "amount"))))
    assert rows(fs, root) == want
    first = lake.commit(message="sales")
    lake.repository.tag("v1").create("main")

    lake.repository.branch("fix").create("main")
    fixed = table.set_column(2, "amount", pa.array([a + 1 for a in table["amount"].to_pylist()]))
    ds.write_dataset(fixed, f"{lake.repo}/fix/sales", filesystem=fs, format="parquet",
                     existing_data_behavior="overwrite_or_ignore",
                     partitioning=ds.partitioning(pa.schema([("day", pa.int64())]), flavor="hive"))
    changes = [c.path for c in lake.repository.branch("fix").uncommitted()]
    assert len(changes) == 7 and all(c.startswith("sales/day=") for c in changes)
    lake.commit("fix", "add one")
    lake.repository.branch("fix").merge_into(lake.main)

    plus = [(i, d, a + 1) for i, d, a in want]
    for ref, expected in (("main", plus), ("fix", plus), ("v1", want), (first, want),
                          ("main~1", want)):
        assert rows(fs, f"{lake.repo}/{ref}/sales") == expected, ref
        got = duck.execute(
            f"SELECT id, day, amount FROM read_parquet('s3://{lake.repo}/{ref}/sales/*/*.parquet', "
            f"hive_partitioning=true) ORDER BY 1").fetchall()
        assert [(i, int(d), a) for i, d, a in got] == expected, ref


def test_duckdb_writes_and_pyarrow_reads(lake, fs, duck):
    duck.execute(f"COPY (SELECT range AS id, range % 3 AS part FROM range(1000)) TO "
                 f"'s3://{lake.repo}/main/t' (FORMAT parquet, PARTITION_BY (part))")
    t = ds.dataset(f"{lake.repo}/main/t", filesystem=fs, partitioning="hive").to_table()
    assert sorted(t["id"].to_pylist()) == list(range(1000))


def test_rclone_goes_both_ways(lake, tmp_path):
    src, dst = tmp_path / "src", tmp_path / "dst"
    names = ["a.txt", "d/ü b.bin", "d/e/plus+and=.csv", "empty"]
    for i, name in enumerate(names):
        p = src / name
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_bytes(os.urandom(i * 40000) if i < 3 else b"")
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env["RCLONE_CONFIG"] = os.devnull
    remote = (f":s3,provider=Other,access_key_id={KEY},secret_access_key={SECRET},"
              f"endpoint='{lake.url}',force_path_style=true:{lake.repo}/main/up")

    def run(*args):
        r = subprocess.run(["rclone", *args], env=env, capture_output=True, text=True)
        assert r.returncode == 0, r.stderr
    run("sync", str(src), remote)
    run("check", str(src), remote)
    assert sorted(lake.keys("main/up/")) == sorted("main/up/" + n for n in names)
    lake.commit()
    run("copy", remote.replace("/main/", "/main@/"), str(dst))
    for name in names:
        assert (hashlib.md5((src / name).read_bytes()).digest() ==
                hashlib.md5((dst / name).read_bytes()).digest())


def test_awscrt_checksums_by_default(lake):
    body = os.urandom(100000)
    lake.put("main/o", body, ChecksumAlgorithm="CRC64NVME")
    assert lake.body("main/o", ChecksumMode="ENABLED") == body
