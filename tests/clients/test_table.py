"""The table of clients is about these tools and no others."""
from servers import TOP


def test_the_table_has_every_tool(pytestconfig):
    with open(f"{TOP}/tests/clients/README.md") as f:
        lines = f.read().split("<!-- clients -->")[1].strip().split("\n")[2:]
    assert {line.split("|")[1].strip() for line in lines} == pytestconfig.tools
    assert not any("FAILED" in line for line in lines)
