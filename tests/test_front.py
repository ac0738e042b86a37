"""The native front in QEMU (tests/systems/front), with clients that are many, slow, greedy or rude. What it answers is
tested with the web server; here it is whether it goes on."""

import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from serval import build
from serval.http import GENEROUS_S, Answer, Kept, exchange, get, head_of, receive_all
from serval.nfs import NfsServer
from serval.qemu import Guest

SIZES = (0, 1, 1000, 1460, 4096, 65535, 65536, 65537, 300_001, 1 << 20)
HEAD_S = 15     # http/conn/limits.h


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    top = tmp_path_factory.mktemp("export")
    top.chmod(0o755)
    noise = random.Random(1)
    (top / "index.html").write_text("<h1>Serval</h1>")
    for size in SIZES:
        (top / f"{size}.bin").write_bytes(noise.randbytes(size))
    return top


@pytest.fixture(scope="module")
def booted(site, tmp_path_factory):
    tmp = tmp_path_factory.mktemp("front")
    with NfsServer(site, tmp / "nfs") as server:
        image = build.system("front", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, NFS_PORT=server.nfs_port,
                             MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", "10.0.2.16", 80)}, log=tmp / "console.log") as guest:
            guest.expect("serving")
            yield guest, server


@pytest.fixture
def guest(request, booted):
    request.node.serval_guests = [booted[0]]
    return booted[0]


def counters(guest):
    names = ("connections", "app_requests", "accepted", "refused", "timed_out", "evicted", "broken", "revalidations")
    return dict(zip(names, map(int, get(guest.port("http"), "/app/counters").body.split())))


def settle(guest, connections=1):
    """Waits until no more connections are open than that: it is told so by the next answers."""
    deadline = time.monotonic() + GENEROUS_S
    while (now := counters(guest))["connections"] > connections + 1 and time.monotonic() < deadline:
        pass
    return now


def test_files_are_equal(guest, site):
    with guest.connect() as sock:
        kept = Kept(sock)
        for size in SIZES * 2:
            sock.sendall(head_of(f"/{size}.bin"))
            assert kept.receive().body == (site / f"{size}.bin").read_bytes(), size


def test_many_clients_get_what_they_asked_for(guest, site):
    def client(sock):
        noise = random.Random(sock.fileno())
        with sock:
            kept = Kept(sock)
            for _ in range(20):
                size = noise.choice(SIZES)
                first = noise.randrange(max(size, 1))
                sock.sendall(head_of(f"/{size}.bin", Range=f"bytes={first}-"))
                answer = kept.receive()
                wanted = (site / f"{size}.bin").read_bytes()
                assert answer.status == (206 if size else 416) and (not size or answer.body == wanted[first:])

    socks = [guest.connect() for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(client, socks))


def test_a_pipeline_is_answered_in_order(guest, site):
    sizes = [random.Random(2).choice(SIZES) for _ in range(150)]
    with guest.connect() as sock:
        kept = Kept(sock)
        pipeline = b"".join(head_of(f"/{size}.bin") for size in sizes)
        sender = threading.Thread(target=sock.sendall, args=(pipeline,))
        sender.start()
        for size in sizes:
            assert kept.receive().body == (site / f"{size}.bin").read_bytes(), size
        sender.join()


def test_the_application_and_the_file_it_orders(guest):
    with guest.connect() as sock:
        kept = Kept(sock)
        for _ in range(50):
            sock.sendall(head_of("/app/hello") + head_of("/app/page") + head_of("/"))
            assert kept.receive().body == b"Hello"
            page = kept.receive()
            assert page.body == b"<h1>Serval</h1>" and page.headers["x-mine"] == "yes"
            assert kept.receive().body == page.body


def test_a_large_body_comes_back(guest):
    body = random.Random(3).randbytes(2_000_000)
    head = f"POST /app/echo HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with guest.connect() as sock:
        sender = threading.Thread(target=sock.sendall, args=(head + body,))
        sender.start()
        answer = Answer(receive_all(sock))
        sender.join()
    assert answer.body == body


def test_a_refusal_reaches_a_client_that_still_sends(guest):
    for _ in range(10):
        answer = Answer(exchange(guest.port("http"), b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + bytes(200_000)))
        assert answer.status == 400 and answer.headers["connection"] == "close"


def test_greedy_clients_do_not_stop_others(guest, site):
    """They ask for a lot and read nothing."""
    greedy = [guest.connect() for _ in range(40)]
    for sock in greedy:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(head_of(f"/{1 << 20}.bin") * 10)
    for size in SIZES:
        assert get(guest.port("http"), f"/{size}.bin").body == (site / f"{size}.bin").read_bytes()
    for sock in greedy:
        sock.close()
    settle(guest)


def test_512_connections_are_held_while_others_are_served(guest):
    before = counters(guest)
    crowd = [guest.connect() for _ in range(512)]
    kepts = [Kept(sock) for sock in crowd]
    for _ in range(2):
        for kept in kepts:
            kept.sock.sendall(head_of("/1000.bin"))
        for kept in kepts:
            assert kept.receive().status == 200
        assert get(guest.port("http"), "/1000.bin").status == 200
    assert counters(guest)["connections"] >= 513
    for sock in crowd:
        sock.close()
    after = settle(guest)
    assert after["evicted"] == before["evicted"] and after["app_requests"] == 1


def test_slow_heads_are_given_up(guest):
    """More dribblers than there are buffers for heads, and a good client meanwhile."""
    before = counters(guest)
    crowd = [guest.connect() for _ in range(100)]
    begin = time.monotonic()
    while time.monotonic() < begin + HEAD_S + 1:
        for sock in crowd:
            try:
                sock.send(b"G")
            except OSError:
                pass
        asked = time.monotonic()
        assert get(guest.port("http"), "/1000.bin").status == 200
        assert time.monotonic() < asked + 2
        time.sleep(1)
    for sock in crowd:
        assert b" 408 " in receive_all(sock)
        sock.close()
    assert settle(guest)["timed_out"] >= before["timed_out"] + 100


def test_resident_files_outlive_the_file_server(guest, booted, site):
    server = booted[1]
    names = [f"/{size}.bin" for size in SIZES[-3:]]
    for name in names:
        get(guest.port("http"), name)
    server.kill()
    try:
        before, deadline = counters(guest)["revalidations"], time.monotonic() + GENEROUS_S
        while counters(guest)["revalidations"] == before:       # then they are to be looked at again
            assert time.monotonic() < deadline
            for name in names:
                assert get(guest.port("http"), name).body == (site / name[1:]).read_bytes()
        for name in names:
            assert get(guest.port("http"), name).body == (site / name[1:]).read_bytes()
    finally:
        server.restart()


def test_nothing_is_left(guest):
    for _ in range(300):
        assert get(guest.port("http"), "/1000.bin").status == 200
    after = settle(guest)
    assert (after["connections"], after["app_requests"]) in ((1, 1), (2, 1))
