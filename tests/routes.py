"""The rows of both route tables, read from the C source: a route that is added
there is tested without being named again."""
import re
from collections import namedtuple

from servers import TOP

S3Row = namedtuple("S3Row", "method scope must header runs name needs")
ApiRow = namedtuple("ApiRow", "method path runs name needs")

WORD = r'(NULL|(?:"[^"]*"|LIST|\s)+)'


def table(path):
    """The text of the table rows[] in a source file, without comments."""
    with open(f"{TOP}/src/{path}") as f:
        text = f.read()
    text = text[text.index(" rows[] = {"):]
    return re.sub(r"/\*.*?\*/", "", text[:text.index("\n};")], flags=re.S)


def plain(word):
    return None if word == "NULL" else "".join(re.findall(r'"([^"]*)"', word))


def read(path, pattern):
    text = table(path)
    rows = re.findall(pattern, text)
    assert len(rows) == text.count("{ M_") > 0, f"{path} has rows that cannot be read"
    return rows


def s3_rows():
    pattern = (r"\{ M_(\w+), (AT_\w+), " + rf"{WORD},\s*{WORD},\s*{WORD},"
               + r'\s*(\w+),\s*"(\w+)",\s*\.needs = ([A-Z0-9_ |]+?)\s*(?:,[^{}]*)?\}')
    return [S3Row(m, scope, plain(must), plain(header), runs, name, needs.split(" | "))
            for m, scope, must, header, _, runs, name, needs in read("s3/s3_route.c", pattern)]


def api_rows():
    pattern = r'\{ M_(\w+), "([^"]*)",\s*(\w+),\s*"(\w+)",\s*([^{}]*?)\s*\}'
    return [ApiRow(m, path, runs != "NULL", name, needs.split(" | "))
            for m, path, runs, name, needs in read("api/api_route.c", pattern)]
