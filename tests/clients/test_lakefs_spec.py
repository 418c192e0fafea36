"""lakefs-spec, the fsspec file system of lakeFS."""
import pytest
from lakefs_spec import LakeFSFileSystem

from servers import KEY, SECRET


@pytest.fixture
def fs(lake):
    LakeFSFileSystem.clear_instance_cache()
    return LakeFSFileSystem(host=lake.url, username=KEY, password=SECRET)


def test_files(lake, fs, tmp_path):
    root = f"lakefs://{lake.repo}/main/"
    with fs.open(root + "d/a.txt", "wb") as f:
        f.write(b"one line\n")
    assert fs.cat_file(root + "d/a.txt") == b"one line\n"
    assert fs.exists(root + "d/a.txt") and not fs.exists(root + "d/b.txt")
    assert fs.info(root + "d/a.txt")["size"] == 9
    assert [e["name"] for e in fs.ls(root + "d/", detail=True)] == [f"{lake.repo}/main/d/a.txt"]
    fs.cp_file(root + "d/a.txt", root + "d/b.txt")
    fs.touch(root + "empty")
    (tmp_path / "up").write_bytes(b"x" * 100000)
    fs.put_file(str(tmp_path / "up"), root + "up")
    fs.get_file(root + "up", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == b"x" * 100000
    with fs.open(root + "up", "rb") as f:
        f.seek(99990)
        assert f.read() == b"x" * 10
    assert sorted(lake.keys()) == ["main/d/a.txt", "main/d/b.txt", "main/empty", "main/up"]
    fs.rm(root + "d/", recursive=True)
    assert sorted(lake.keys()) == ["main/empty", "main/up"]
    with pytest.raises(FileNotFoundError):
        fs.cat_file(root + "d/a.txt")


def test_transaction_is_a_branch_that_is_merged(lake, fs):
    with fs.transaction(lake.repo, "main") as tx:
        with fs.open(f"lakefs://{lake.repo}/{tx.branch.id}/t.txt", "wb") as f:
            f.write(b"in a transaction")
        tx.commit(message="by lakefs-spec")
    assert lake.body("main@/t.txt") == b"in a transaction"
    assert [b.id for b in lake.repository.branches()] == ["main"]


def test_sdk_transaction(lake):
    with lake.main.transact(commit_message="by the sdk") as tx:
        tx.object("a").upload(data=b"1")
    assert lake.body("main@/a") == b"1"
    assert lake.main.get_commit().message.startswith("Merge")
