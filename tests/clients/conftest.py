"""The client matrix.  A row is a test with the mark tool(name, how it is used);
each proves bytes both ways: what the tool wrote boto3 reads with equal SHA-256,
and what boto3 wrote the tool reads, by branch, tag or commit.

The table of README.md here is the outcome of a full run; --readme writes it."""
import pytest

from lake import s3_client
from matrix import Tree
from servers import TOP

MARK = "<!-- clients -->"
rows = {}


def pytest_addoption(parser):
    parser.addoption("--readme", action="store_true", help="write the table into README.md here")


def pytest_collection_modifyitems(config, items):
    config.tools = {i.get_closest_marker("tool").args[0] for i in items if i.get_closest_marker("tool")}


def pytest_configure(config):
    config.addinivalue_line("markers", "tool(name, use): a row of the client matrix")
    config.addinivalue_line("markers", "full: not in the quick part of the tests")


class Row:
    """version is for the test to fill in."""
    version = ""

    def __init__(self, name, use):
        self.name, self.use, self.good = name, use, False


@pytest.fixture
def row(request):
    r = Row(*request.node.get_closest_marker("tool").args)
    rows[r.name] = request.node.row = r
    yield r


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call" and hasattr(item, "row"):
        item.row.good = report.passed


def table():
    out = ["| client | version | used for |", "|---|---|---|"]
    for r in sorted(rows.values(), key=lambda r: r.name.lower()):
        out.append(f"| {r.name} | {r.version} | {r.use}{'' if r.good else ': **FAILED**'} |")
    return "\n".join(out)


def pytest_terminal_summary(terminalreporter, config):
    if not rows:
        return
    terminalreporter.write_line(table())
    if config.getoption("--readme"):
        with open(f"{TOP}/tests/clients/README.md") as f:
            before, _, after = f.read().split(MARK)
        with open(f"{TOP}/tests/clients/README.md", "w") as f:
            f.write(f"{before}{MARK}\n{table()}\n{MARK}{after}")


@pytest.fixture
def lake(lake):
    """A tool takes its time, and a server ends what is idle: boto3 tries again."""
    lake.s3 = s3_client(lake.url, retries={"max_attempts": 2})
    return lake


@pytest.fixture
def tree():
    return Tree()


@pytest.fixture
def given(lake, tree):
    """What boto3 wrote, for the tool to read at a tag: "v1/given/"."""
    tree.put(lake, "main/given/")
    lake.commit()
    lake.repository.tag("v1").create("main")
    return "v1/given/"


@pytest.fixture
def src(tree, tmp_path):
    return tree.write(tmp_path / "src")


@pytest.fixture
def dst(tmp_path):
    (tmp_path / "dst").mkdir()
    return tmp_path / "dst"
