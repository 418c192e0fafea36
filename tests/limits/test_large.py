"""Large changes of a large lake, the engine alone: no step of tests/bench/changes.c
may take more memory than a worker has.  FULL=1: 60 000 in three million objects."""
import os
import subprocess
import tempfile

FULL = bool(os.environ.get("FULL"))
OBJECTS, CHANGES = ("3000000", "60000") if FULL else ("300000", "6000")
MIB = "64"


def test_changes_take_the_memory_of_a_page(request):
    build = os.path.abspath(request.config.getoption("--build"))
    subprocess.run(["make", "-s", "-C", build, "bench_changes"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run([build + "/bench_changes", folder, OBJECTS, CHANGES, MIB],
                             env=dict(os.environ, RELAXED="1"), capture_output=True, text=True)
    assert out.returncode == 0, out.stdout + out.stderr
