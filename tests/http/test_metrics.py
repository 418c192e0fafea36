"""What /metrics tells, in Prometheus' text format."""
import base64
import os
import re
import subprocess
import time

import botocore.exceptions
import pytest

from servers import KEY, SECRET
from sign import ask

LINE = re.compile(r'lakegate_([a-z0-9_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)+)\})? ([0-9.]+)$')
BASIC = {"Authorization": "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()}


def scrape(lake):
    """{name: {labels: value}}; each line and family is well-formed."""
    status, text = ask(lake.url, "GET", "/metrics", BASIC)
    assert status == 200
    out, types, family = {}, {}, None
    for line in text.decode().splitlines():
        if line.startswith("# HELP"):
            family = line.split()[2]
            assert family.startswith("lakegate_") and family not in types
        elif line.startswith("# TYPE"):
            assert line.split()[2] == family
            types[family] = line.split()[3]
        else:
            name, labels, value = LINE.match(line).groups()
            assert re.fullmatch(family + "(_bucket|_sum|_count)?", "lakegate_" + name), line
            assert types[family] != "counter" or name.endswith("_total")
            series = out.setdefault(name, {})
            assert labels not in series, line
            series[labels] = float(value)
    return out


def answers(lake, protocol, operation, status):
    return scrape(lake).get("requests_total", {}).get(
        f'protocol="{protocol}",operation="{operation}",status="{status}"', 0)


@pytest.mark.server
def test_requests_are_counted_by_operation_and_status(lake):
    """By all processes together, whoever answers the scrape."""
    what = [("s3", "PutObject", "2xx"), ("s3", "GetObject", "4xx"), ("s3", "GetObject", "501"),
            ("api", "getRepository", "2xx"), ("own", "-", "2xx")]
    before = [answers(lake, *w) for w in what]
    for n in range(5):
        lake.put(f"main/o{n}", b"x")
        with pytest.raises(botocore.exceptions.ClientError):
            lake.s3.get_object(Bucket=lake.repo, Key="main/none")
        with pytest.raises(botocore.exceptions.ClientError):
            lake.s3.get_object_torrent(Bucket=lake.repo, Key="main/o0")
        assert ask(lake.url, "GET", f"/api/v1/repositories/{lake.repo}", BASIC)[0] == 200
        assert ask(lake.url, "GET", "/_health")[0] == 200
    # A request is counted when its answer has gone.
    for _ in range(50):
        got = [answers(lake, *w) - b for w, b in zip(what, before)]
        if got[:4] == [5] * 4 and got[4] >= 5:
            return
        time.sleep(0.1)
    assert got[:4] == [5] * 4 and got[4] >= 5


def test_durations_are_a_histogram(lake):
    lake.put("main/o", b"x" * 100000)
    assert lake.body("main/o") == b"x" * 100000
    time.sleep(0.2)
    got = scrape(lake)
    of = 'protocol="s3",operation="PutObject"'
    buckets = [(float(re.search('le="([^"]+)"', k).group(1)), v)
               for k, v in got["request_duration_seconds_bucket"].items() if k.startswith(of)]
    assert [b[0] for b in buckets] == sorted(b[0] for b in buckets) and buckets[-1][0] == float("inf")
    assert [b[1] for b in buckets] == sorted(b[1] for b in buckets)
    assert buckets[-1][1] == got["request_duration_seconds_count"][of] >= 1
    assert 0 < got["request_duration_seconds_sum"][of] < 60 * buckets[-1][1]


def test_what_was_never_asked_is_left_out(lake):
    got = scrape(lake)
    assert len(got["requests_total"]) > 1
    for name in ("requests_total", "request_duration_seconds_count"):
        assert all(n > 0 for n in got[name].values())


def test_disk_and_upkeep(lake):
    got = {k: v[None] for k, v in scrape(lake).items() if None in v}
    disk = os.statvfs(lake.server.lake)
    assert abs(got["free_bytes"] - disk.f_bavail * disk.f_frsize) < 4 << 30
    assert got["reserve_bytes"] == 64 << 20
    assert got["database_bytes"] == os.path.getsize(f"{lake.server.lake}/meta.db")
    assert "database_log_bytes" in got and got["received_bytes_total"] > 0
    before = time.time()
    for command in (["gc"], ["backup", f"{lake.server.root}/metrics-backup"]):
        subprocess.run([f"{lake.server.build}/lakegate", "--lake", lake.server.lake, *command],
                       check=True, stdout=subprocess.DEVNULL)
    got = scrape(lake)
    for name in ("gc", "backup"):
        assert got[f"{name}_success_timestamp_seconds"][None] >= int(before)


def test_another_version_begins_anew(lake):
    """A file that counted something else is not read as if it were ours."""
    lake.put("main/o", b"x")
    with open(f"{lake.server.lake}/metrics", "r+b") as f:
        f.write(os.urandom(8) + b"\xff" * 4000)
    # A command opens it as a new worker does.
    subprocess.run([f"{lake.server.build}/lakegate", "--lake", lake.server.lake, "repo", "list"],
                   check=True, stdout=subprocess.DEVNULL)
    got = scrape(lake)
    assert got["received_bytes_total"][None] < 1000
    assert sum(got.get("requests_total", {"": 0}).values()) < 100
