"""Every operation of the S3 API is in the table of src/s3/README.md, and the table is true."""
import re

import botocore.session

from servers import TOP
from sign import Signed

ELSEWHERE = {"ListDirectoryBuckets", "WriteGetObjectResponse"}
MODEL = botocore.session.get_session().get_service_model("s3")


def table():
    """{operation: "yes", "501" or "elsewhere"}."""
    with open(f"{TOP}/src/s3/README.md") as f:
        lines = f.read().split("<!-- operations -->")[1].strip().split("\n")[2:]
    out = {}
    for line in lines:
        answer, names = (c.strip() for c in line.strip("|").split("|")[:2])
        for name in re.findall(r"[A-Z]\w+(?=[,.( ]|$)", re.sub(r"\([^)]*\)", "", names)):
            assert name not in out, name
            out[name] = {"501": "501", "of another endpoint": "elsewhere"}.get(answer, "yes")
    return out


def probe(lake, name):
    """The operation with what it requires, and nothing that it would like."""
    op = MODEL.operation_model(name)
    path, _, query = op.http["requestUri"].partition("?")
    headers = {}
    for member in op.input_shape.required_members if op.input_shape else ():
        shape = op.input_shape.members[member]
        where, key = shape.serialization.get("location"), shape.serialization.get("name")
        value = f"/{lake.repo}/main/o" if "source" in (key or "").lower() else "1"
        if where == "querystring":
            query += f"&{key}={value}"
        elif where == "header":
            headers[key.lower()] = value
    path = path.replace("{Bucket}", lake.repo).replace("{Key+}", "main/o")
    path = path if path.startswith(f"/{lake.repo}") or path == "/" else f"/{lake.repo}{path}"
    # HEAD has no body to tell 501 from; nothing that is asked by HEAD is missing.
    return Signed(lake.url, op.http["method"], path, query=query.strip("&"), headers=headers).send()[0]


def test_every_operation_answers_as_the_table_says(lake):
    lake.put("main/o", b"x")
    want = table()
    assert {n for n, answer in want.items() if answer == "elsewhere"} == ELSEWHERE
    got = {name: "elsewhere" if name in ELSEWHERE else "501" if probe(lake, name) == 501 else "yes"
           for name in MODEL.operation_names}
    assert got == want
