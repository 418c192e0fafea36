#!/usr/bin/env python3
"""Make the sample data beside this file anew, or in the folder that is named:

    python3 examples/sample_data/make.py [FOLDER]

Everything is made up here, from whole numbers alone, so that each run writes
the same bytes wherever it runs.  A test compares them.
"""
import os
import struct
import sys
import zlib

LAKES = 20000
PICTURES = 29
HERE = os.path.dirname(os.path.abspath(__file__))


class Dice:
    """Numbers that look drawn, the same in every run."""

    def __init__(self, seed):
        self.at = seed

    def below(self, n):
        self.at = (self.at * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.at >> 33) % n

    def one_of(self, things):
        return things[self.below(len(things))]


# ---- the table, in Parquet: one row group, plain, uncompressed ---------------

BEGIN = ["Al", "Bre", "Cal", "Dor", "El", "Fen", "Gla", "Hol", "Is", "Jor", "Kel", "Lin", "Mor", "Nar",
         "Ost", "Pel", "Quil", "Ros", "Sil", "Tarn", "Ul", "Var", "Wen", "Yar"]
MIDDLE = ["", "a", "e", "ber", "den", "fa", "gar", "li", "mo", "na", "ra", "sen", "ta", "vi"]
END = ["by", "dal", "fjord", "holm", "ina", "karn", "loch", "mere", "nor", "pool", "see", "sund", "tjarn", "vatn"]
COUNTRIES = ["Canada"] * 9 + ["Russia"] * 6 + ["United States of America"] * 5 + ["Sweden"] * 3 + \
    ["Finland"] * 3 + ["Norway"] * 3 + ["Brazil", "Chile", "China", "Denmark", "Estonia", "France", "Germany",
                                        "Iceland", "India", "Italy", "Kenya", "Peru", "Poland", "Switzerland",
                                        "Uganda"]
INT32, DOUBLE, TEXT = 1, 5, 6       # types of columns
COLUMNS = [("Lake_id", INT32), ("Lake_name", TEXT), ("Country", TEXT), ("Depth_m", DOUBLE), ("Area_km2", DOUBLE)]


def lakes():
    dice = Dice(1)
    for number in range(1, LAKES + 1):
        name = "Lake " + dice.one_of(BEGIN) + dice.one_of(MIDDLE) + dice.one_of(END)
        depth = 1 + dice.below(30) + (dice.below(300) if dice.below(20) == 0 else 0)
        yield number, name, dice.one_of(COUNTRIES), depth + dice.below(10) / 10, 1 + dice.below(5000) / 100


def plain(value, kind):
    if kind == TEXT:
        value = value.encode()
        return struct.pack("<I", len(value)) + value
    return struct.pack("<i" if kind == INT32 else "<d", value)


# Thrift's compact protocol, as much of it as Parquet's heads need.

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def thrift(value):
    """(type, bytes) of an int (i32), ("long", int), str, list, or dict (a struct)."""
    if isinstance(value, tuple):
        return 6, varint(value[1] << 1)
    if isinstance(value, int):
        return 5, varint(value << 1)
    if isinstance(value, str):
        return 8, varint(len(value)) + value.encode()
    if isinstance(value, list):
        kind = thrift(value[0])[0]
        return 9, bytes([len(value) << 4 | kind]) + b"".join(thrift(v)[1] for v in value)
    out, last = b"", 0
    for field, member in value.items():
        kind, data = thrift(member)
        out += bytes([field - last << 4 | kind]) + data
        last = field
    return 12, out + b"\0"


def parquet():
    rows = list(lakes())
    out, chunks = b"PAR1", []
    for i, (name, kind) in enumerate(COLUMNS):
        values = b"".join(plain(row[i], kind) for row in rows)
        page = thrift({1: 0, 2: len(values), 3: len(values), 5: {1: LAKES, 2: 0, 3: 3, 4: 3}})[1]
        size, at = ("long", len(page) + len(values)), ("long", len(out))
        chunks.append({2: at, 3: {1: kind, 2: [0], 3: [name], 4: 0, 5: ("long", LAKES), 6: size, 7: size, 9: at}})
        out += page + values
    group = {1: chunks, 2: ("long", len(out) - 4), 3: ("long", LAKES)}
    schema = [{4: "lakes", 5: len(COLUMNS)}]
    schema += [{1: kind, 3: 0, 4: name, **({6: 0} if kind == TEXT else {})} for name, kind in COLUMNS]
    foot = thrift({1: 1, 2: schema, 3: ("long", LAKES), 4: [group], 6: "lakegate sample data"})[1]
    return out + foot + struct.pack("<I", len(foot)) + b"PAR1"


# ---- the pictures: lakes from above, PNG with a palette, uncompressed -------

WIDTH, HEIGHT, GRID = 96, 64, 16
DEEP, SHORE, GREEN, STONE = (16, 58, 110), (120, 190, 220), (92, 140, 70), (160, 150, 130)


def between(a, b, i, n):
    return bytes(x + (y - x) * i // n for x, y in zip(a, b))


PALETTE = b"".join([between(DEEP, SHORE, i, 15) for i in range(16)] + [between(GREEN, STONE, i, 15) for i in range(16)])


def height(grid, x, y):
    """Of the ground, between four drawn points."""
    i, u = divmod(x, GRID)
    j, v = divmod(y, GRID)
    top = grid[j][i] * (GRID - u) + grid[j][i + 1] * u
    low = grid[j + 1][i] * (GRID - u) + grid[j + 1][i + 1] * u
    return (top * (GRID - v) + low * v) // (GRID * GRID)


def picture(number):
    dice = Dice(1000 + number)
    grid = [[dice.below(256) for _ in range(WIDTH // GRID + 2)] for _ in range(HEIGHT // GRID + 2)]
    out = b""
    for y in range(HEIGHT):
        out += b"\0"
        for x in range(WIDTH):
            far = (4 * (x - WIDTH // 2) ** 2 + 9 * (y - HEIGHT // 2) ** 2) * 256 // (WIDTH * WIDTH)
            out += bytes([max(0, min(31, (height(grid, x, y) + far) // 16))])
    return out


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(number):
    rows = picture(number)
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(rows), len(rows) ^ 0xffff) + rows + \
        struct.pack(">I", zlib.adler32(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)) + \
        chunk(b"PLTE", PALETTE) + chunk(b"IDAT", stored) + chunk(b"IEND", b"")


# ---- the pages -----------------------------------------------------------------

README = """# Lakes to try things on

A repository with some data, to branch, change, compare and merge without fear.

- `lakes.parquet`: %d lakes that nobody has ever seen, with a name, a country, a depth and an area.
- `data/lakes.source.md`: where they come from.
- `images/`: %d of them from above.

In DuckDB, once its S3 settings point here, which countries have most of them, and how deep the deepest is:

    SELECT Country, count(*) AS lakes, max(Depth_m) AS deepest
    FROM read_parquet('s3://REPOSITORY/main/lakes.parquet')
    GROUP BY Country ORDER BY lakes DESC LIMIT 5;

On a branch of its own the table can be changed, while `main` stays as it is:

    lakectl branch create lakefs://REPOSITORY/denmark-lakes --source lakefs://REPOSITORY/main

    COPY (SELECT * FROM read_parquet('s3://REPOSITORY/main/lakes.parquet') WHERE Country = 'Denmark')
    TO 's3://REPOSITORY/denmark-lakes/lakes.parquet' (FORMAT parquet);

    lakectl diff lakefs://REPOSITORY/denmark-lakes
    lakectl commit lakefs://REPOSITORY/denmark-lakes -m "Denmark alone"
    lakectl merge lakefs://REPOSITORY/denmark-lakes lakefs://REPOSITORY/main
""" % (LAKES, PICTURES)

SOURCE = """# Where the lakes come from

A program made them up: lakegate's `examples/sample_data/make.py` draws their names, sizes and shapes, and writes
table and pictures. The countries are real; that a lake lies there is not.

To the extent possible under law, the makers of this data have waived all copyright and related rights to it, under
[CC0 1.0](https://creativecommons.org/publicdomain/zero/1.0/): do with it what you like.
"""


def files():
    """Type, path and bytes of each."""
    yield "text/markdown", "README.md", README.encode()
    yield "text/markdown", "data/lakes.source.md", SOURCE.encode()
    for number in range(1, PICTURES + 1):
        yield "image/png", f"images/lake-{number:02}.png", png(number)
    yield "application/vnd.apache.parquet", "lakes.parquet", parquet()


def write(folder, path, data):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def main(folder):
    contents = ""
    for kind, path, data in files():
        write(folder, path, data)
        contents += f"{kind} {path}\n"
    write(folder, "contents", contents.encode())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else HERE)
