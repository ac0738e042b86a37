"""The NFS component dies, again and again: what is in the cache is served without a gap, what is not is read, written and
listed all the same, files that are open stay open, a download goes on and is right to the byte. What may not be done
twice ends with an error of its own."""

import concurrent.futures
import contextlib
import hashlib
import os
import random
import re
import statistics
import threading
import time

import pytest
from serval import build, uploads
from serval.chaos.histogram import quantile
from serval.http import Answer, Kept, get, head_of, receive_all
from serval.nfs import NfsServer
from serval.qemu import Guest

DEATHS = int(os.environ.get("RESTART_DEATHS", "30"))
GENEROUS_S = 60
MIB = 1 << 20
PAUSE_S = 0.3
ECONNABORTED = 103
ROUTES = r"""
import fs_async
from microdot import Request

Request.max_content_length = 64 << 20
kept = {}

def routes(app):
""" + uploads.route("/out") + r"""
    @app.get("/api/read/<name>")
    async def read(request, name):
        file = await fs_async.open("/out/" + name)
        total = 0
        try:
            while True:
                block = await file.read(4096)
                if not block:
                    return str(total)
                for byte in block:
                    total = (31 * total + byte) & 0xffffffff
        finally:
            await file.close()

    @app.get("/api/list")
    async def names(request):
        names = []
        async for name, _, _ in fs_async.ilistdir("/many"):
            names.append(name)
        return "\n".join(names)

    @app.get("/api/keep/<name>")
    async def keep(request, name):
        kept[name] = await fs_async.open("/out/" + name)
        return await kept[name].read(1000)

    @app.get("/api/more/<name>")
    async def more(request, name):
        return await kept[name].read(1000)

    @app.get("/api/change/<what>/<name>")
    async def change(request, what, name):
        try:
            await getattr(fs_async, what)("/out/" + name)
        except OSError as error:
            return str(error.errno)
        return "0"
"""


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    top = uploads.writable(tmp_path_factory.mktemp("export"), "www", "out", "many")
    (top / "app.py").write_text(ROUTES)
    (top / "www" / "cached.html").write_bytes(random.Random(5).randbytes(20_000))
    for n in range(500):
        (top / "many" / f"a file with the number {n}").touch()
    return top


@pytest.fixture(scope="module")
def booted(export, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("nfs")
    with NfsServer(export, scratch / "nfs") as server:
        image = build.system("site_restarts", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", "10.0.2.16", 80)}, log=scratch / "console.log") as guest:
            guest.expect(r"Starting async server on 0\.0\.0\.0:80")
            assert "left out" not in guest.text()
            yield guest


@pytest.fixture
def guest(request, booted):
    request.node.serval_guests = [booted]
    return booted


class Deaths:
    """The component dies while the block runs, some times a second."""

    def __init__(self, guest, victim="nfs"):
        self.guest, self.victim = guest, victim
        self.ended = threading.Event()
        self.count = 0

    def _run(self):
        while not self.ended.is_set():
            self.guest.send(f"kill {self.victim} 1\n".encode())
            self.guest.expect(rf"killer\| {self.victim}: all dead", GENEROUS_S)
            self.count += 1
            self.ended.wait(PAUSE_S)

    def __enter__(self):
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        self.thread.join()
        assert kind or self.count > 2, self.count

    def wait(self, count):
        begin, deadline = self.count, time.monotonic() + GENEROUS_S
        while self.count < begin + count:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_pages_are_served_without_a_gap(guest, export):
    """Cached ones, and new ones: each is right."""
    cached = (export / "www" / "cached.html").read_bytes()
    assert get(guest.port("http"), "/cached.html").body == cached
    slowest, number = 0.0, 0
    with Deaths(guest) as deaths, contextlib.closing(guest.connect(timeout=GENEROUS_S)) as sock:
        kept = Kept(sock)
        while deaths.count < 20:
            number += 1
            path = export / "www" / f"new{number}.html"
            path.write_bytes(random.Random(number).randbytes(number * 100))
            begin = time.monotonic()
            answer = kept.ask(f"/{path.name}")
            slowest = max(slowest, time.monotonic() - begin)
            assert answer.status == 200 and answer.body == path.read_bytes(), (number, answer.status)
            answer = kept.ask("/cached.html")
            assert answer.status == 200 and answer.body == cached
            assert kept.ask(f"/none{number}").status == 404
    print(f"{number} new files, the slowest after {slowest:.3f} s, {deaths.count} deaths")


def test_a_download_is_right_to_the_byte(guest, export):
    number, data = 0, random.Random(1).randbytes(24 * MIB)
    with Deaths(guest) as deaths:
        while deaths.count < 4:     # as many as it takes: each is new
            number += 1
            path = export / "www" / f"large{number}.bin"
            path.write_bytes(data)
            with contextlib.closing(guest.connect(timeout=GENEROUS_S)) as sock:
                sock.sendall(head_of(f"/{path.name}", Connection="close"))
                answer = Answer(receive_all(sock))
            assert answer.status == 200 and hashlib.sha256(answer.body).digest() == hashlib.sha256(data).digest()
            path.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's private NFS server only reads")
def test_an_upload_is_stored_whole(guest, export):
    bodies = [random.Random(n).randbytes(2 * MIB) for n in range(3)]

    def put(sock, n):
        head = f"PUT /api/put/u{n} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(bodies[n])}\r\nConnection: close\r\n\r\n"
        sock.sendall(head.encode() + bodies[n])
        return Answer(receive_all(sock)).status

    with Deaths(guest) as deaths, contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(3) as pool:
        while deaths.count < 4:
            socks = [stack.enter_context(guest.connect(timeout=GENEROUS_S)) for _ in bodies]
            assert list(pool.map(put, socks, range(3))) == [200] * 3
    for n, body in enumerate(bodies):
        assert (export / "out" / f"u{n}").read_bytes() == body


def test_a_program_reads_and_lists(guest, export):
    """Each byte once, each name once; a file that is open stays open."""
    data = random.Random(3).randbytes(40_000)
    (export / "out" / "read").write_bytes(data)
    total = 0
    for byte in data:
        total = (31 * total + byte) & 0xffffffff
    port = guest.port("http")
    with Deaths(guest) as deaths:
        assert get(port, "/api/keep/read").body == data[:1000]
        for _ in range(5):
            assert get(port, "/api/read/read").body == b"%d" % total
            names = get(port, "/api/list").body.decode().split("\n")
            assert sorted(names) == sorted(path.name for path in (export / "many").iterdir())
        deaths.wait(2)
        for n in range(1, 5):
            assert get(port, "/api/more/read").body == data[1000 * n:1000 * (n + 1)]
            deaths.wait(1)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's private NFS server only reads")
def test_what_may_not_be_done_twice_says_so(guest, export):
    """A change that was under way ends with an error of its own, or is done."""
    port, results = guest.port("http"), []
    with Deaths(guest) as deaths:
        while deaths.count < 15:
            name = f"folder{len(results)}"
            results.append(int(get(port, f"/api/change/mkdir/{name}").body))
            assert results[-1] in (0, ECONNABORTED), results[-1]
            assert results[-1] or (export / "out" / name).is_dir()
    assert results.count(0) > 10
    print(f"{results.count(ECONNABORTED)} of {len(results)} said so")


def test_it_is_back_soon(guest, export):
    """How long the longest answer takes to a request that needs it, of those around each death."""
    port, times, number = guest.port("http"), [], 0
    for _ in range(DEATHS):
        deaths, longest = guest.text().count("fault: PD 'nfs'"), 0.0
        guest.send(b"kill nfs 1\n")
        left = 3
        while left:
            number += 1
            path = export / "www" / f"back{number}.html"
            path.write_text(f"back {number}")
            begin = time.monotonic()
            assert get(port, f"/{path.name}").body == b"back %d" % number
            longest = max(longest, time.monotonic() - begin)
            left -= guest.text().count("fault: PD 'nfs'") > deaths
        times.append(longest)
        guest.expect(r"killer\| nfs: all dead", GENEROUS_S)
    times.sort()
    print(f"the longest answer of each death: {statistics.median(times):.3f} s (median), "
          f"{quantile(times, 0.99):.3f} s (p99), {times[-1]:.3f} s (longest)")
    assert statistics.median(times) < 1
    assert not re.findall(r"fault: PD '(?!nfs')\w+'", guest.text())
