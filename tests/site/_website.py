"""Module `_website` (python/modwebsite.c) for tests of website.py without a guest: it keeps what it is told."""

import re
import urllib.parse

PRECOMPRESSED, INTERNAL = 1, 2

mounts, ports, claimed = [], [], []
not_found_flag = None


def forget():
    global not_found_flag
    mounts.clear()
    ports.clear()
    claimed.clear()
    not_found_flag = None


def mount(prefix, folder, pages, others, fields, flags, routes):
    mounts.append((prefix, folder, pages, others, fields, flags))
    claims(routes)


def listen(port):
    ports.append(port)


def claims(routes):
    claimed[:] = routes
    return True


def not_found(flag):
    global not_found_flag
    not_found_flag = flag


def clean(path):
    """Not as strict as http/path.c: enough to tell paths apart."""
    names = [name for name in urllib.parse.unquote(path).split("/") if name not in ("", ".")]
    return None if ".." in names else "/" + "/".join(names) + ("/" if names and path.endswith("/") else "")


def chunk_size(line):
    """RFC 9112 7.1, without the odder extensions."""
    match = re.fullmatch(rb"([0-9A-Fa-f]{1,16})(;[^\r\n]*)?\r\n", line)
    return int(match[1], 16) if match else None


def is_trailer(line):
    return re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n", line) is not None


def counters():
    return {"requests": 0}


class _Rest:
    def __init__(self, connection, data):
        self.connection, self.data = connection, data

    def __await__(self):
        return self.connection.awrite(self.data).__await__()


class Connection:
    """stream: an object with `request`, the bytes that the client sends; `answer` is what it gets; `left`: it has gone;
    `failure` is what the answer ended with; `tight`: there is room for a part of a head, and for the rest later."""

    def __init__(self, stream):
        self.stream = stream
        self.at = 0

    def get_extra_info(self, name):
        return ("10.0.2.2", 40000)

    def take(self, end):
        data = self.stream.request[self.at:end]
        self.at += len(data)
        return data

    async def readline(self):
        end = self.stream.request.find(b"\n", self.at) + 1
        return self.take(end or len(self.stream.request))

    async def readexactly(self, n):
        data = self.take(self.at + n)
        if len(data) < n:
            raise EOFError
        return data

    def head(self, headers, names, limit):
        head, _, _ = self.stream.request.partition(b"\r\n\r\n")
        self.at = len(head) + 4
        lines = head.split(b"\r\n")
        if max(map(len, lines)) > limit:
            raise ValueError
        for line in lines[1:]:
            name, value = line.decode().split(":", 1)
            headers[name] = value.strip()
        method, url, version = lines[0].decode().split(" ")
        return method, url, version.split("/")[1]

    def respond(self, status, reason, headers, body):
        """Writes at once what there is room for, before it is awaited."""
        if any(c < " " for value in headers.values() for c in str(value)):
            raise ValueError("control characters")
        fields = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        answer = f"HTTP/1.0 {status} {reason or 'OK'}\r\n{fields}\r\n".encode() + body
        now = 9 if getattr(self.stream, "tight", False) else len(answer)
        self.stream.answer += answer[:now]
        return _Rest(self, answer[now:])

    async def awrite(self, data):
        if self.gone():
            raise OSError(104)
        self.stream.answer += data

    def wrote(self):
        return bool(self.stream.answer)

    def gone(self):
        return self.stream.left

    def end(self, failure):
        if failure and not self.stream.answer:
            self.stream.answer = b"HTTP/1.0 %d Failure\r\n\r\n" % failure
        self.stream.failure = failure
        self.stream.closed = True
