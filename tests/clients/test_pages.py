"""What README.md, RUNNING.md and examples/README.md show runs as it stands: their blocks in
order, against a lake of this test instead of the one at port 8000."""
import os
import re
import sys

import pytest

from matrix import aws_env, run, venv
from servers import TOP

HERE = "http://127.0.0.1:8000"


def blocks(page):
    """[(language, marks, text)]"""
    with open(f"{TOP}/{page}") as f:
        found = re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```$", f.read(), re.M | re.S)
    return [(language, marks.split(), text) for language, marks, text in found]


def play(lake, folder, language, marks, text):
    host = HERE.split("//")[1]
    assert HERE in text or host in text or "RCLONE" in text
    text = text.replace(host, lake.url.split("//")[1])
    env = aws_env(lake, PATH=f"{venv('clients')}:/usr/bin:/bin", HOME=str(folder))
    del env["AWS_ENDPOINT_URL"]
    if language == "python":
        python = f"{venv(marks[1])}/python" if len(marks) > 1 else sys.executable
        return run(python, "-c", (OFFLINE if "duckdb" in text else "") + text, env=env, cwd=folder)
    return run("sh", "-euc", text, env=env, cwd=folder)


# DuckDB would fetch it.
OFFLINE = "import duckdb_extensions\nduckdb_extensions.import_extension('httpfs')\n"


def fresh(lake):
    """No repository that an earlier test left."""
    rest = lake.client.sdk_client.repositories_api
    if any(r.id == "sales" for r in rest.list_repositories().results):
        rest.delete_repository("sales")


@pytest.fixture
def sales(lake):
    """As the first block leaves it, which needs a tool that not everybody has."""
    fresh(lake)
    lake.s3.create_bucket(Bucket="sales")
    lake.s3.put_object(Bucket="sales", Key="main/june.json", Body=b'{"id": 1, "amount": 12}')
    return lake


def test_the_cookbook(sales, tmp_path):
    said = ""
    for language, marks, text in blocks("examples/README.md"):
        if "full" not in marks:
            said += play(sales, tmp_path, language, marks, text)
    for words in ("b'{\"id\": 2", "June, counted again", "1000", "july.json", '"amount": 14'):
        assert words in said, said
    assert sales.s3.get_object(Bucket="sales", Key="main/august.json")["ContentLength"] == 23


@pytest.mark.full
def test_the_whole_cookbook(lake, tmp_path):
    fresh(lake)
    said = "".join(play(lake, tmp_path, *b) for b in blocks("examples/README.md"))
    assert "june.json" in said and "999000" in said


@pytest.mark.full
def test_the_first_page(lake, tmp_path):
    fresh(lake)
    (block,) = blocks("README.md")
    said = play(lake, tmp_path, *block)
    assert said.rstrip().endswith("13 apples\n12 apples"), said


def test_running_it(server, tmp_path):
    """The commands of RUNNING.md, on the lake of this test."""
    lake, said = f"{tmp_path}/lib/lakegate", ""
    os.mkdir(f"{tmp_path}/lib")
    run(f"{server.build}/lakegate", "init", lake)
    for language, marks, text in blocks("RUNNING.md"):
        assert (language, marks) == ("sh", []) and "/var/lib/lakegate" in text
        text = text.replace("/var/lib/lakegate", lake).replace("/srv/backup", str(tmp_path))
        said += run("sh", "-euc", text, env={"PATH": f"{server.build}:/usr/bin:/bin"})
    assert "ann" in said and os.path.exists(f"{lake}.new/meta.db")
