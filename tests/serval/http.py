"""HTTP as tests need it: whole answers by curl or by a plain socket, byte for byte."""

import socket
import subprocess

GENEROUS_S = 90


def endpoint(port):
    """(address, port) of what Guest.port() says: a port of 127.0.0.1, or such a pair already."""
    return port if isinstance(port, tuple) else ("127.0.0.1", port)


def unchunked(raw):
    """The bytes of a body that came in chunks (RFC 9112 7.1)."""
    body = b""
    while True:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            assert raw == b"\r\n", f"{raw[:100]!r} behind the last chunk"
            return body
        assert raw[length:length + 2] == b"\r\n" and len(raw) > length + 2, f"a chunk of {length} bytes is cut off"
        body += raw[:length]
        raw = raw[length + 2:]


class Answer:
    """status: int; headers: dict with names in lower case; body: bytes, chunks put together; raw: all of it."""

    def __init__(self, raw):
        self.raw = raw
        head, found, self.body = raw.partition(b"\r\n\r\n")
        while head.split(b" ")[1:2] == [b"100"]:        # go on: the answer follows
            head, found, self.body = self.body.partition(b"\r\n\r\n")
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
        if self.body and self.headers.get("transfer-encoding") == "chunked":
            self.body = unchunked(self.body)


def curl(url, *args):
    """One request by curl, the path as it stands. Arguments as curl's: "-X", "POST", "-H", "...", "-I"."""
    command = ["curl", "--raw", "--silent", "--show-error", "--include", "--path-as-is",
               "--max-time", str(GENEROUS_S), "--noproxy", "*", *args, url]
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
    """Sends bytes to Guest.port() and returns all that comes until the other side closes."""
    with socket.create_connection(endpoint(port), timeout=timeout) as sock:
        sock.sendall(request)
        return receive_all(sock)


def head_of(path, method="GET", **headers):
    """A request's head as bytes; If_None_Match is If-None-Match."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost",
             *[f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]]
    return "\r\n".join([*lines, "", ""]).encode()


def get(port, path, method="GET", **headers):
    """A request on a connection of its own, without curl's costs."""
    return Answer(exchange(port, head_of(path, method, Connection="close", **headers)))


class Kept:
    """A connection that is kept: answers are told apart by their lengths."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def send(self, path, method="GET", **headers):
        self.sock.sendall(head_of(path, method, **headers))

    def receive(self, method="GET"):
        """The next answer; its body has Content-Length bytes, comes in chunks, or is none."""
        raw = self.until(b"\r\n\r\n")
        answer = Answer(raw)
        if method == "HEAD" or answer.status in (204, 304) or answer.status < 200:
            return answer
        if answer.headers.get("transfer-encoding") == "chunked":
            answer.body = self.chunks()
        else:
            answer.body = self.exactly(int(answer.headers["content-length"]))
        return answer

    def ask(self, path, method="GET", **headers):
        self.send(path, method, **headers)
        return self.receive(method)

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        end = self.buffer.index(mark) + len(mark)
        return self.exactly(end)

    def exactly(self, length):
        while len(self.buffer) < length:
            self.more()
        data, self.buffer = self.buffer[:length], self.buffer[length:]
        return data

    def chunks(self):
        body = b""
        while size := int(self.until(b"\r\n"), 16):
            body += self.exactly(size)
            assert self.exactly(2) == b"\r\n"
        assert self.until(b"\r\n") == b"\r\n"
        return body

    def more(self):
        part = self.sock.recv(1 << 20)
        assert part, f"closed in the middle of an answer, after {self.buffer[-200:]!r}"
        self.buffer += part
