"""A web server whose parts die under load (tests/systems/restart/site_restarts.py): what clients see of it, and for how
long. Each answer is compared with what it should be, byte for byte: who dies may cost an answer, never make a wrong one.
"""

import contextlib
import hashlib
import os
import random
import re
import socket
import statistics
import threading
import time

import pytest
from serval import build, https
from serval.chaos.histogram import quantile
from serval.http import Kept, endpoint, head_of
from serval.nfs import NfsServer
from serval.qemu import Guest

NFS_ADDRESS, WEB_ADDRESS = "10.0.2.15", "10.0.2.16"
DEATHS = int(os.environ.get("RESTART_DEATHS", "12"))
READERS, ASKERS = 4, 3
GENEROUS_S = 60
UNDER_WAY = 8       # questions at a time: a slow machine is not to be asked by more than it has connections for
BACK_S = 5          # of a machine that others use, too; record_property has the figures
LARGE = 50_000
UPLOAD = 100_000
PAGES = {"/": b"<h1>start</h1>", "/kib.bin": random.Random(1).randbytes(1024),
         "/large.bin": random.Random(2).randbytes(100_003)}
APP = """
import asyncio
import hashlib
from binascii import hexlify
from microdot import Request, Response

Request.max_content_length = 4 << 20

class Blocks:
    def __init__(self, size):
        self.left = size

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.left == 0:
            raise StopAsyncIteration
        count = min(self.left, 5000)
        self.left -= count
        return bytes((self.left + n) & 0xff for n in range(count))

def routes(app):
    @app.get("/api/hello/<int:n>")
    async def hello(request, n):
        return "hello %d" % n

    @app.get("/api/large/<int:size>")
    async def large(request, size):
        return Response(body=Blocks(size))

    @app.get("/api/hold")
    async def hold(request):
        await asyncio.sleep(3600)

    @app.post("/api/sum")
    async def sum(request):
        hash, count = hashlib.sha256(), 0
        while True:
            part = await request.stream.read(4000)
            if not part:
                break
            hash.update(part)
            count += len(part)
        return "%d %s" % (count, hexlify(hash.digest()).decode())
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    top = tmp_path_factory.mktemp("export")
    (top / "www").mkdir()
    (top / "app.py").write_text(APP)
    for name, path in (("index.html", "/"), ("kib.bin", "/kib.bin"), ("large.bin", "/large.bin")):
        (top / "www" / name).write_bytes(PAGES[path])
    with NfsServer(top, tmp_path_factory.mktemp("nfs")) as server:
        image = build.system("site_restarts", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80), "https": ("tcp", WEB_ADDRESS, 443)},
                   log=tmp_path_factory.mktemp("restart") / "console.log") as guest:
            guest.expect_all(["Starting async server on", r"certificate in the image: taken"])
            yield guest


def large_body(size):
    parts, left = [], size
    while left > 0:
        count = min(left, 5000)
        left -= count
        parts.append(bytes((left + n) & 0xff for n in range(count)))
    return b"".join(parts)


one_connects = threading.Lock()     # at a time: Guest.connect() asks QEMU


def connect(guest):
    with one_connects:
        return Kept(guest.connect("http", timeout=GENEROUS_S))


def connect_secured(guest):
    """The same with TLS; whose certificate it is, is test_https.py's matter."""
    with one_connects:
        sock = guest.connect("https", timeout=GENEROUS_S)
    return Kept(https.unverified().wrap_socket(sock))


class Load:
    """Clients, each in a thread; `problems`: what must not be."""

    def __init__(self, guest, *clients):
        self.guest, self.ended = guest, threading.Event()
        self.right, self.lost, self.problems = [0] * len(clients), [0] * len(clients), []
        self.threads = [threading.Thread(target=self._run, args=(number, client), daemon=True)
                        for number, client in enumerate(clients)]

    def _run(self, number, client):
        try:
            client(self, number)
        except Exception as problem:    # noqa: BLE001  it fails the test
            self.problems.append(f"{client.__name__} {number}, {self.right[number]} right: {problem!r}")

    def connect(self):
        return connect(self.guest)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def goes_on(self):
        """Each client has another right answer."""
        before = list(self.right)
        end = time.monotonic() + GENEROUS_S
        while not self.problems and any(now <= then for now, then in zip(self.right, before)):
            assert time.monotonic() < end, f"no answer any more: {before}, {self.right}"
            self.ended.wait(0.01)


def reads_pages(load, number):
    """On one connection that lives from begin to end."""
    reads_on(load, number, load.connect())


def reads_pages_secured(load, number):
    """On one with TLS."""
    reads_on(load, number, connect_secured(load.guest))


def reads_on(load, number, kept):
    noise = random.Random(number)
    while not load.ended.is_set():
        path = noise.choice(list(PAGES))
        answer = kept.ask(path)
        assert (answer.status, answer.body) == (200, PAGES[path]), f"{path}: {answer.status}"
        load.right[number] += 1


def reads_pages_anew(load, number):
    """The same, but a connection may be reset; then there is another one. No answer is wrong."""
    noise, kept = random.Random(number), None
    while not load.ended.is_set():
        path = noise.choice(list(PAGES))
        try:
            kept = kept or Kept(socket.create_connection(endpoint(load.guest.port("http")), timeout=2))
            answer = kept.ask(path)
        except (OSError, AssertionError, EOFError):
            load.lost[number] += 1
            kept = None
            continue
        assert (answer.status, answer.body) == (200, PAGES[path]), f"{path}: {answer.status}"
        load.right[number] += 1


def asks_program(load, number):
    """Small answers, on one connection that lives from begin to end: those under way at a death are told 502."""
    kept = load.connect()
    count = 0
    while not load.ended.is_set():
        count += 1
        answer = kept.ask(f"/api/hello/{count}")
        if answer.status == 502:
            load.lost[number] += 1
            continue
        assert (answer.status, answer.body) == (200, b"hello %d" % count), f"{answer.status} {answer.body[:100]}"
        load.right[number] += 1


def reads_large(load, number):
    """Answers that take a while: whole, 502, or cut off."""
    body, kept = large_body(LARGE), load.connect()
    while not load.ended.is_set():
        kept.send(f"/api/large/{LARGE}")
        try:
            answer = kept.receive()
        except (OSError, AssertionError, EOFError):
            load.lost[number] += 1
            kept = load.connect()
            continue
        if answer.status == 502:
            load.lost[number] += 1
            continue
        assert answer.status == 200 and answer.body == body
        load.right[number] += 1


def uploads(load, number):
    """Its sum, 502, or cut off."""
    body = random.Random(number).randbytes(UPLOAD)
    wanted = f"{UPLOAD} {hashlib.sha256(body).hexdigest()}".encode()
    kept = load.connect()
    while not load.ended.is_set():
        try:
            kept.sock.sendall(head_of("/api/sum", "POST", Content_Length=UPLOAD))
            kept.sock.sendall(body)
            answer = kept.receive()
        except (OSError, AssertionError, EOFError):
            load.lost[number] += 1
            kept = load.connect()
            continue
        if answer.status == 502:
            load.lost[number] += 1
            kept = load.connect()
            continue
        assert (answer.status, answer.body) == (200, wanted)
        load.right[number] += 1


def kill(guest, name):
    """Has it die, and returns when that was: at the latest, by this machine's clock."""
    guest.send(f"kill {name} 1\n".encode())
    guest.expect(rf"killer\| {name} \d+: dies", GENEROUS_S)
    return time.monotonic()


def settle(guest, name, *more):
    """All that is said of it, in whatever order."""
    guest.expect_all([rf"fault: PD '{name}' ", rf"killer\| {name}: all dead", *more], GENEROUS_S)


class Probe:
    """Asks for a path on new connections, many at a time and each for a short time, until one is answered rightly."""

    def __init__(self, guest, path, body, secure=False):
        self.guest, self.path, self.body, self.secure = guest, path, body, secure
        self.answered, self.asking = threading.Event(), []
        self.when = None

    def _ask(self):
        with contextlib.suppress(OSError, AssertionError, EOFError):
            port = self.guest.port("https" if self.secure else "http")
            sock = socket.create_connection(endpoint(port), timeout=GENEROUS_S)
            with https.unverified().wrap_socket(sock) if self.secure else sock as opened:
                answer = Kept(opened).ask(self.path)
            if (answer.status, answer.body) == (200, self.body) and not self.answered.is_set():
                self.when = time.monotonic()
                self.answered.set()

    def wait(self):
        end = time.monotonic() + GENEROUS_S
        while not self.answered.is_set():
            assert time.monotonic() < end, f"{self.path} is not answered any more"
            if sum(thread.is_alive() for thread in self.asking) < UNDER_WAY:
                self.asking.append(threading.Thread(target=self._ask, daemon=True))
                self.asking[-1].start()
            self.answered.wait(0.004)
        return self.when


def figures(record_property, name, times):
    times = sorted(1000 * t for t in times)
    text = (f"median {statistics.median(times):.1f} ms, p99 {quantile(times, 0.99):.1f} ms, "
            f"longest {times[-1]:.1f} ms of {len(times)}")
    record_property("back after", text)
    print(f"{name}: back after {text}")
    assert statistics.median(times) < 1000 * BACK_S


def test_the_program_dies(guest, record_property):
    """Files notice nothing, connections live on; what had been asked is told 502, what is asked later is answered."""
    clients = [reads_pages] * READERS + [asks_program] * ASKERS + [reads_large, uploads]
    with Load(guest, *clients) as load:
        load.goes_on()
        for _ in range(DEATHS):
            kill(guest, "micropython")
            settle(guest, "micropython")
            load.goes_on()
    assert not load.problems
    assert sum(load.lost) > 0, "nobody was asking"
    assert sum(load.lost[READERS:READERS + ASKERS]) <= DEATHS * ASKERS


def test_the_program_is_back_soon(guest, record_property):
    times = []
    for _ in range(DEATHS):
        died = kill(guest, "micropython")
        times.append(Probe(guest, "/api/hello/7", b"hello 7").wait() - died)
        settle(guest, "micropython")
    figures(record_property, "micropython", times)


def test_requests_under_way_are_told(guest):
    """Each that the program has, and none that is for a file."""
    held = [connect(guest) for _ in range(20)]
    for kept in held:
        kept.send("/api/hold")
    with Load(guest, reads_pages) as load:
        load.goes_on()
        kill(guest, "micropython")
        for kept in held:
            assert kept.receive().status == 502
        for kept in held:
            assert kept.ask("/api/hello/3").body == b"hello 3"
    settle(guest, "micropython")
    assert not load.problems


def test_the_front_dies(guest, record_property):
    """It is at its old address, without a question; its connections are reset, no answer is wrong."""
    asked = len(re.findall("DHCP request finished", guest.text()))
    with Load(guest, *[reads_pages_anew] * READERS) as load:
        load.goes_on()
        for _ in range(DEATHS):
            kill(guest, "http")
            settle(guest, "http", rf"netif e0 keeps its IP address: {re.escape(WEB_ADDRESS)}")
            load.goes_on()
            assert Probe(guest, "/api/hello/5", b"hello 5").wait()
    assert not load.problems
    assert sum(load.lost) > 0
    assert len(re.findall("DHCP request finished", guest.text())) == asked


@pytest.mark.parametrize("path, body", [("/kib.bin", PAGES["/kib.bin"]), ("/api/hello/9", b"hello 9")])
def test_the_front_is_back_soon(guest, record_property, path, body):
    times = []
    for _ in range(DEATHS):
        died = kill(guest, "http")
        times.append(Probe(guest, path, body).wait() - died)
        settle(guest, "http")
    figures(record_property, f"http, {path}", times)


def test_a_connection_of_the_front_that_died_is_reset(guest):
    kept = connect(guest)
    assert kept.ask("/").body == PAGES["/"]
    kill(guest, "http")
    settle(guest, "http")
    with pytest.raises((ConnectionError, AssertionError, EOFError)):
        kept.ask("/")


@pytest.mark.parametrize("name", ["timer_driver", "entropy", "serial_driver", "serial_virt_tx", "serial_virt_rx", "eth_driver",
                                  "net_virt_rx", "net_virt_tx", "tls", "keys"])
def test_a_service_dies(guest, name):
    """No request is lost, no connection."""
    clients = [reads_pages] * READERS + [reads_pages_secured] * READERS + [asks_program] * ASKERS
    with Load(guest, *clients) as load:
        load.goes_on()
        for _ in range(4):
            kill(guest, name)
            settle(guest, name)
            load.goes_on()
    assert not load.problems
    assert sum(load.lost) == 0


@pytest.mark.parametrize("name", ["tls", "keys"])
def test_a_new_handshake_is_made_soon(guest, record_property, name):
    """While clients that had a connection, with TLS and without, read on. The guest's own time: tests/test_tls.py."""
    times = []
    with Load(guest, *[reads_pages] * 2, *[reads_pages_secured] * 2) as load:
        load.goes_on()
        for _ in range(DEATHS):
            died = kill(guest, name)
            times.append(Probe(guest, "/kib.bin", PAGES["/kib.bin"], secure=True).wait() - died)
            settle(guest, name)
            load.goes_on()
    assert not load.problems and sum(load.lost) == 0
    figures(record_property, f"{name}, a handshake", times)
