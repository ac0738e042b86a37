"""Troubles with the NFS server while much is going on: answers to changes that are lost while it restarts, files that get
another name or another content while they are read, a server that comes back with other files, one that is full."""

import concurrent.futures
import contextlib
import ctypes
import errno
import hashlib
import os
import random
import shutil
import threading
import time

import pytest
from serval import build, uploads
from serval.http import Answer, Kept, get, head_of, receive_all
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.relay import CREATE, MKDIR, REMOVE, RENAME, RMDIR, Relay

WEB_ADDRESS = "10.0.2.16"
LARGE = 100 << 20
CLIENTS = 20
WAIT_S = 90     # a client's: longer than the component's patience
ROUTES = r"""
import fs_async
from microdot import Request

Request.max_content_length = 2 << 20

async def put(name, mode, data):
    file = await fs_async.open(name, mode)
    try:
        await file.write(data)
    finally:
        await file.close()

def routes(app):
    @app.put("/api/put/<name>")
    async def upload(request, name):
        left = request.content_length
        try:
            file = await fs_async.open("/out/" + name, "w")
            try:
                while left > 0:
                    block = await request.stream.read(min(left, 8192))
                    if not block:
                        return "short", 400
                    left -= len(block)
                    await file.write(block)
            finally:
                await file.close()
        except OSError as error:
            return str(error.errno), 507
        return "stored"

    @app.get("/api/<what>/<name>/<other>")
    async def change(request, what, name, other):
        name, other = "/out/" + name, "/out/" + other
        try:
            if what == "save":      # as programs save: beside it, then in its place
                await put(name, "w", other)
                await fs_async.rename(name, other)
            elif what == "new":
                await put(name, "x", other)
            elif what == "rename":
                await fs_async.rename(name, other)
            else:
                await getattr(fs_async, what)(name)
        except OSError as error:
            return str(error.errno)
        return "0"
"""


@pytest.fixture
def export(tmp_path):
    top = uploads.writable(tmp_path / "export", "www", "out")
    (top / "app.py").write_text(ROUTES)
    (top / "www" / "page.txt").write_text("a page")
    return top


@contextlib.contextmanager
def booted(request, server, nfs_port, scratch):
    image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                         NFS_PORT=nfs_port, MOUNT_PORT=server.mount_port)
    with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}, log=scratch / "console.log") as guest:
        request.node.serval_guests = [guest]
        guest.expect(r"Starting async server on 0\.0\.0\.0:80")
        yield guest


@pytest.fixture
def direct(request, export, tmp_path):
    with NfsServer(export, tmp_path / "nfs") as server, booted(request, server, server.nfs_port, tmp_path) as guest:
        yield guest, server


@contextlib.contextmanager
def connected(guest, count):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(guest.connect(timeout=WAIT_S)) for _ in range(count)]


@contextlib.contextmanager
def load(ask, threads=2):
    """ask(n) again and again from some threads while the block runs; what they raise is the block's failure."""
    ended, failures = threading.Event(), []

    def run(n):
        try:
            while not ended.wait(0.05):
                ask(n)
        except (AssertionError, OSError) as error:
            failures.append(error)

    crowd = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in crowd:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in crowd:
            thread.join()
    assert not failures, failures


# -- answers that are lost ---------------------------------------------------------------------------------------------

class Losing(Relay):
    """Loses the next answer to each of these calls: (procedure, a name in it)."""

    def __init__(self, port):
        super().__init__(port)
        self.lock = threading.Lock()
        self.wanted = []
        self.all_lost = threading.Event()
        self.spoil = self._lose

    def lose(self, wanted):
        with self.lock:
            self.wanted = wanted
            self.all_lost.clear()

    def _lose(self, record, _):
        procedure, call = self.call(record) or (None, b"")
        with self.lock:
            for one in self.wanted:
                if procedure == one[0] and one[1] in call:
                    self.wanted.remove(one)
                    if not self.wanted:
                        self.all_lost.set()
                    return b""
        return record


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's private NFS server only reads")
def test_changes_whose_answers_are_lost(request, export, tmp_path):
    """Each change is done once and told so, beside two writers: when others are answered, and when the server is killed
    just then. What somebody else puts in a name's place meanwhile stays."""
    out = export / "out"
    with NfsServer(export, tmp_path / "nfs") as server, Losing(server.nfs_port) as relay, \
            booted(request, server, relay.port, tmp_path) as guest:
        port = guest.port("http")
        count = [0, 0]

        def ask(what, name="-", other="-"):
            return int(get(port, f"/api/{what}/{name}/{other}").body)

        def save(n):
            count[n] += 1
            assert ask("save", f"new{n}", f"saved{n}") == 0

        with load(save), concurrent.futures.ThreadPoolExecutor(5) as pool:
            for killed in (False, True):
                i = int(killed)
                (out / f"gone{i}").write_text("old")
                (out / f"from{i}").write_text("old")
                (out / f"empty{i}").mkdir(mode=0o777)
                relay.lose([(REMOVE, b"gone"), (RENAME, b"from"), (RMDIR, b"empty"), (MKDIR, b"made"), (CREATE, b"fresh")])
                asked = [pool.submit(ask, *change) for change in (
                    ("remove", f"gone{i}"), ("rename", f"from{i}", f"to{i}"), ("rmdir", f"empty{i}"),
                    ("mkdir", f"made{i}"), ("new", f"fresh{i}", "content"))]
                assert relay.all_lost.wait(60)
                (out / f"gone{i}").write_text("another one's")
                (out / f"from{i}").write_text("another one's")
                if killed:
                    server.kill()
                    server.start()
                assert [one.result() for one in asked] == [0] * 5
                assert (out / f"gone{i}").read_text() == (out / f"from{i}").read_text() == "another one's"
                assert (out / f"to{i}").read_text() == "old" and (out / f"fresh{i}").read_text() == "/out/content"
                assert (out / f"fresh{i}").stat().st_mode & 0o777 == 0o644
                assert (out / f"made{i}").is_dir() and not (out / f"empty{i}").exists()
                assert ask("new", f"fresh{i}", "content") == errno.EEXIST
        assert min(count) > 3 and all((out / f"saved{n}").read_text() == f"/out/saved{n}" for n in range(2))


# -- much at a time, while the server restarts -------------------------------------------------------------------------

def test_a_large_file_for_many_while_the_server_restarts(direct, export):
    """A hundred megabytes, a twentieth for each of twenty clients at once; the server is killed twice meanwhile. What
    comes is what is there."""
    guest, server = direct
    part = LARGE // CLIENTS
    data = random.Random(3).randbytes(1 << 20)
    with open(export / "www" / "large.bin", "wb") as file:
        for i in range(LARGE >> 20):
            file.write(i.to_bytes(4, "big") + data[4:])

    def expected(n):
        with open(export / "www" / "large.bin", "rb") as file:
            file.seek(n * part)
            return hashlib.sha256(file.read(part)).digest()

    def load_part(sock, n):
        last = (n + 1) * part - 1
        sock.sendall(head_of("/large.bin", Range=f"bytes={n * part}-{last}", Connection="close"))
        answer = Answer(receive_all(sock))
        return answer.status, hashlib.sha256(answer.body).digest() == expected(n)

    with connected(guest, CLIENTS) as socks, concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        results = [pool.submit(load_part, sock, n) for n, sock in enumerate(socks)]
        for _ in range(2):
            time.sleep(1)
            server.kill()
            time.sleep(0.5)
            server.start()
        assert [result.result() for result in results] == [(206, True)] * CLIENTS


class Reading:
    """A client in the middle of a file: it has the first bytes and takes no more until it is told to."""

    def __init__(self, guest, path):
        self.kept = Kept(guest.connect(timeout=WAIT_S))
        self.kept.send(path, Connection="close")
        self.head = Answer(self.kept.until(b"\r\n\r\n"))
        self.first = self.kept.exactly(100_000)

    def rest(self):
        """All that comes: the whole body, or less if the server has ended it."""
        with contextlib.suppress(ConnectionResetError):
            return self.first + self.kept.buffer + receive_all(self.kept.sock)
        return self.first

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kept.sock.close()


def test_files_that_change_while_they_are_read(direct, export):
    """One that gets another name goes on; one in whose place another is put is whole and old, or ends early: never is
    it of both. New clients get what is there now."""
    guest, _ = direct
    www, size = export / "www", 20 << 20
    old, new = random.Random(1).randbytes(size), random.Random(2).randbytes(size)
    for name in ("moved.bin", "replaced.bin"):
        (www / name).write_bytes(old)
    (export / "replacement").write_bytes(new)
    with Reading(guest, "/moved.bin") as moved, Reading(guest, "/replaced.bin") as replaced:
        assert moved.head.status == replaced.head.status == 200
        (www / "moved.bin").rename(www / "away.bin")
        (export / "replacement").rename(www / "replaced.bin")
        assert moved.rest() == old
        came = replaced.rest()
        assert came == old[:len(came)]
    deadline = time.monotonic() + 30
    while get(guest.port("http"), "/replaced.bin").body != new:     # what was said of a file holds for a while
        assert time.monotonic() < deadline
    assert get(guest.port("http"), "/away.bin").body == old
    assert get(guest.port("http"), "/moved.bin").status == 404


def test_the_server_comes_back_with_other_files(request, export, tmp_path):
    """The export is another directory after a restart, as from a backup: no handle holds any more. It is mounted again,
    and what lies there now is served; who was in the middle of a file is not given bytes of another."""
    size = 20 << 20
    old, new = random.Random(1).randbytes(size), random.Random(2).randbytes(size)
    (export / "www" / "large.bin").write_bytes(old)
    with NfsServer(export, tmp_path / "nfs") as server, booted(request, server, server.nfs_port, tmp_path) as guest:
        with Reading(guest, "/large.bin") as reading:
            server.kill()
            export.rename(tmp_path / "before")
            uploads.writable(export, "www", "out")
            shutil.copy2(tmp_path / "before" / "app.py", export)     # else the application would end, too
            (export / "www" / "large.bin").write_bytes(new)
            (export / "www" / "page.txt").write_text("another page")
            (export / "www" / "only_now.txt").write_text("only now")
            server.start()
            assert get(guest.port("http"), "/only_now.txt").body == b"only now"
            came = reading.rest()
            assert came == old[:len(came)]
        assert guest.text().count(": mounted") == 2
        deadline = time.monotonic() + 30
        while get(guest.port("http"), "/page.txt").body != b"another page":
            assert time.monotonic() < deadline
        while (body := get(guest.port("http"), "/large.bin").body) != new:  # the old one may hold for two seconds
            assert body == old and time.monotonic() < deadline, "old or new, nothing between"
        assert int(get(guest.port("http"), "/api/mkdir/made/-").body) == 0 and (export / "out" / "made").is_dir()


# -- a server that is full ---------------------------------------------------------------------------------------------

@contextlib.contextmanager
def small_disk(at, size):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"serval-test", os.fsencode(at), b"tmpfs", 0, f"size={size},mode=0777".encode()):
        pytest.skip(f"no tmpfs can be mounted here: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        libc.umount2(os.fsencode(at), 2)    # MNT_DETACH


def upload(sock, n, body):
    head = f"PUT /api/put/u{n} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):    # one that is refused may be reset
        sock.sendall(head.encode() + body)
        return Answer(receive_all(sock))
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's private NFS server only reads")
def test_uploads_to_a_disk_that_is_full(request, export, tmp_path):
    """Twenty uploads for whose half there is room: each is stored whole, or its client is told that there is none
    (ENOSPC), and pages go on. When room is made the next one is stored."""
    with small_disk(export / "out", "2m"), NfsServer(export, tmp_path / "nfs") as server, \
            booted(request, server, server.nfs_port, tmp_path) as guest:
        bodies = [random.Random(n).randbytes(200_000) for n in range(20)]

        def page(_):
            assert get(guest.port("http"), "/page.txt").body == b"a page"

        with load(page), connected(guest, len(bodies)) as socks, \
                concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
            answers = list(pool.map(upload, socks, range(len(bodies)), bodies))
        stored = [n for n, answer in enumerate(answers) if answer and answer.status == 200]
        refused = [answer for answer in answers if answer and answer.status == 507]
        assert 0 < len(stored) < 11 and len(refused) > 5, [answer and answer.status for answer in answers]
        assert {int(answer.body) for answer in refused} == {errno.ENOSPC}
        for n in stored:
            assert (export / "out" / f"u{n}").read_bytes() == bodies[n], n
        for path in (export / "out").iterdir():
            os.truncate(path, 0)    # the server has some of them open
            path.unlink()
        with connected(guest, 1) as socks:
            assert upload(socks[0], 99, bodies[0]).status == 200
        assert (export / "out" / "u99").read_bytes() == bodies[0]
