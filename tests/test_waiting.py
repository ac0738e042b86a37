"""Who waits, on a tap: for the rest of a head, for the file server. It is told in time, and keeps nobody out. Who waits
for the application: test_busy_python.py."""

import contextlib
import selectors
import socket
import threading
import time

import pytest
from serval import tap
from serval.http import Answer, get, head_of, receive_all

PAGE = b"<h1>Serval</h1>"
PATIENCE_S = 5      # http/conn/limits.h
SOON_S = 5          # a new client's page, on a busy machine, with one SYN lost


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("waiting")
    top = tmp / "export"
    (top / "www").mkdir(parents=True, mode=0o755)
    top.chmod(0o755)
    (top / "www" / "index.html").write_bytes(PAGE)
    (top / "www" / "late.html").write_bytes(PAGE)
    with tap.serving("webserver", top, tmp, WEBSITE_DIR="www") as (guest, server, _):
        yield guest, server


@pytest.fixture
def guest(request, booted):
    request.node.serval_guests = [booted[0]]
    assert get(booted[0].port("http"), "/").body == PAGE    # from now on it is here
    return booted[0]


def page_in_time(guest):
    """A new client's request for what is in the cache; seconds it took."""
    begin = time.monotonic()
    with socket.create_connection(guest.port("http"), timeout=SOON_S) as sock:
        sock.sendall(head_of("/", Connection="close"))
        assert Answer(receive_all(sock)).body == PAGE
    return time.monotonic() - begin


class Crowd:
    """Connections that send `begin`, and are made anew when the server ends them, as long as this is open."""

    def __init__(self, guest, count, begin):
        self.guest, self.count, self.begin = guest, count, begin
        self.selector = selectors.DefaultSelector()
        self.answers = []
        self.full, self.ends = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        assert self.full.wait(60)
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()

    def _one_more(self):
        with contextlib.suppress(OSError):
            sock = socket.create_connection(self.guest.port("http"), timeout=1)
            sock.sendall(self.begin)
            self.selector.register(sock, selectors.EVENT_READ)

    def _run(self):
        while not self.ends.is_set():
            for _ in range(min(20, self.count - len(self.selector.get_map()))):
                self._one_more()
            if len(self.selector.get_map()) >= self.count:
                self.full.set()
            for key, _ in self.selector.select(0.05):
                with contextlib.suppress(OSError):
                    self.answers.append(key.fileobj.recv(4096))
                self.selector.unregister(key.fileobj)
                key.fileobj.close()


@pytest.mark.parametrize("count", [600, 1000])
def test_beginnings_of_heads_keep_nobody_out(guest, count):
    with Crowd(guest, count, b"GET /t.txt HTTP/1.1\r\nHo") as crowd:
        for _ in range(50):
            page_in_time(guest)
            time.sleep(0.4)     # over the time in which the first are given up
    assert crowd.answers and all(a.startswith(b"HTTP/1.1 408 ") for a in crowd.answers)


def wait_for_file(guest, number, results):
    begin = time.monotonic()
    with socket.create_connection(guest.port("http"), timeout=PATIENCE_S + 20) as sock:
        sock.sendall(head_of(f"/none/{number}.html", Connection="close", User_Agent="u" * 200))
        status = Answer(receive_all(sock)).status
    results.append((status, time.monotonic() - begin))


def test_who_waits_for_the_file_server_is_told_and_others_are_served(guest, booted):
    """1100 requests for what is not here, while the server is away, 40 a second; new clients get what is here."""
    results = []
    booted[1].kill()
    threads = [threading.Thread(target=wait_for_file, args=(guest, n, results)) for n in range(1100)]
    try:
        for n, thread in enumerate(threads):
            thread.start()
            if n % 10 == 9:
                page_in_time(guest)
                time.sleep(0.25)
        for thread in threads:
            thread.join(PATIENCE_S + 30)
            if thread.is_alive():
                break
        page_in_time(guest)
    finally:
        booted[1].start()
    assert len(results) == 1100 and {status for status, _ in results} == {503}
    assert max(seconds for _, seconds in results) < PATIENCE_S + 5
    deadline = time.monotonic() + 90
    while get(guest.port("http"), "/late").status != 200:
        assert time.monotonic() < deadline
        time.sleep(1)
