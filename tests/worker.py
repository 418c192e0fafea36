"""The worker as a CGI program, over a lake of its own: for settings and variables
that no web server under test has."""
import os
import subprocess

from servers import FIRST_KEY


class Cgi:
    def __init__(self, build, folder, **settings):
        self.build, self.lake = build, str(folder)
        self.settings = {"LAKEGATE_" + k.upper(): str(v) for k, v in settings.items()}
        subprocess.run([os.path.join(build, "lakegate"), "init", self.lake,
                        *FIRST_KEY], check=True, capture_output=True)

    def ask(self, method, target, headers=None, body=b"", **more):
        """Status, headers (names in lower case) and body."""
        env = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method, "REQUEST_URI": target,
               "LAKEGATE_LAKE": self.lake, "REMOTE_ADDR": "192.0.2.1", **self.settings, **more}
        for name in ("ASAN_OPTIONS", "LAKEGATE_SKIP"):
            if name in os.environ:
                env[name] = os.environ[name]
        for name, value in (headers or {}).items():
            name = name.upper().replace("-", "_")
            env[name if name == "CONTENT_TYPE" else "HTTP_" + name] = value
        if body:
            env["CONTENT_LENGTH"] = str(len(body))
        r = subprocess.run([os.path.join(self.build, "lakegate.fcgi")], env=env, input=body,
                           capture_output=True)
        assert r.returncode == 0, r.stderr
        head, _, content = r.stdout.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")]
        out = {name.lower(): value for name, value in lines}
        return int(out.pop("status").split()[0]), out, content
