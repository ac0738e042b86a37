"""Module `_website` (python/modwebsite.c) for tests of website.py without a guest: it keeps what it is told."""

import asyncio
import urllib.parse

PRECOMPRESSED, INTERNAL = 1, 2

mounts, ports, claimed = [], [], []
not_found_flag = None
refusal = None      # what mount() raises
waiting = []        # requests; None: no more
serving = False


def forget():
    global not_found_flag, refusal, serving
    mounts.clear()
    ports.clear()
    claimed.clear()
    waiting.clear()
    not_found_flag = refusal = None
    serving = False


def mount(prefix, folder, fields, rules, flags, routes, flag, port):
    if refusal:
        raise refusal
    mounts.append((prefix, folder, fields, rules, flags))
    ports.append(port)
    claims(routes)
    not_found(flag)


def attach(routes, flag, port):
    ports.append(port)
    claims(routes)
    not_found(flag)


def claims(routes):
    claimed[:] = routes


def not_found(flag):
    global not_found_flag
    not_found_flag = flag


def serve(flag):
    global serving
    serving = flag


async def accept():
    while serving and not waiting:
        await asyncio.sleep(0)
    if not serving:
        return None
    request = waiting.pop(0)
    if isinstance(request, Exception):
        raise request
    return request


def start(coroutine):
    started.append(asyncio.ensure_future(coroutine))


started = []


def clean(path):
    """Not as strict as http/parse/path.c: enough to tell paths apart."""
    names = [name for name in urllib.parse.unquote(path).split("/") if name not in ("", ".")]
    return None if ".." in names else "/" + "/".join(names) + ("/" if names and path.endswith("/") else "")


def counters():
    return {"requests": 0}


class _Rest:
    def __init__(self, request, data):
        self.request, self.data = request, data

    def __await__(self):
        return self.request.awrite(self.data).__await__()


class Request:
    """text: the head that the client sends, as HTTP has it, and the body. chunked: its length is not told. answer is
    what the client gets; left: it has gone; failure is what the answer ended with; tight: there is room for a part of a
    head, and for the rest later; server: whom its client has named over TLS, None: it came without."""

    def __init__(self, text, chunked=False, left=False, tight=False, server=None):
        self.text, _, self.data = text.partition(b"\r\n\r\n")
        self.chunked, self.left, self.tight, self.server = chunked, left, tight, server
        self.answer, self.closed, self.failure = b"", False, None
        self.most = self.too_much = None

    def get_extra_info(self, name):
        return ("10.0.2.2", 40000)

    async def read(self, n=-1):
        n = len(self.data) if n < 0 else n
        if self.most is not None and self.data and n:
            if self.most == 0:
                raise self.too_much
            n = min(n, self.most)
            self.most -= n
        data, self.data = self.data[:n], self.data[n:]
        return data

    async def readexactly(self, n):
        data = await self.read(n)
        if len(data) < n:
            raise EOFError
        return data

    async def body(self, limit):
        return await self.read() if len(self.data) <= limit else None

    def limit(self, n, exception):
        self.most, self.too_much = n, exception

    def head(self, headers, names, limit):
        lines = self.text.split(b"\r\n")
        if max(map(len, lines)) > limit:
            raise ValueError
        for line in lines[1:]:
            name, value = line.decode().split(":", 1)
            headers[name] = value.strip()
        method, url, version = lines[0].decode().split(" ")
        length = -1 if self.chunked else int(headers.get("Content-Length", "0"))
        return method, url, version.split("/")[1], length, self.server

    def respond(self, status, reason, headers, body, content_type):
        """Writes at once what there is room for, before it is awaited."""
        if any(c < " " for value in headers.values() for c in str(value)):
            raise ValueError("control characters")
        fields = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        if content_type and "Content-Type" not in headers:
            fields += f"Content-Type: {content_type}\r\n"
        answer = f"HTTP/1.0 {status} {reason or 'OK'}\r\n{fields}\r\n".encode() + body
        now = 9 if self.tight else len(answer)
        self.answer += answer[:now]
        return _Rest(self, answer[now:])

    async def awrite(self, data):
        if self.gone():
            raise OSError(104)
        self.answer += data

    def wrote(self):
        return bool(self.answer)

    def gone(self):
        return self.left

    def end(self, failure):
        if failure and not self.answer:
            self.answer = b"HTTP/1.0 %d Failure\r\n\r\n" % failure
        self.failure = failure
        self.closed = True
