"""Secrets: where they come from, and where they never are."""
import os
import shutil

import pytest

from servers import serve


@pytest.fixture
def worker(request):
    """A worker that runs by itself, not as root."""
    s = serve("nginx", os.path.abspath(request.config.getoption("--build")))
    yield s.others[0].pid
    s.stop()
    shutil.rmtree(s.root)


def test_workers_leave_no_core_dump(worker):
    """Nor can another process of their user read their memory: what belongs to
    root under /proc is closed to it."""
    with open(f"/proc/{worker}/limits") as f:
        core = [line for line in f if "core file" in line]
    assert core[0].split()[4:6] == ["0", "0"], core
    assert os.stat(f"/proc/{worker}/mem").st_uid == 0
