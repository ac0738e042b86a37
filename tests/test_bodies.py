"""Bodies of requests as they arrive, on a tap, where the clients' TCP is this machine's: of any size, as fast as the
program takes them, and no further ahead of it than what lies between."""

import array
import contextlib
import fcntl
import hashlib
import json
import random
import socket
import struct
import termios
import threading

import pytest
from serval import tap, uploads
from serval.http import Answer, Kept, get, head_of, receive_all
from test_nfs_under_load import Visitor

LARGE = 100 << 20
BLOCK = random.Random(11).randbytes(1 << 20)
LIMIT = 16 << 10        # Microdot's two, as they come
WINDOW = 88 * 1460      # TCP_WND
CIRCLE = 16384          # APP_LARGE
# What may be on the way to a program that does not read: what TCP takes, the circle, what the program's stream keeps.
AHEAD = WINDOW + CIRCLE + 8192
FLAT = 1 << 17    # of bodies of 24 MiB: blocks under way, and what the next collection frees
ROUTES = r"""
import asyncio
import fs_async
import gc
import website
from microdot import Request

state = {"go": asyncio.Event(), "allowed": 0, "read": 0, "ended": [], "told": asyncio.Event()}

def limits(content, body):
    Request.max_content_length, Request.max_body_length = content, body

async def whole(stream, take=None):
    count = 0
    while block := await stream.read(16384):
        count += len(block)
        if take:
            await take(block)
    return count

def routes(app):
    @app.get("/api/limits/<int:content>/<int:body>")
    async def set_limits(request, content, body):
        limits(content, body)
        return "so be it"

    @app.put("/api/put/<name>")
    async def put(request, name):
        file = await fs_async.open("/out/" + name, "w")
        try:
            return str(await whole(request.stream, file.write))
        finally:
            await file.close()

    @app.get("/api/memory")
    async def memory(request):
        gc.collect()
        return dict(website.counters(), free=gc.mem_free())

    @app.post("/api/body")
    async def body(request):
        return request.body

    @app.post("/api/count")
    async def count(request):
        return "%d %d" % (len(request.body), await whole(request.stream))

    @app.post("/api/refuse")
    async def refuse(request):
        return "not from you", 403

    @app.post("/api/patient")
    async def patient(request):
        await state["go"].wait()
        state["go"].clear()
        return str(await whole(request.stream))

    @app.get("/api/go")
    async def go(request):
        state["go"].set()
        return "gone"

    @app.post("/api/steps")
    async def steps(request):
        state["read"] = 0
        try:
            while True:
                while state["read"] >= state["allowed"]:
                    state["told"].clear()
                    await state["told"].wait()
                block = await request.stream.read(min(4096, state["allowed"] - state["read"]))
                if not block:
                    break
                state["read"] += len(block)
        except OSError:
            pass
        finally:
            state["ended"].append(state["read"])
        return str(state["read"])

    @app.get("/api/allow/<int:count>")
    async def allow(request, count):
        state["allowed"] = count
        state["told"].set()
        return "so many"

    @app.get("/api/read")
    async def read(request):
        return {"read": state["read"], "ended": state["ended"]}
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    top = uploads.writable(tmp_path_factory.mktemp("export"), "www", "out")
    (top / "app.py").write_text(ROUTES)
    (top / "www" / "cached.bin").write_bytes(random.Random(5).randbytes(300_000))
    scratch = tmp_path_factory.mktemp("nfs")
    with tap.serving("webserver", top, scratch, WEBSITE_DIR="www") as (guest, server, _):
        yield guest, top, server


@pytest.fixture
def guest(request, both):
    """With Microdot's own limits, unless the test sets others. No request of a test is left behind."""
    request.node.serval_guests = [both[0]]
    limits(both[0], LIMIT, LIMIT)
    yield both[0]
    assert told(both[0], "/api/memory")["app_requests"] == 1


def limits(guest, content, body):
    assert get(guest.port("http"), f"/api/limits/{content}/{body}").body == b"so be it"


def told(guest, path):
    return json.loads(get(guest.port("http"), path).body)


@contextlib.contextmanager
def asked(guest, path, method="POST", **fields):
    """A connection on which the head has been sent."""
    with socket.create_connection(guest.port("http"), timeout=90) as sock:
        sock.sendall(head_of(path, method, Connection="close", **fields))
        yield sock


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def post(guest, path, body, chunked=False, size=4000, **fields):
    if chunked:
        fields["Transfer_Encoding"] = "chunked"
        body = b"".join(chunk(body[at:at + size]) for at in range(0, len(body), size)) + b"0\r\n\r\n"
    else:
        fields["Content_Length"] = str(len(body))
    with asked(guest, path, **fields) as sock:
        sock.sendall(body)
        return Answer(receive_all(sock))


# -- of any size -------------------------------------------------------------------------------------------------------

def upload(guest, name, size, chunked):
    """In blocks that are all different; the digest of all of it, and the answer."""
    fields = {"Transfer_Encoding": "chunked"} if chunked else {"Content_Length": str(size)}
    digest = hashlib.sha256()
    with asked(guest, f"/api/put/{name}", "PUT", **fields) as sock:
        for number in range(size // len(BLOCK)):
            block = struct.pack("<Q", number) + BLOCK[8:]
            digest.update(block)
            sock.sendall(chunk(block) if chunked else block)
        if chunked:
            sock.sendall(b"0\r\n\r\n")
        return digest.hexdigest(), Answer(receive_all(sock))


def hash_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Onlooker:
    """Asks for the memory of both again and again, while the block runs."""

    def __init__(self, guest):
        self.guest, self.ended = guest, threading.Event()
        self.seen, self.failure = [], None

    def __enter__(self):
        self.before = told(self.guest, "/api/memory")
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        self.thread.join()
        assert kind or self.failure is None, self.failure

    def _run(self):
        try:
            while not self.ended.wait(0.2):
                self.seen.append(told(self.guest, "/api/memory"))
        except (AssertionError, OSError, ValueError) as error:
            self.failure = error

    def check(self):
        """Flat, all along."""
        assert len(self.seen) > 5
        for now in self.seen:
            assert now["free"] > self.before["free"] - FLAT, (self.before, now)
            assert now["connections"] <= 8 and now["app_requests"] <= 3, now
            assert now["cache_memory"] <= self.before["cache_memory"] + FLAT, (self.before, now)


@pytest.mark.parametrize("chunked", [False, True], ids=["counted", "chunked"])
def test_a_large_body(guest, both, chunked):
    """Streamed to a file on NFS: whole, and nobody's memory has it."""
    limits(guest, 2 * LARGE, LIMIT)
    with Onlooker(guest) as onlooker:
        digest, answer = upload(guest, "large", LARGE, chunked)
    path = both[1] / "out" / "large"
    assert (answer.status, answer.body) == (200, b"%d" % LARGE) and hash_of(path) == digest
    path.unlink()
    onlooker.check()


@pytest.mark.alone      # the heap is looked at while it works: a slow machine sees more of what will be freed
def test_large_bodies_while_the_file_server_restarts(guest, both):
    """Two at once, one in chunks, and downloads beside them; the server is away for a moment in the middle."""
    top, server = both[1:]
    size, results = 24 << 20, {}
    limits(guest, 2 * LARGE, LIMIT)

    def put(name, chunked):
        with contextlib.suppress(OSError):
            results[name] = upload(guest, name, size, chunked)

    with Visitor(guest, (top / "www" / "cached.bin").read_bytes()) as visitor, Onlooker(guest) as onlooker:
        threads = [threading.Thread(target=put, args=(name, name == "two")) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        stored = [top / "out" / name for name in ("one", "two")]
        while any(not path.exists() or path.stat().st_size < size // 4 for path in stored):
            assert any(thread.is_alive() for thread in threads)
            onlooker.ended.wait(0.05)
        count = visitor.count
        server.kill()
        server.start()
        for thread in threads:
            thread.join()
    for name in ("one", "two"):
        digest, answer = results[name]
        assert (answer.status, answer.body) == (200, b"%d" % size) and hash_of(top / "out" / name) == digest
        (top / "out" / name).unlink()
    assert visitor.count > count
    onlooker.check()


# -- request.body, as Microdot has it ----------------------------------------------------------------------------------

@pytest.mark.parametrize("chunked", [False, True], ids=["counted", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 4096, LIMIT - 1, LIMIT])
def test_a_body_as_a_whole(guest, size, chunked):
    body = random.Random(size).randbytes(size)
    answer = post(guest, "/api/body", body, chunked)
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize("chunked, size", [(False, 4000), (True, 4000), (True, 1)])
def test_a_body_that_is_only_streamed(guest, chunked, size):
    """Longer than what request.body may be, not than what the program takes."""
    limits(guest, 2 * LIMIT, 2048)
    for length in (2049, 5000, 2 * LIMIT):
        assert post(guest, "/api/count", BLOCK[:length], chunked, size).body == b"0 %d" % length
    assert post(guest, "/api/count", BLOCK[:2048], chunked, size).body == b"2048 2048"


def test_a_body_too_long(guest):
    """Microdot's 413, whether the client waits for 100 or not; where the length is not told, once it is too much."""
    for chunked in (False, True):
        assert post(guest, "/api/body", BLOCK[:LIMIT + 1], chunked).status == 413
    assert post(guest, "/api/count", BLOCK[:20 * LIMIT]).status == 413
    with asked(guest, "/api/body", Content_Length=str(1 << 40), Expect="100-continue") as sock:
        assert receive_all(sock).startswith(b"HTTP/1.1 413 ")
    limits(guest, 3 * LIMIT, LIMIT)
    assert post(guest, "/api/count", BLOCK[:3 * LIMIT], chunked=True).body == b"0 %d" % (3 * LIMIT)
    for chunked in (False, True):
        assert post(guest, "/api/count", BLOCK[:3 * LIMIT + 1], chunked).status == 413


@pytest.mark.parametrize("raw", [b"zz\r\nabc\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"-3\r\nabc\r\n",
                                 b"11111111111111111\r\n", b"3\r\nabc\r\nxyz\r\n"])
def test_chunks_that_are_none(guest, raw):
    """400, also where the program has read a part already."""
    limits(guest, 2 * LARGE, LIMIT)
    for before in (b"", chunk(BLOCK[:40_000])):
        with asked(guest, "/api/count", Transfer_Encoding="chunked") as sock:
            sock.sendall(before + raw)
            assert Answer(receive_all(sock)).status == 400


def test_chunks_with_all_that_there_may_be(guest):
    with asked(guest, "/api/body", Transfer_Encoding="chunked") as sock:
        for part in (b"00", b"3;a=b", b"\r", b"\nab", b"c\r\n1 ;c\r\nd", b"\r\n0;x=\"y\"\r", b"\nX-Trailer: 1\r\n",
                     b"\r\n"):
            sock.sendall(part)
        assert Answer(receive_all(sock)).body == b"abcd"


def test_a_connection_goes_on_behind_a_body(guest):
    with guest.connect() as sock:
        kept = Kept(sock)
        for chunked in (True, False, True):
            fields = {"Transfer_Encoding": "chunked"} if chunked else {"Content_Length": "5000"}
            kept.send("/api/body", "POST", **fields)
            sock.sendall(chunk(BLOCK[:5000]) + b"0\r\n\r\n" if chunked else BLOCK[:5000])
            answer = kept.receive()
            assert answer.body == BLOCK[:5000] and answer.headers.get("connection") != "close"
            assert kept.ask("/cached.bin").status == 200


# -- Expect: 100-continue ----------------------------------------------------------------------------------------------

def has_nothing(sock):
    sock.setblocking(False)
    try:
        with pytest.raises(BlockingIOError):
            sock.recv(1)
    finally:
        sock.settimeout(90)


def interim(sock):
    return Kept(sock).until(b"\r\n\r\n")


def test_go_on(guest):
    """Where the body is wanted as a whole it is asked for at once, where it is a stream when somebody reads it."""
    with asked(guest, "/api/body", Content_Length="5", Expect="100-continue") as sock:
        assert interim(sock) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"bytes")
        assert Answer(receive_all(sock)).body == b"bytes"
    limits(guest, LARGE, LIMIT)
    for fields in ({"Content_Length": str(1 << 20)}, {"Transfer_Encoding": "chunked"}):
        if "Transfer_Encoding" in fields:
            limits(guest, LARGE, 0)
        with asked(guest, "/api/patient", Expect="100-continue", **fields) as sock:
            for _ in range(5):
                told(guest, "/api/read")
            has_nothing(sock)
            get(guest.port("http"), "/api/go")
            assert interim(sock) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(BLOCK if "Content_Length" in fields else chunk(BLOCK) + b"0\r\n\r\n")
            assert Answer(receive_all(sock)).body == b"%d" % len(BLOCK)


def test_a_client_that_does_not_wait(guest):
    limits(guest, LARGE, LIMIT)
    assert post(guest, "/api/count", BLOCK, Expect="100-continue").body == b"0 %d" % len(BLOCK)


def test_refused_before_the_body(guest):
    """403 at once, without 100, and the connection does not take for a request what was to be a body."""
    limits(guest, LARGE, LIMIT)
    with guest.connect() as sock:
        kept = Kept(sock)
        kept.send("/api/refuse", "POST", Content_Length=str(1 << 20), Expect="100-continue")
        answer = kept.receive()
        assert (answer.status, answer.body) == (403, b"not from you") and answer.raw.startswith(b"HTTP/1.1 403 ")
        sock.sendall(head_of("/cached.bin"))
        with contextlib.suppress(ConnectionError):
            assert receive_all(sock) == b""


def test_refused_while_the_body_comes(guest):
    """Of one who does not wait: the answer comes through, what is left of the body goes nowhere."""
    limits(guest, LARGE, LIMIT)
    for chunked in (False, True):
        answer = post(guest, "/api/refuse", BLOCK[:200_000], chunked)
        assert (answer.status, answer.body) == (403, b"not from you")


# -- as fast as the program takes it -----------------------------------------------------------------------------------

class Pushing:
    """A client that sends as much as it can, and knows how much of it the other side's TCP has taken."""

    def __init__(self, sock, size):
        self.sock, self.size, self.sent = sock, size, 0
        sock.setblocking(False)

    def taken(self):
        with contextlib.suppress(BlockingIOError):
            while self.sent < self.size:
                self.sent += self.sock.send(BLOCK[:min(65536, self.size - self.sent)])
        waiting = array.array("i", [0])
        fcntl.ioctl(self.sock, termios.TIOCOUTQ, waiting)       # not acknowledged yet
        return self.sent - waiting[0]


def test_a_slow_program(guest):
    """It reads a part and pauses, again and again: its client is never further ahead than what lies between them."""
    size = 2 << 20
    limits(guest, LARGE, LIMIT)
    get(guest.port("http"), "/api/allow/0")
    with asked(guest, "/api/steps", Content_Length=str(size)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        pushing = Pushing(sock, size)
        for allowed in (0, 1, 50_000, 50_001, 700_000, size - 1):
            get(guest.port("http"), f"/api/allow/{allowed}")
            still, before = 0, -1
            while still < 20:           # questions in which no more was taken
                taken = pushing.taken()
                assert taken <= allowed + AHEAD, f"{taken} bytes were taken when {allowed} could be read"
                read = told(guest, "/api/read")["read"]
                still, before = (still + 1, before) if (taken, read) == before else (0, (taken, read))
            assert read == allowed
        get(guest.port("http"), f"/api/allow/{2 * size}")
        while pushing.taken() < size:
            told(guest, "/api/read")
        sock.settimeout(90)
        assert Answer(receive_all(sock)).body == b"%d" % size


def test_a_client_that_goes_away(guest):
    """In the middle: the program hears of it, and its request ends."""
    limits(guest, LARGE, LIMIT)
    get(guest.port("http"), f"/api/allow/{LARGE}")
    before = len(told(guest, "/api/read")["ended"])
    for linger in (True, False):
        with asked(guest, "/api/steps", Content_Length=str(8 << 20)) as sock:
            sock.sendall(BLOCK)
            while told(guest, "/api/read")["read"] == 0:
                pass
            if linger:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))   # a reset
    while len(ended := told(guest, "/api/read")["ended"]) < before + 2:
        pass
    assert max(ended[before:]) <= len(BLOCK)
