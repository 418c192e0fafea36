"""A crowd of slow clients, in a process of its own, over sockets alone."""
import multiprocessing
import os
import random
import socket
import ssl
import time

# What a crowd is made of is not to be pickled.
FORK = multiprocessing.get_context("fork")


def take(c, n):
    """What is there of an answer, at most n bytes; None: nothing is."""
    c.settimeout(0)
    try:
        return c.recv(n)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    finally:
        c.settimeout(2)


class Sender:
    """A request whose body comes byte by byte; it ends with any answer."""

    def __init__(self, make, body, pause):
        self.make, self.body, self.pause = make, body, pause

    def begin(self, c):
        c.sendall(self.make())
        self.at = 0

    def step(self, c):
        c.send(self.body[self.at % len(self.body):][:1])
        self.at += 1
        return take(c, 4096) is None


class Reader:
    """A request, or many, whose answers are taken byte by byte."""

    def __init__(self, make, pause):
        self.make, self.pause = make, pause

    def begin(self, c):
        c.sendall(self.make())

    def step(self, c):
        return take(c, 1) != b""


class Crowd(FORK.Process):
    """Keeps all its clients there: who is cut comes again, unless once."""

    def __init__(self, url, clients, once=False):
        super().__init__(daemon=True)
        host, port = url.split("//")[1].split(":")
        self.address, self.clients, self.once = (host, int(port)), clients, once
        self.tls = ssl.create_default_context(
            cafile=os.environ["AWS_CA_BUNDLE"]) if url.startswith("https") else None
        self.ended, self.times_cut = FORK.Event(), FORK.Value("i")

    @property
    def cut(self):
        return self.times_cut.value

    def connect(self, client):
        c = socket.socket()
        if isinstance(client, Reader):
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.settimeout(2)
        c.connect(self.address)
        if self.tls:
            c = self.tls.wrap_socket(c, server_hostname=self.address[0])
        client.begin(c)
        return c

    def step(self, client, c):
        """The connection that goes on, or None."""
        try:
            if c is None:
                return self.connect(client)
            if client.step(c):
                return c
        except OSError:
            pass
        if c is not None:
            c.close()
            self.times_cut.value += 1
        return None

    def run(self):
        due = [(0.0, client, None) for client in self.clients]
        while due and not self.ended.is_set():
            later = []
            for at, client, c in due:
                now = time.monotonic()
                if at <= now:
                    had, c = c, self.step(client, c)
                    if c is None and had is not None and self.once:
                        continue
                    at = now + (client.pause if c is not None else 0.2)
                later.append((at, client, c))
            due = later
            time.sleep(0.05)
        for _, _, c in due:
            if c is not None:
                c.close()

    def stop(self):
        self.ended.set()
        self.join()


def head(method, path, *more):
    return "\r\n".join([f"{method} {path} HTTP/1.1", *more, "", ""]).encode()


def senders(lake, signed):
    """Bodies of every kind: what makes the head, and what trickles in after."""
    put, host = f"/{lake.repo}/main/public/x", "Host: x"
    large = "Content-Length: 1048576"
    field = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n' + b"k" * 100000
    aws = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": "1000000"}

    def by_key(length, **more):
        def make():
            s = signed(lake.url, "PUT", put, **more)
            return head("PUT", put, length, *(f"{k}: {v}" for k, v in s.headers.items()))
        return make

    def by_nobody(method, path, *more):
        return lambda: head(method, path, host, *more)

    return [
        (by_nobody("PUT", put, large), b"x"),
        (by_nobody("PUT", put, "Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
        (by_nobody("PUT", put, large, "Content-Encoding: aws-chunked",
                   "x-amz-decoded-content-length: 1000000",
                   "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER"), b"0"),
        (by_nobody("POST", f"/{lake.repo}", large,
                   "Content-Type: multipart/form-data; boundary=b"), field),
        (by_nobody("POST", "/api/v1/auth/login", "Content-Length: 60000",
                   "Content-Type: application/json"), b'{"access_key_id":"' + b"a" * 60000),
        (by_key(large), b"x"),
        (by_key("Transfer-Encoding: chunked", headers={"x-amz-decoded-content-length": "1000"}),
         b"1\r\nx\r\n"),
        (by_key(large, headers=aws, payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER"), b"0"),
    ]


def crowd(lake, signed, n_senders, n_readers, once=False):
    """main/public/large and main/public/small0 to 19 are for everybody."""
    kinds = senders(lake, signed)
    large = head("GET", f"/{lake.repo}/main/public/large", "Host: x")
    small = b"".join(head("GET", f"/{lake.repo}/main/public/small{n % 20}", "Host: x")
                     for n in range(100))
    out = [Sender(*kinds[n % len(kinds)], pause=1 if n % 3 else 50) for n in range(n_senders)]
    for n in range(n_readers):
        out.append(Reader((lambda: large) if n % 2 else (lambda: small), 1 if n % 4 < 2 else 50))
    random.Random(1).shuffle(out)
    return Crowd(lake.url, out, once)
