"""The NFS component under load from Python and from visitors: more written at a time than its packet memory holds, with
a server that is killed meanwhile, one that loses a single answer, one that is known to be gone."""

import concurrent.futures
import contextlib
import hashlib
import random
import threading
import time

import pytest
from serval import build, uploads
from serval.http import Answer, exchange, get, head_of, receive_all
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.relay import END, Relay

WEB_ADDRESS = "10.0.2.16"
LOST_WAIT_S = 5 # as WEBSITE_WAIT_S is by default: the call is made again after two
KNOWN_S = 10    # a server that refuses connections is known to be gone then, also on a slow machine
UPLOAD_S = 300  # a mebibyte, of forty at once
ROUTES = r"""
import asyncio
import fs_async
from microdot import Request

Request.max_content_length = 2 << 20

def routes(app):
    async def write_one(name, count, size):
        file = await fs_async.open(name, "w")
        block = bytearray(size)
        try:
            for i in range(count):
                block[0:4] = i.to_bytes(4, "big")
                await file.write(block)
        finally:
            await file.close()

    @app.get("/api/write")
    async def write(request):
        writers, count, size = (int(request.args[name]) for name in ("writers", "count", "size"))
        await asyncio.gather(*[write_one("/out/w%d" % i, count, size) for i in range(writers)])
        return "written"
""" + uploads.route("/out")


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    top = uploads.writable(tmp_path_factory.mktemp("export"), "www", "out")
    (top / "app.py").write_text(ROUTES)
    (top / "www" / "cached.bin").write_bytes(random.Random(5).randbytes(50_000))
    return top


@pytest.fixture(scope="module")
def both(export, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("nfs")
    with NfsServer(export, scratch / "nfs") as server:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}, log=scratch / "console.log") as guest:
            guest.expect(r"Starting async server on 0\.0\.0\.0:80")
            yield guest, server


@pytest.fixture
def guest(request, both):
    request.node.serval_guests = [both[0]]
    return both[0]


class Visitor:
    """Asks for a cached file again and again while the block runs: each answer is whole and comes in time."""

    def __init__(self, guest, expected):
        self.port, self.expected = guest.port("http"), expected
        self.ended = threading.Event()
        self.slowest, self.count, self.failure = 0.0, 0, None

    def __enter__(self):
        assert get(self.port, "/cached.bin").body == self.expected
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        self.thread.join()
        if kind is None:
            assert self.failure is None, f"after {self.count} answers: {self.failure!r}"
            assert self.count > 0

    def _run(self):
        try:
            while True:
                begin = time.monotonic()
                answer = get(self.port, "/cached.bin")
                assert answer.status == 200 and answer.body == self.expected
                self.slowest = max(self.slowest, time.monotonic() - begin)
                self.count += 1
                if self.ended.wait(0.05):
                    return
        except (AssertionError, OSError) as error:
            self.failure = error


def put_all(guest, bodies, timeout=UPLOAD_S):
    """All at once, each from a connection of its own; what became of each: its status, or the client's error."""
    def put(sock, i):
        head = f"PUT /api/put/u{i} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(bodies[i])}\r\nConnection: close\r\n\r\n"
        try:
            sock.sendall(head.encode() + bodies[i])
            return Answer(receive_all(sock)).status
        except (OSError, AssertionError) as error:
            return repr(error)

    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(guest.connect(timeout=timeout)) for _ in bodies]
        with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(put, socks, range(len(bodies))))


def written(count, size):
    return b"".join(i.to_bytes(4, "big") + bytes(size - 4) for i in range(count))


@pytest.mark.parametrize("writers, count, size", [(1, 20, 65536), (4, 8, 16384), (2, 20, 65536), (20, 20, 16384)])
def test_writers_at_once(guest, export, writers, count, size):
    with Visitor(guest, (export / "www" / "cached.bin").read_bytes()):
        assert get(guest.port("http"), f"/api/write?writers={writers}&count={count}&size={size}").body == b"written"
    expected = written(count, size)
    for i in range(writers):
        path = export / "out" / f"w{i}"
        assert path.read_bytes() == expected, path
        path.unlink()


def test_uploads_at_once(guest, export):
    bodies = [random.Random(i).randbytes(1 << 20) for i in range(40)]
    with Visitor(guest, (export / "www" / "cached.bin").read_bytes()):
        assert put_all(guest, bodies) == [200] * len(bodies)
    for i, body in enumerate(bodies):
        path = export / "out" / f"u{i}"
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(body).digest(), path
        path.unlink()


# -- a server that loses an answer, and one that is gone ---------------------------------------------------------------

MARK = b"the answer with these bytes is lost"


def test_a_lost_answer(boot, export, tmp_path):
    """Of a server that goes on answering others: the call is made again, well before the visitor's patience ends, and
    the file is whole. While that waits others are not kept waiting."""
    body = MARK + random.Random(9).randbytes(20_000)
    (export / "www" / "lost.bin").write_bytes(body)
    lost = []

    def lose(record, _):
        if MARK in record and not lost:
            lost.append(record)
            return b""
        return record

    with NfsServer(export, tmp_path / "nfs") as server, Relay(server.nfs_port) as relay:
        relay.spoil = lose
        guest = boot("webserver", {"http": ("tcp", WEB_ADDRESS, 80)}, NFS_SERVER="10.0.2.2", WEBSITE_DIR="www",
                     NFS_DIRECTORY=server.directory, NFS_PORT=relay.port, MOUNT_PORT=server.mount_port,
                     WEBSITE_WAIT_S=LOST_WAIT_S)
        guest.expect(r"Starting async server on 0\.0\.0\.0:80")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            begin = time.monotonic()
            asked = pool.submit(get, guest.port("http"), "/lost.bin")
            number, slowest = 0, 0.0
            while not asked.done() and time.monotonic() - begin < 50:   # new names: each is a question to the server
                number += 1
                one = time.monotonic()
                assert get(guest.port("http"), f"/none-{number}").status == 404
                slowest = max(slowest, time.monotonic() - one)
                time.sleep(0.1)
            took = time.monotonic() - begin
            answer = asked.result()
        assert len(lost) == 1 and number > 3
        assert answer.status == 200 and answer.body == body
        assert took < LOST_WAIT_S and slowest < 4, f"{took:.1f} s, others {slowest:.1f} s"
        assert guest.text().count("mounted") == 1


LARGER_THAN_BY_ITSELF = bytes(20_000)      # than Microdot takes where app.py does not say how much
APP_MARK = "# while this line is read the server goes away"


def put(port, path, body):
    return Answer(exchange(port, head_of(path, "PUT", Connection="close", Content_Length=len(body)) + body))


def test_the_server_goes_while_app_py_is_read(boot, tmp_path):
    """The read waits as long as a command does, then fails: the routes are there all the same, once the server is. Until
    then nobody is told that there are none."""
    top = tmp_path / "export"
    (top / "www").mkdir(parents=True)
    last = "    app.get('/api/last')(lambda request: 'last')\n"
    (top / "app.py").write_text("# much of it\n" * 5000 + APP_MARK + ROUTES + last)
    with NfsServer(top, tmp_path / "nfs") as server, Relay(server.nfs_port) as relay:
        def go_away(record, _):
            if APP_MARK.encode() not in record:
                return record
            server.kill()
            return END

        relay.spoil = go_away
        guest = boot("webserver", {"http": ("tcp", WEB_ADDRESS, 80)}, NFS_SERVER="10.0.2.2", WEBSITE_DIR="www",
                     NFS_DIRECTORY=server.directory, NFS_PORT=relay.port, MOUNT_PORT=server.mount_port)
        guest.expect(r"Starting async server on 0\.0\.0\.0:80")
        relay.spoil = None
        server.start()
        deadline = time.monotonic() + 60
        while (answer := get(guest.port("http"), "/api/last")).body != b"last":
            assert answer.status == 503 and time.monotonic() < deadline, f"the routes are lost: {answer.status}"
            assert get(guest.port("http"), "/api/none", method="DELETE").status in (405, 503)
            large = put(guest.port("http"), "/api/last", LARGER_THAN_BY_ITSELF).status
            assert large == 503 or get(guest.port("http"), "/api/last").body == b"last", f"its limit is lost: {large}"
            time.sleep(0.1)
        assert get(guest.port("http"), "/api/none").status == 404
        assert get(guest.port("http"), "/api/none", method="DELETE").status in (404, 405)
        assert "left out" not in guest.text()


def test_known_to_be_down(both, guest):
    """A program that asked when the server went away waits for it; one that asks when it is known to be gone is told at
    once."""
    server = both[1]
    port = guest.port("http")
    server.kill()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waits = pool.submit(get, port, "/api/write?writers=1&count=1&size=16384")
        try:
            time.sleep(KNOWN_S)
            for _ in range(10):
                begin = time.monotonic()
                assert get(port, "/api/write?writers=1&count=1&size=16384").status == 500
                assert time.monotonic() - begin < LOST_WAIT_S - 1
            assert not waits.done(), waits.result().status
        finally:
            server.start()
        assert waits.result().body == b"written"


def test_the_server_restarts_under_writers(both, guest, export):
    """Twenty uploads, while the server is killed again and again: each is stored whole, or its client hears of an
    error; a restart of a second is not noticed."""
    server = both[1]
    bodies = [random.Random(i).randbytes(600_000) for i in range(20)]
    with Visitor(guest, (export / "www" / "cached.bin").read_bytes()):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            results = pool.submit(put_all, guest, bodies, 120)
            for _ in range(3):
                time.sleep(1)
                server.kill()
                time.sleep(1)
                server.start()
                time.sleep(3)       # the pauses between its tries
            results = results.result()
    stored = [i for i, result in enumerate(results) if result == 200]
    assert len(stored) > 10, results
    for i in stored:
        assert (export / "out" / f"u{i}").read_bytes() == bodies[i], i
    assert get(guest.port("http"), "/api/write?writers=4&count=4&size=16384").body == b"written"
