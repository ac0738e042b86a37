"""Uploads on a tap, where the clients' TCP is this machine's: more of them at once than the guest has receive memory for
at their windows."""

import hashlib
import random
import time

import pytest
from serval import tap, uploads
from test_nfs_under_load import ROUTES, Visitor, put_all

UPLOADS = 40
SIZE = 1 << 20
SLOWEST_S = 240       # a bound for what hangs: quiet machines need 30, one with three times the work 92


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    top = uploads.writable(tmp_path_factory.mktemp("export"), "www", "out")
    (top / "app.py").write_text(ROUTES)
    (top / "www" / "cached.bin").write_bytes(random.Random(5).randbytes(50_000))
    scratch = tmp_path_factory.mktemp("nfs")
    with tap.serving("webserver", top, scratch, WEBSITE_DIR="www") as (guest, server, _):
        yield guest, top


@pytest.fixture
def guest(request, both):
    request.node.serval_guests = [both[0]]
    return both[0]


def upload(guest, top, bodies):
    """All at once; each is stored whole. Seconds."""
    begin = time.monotonic()
    assert put_all(guest, bodies) == [200] * len(bodies)
    took = time.monotonic() - begin
    for i, body in enumerate(bodies):
        path = top / "out" / f"u{i}"
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(body).digest(), path
        path.unlink()
    return took


def test_one_is_fast(guest, both):
    """Of five: 0.2 s each, where nobody else wants the processor."""
    body = random.Random(3).randbytes((2 << 20) - 1)
    assert min(upload(guest, both[1], [body]) for _ in range(5)) < 3


def test_uploads_at_once(guest, both):
    bodies = [random.Random(i).randbytes(SIZE) for i in range(UPLOADS)]
    with Visitor(guest, (both[1] / "www" / "cached.bin").read_bytes()) as visitor:
        assert upload(guest, both[1], bodies) < SLOWEST_S
        assert visitor.slowest < 5
