"""The web server as a whole, in QEMU: a site on a private NFS server, asked over QEMU's user network."""

import concurrent.futures
import contextlib
import hashlib
import random
import socket
import sys
import time

import pytest
from serval import build, paths
from serval.http import GENEROUS_S, Answer, curl, exchange, get, receive_all
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.siterules import CASES, MODIFIED, SECRET, make_site

sys.path.insert(0, str(paths.TOP / "mk" / "run"))
from demo_files import large_bytes  # noqa: E402

NFS_ADDRESS, WEB_ADDRESS = "10.0.2.15", "10.0.2.16"
ROUTES = """
import asyncio
import fs_async
from microdot import Response

def routes(app):
    @app.get("/api/hello")
    async def hello(request):
        return {"hello": request.args.get("name", "world")}

    @app.get("/api/slow")
    async def slow(request):
        await asyncio.sleep(1)
        return "slow"

    @app.post("/api/echo")
    async def echo(request):
        return request.body

    class Blocks:
        def __init__(self, file):
            self.file = file

        def __aiter__(self):
            return self

        async def __anext__(self):
            block = await self.file.read(0x8000)
            if len(block) == 0:
                raise StopAsyncIteration
            return block

        async def aclose(self):
            await self.file.close()

    @app.get("/api/stream/<path:name>")
    async def stream(request, name):
        status = await fs_async.stat("/www/" + name)
        if status[0] & 0o170000 == 0o40000:
            return "a folder", 403
        return Response(body=Blocks(await fs_async.open("/www/" + name)), headers={"X-Size": str(status[6]), "X-Time": str(status[8])})

    @app.get("/api/part/<path:name>")
    async def part(request, name):
        file = await fs_async.open("www/" + name)
        last = await file.pread(100, 200000)
        first = await file.read(4)
        second = await file.read(4)
        await file.close()
        return first + second + last

    @app.get("/api/broken")
    async def broken(request):
        raise ValueError("on purpose")
"""


def start(top, tmp, **options):
    """An NFS server on `top` and a guest that serves top/www. Yields (guest, server)."""
    with NfsServer(top, tmp / "nfs", **options) as server:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}, log=tmp / "console.log") as guest:
            yield guest, server


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    top = make_site(tmp_path_factory.mktemp("export"))
    top.chmod(0o755)
    (top / "app.py").write_text(ROUTES)
    (top / "www" / "large.bin").write_bytes(large_bytes())
    return top


@pytest.fixture(scope="module")
def both(site, tmp_path_factory):
    yield from start(site, tmp_path_factory.mktemp("webserver"), squash="All_Squash")     # as nobody: root may read all


@pytest.fixture(scope="module")
def booted(both):
    """The console's lines until it serves."""
    return both[0].expect_all([
        rf"DHCP request finished, IP address for netif e0 is: {NFS_ADDRESS.replace('.', '[.]')}\r?$",
        rf"DHCP request finished, IP address for netif e0 is: {WEB_ADDRESS.replace('.', '[.]')}\r?$",
        r"Starting async server on 0\.0\.0\.0:80\.\.\.\r?$"])


@pytest.fixture
def guest(request, both, booted):
    request.node.serval_guests = [both[0]]
    return both[0]


def test_boot_lines(booted):
    assert len(booted) == 3


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(guest, case):
    CASES[case](f"http://127.0.0.1:{guest.port('http')}")


def test_large_file_is_equal(guest):
    answer = get(guest.port("http"), "/large.bin")
    assert answer.status == 200 and answer.headers["content-length"] == str(10 * 1024 * 1024)
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(large_bytes()).digest()


def test_fifty_at_once(guest):
    asked = ["/size/1024.bin", "/size/65537.bin", "/", "/about", "/missing"] * 10
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(guest.connect()) for _ in asked]
        for sock, path in zip(socks, asked):
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answers = [Answer(receive_all(sock)) for sock in socks]
    assert [a.status for a in answers] == [200, 200, 200, 200, 404] * 10
    assert {len(a.body) for a in answers[0::5]} == {1024} and {len(a.body) for a in answers[1::5]} == {65537}
    assert len({a.body for a in answers[1::5]}) == 1


def test_routes_from_the_export(guest):
    port = guest.port("http")
    assert get(port, "/api/hello?name=you").body == b'{"hello": "you"}'
    assert get(port, "/api/broken").status == 500
    assert curl(f"http://127.0.0.1:{port}/api/hello", "-X", "POST").status == 405
    assert get(port, "/").status == 200


def test_a_program_written_for_the_reference(guest):
    """stat as the usual tuple, files opened, read and pread, streamed by an object of the program's own."""
    port, expected = guest.port("http"), random.Random(200_003).randbytes(200_003)
    answer = get(port, "/api/stream/size/200003.bin")
    assert answer.status == 200 and answer.body == expected
    assert answer.headers["x-size"] == "200003" and answer.headers["x-time"] == str(MODIFIED)
    assert get(port, "/api/stream/sub").status == 403
    assert get(port, "/api/part/size/200003.bin").body == expected[:8] + expected[200_000:]


def test_a_slow_route_holds_nobody_up(guest):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(get, guest.port("http"), "/api/slow")
        while not slow.done():
            assert get(guest.port("http"), "/").body == b"start"
    assert slow.result().body == b"slow"


def test_a_request_in_pieces(guest):
    with socket.create_connection(("127.0.0.1", guest.port("http")), timeout=GENEROUS_S) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /about HTTP/1.0\r\nHost: a":
            sock.sendall(bytes([byte]))
        assert get(guest.port("http"), "/").body == b"start"
        sock.sendall(b"\r\n\r\n")
        raw = b""
        while part := sock.recv(65536):
            raw += part
    assert Answer(raw).body == b"about"


def test_clients_that_leave_cost_nothing(guest):
    port = guest.port("http")
    for number in range(60):
        with guest.connect() as sock:
            sock.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
            if number % 2:
                assert sock.recv(1000)
    for _ in range(3):
        answer = get(port, "/large.bin")
        assert len(answer.body) == 10 * 1024 * 1024


def test_readers_that_stall_hold_nobody_up(guest):
    """More of them than the interpreter's heap has room for large blocks; each gets its file in the end."""
    expected = hashlib.sha256(large_bytes()).digest()
    with contextlib.ExitStack() as stack:
        stalled = []
        for _ in range(70):
            sock = stack.enter_context(guest.connect())
            sock.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
            stalled.append(sock)
        for sock in stalled:
            assert sock.recv(12) == b"HTTP/1.0 200"
        for _ in range(5):
            assert get(guest.port("http"), "/size/65537.bin").headers["content-length"] == "65537"
        for sock in stalled[::30]:
            raw = b"HTTP/1.0 200" + receive_all(sock)
            assert hashlib.sha256(Answer(raw).body).digest() == expected
    assert get(guest.port("http"), "/").body == b"start"


def test_a_body_is_read_before_the_answer(guest):
    answer = curl(f"http://127.0.0.1:{guest.port('http')}/api/echo", "-d", "x" * 9000)
    assert answer.status == 200 and answer.body == b"x" * 9000
    assert curl(f"http://127.0.0.1:{guest.port('http')}/api/echo", "-H", "Expect:", "-d", "x" * 20000).status == 413


@pytest.mark.parametrize("nonsense", [b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\xff\n\n", b"x" * 40000])
def test_nonsense_is_refused_and_the_next_is_served(guest, nonsense):
    try:
        raw = exchange(guest.port("http"), nonsense + b"\r\n\r\n")
    except ConnectionError:     # closed with our bytes unread: the answer may be lost on the way
        raw = b""
    assert raw == b"" or Answer(raw).status in (400, 404, 405)
    assert get(guest.port("http"), "/").body == b"start"


def test_an_edit_shows_at_once(guest, site):
    page = site / "www" / "edited.html"
    for text in ("first", "second, longer", "third"):
        page.write_text(text)
        assert get(guest.port("http"), "/edited").body == text.encode()
    page.unlink()
    assert get(guest.port("http"), "/edited").status == 404


def test_a_link_to_nowhere_is_404(guest, site):
    """Asked for while its folder is known: the search for what it means has to end."""
    (site / "www" / "links").mkdir(exist_ok=True)
    link = site / "www" / "links" / "dangling.html"
    link.symlink_to("nope.html")
    assert get(guest.port("http"), "/links/none").status == 404
    for _ in range(2):
        assert get(guest.port("http"), "/links/dangling.html").status == 404
    link.unlink()


def test_a_head_cut_off_is_400(guest):
    with guest.connect("http") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        sock.shutdown(socket.SHUT_WR)
        assert Answer(receive_all(sock)).status == 400


def test_unreadable_is_403(guest, site):
    page = site / "www" / "closed.html"
    page.write_bytes(SECRET)
    page.chmod(0)
    assert get(guest.port("http"), "/closed.html").status == 403


def served_again(port, path):
    """The first 200 for path; a refusal for want of files says itself when to ask again."""
    deadline = time.monotonic() + GENEROUS_S
    while True:
        answer = get(port, path)
        if answer.status == 200:
            return answer
        assert answer.status == 503 and time.monotonic() < deadline
        time.sleep(float(answer.headers["retry-after"]))


def test_nfs_server_killed_and_restarted_between_requests(guest, both):
    server, port = both[1], guest.port("http")
    for path, size in (("/size/1024.bin", 1024), ("/size/200003.bin", 200_003), ("/size/65537.bin", 65537)):
        assert get(port, "/").body == b"start"
        server.kill()
        server.start()
        assert len(served_again(port, path).body) == size


def test_request_while_the_nfs_server_is_away(guest, both):
    server, port = both[1], guest.port("http")
    server.kill()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(get, port, "/about")
        server.start()
        assert waiting.result().status in (200, 503)
    assert served_again(port, "/about").body == b"about"


def test_nfs_server_hangs_in_a_download(guest, both):
    server, port = both[1], guest.port("http")
    with socket.create_connection(("127.0.0.1", port), timeout=GENEROUS_S) as sock:
        sock.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
        raw = sock.recv(65536)
        server.pause()
        try:
            sock.settimeout(3)
            while part := sock.recv(65536):
                raw += part
        except TimeoutError:
            pass
        finally:
            server.resume()
        sock.settimeout(GENEROUS_S)
        while part := sock.recv(65536):
            raw += part
    assert hashlib.sha256(Answer(raw).body).digest() == hashlib.sha256(large_bytes()).digest()


def test_cable_pulled_and_plugged_in_again(guest):
    guest.set_link(False)
    guest.set_link(True)
    assert get(guest.port("http"), "/").body == b"start"
