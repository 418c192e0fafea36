"""Prometheus, as Debian has it: it takes what /metrics says without a remark,
and every query of the examples' dashboard and alerts has an answer there."""
import base64
import json
import os
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml

from matrix import run, which
from servers import KEY, SECRET, TOP, free_port
from sign import ask

pytestmark = pytest.mark.full

DASHBOARD, RULES = (f"{TOP}/examples/{n}" for n in ("grafana-dashboard.json", "prometheus-rules.yml"))
# What an idle lake has not done.
MAY_BE_EMPTY = ("up", "5xx", "auth_refused", "< 4 *", "log_bytes > 256", "> 5", "> 2 * 86400")


def queries():
    with open(DASHBOARD) as f:
        out = [t["expr"].replace("$__rate_interval", "10s")
               for p in json.load(f)["panels"] for t in p["targets"]]
    with open(RULES) as f:
        out += [r["expr"].replace("5m", "10s") for g in yaml.safe_load(f)["groups"] for r in g["rules"]]
    return out


@pytest.fixture
def prometheus(lake, tmp_path):
    port = free_port()
    (tmp_path / "prometheus.yml").write_text(yaml.dump({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [RULES],
        "scrape_configs": [{"job_name": "lakegate", "basic_auth": {"username": KEY, "password": SECRET},
                            "static_configs": [{"targets": [lake.url.split("//")[1]]}]}]}))
    p = subprocess.Popen([which("prometheus"), f"--config.file={tmp_path}/prometheus.yml",
                          f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield f"http://127.0.0.1:{port}/api/v1/"
    p.kill()
    p.wait()


def asked(prometheus, what, **query):
    with urllib.request.urlopen(f"{prometheus}{what}?{urllib.parse.urlencode(query)}") as r:
        return json.loads(r.read())["data"]


def work(lake):
    lake.put(f"main/{time.time()}", b"x" * 1000)
    lake.commit()
    lake.keys()


def test_prometheus_takes_what_metrics_says(lake):
    work(lake)
    text = ask(lake.url, "GET", "/metrics", {"Authorization": "Basic " + base64.b64encode(
        f"{KEY}:{SECRET}".encode()).decode()})[1]
    assert run(which("promtool"), "check", "metrics", stdin=text) == ""
    run(which("promtool"), "check", "rules", RULES)


def test_every_query_is_answered(lake, prometheus):
    end = time.time() + 60
    left = dict.fromkeys(queries())
    while left and time.time() < end:
        work(lake)
        time.sleep(1)
        try:
            for q in list(left):
                if asked(prometheus, "query", query=q)["result"] or any(w in q for w in MAY_BE_EMPTY):
                    del left[q]
        except OSError:                 # it starts
            pass
    assert not left
    names = {r["name"] for g in asked(prometheus, "rules")["groups"] for r in g["rules"]}
    assert len(names) == 8
    assert all(r["health"] != "err" for g in asked(prometheus, "rules")["groups"] for r in g["rules"])
