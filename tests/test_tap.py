"""The web server on a tap: its TCP speaks with this machine's, with nothing of QEMU's between."""

import contextlib
import random
import socket
import time

import pytest
from serval import tap
from serval.http import Kept, get, head_of

PAGE = b"<h1>Serval</h1>"
LARGE = random.Random(1).randbytes(1 << 20)
FILE = LARGE[:400_000]
SOON_S = 5  # a new client's page, on a busy machine, with one SYN lost
COPIED = 100_000
ROUTES = f"""
body = bytes(i & 127 for i in range({COPIED}))

def routes(app):
    @app.get("/api/copied")
    async def copied(request):
        return body
"""


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("tap")
    top = tmp / "export"
    top.mkdir(mode=0o755)
    (top / "index.html").write_bytes(PAGE)
    (top / "large.bin").write_bytes(LARGE)
    with tap.serving("front", top, tmp, "serving") as (guest, server, _):
        yield guest, server


@pytest.fixture
def guest(request, booted):
    request.node.serval_guests = [booted[0]]
    return booted[0]


def test_who_does_not_read_holds_nobody_up(guest):
    """100 clients ask for 1 MiB and read nothing; new ones get their page at once, and then each gets its file."""
    with contextlib.ExitStack() as stack:
        slow = [Kept(stack.enter_context(guest.connect())) for _ in range(100)]
        for client in slow:
            client.sock.sendall(head_of("/large.bin"))
        for _ in range(50):
            assert get(guest.port("http"), "/").body == PAGE
        for client in slow:
            assert client.receive().body == LARGE


@pytest.fixture
def with_python(request, tmp_path):
    top = tmp_path / "export"
    (top / "www").mkdir(parents=True, mode=0o755)
    top.chmod(0o755)
    (top / "app.py").write_text(ROUTES)
    (top / "www" / "index.html").write_bytes(PAGE)
    (top / "www" / "file.bin").write_bytes(FILE)
    with tap.serving("webserver", top, tmp_path, WEBSITE_DIR="www") as (guest, *_):
        request.node.serval_guests = [guest]
        yield guest


def ask(guest, path, buffer=None):
    """A client that has asked, and does not read yet."""
    sock = socket.socket()
    sock.settimeout(60)
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.connect(guest.port("http"))
    sock.sendall(head_of(path))
    return Kept(sock)


def test_who_reads_nothing_leaves_memory_for_new_clients(with_python):
    """150 clients of an answer that is copied and 350 of a file read nothing; new ones get their page at once, and then
    each of those gets all its bytes."""
    guest = with_python
    get(guest.port("http"), "/file.bin")
    copied = [ask(guest, "/api/copied", buffer=8192) for _ in range(150)]
    files = [ask(guest, "/file.bin") for _ in range(350)]
    time.sleep(2)
    for _ in range(50):
        begin = time.monotonic()
        assert get(guest.port("http"), "/").body == PAGE
        assert time.monotonic() - begin < SOON_S
    for client, body in [(c, bytes(i & 127 for i in range(COPIED))) for c in copied] + [(c, FILE) for c in files]:
        answer = client.receive()
        client.sock.close()
        assert answer.body == body
