"""HTTPS under load, and its parts killed under it: who has a connection is served on, who wants one gets it."""

import contextlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from serval import https
from serval.http import Kept

PAGE, LARGE = os.urandom(1000), os.urandom(10 << 20)
DOWNLOADERS, HELD = 20, 300


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """With little memory for files."""
    pages = {"/k.bin": PAGE, "/large.bin": LARGE}
    with https.on_export(tmp_path_factory.mktemp("load"), tmp_path_factory.mktemp("load-nfs"), pages,
                         FRONT_CACHE_KIB=1024) as guest:
        yield guest


@pytest.fixture
def guest(request, loaded):
    request.node.serval_guests = [loaded]
    return loaded


CONTEXT = https.unverified()


@contextlib.contextmanager
def connected(guest):
    with https.connected(guest, CONTEXT) as sock:
        yield Kept(sock)


def served(guest):
    with connected(guest) as kept:
        assert kept.ask("/k.bin").body == PAGE


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


DOOR = threading.Lock()


def not_accepted(port):
    """Connections that wait in QEMU's listening socket, as Linux tells (rx_queue of one that listens)."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, queues, *_ = line.split()
        if local == f"0100007F:{port:04X}" and state == "0A":
            return int(queues.split(":")[1], 16)
    raise AssertionError(f"nobody listens at {port}")


def connect(port):
    """As guest.connect() without a word to QEMU, for many threads, each as soon as QEMU has accepted the one before: its backlog
    is one, and whoever is beyond is connected as far as he knows, but what he says is dropped, for a minute and more."""
    with DOOR:
        while not_accepted(port) > 0:
            time.sleep(0.001)
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
                    https.kill(guest, part)

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
        with connect(port) as sock:
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
