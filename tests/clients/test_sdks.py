"""The AWS SDKs of other languages, from their registries."""
import os

import pytest

from matrix import aws_env, digest, run, venv

pytestmark = pytest.mark.full
HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.mark.tool("AWS SDK for JavaScript 3", "objects, paging, parts of a stream, presigned, conditions")
def test_javascript(lake, tree, given, src, dst, row):
    env = aws_env(lake, PATH=venv("clients") + ":" + os.environ["PATH"])
    run("npm", "ci", "--no-audit", "--no-fund", cwd=f"{HERE}/js", env=env)
    row.version = run("node", "sdk.js", lake.repo, given, src, dst, cwd=f"{HERE}/js", env=env).strip()
    tree.is_at(lake, "main/up/")
    tree.is_in(dst)
    assert digest(lake.body("main/parts")) == digest(tree.files["big.bin"])


@pytest.mark.tool("AWS SDK for Go 2", "objects, paging, upload and download managers, conditions")
def test_go(lake, tree, given, src, dst, row, tmp_path):
    env = aws_env(lake, GOFLAGS="-mod=readonly", GOTOOLCHAIN="local")
    go = f"{venv('clients')}/go"
    for name in ("go.mod", "go.sum", "sdk.go"):         # go writes beside them
        with open(f"{HERE}/go/{name}") as f:
            (tmp_path / name).write_text(f.read())
    run(go, "build", "-o", "sdk", ".", cwd=tmp_path, env=env)
    run(tmp_path / "sdk", lake.repo, given, src, dst, env=env)
    row.version = run(go, "list", "-m", "-f", "{{.Version}}", "github.com/aws/aws-sdk-go-v2/service/s3",
                      cwd=tmp_path, env=env).strip().lstrip("v")
    tree.is_at(lake, "main/up/")
    tree.is_in(dst)
    assert digest(lake.body("main/parts")) == digest(tree.files["big.bin"])
