"""A worker without a web server before it, and a FastCGI client for it."""
import atexit
import os
import signal
import socket
import struct
import subprocess
import time
from collections import namedtuple

# whole: the end of the request was said.
Answer = namedtuple("Answer", "status headers body whole")
NOTHING = Answer(0, {}, b"", False)


def record(kind, content):
    return struct.pack("!BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def length(n):
    return struct.pack("!B", n) if n < 128 else struct.pack("!I", n | 0x80000000)


def stream(kind, data):
    out = b"".join(record(kind, data[i:i + 65535]) for i in range(0, len(data), 65535))
    return out + record(kind, b"")


def variables(method, target, headers, body):
    env = {"REQUEST_METHOD": method, "REQUEST_URI": target, "SERVER_PROTOCOL": "HTTP/1.1",
           "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(body))}
    for name, value in headers.items():
        name = name.upper().replace("-", "_")
        env[name if name == "CONTENT_TYPE" else "HTTP_" + name] = value
    return env


def parse(text, whole):
    """A CGI answer."""
    head, found, body = text.partition(b"\r\n\r\n")
    if not found:
        return NOTHING
    headers = {}
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return Answer(int(headers.get("status", "200")[:3]), headers, body, whole)


def ask(path, method, target, headers, body, timeout=20):
    """NOTHING: no answer came."""
    params = b"".join(length(len(k)) + length(len(v)) + k.encode() + v.encode("latin-1")
                      for k, v in variables(method, target, headers, body).items())
    out, buf, whole = b"", b"", False
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(timeout)
        try:
            s.connect(path)
            s.sendall(record(1, struct.pack("!HB5x", 1, 0)) + stream(4, params) + stream(5, body))
        except (BrokenPipeError, ConnectionError):
            pass                # it may have answered all the same
        try:
            while not whole:
                data = s.recv(65536)
                if not data:
                    break
                buf += data
                while len(buf) >= 8:
                    _, kind, _, n, pad = struct.unpack("!BBHHB", buf[:7])
                    if len(buf) < 8 + n + pad:
                        break
                    if kind == 6:
                        out += buf[8:8 + n]
                    whole |= kind == 3
                    buf = buf[8 + n + pad:]
        except ConnectionError:
            pass
    return parse(out, whole)


class Worker:
    """lakegate.fcgi on a socket of ours, as a service manager starts it."""

    def __init__(self, build, folder, **env):
        self.binary = os.path.join(build, "lakegate.fcgi")
        self.path = os.path.join(folder, "socket")
        self.env = {"PATH": os.environ["PATH"], **env}
        self.log = open(os.path.join(folder, "worker.log"), "ab")
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.path)
        self.listening.listen(100)
        self.process, self.code = None, 0

    def start(self):
        self.process = subprocess.Popen([self.binary], stdin=self.listening, stdout=self.log,
                                        stderr=self.log, env=self.env)
        atexit.register(self.process.kill)      # one that a test which failed has left

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        for _ in range(400):
            if not self.alive():
                return self.process.returncode
            time.sleep(0.05)
        self.process.kill()
        return self.process.wait()

    def close(self):
        self.stop()
        self.listening.close()
        self.log.close()

    def ask(self, *request):
        return ask(self.path, *request)

    def cgi(self, method, target, headers, body, timeout=20):
        """The same program for one request, as a CGI program."""
        env = {**self.env, **variables(method, target, headers, body),
               "GATEWAY_INTERFACE": "CGI/1.1"}
        r = subprocess.run([self.binary], input=body, stdout=subprocess.PIPE, stderr=self.log,
                           env=env, timeout=timeout, check=False)
        self.code = r.returncode
        return parse(r.stdout, r.returncode == 0)
