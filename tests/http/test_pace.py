"""Clients that take their time.  tests/limits/test_slow.py has the crowds."""
import socket
import threading
import time

import pytest

pytestmark = [pytest.mark.server, pytest.mark.plain, pytest.mark.streams]


def trickle(url, head, pause, until):
    """A request whose body comes byte by byte; the answer's first bytes, and
    after how many seconds they came."""
    host, port = url.split("//")[1].split(":")
    c = socket.create_connection((host, int(port)))
    c.settimeout(pause)
    c.sendall(head.encode())
    begin = time.monotonic()
    while time.monotonic() - begin < until:
        try:
            c.sendall(b"x")
            got = c.recv(1000)
        except socket.timeout:
            continue
        except OSError:
            got = b""
        c.close()
        return got, time.monotonic() - begin
    c.close()
    return None, until


def test_a_refused_upload_is_not_waited_for(lake):
    # Two seconds are allowed, ten are too many.
    got, _ = trickle(lake.url, f"PUT /{lake.repo}/main/x HTTP/1.1\r\nHost: x\r\n"
                     "Content-Length: 1048576\r\n\r\n", 0.2, 10)
    # nginx says 502 when a byte of the client's comes between refusal and answer.
    assert got is not None and (got == b"" or got.split()[1] in (b"403", b"502")), got


def test_a_stranger_on_a_slow_line_holds_nobody_up(lake):
    ended = threading.Event()
    head = (f"PUT /{lake.repo}/main/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n")

    def hold():
        while not ended.is_set():
            trickle(lake.url, head, 0.5, 5)

    clients = [threading.Thread(target=hold) for _ in range(40)]
    for c in clients:
        c.start()
    try:
        time.sleep(1)
        for n in range(10):
            begin = time.monotonic()
            lake.put(f"main/{n}", b"y" * 1024)
            assert lake.body(f"main/{n}") == b"y" * 1024
            assert time.monotonic() - begin < 10
    finally:
        ended.set()
        for c in clients:
            c.join()
