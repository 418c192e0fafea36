"""Every example runs as it stands, twice."""
import os
import subprocess
import sys

import pytest

from matrix import aws_env, run, venv, which
from servers import TOP

EXAMPLES = os.path.join(TOP, "examples")


def twice(lake, *argv, **more):
    for _ in range(2):
        out = run(*argv, env=aws_env(lake, PYTHONDONTWRITEBYTECODE="1", **more), cwd=EXAMPLES)
    return out


def test_duckdb_branches(lake):
    assert "in the sale" in twice(lake, sys.executable, "duckdb_branches.py")


def test_etl_branch(lake):
    go = lambda *args: subprocess.run([sys.executable, "etl_branch.py", *args], cwd=EXAMPLES, text=True,
                                      env=aws_env(lake), capture_output=True)
    assert "merged; (1, " in go("2026-01-01").stdout
    bad = go("2026-01-02", "bad")
    assert bad.returncode == 1 and "no amount is negative" in bad.stdout, bad.stderr
    assert "merged; (2, " in go("2026-01-02").stdout
    assert "merged; (2, " in go("2026-01-02").stdout


def test_data_tests(lake):
    twice(lake, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "data_tests.py")
    r = lake.s3.get_object(Bucket="example-tests", Key="main@/people.parquet")
    assert r["ContentLength"] > 0


def test_public_dataset(lake):
    out = twice(lake, sys.executable, "public_dataset.py")
    assert "now: 2026,84  before: 2025,83" in out and "without a key: 403" in out


def test_every_example_is_listed_and_run():
    with open(f"{EXAMPLES}/README.md") as f:
        listed = f.read()
    tests = ""
    for path in (__file__, f"{TOP}/tests/http/test_failures.py", f"{TOP}/tests/clients/test_prometheus.py",
                 f"{TOP}/tests/http/test_rest_answers.py"):
        with open(path) as f:
            tests += f.read()
    for name in os.listdir(EXAMPLES):
        assert name in ("README.md", "__pycache__") or f"`{name}`" in listed, name
        assert name in ("README.md", "__pycache__", "quickstart", "demonstration.py") or name in tests, name


@pytest.mark.full
def test_pandas_notebook(lake):
    assert "4 clean readings" in twice(lake, f"{venv('s3fs')}/python", "pandas_notebook.py")


@pytest.mark.full
def test_delta_experiments(lake):
    assert "merged: careful" in twice(lake, sys.executable, "delta_experiments.py")


@pytest.mark.full
def test_spark_job(lake):
    from test_jvm import HERE, JAVA, maven
    maven("spark", "dependency:copy-dependencies")
    jars = os.path.join(HERE, "spark/target/dependency")
    assert "2000 events, 1000 before" in twice(
        lake, f"{venv('pyspark')}/spark-submit", "--conf", "spark.ui.enabled=false", "--driver-class-path",
        jars + "/*", "spark_job.py", JAVA_HOME=JAVA, PYSPARK_PYTHON=f"{venv('pyspark')}/python")


@pytest.mark.full
def test_restic_backup(lake, tree, tmp_path, src, dst):
    twice(lake, "sh", "restic_backup", src, RESTIC_PASSWORD="secret", RESTIC_CACHE_DIR=tmp_path / "cache",
          PATH="/usr/bin:/bin")
    page = lake.client.sdk_client.tags_api.list_tags("example-backup")
    nights = [t.id for t in page.results]
    assert len(nights) >= 1
    run(which("restic"), "-r", f"s3:{lake.url}/example-backup/{nights[0]}/restic", "--no-lock", "--no-cache",
        "restore", "latest", "--target", dst, env=aws_env(lake, RESTIC_PASSWORD="secret"))
    tree.is_in(dst / str(src).lstrip("/"))
