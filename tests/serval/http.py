"""HTTP as tests need it: whole answers by curl or by a plain socket, byte for byte."""

import socket
import subprocess

GENEROUS_S = 90


class Answer:
    """status: int; headers: dict with names in lower case; body: bytes; raw: all of it."""

    def __init__(self, raw):
        self.raw = raw
        head, found, self.body = raw.partition(b"\r\n\r\n")
        if not found:
            raise AssertionError(f"not an HTTP answer: {raw[:400]!r}")
        lines = head.decode("iso-8859-1").split("\r\n")
        self.version, status, self.reason = (lines[0].split(" ", 2) + [""])[:3]
        self.status = int(status)
        self.headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(": ")
            assert colon and name.lower() not in self.headers, f"header line {line!r} is malformed or comes twice"
            self.headers[name.lower()] = value


def curl(url, *args):
    """One request by curl, the path as it stands. Arguments as curl's: "-X", "POST", "-H", "...", "-I"."""
    command = ["curl", "--silent", "--show-error", "--include", "--path-as-is", "--max-time", str(GENEROUS_S), "--noproxy",
               "*", *args, url]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode().strip()}")
    return Answer(done.stdout)


def receive_all(sock):
    """What comes until the other side closes."""
    parts = []
    while part := sock.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def exchange(port, request, timeout=GENEROUS_S):
    """Sends bytes to 127.0.0.1:port and returns all that comes until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        sock.sendall(request)
        return receive_all(sock)


def get(port, path, **headers):
    """A GET without curl's own costs."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", *[f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]]
    return Answer(exchange(port, "\r\n".join([*lines, "", ""]).encode()))
