"""The web server on a tap: its TCP speaks with this machine's, with nothing of QEMU's between."""

import contextlib
import random
import socket
import threading
import time

import pytest
from serval import https, tap
from serval.http import Kept, get, head_of

PAGE = b"<h1>Serval</h1>"
LARGE = random.Random(1).randbytes(1 << 20)
FILE = LARGE[:400_000]
SOON_S = 5  # a new client's page, on a busy machine, with one SYN lost
COPIED = 100_000
DOWNLOADS, AWAY_S = 20, 3
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


@pytest.fixture
def over_tls(request, tmp_path):
    top = tmp_path / "export"
    top.mkdir(mode=0o755)
    https.write_pages(top, {"/": PAGE} | {f"/{i}.bin": LARGE for i in range(DOWNLOADS)})
    key, chain = https.identity(tmp_path)
    with tap.serving("webserver", top, tmp_path, "serving https", APPLICATION="none", TLS_KEY=key,
                     TLS_CERT_FILE=chain) as (guest, server, _):
        request.node.serval_guests = [guest]
        yield guest, server


def test_who_does_not_read_holds_nobody_up_over_tls(over_tls):
    """200 clients have asked for a large file and do not read: more than there are blocks to seal in. New ones get their
    pages, and 20 others large files, of which every second client reads late and little at a time, though the file
    server is away for a while. Then each of the 200 gets its own."""
    guest, server = over_tls
    context = https.unverified()

    def ask_over_tls(path, buffer=None):
        sock = socket.socket()
        sock.settimeout(60)
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.connect(guest.port("https"))
        kept = Kept(context.wrap_socket(sock, server_hostname=https.NAME))
        kept.sock.sendall(head_of(path))
        return kept

    idle = [ask_over_tls("/0.bin", buffer=8192 if i % 2 else None) for i in range(200)]
    for _ in range(20):
        client = ask_over_tls("/")
        assert client.receive().body == PAGE
        client.sock.close()
    clients = [ask_over_tls(f"/{i}.bin", buffer=8192 if i % 2 else None) for i in range(DOWNLOADS)]
    server.pause()
    threading.Timer(AWAY_S, server.resume).start()
    for client in clients[::2] + clients[1::2] + idle:
        assert client.receive().body == LARGE
        client.sock.close()
