"""What the rows of the client matrix share."""
import hashlib
import os
import shutil
import subprocess

from servers import KEY, SECRET, TOP


def clean_env(**more):
    """Nothing of the caller's settings for AWS."""
    return {**{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "RCLONE_"))},
            **more}


def aws_env(lake, **more):
    return clean_env(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, AWS_EC2_METADATA_DISABLED="true",
                     AWS_DEFAULT_REGION="us-east-1", AWS_CONFIG_FILE=os.devnull,
                     AWS_ENDPOINT_URL=lake.url, **more)


def run(*argv, env=None, cwd=None, timeout=400, stdin=None):
    """A command that must succeed; what it printed."""
    r = subprocess.run([str(a) for a in argv], env=env or clean_env(), cwd=cwd, timeout=timeout,
                       input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    words = r.stdout.decode(errors="replace") + r.stderr.decode(errors="replace")
    assert r.returncode == 0, f"{argv}\n{words[-6000:]}"
    return r.stdout.decode(errors="replace")


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Tree:
    """A few files, in memory, on disk, and as objects."""

    def __init__(self):
        self.files = {"plain.txt": b"a line\n" * 200, "empty": b"",
                      "deep/er/sp ace \u00fc+&=.bin": os.urandom(70000),
                      "big.bin": os.urandom(9 << 20)}

    def write(self, folder):
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    def put(self, lake, prefix):
        for name, data in self.files.items():
            lake.put(prefix + name, data)

    def is_at(self, lake, prefix):
        """As objects, read by boto3: these and no others."""
        got = {k[len(prefix):]: digest(lake.body(k)) for k in lake.keys(prefix)
               if not k.endswith("/")}
        assert got == {n: digest(d) for n, d in self.files.items()}

    def is_in(self, folder):
        got = {str(p.relative_to(folder)): digest(p.read_bytes())
               for p in folder.rglob("*") if p.is_file()}
        assert got == {n: digest(d) for n, d in self.files.items()}


def venv(name):
    """A Python environment that `sh tests/run clients` makes."""
    return os.path.join(TOP, f".venv-{name}", "bin")


def which(name):
    """Debian's program, whatever else is on PATH."""
    return shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
