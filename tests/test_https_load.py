"""HTTPS under load, and its parts killed under it: who has a connection is served on, who wants one gets it."""

import contextlib
import datetime
import os
import socket
import ssl
import sys
import threading

import pytest
from serval import build, paths
from serval.http import Kept
from serval.nfs import NfsServer
from serval.qemu import Guest

sys.path.insert(0, str(paths.TOP))

from compose import self_signed  # noqa: E402

KILLER, WEB = "10.0.2.15", "10.0.2.17"
PAGE, LARGE = os.urandom(1000), os.urandom(10 << 20)
DOWNLOADERS, HELD = 20, 300


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """With little memory for files."""
    top, scratch = tmp_path_factory.mktemp("load"), tmp_path_factory.mktemp("load-nfs")
    (top / "www").mkdir()
    (top / "www" / "k.bin").write_bytes(PAGE)
    (top / "www" / "large.bin").write_bytes(LARGE)
    key = self_signed.key_from(0x5EE5EE)
    begins = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    (top / "chain.pem").write_text(self_signed.certificate(key, ["localhost"], begins))
    (scratch / "key.pem").write_text(self_signed.private_key(key))
    with NfsServer(top, scratch / "nfs") as server:
        image = build.system("webserver", APPLICATION="none", CHAOS=1, NFS_SERVER="10.0.2.2", FRONT_CACHE_KIB=1024,
                             NFS_DIRECTORY=server.directory, NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port,
                             WEBSITE_DIR="www", TLS_KEY=scratch / "key.pem", TLS_CERT="chain.pem")
        ports = {"https": ("tcp", WEB, 443), "killer": ("tcp", KILLER, 80)}
        with Guest(image, ports, log=scratch / "console.log") as guest:
            guest.expect_all([r"certificate /chain\.pem: taken", rf"serving https://{WEB}/\r?$"])
            yield guest


@pytest.fixture
def guest(request, loaded):
    request.node.serval_guests = [loaded]
    return loaded


def unverified():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


CONTEXT = unverified()


@contextlib.contextmanager
def connected(guest, timeout=25):
    with guest.connect("https", timeout) as plain:
        with CONTEXT.wrap_socket(plain, server_hostname="localhost") as sock:
            yield Kept(sock)


def served(guest):
    with connected(guest) as kept:
        assert kept.ask("/k.bin").body == PAGE


def kill(guest, part):
    with guest.connect("killer") as sock:
        assert Kept(sock).ask(f"/kill/{part}", "POST", Content_Length="0").status == 200


def all_of(workers):
    """Runs them beside one another; the first that fails is raised here."""
    failures = []

    def run(worker):
        try:
            worker()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def connect_again(port):
    """As guest.connect() without a word to QEMU, for many threads; what its short backlog loses is tried again."""
    while True:
        with contextlib.suppress(ConnectionError, ssl.SSLEOFError):
            plain = socket.create_connection(("127.0.0.1", port), timeout=60)
            return CONTEXT.wrap_socket(plain, server_hostname="localhost")


def test_downloads_while_its_parts_die(guest):
    """Of twenty connections that stand none is lost, and not a byte."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(guest)) for _ in range(DOWNLOADERS)]
        for kept in clients:    # whose handshake is over on the other side, too
            assert kept.ask("/k.bin").body == PAGE
        over = threading.Event()

        def download(kept):
            assert kept.ask("/large.bin").body == LARGE

        def murder():
            for part in ("tls", "keys", "tls", "tls", "keys", "keys"):
                if not over.wait(0.3):
                    kill(guest, part)

        killer = threading.Thread(target=murder)
        killer.start()
        try:
            all_of([lambda kept=kept: download(kept) for kept in clients])
        finally:
            over.set()
            killer.join()
        for kept in clients:
            assert kept.ask("/k.bin").body == PAGE
    served(guest)


def test_a_hundred_handshakes_at_once(guest):
    port = guest.port("https")

    def one():
        with connect_again(port) as sock:
            assert Kept(sock).ask("/k.bin").body == PAGE

    all_of([one] * 100)


def test_many_that_say_nothing(guest):
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(connected(guest)) for _ in range(HELD)]
        for _ in range(10):
            served(guest)
        for kept in held[::50]:
            assert kept.ask("/k.bin").body == PAGE
    served(guest)
