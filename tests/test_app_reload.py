"""A changed app.py takes effect while the machine runs: when, what becomes of requests meanwhile, and what is not taken."""

import concurrent.futures
import socket
import time

import pytest

from serval import build
from serval.http import GENEROUS_S, get, head_of
from serval.nfs import NfsServer
from serval.qemu import Guest

WEB_ADDRESS = "10.0.2.16"
FRESH_S = 2
STARTS = r"Starting async server on 0\.0\.0\.0:80\.\.\.\r?$"
APP = """
import asyncio
from microdot import Microdot
from microdot.websocket import with_websocket
import texts
app = Microdot()

@app.get("/api/version")
async def version(request):
    return "{version}" + texts.MORE

@app.get("/api/slow/<int:ms>")
async def slow(request, ms):
    await asyncio.sleep_ms(ms)
    return "{version}"

@app.get("/api/socket")
@with_websocket
async def socket(request, ws):
    while True:
        await ws.send(await ws.receive())
{end}
app.run()
print("the program ends by itself")
"""


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    top = tmp_path_factory.mktemp("export")
    (top / "www").mkdir()
    (top / "www" / "page.html").write_text("a page")
    (top / "texts.py").write_text("MORE = ''\n")
    (top / "app.py").write_text(APP.format(version="first", end=""))
    return top


@pytest.fixture(scope="module")
def server(export, tmp_path_factory):
    with NfsServer(export, tmp_path_factory.mktemp("nfs")) as running:
        yield running


@pytest.fixture(scope="module")
def booted(server, tmp_path_factory):
    image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                         NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
    with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}, log=tmp_path_factory.mktemp("log") / "console.log") as guest:
        guest.expect(STARTS)
        yield guest


@pytest.fixture
def guest(request, booted):
    request.node.serval_guests = [booted]
    return booted


def write(export, version, end="", text=None):
    """As editors do: another file takes the name."""
    (export / "app.py.new").write_text(APP.format(version=version, end=end) if text is None else text)
    (export / "app.py.new").rename(export / "app.py")


def wait_for(guest, body, path="/api/version", within=GENEROUS_S):
    """Until that is answered; no other answer than what was before, and no failure."""
    begin, seen = time.monotonic(), set()
    while (answer := get(guest.port("http"), path)).body != body:
        seen.add((answer.status, answer.body))
        assert answer.status == 200 and len(seen) == 1, seen
        assert time.monotonic() - begin < within, seen
        time.sleep(0.05)
    return time.monotonic() - begin


def starts(guest, least=0):
    """How often it has started, when that is so many: the console comes behind what clients see."""
    deadline = time.monotonic() + GENEROUS_S
    while (count := guest.text().count("Starting")) < least and time.monotonic() < deadline:
        time.sleep(0.05)
    return count


def asked_until(guest, words, body=None):
    """Asks until the console says so anew."""
    before, deadline = guest.text().count(words), time.monotonic() + GENEROUS_S
    while guest.text().count(words) == before:
        answer = get(guest.port("http"), "/api/version")
        assert body in (None, answer.body) and time.monotonic() < deadline


def restart(guest, export, version, **how):
    before = starts(guest)
    write(export, version, **how)
    wait_for(guest, version.encode())
    starts(guest, before + 1)
    guest.expect(STARTS)


def test_a_change_is_seen_while_requests_come(guest, export):
    """Within the time that holds for files, too; no request is told anything but an answer of either."""
    restart(guest, export, "second")
    for version in ("third", "other"):      # of one length
        write(export, version)
        took = wait_for(guest, version.encode())
        assert took < FRESH_S + 2, took
        guest.expect(r"webserver: app\.py has changed: the application begins anew")
        guest.expect("the program ends by itself")
        guest.expect(STARTS)
    assert "starts again" not in guest.text()


def test_after_a_silence_the_first_request_has_it(guest, export):
    """It waits for the look; not for one that takes more than 0.1 s, on a machine that has much else to do."""
    for version in ("loud", "quiet", "silent"):
        restart(guest, export, version)
        time.sleep(FRESH_S + 0.5)
        write(export, version + " edited")
        answers = [get(guest.port("http"), "/api/version").body for _ in range(3)]
        assert answers[2] == version.encode() + b" edited", answers
        guest.expect(STARTS)
        if answers[0] == answers[2]:
            return
    raise AssertionError("the first request never had it")


def test_what_it_imports_and_routes_that_are_new(guest, export):
    """Of a new one who asks first hears that it is not there, and that has it looked for."""
    restart(guest, export, "more")
    (export / "texts.py").write_text("MORE = ' and text'\n")
    wait_for(guest, b"more and text")
    (export / "texts.py").write_text("MORE = ''\n")
    wait_for(guest, b"more")
    for method, missing in (("GET", 404), ("POST", 405)):
        write(export, "new", end=f"app.route('/api/new', methods=['{method}'])(lambda request: 'a new {method}')\n")
        assert get(guest.port("http"), "/api/new", method).status == missing
        guest.expect(r"app\.py has changed: the application begins anew")
        guest.expect(STARTS)
        assert get(guest.port("http"), "/api/new", method).body == f"a new {method}".encode()


def test_one_that_does_not_compile_is_not_taken(guest, export):
    restart(guest, export, "good")
    before = guest.text().count("Starting")
    write(export, "bad", text="app = (\n")
    asked_until(guest, "does not compile", b"good")
    guest.expect(r"app\.py has changed and does not compile; what was before goes on:")
    guest.expect(r'File "/app\.py", line \d+')
    guest.expect("SyntaxError")
    for _ in range(3):
        time.sleep(FRESH_S)     # each is a check
        assert get(guest.port("http"), "/api/version").body == b"good"
    assert guest.text().count("does not compile") == 1 and guest.text().count("Starting") == before
    restart(guest, export, "mended")


def test_one_that_fails_while_it_starts(guest, export):
    """... leaves the files, says why, and is tried again when it changes: also a module that it has missed."""
    restart(guest, export, "before")
    write(export, "broken", end="1 / 0\n")
    deadline = time.monotonic() + GENEROUS_S
    while get(guest.port("http"), "/api/version").status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    guest.expect("app.py is left out:")
    guest.expect(r'File "app\.py", line 22, in <module>')
    assert get(guest.port("http"), "/page").body == b"a page"
    assert get(guest.port("http"), "/api/version").status == 503
    write(export, "misses", end="import comes_later\n")
    while "comes_later" not in guest.text():
        assert get(guest.port("http"), "/api/version").status == 503 and time.monotonic() < deadline
        time.sleep(0.1)
    (export / "comes_later.py").write_text("")
    while (answer := get(guest.port("http"), "/api/version")).status == 503:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer.body == b"misses"
    guest.expect(r"webserver: (the top of the export|comes_later\.py) has changed")


def test_one_that_is_taken_away(guest, export):
    """... leaves the files; a folder of its name is not taken."""
    restart(guest, export, "stays")
    (export / "app.py").unlink()
    (export / "app.py").mkdir()
    asked_until(guest, "app.py has changed and does not compile; what was before goes on:", b"stays")
    guest.expect("it is a folder")
    (export / "app.py").rmdir()
    asked_until(guest, "webserver: there is no app.py: only files are served")
    guest.expect(STARTS)
    assert get(guest.port("http"), "/api/version").status == 404
    assert get(guest.port("http"), "/page").body == b"a page"
    write(export, "again")
    asked_until(guest, "the application begins anew")
    guest.expect(STARTS)
    assert get(guest.port("http"), "/api/version").body == b"again"


def test_one_that_ends_while_it_starts(guest, export):
    """... is left out, as one that fails; it is not begun again and again."""
    restart(guest, export, "stays")
    write(export, "ends", text="import sys\nsys.exit('no settings')\n")
    deadline = time.monotonic() + GENEROUS_S
    while get(guest.port("http"), "/api/version").status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    guest.expect("app.py is left out:")
    guest.expect(r'File "app\.py", line 2, in <module>')
    guest.expect("SystemExit: no settings")
    guest.expect(STARTS)
    assert get(guest.port("http"), "/api/version").status == 503 and "starts again" not in guest.text()
    write(export, "begins")
    while (answer := get(guest.port("http"), "/api/version")).body != b"begins":
        assert answer.status == 503 and time.monotonic() < deadline
        time.sleep(0.1)
    guest.expect(STARTS)


def test_a_mark_at_its_beginning(guest, export):
    """As some editors put it before UTF-8."""
    restart(guest, export, "unmarked")
    restart(guest, export, "marked", text="\ufeff" + APP.format(version="marked", end=""))


UNDER_WAY = """
import _website
@app.get("/api/under_way")
async def under_way(request):
    return str(_website.under_way())
"""


def test_requests_under_way_end(guest, export):
    """Those that are soon over are answered; files are served all the time; those that come meanwhile wait."""
    restart(guest, export, "old", end=UNDER_WAY)
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        slow = pool.submit(get, guest.port("http"), "/api/slow/4000")
        while get(guest.port("http"), "/api/under_way").body != b"2":
            assert not slow.done()
        said = guest.text().count("app.py has changed")
        write(export, "young")
        late = []
        while guest.text().count("app.py has changed") == said:
            late.append(pool.submit(get, guest.port("http"), "/api/version"))
            concurrent.futures.wait(late[-1:], 0.2)
        assert not slow.done()
        late += [pool.submit(get, guest.port("http"), "/api/version") for _ in range(4)]
        while not all(one.done() for one in late):
            assert get(guest.port("http"), "/page").body == b"a page"
        assert {one.result().body for one in late} <= {b"old", b"young"}
        assert [one.result().body for one in late[-4:]] == [b"young"] * 4
        assert slow.result().body == b"old"
    assert "starts again" not in guest.text()


def test_what_does_not_end_is_cut_off(guest, export):
    """A WebSocket, after some seconds: then the new program is there."""
    restart(guest, export, "here")
    with socket.create_connection(("127.0.0.1", guest.port("http")), timeout=GENEROUS_S) as sock:
        sock.sendall(head_of("/api/socket", Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Version=13,
                             Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ=="))
        assert b" 101 " in sock.recv(1000)
        write(export, "gone")
        begin = time.monotonic()
        wait_for(guest, b"gone", within=FRESH_S + 8)
        assert time.monotonic() - begin > 2.5
        assert sock.recv(1000) == b""


LEAKS = """
kept = []
@app.get("/api/leak")
async def leak(request):
    while True:
        kept.append(bytearray(1000))
"""


def test_what_does_not_come_back_to_its_loop_is_replaced(guest, export):
    """It computes in a handler, or sleeps while it starts. One that does not compile is not taken."""
    restart(guest, export, "computes", end="""
@app.get('/api/busy')
async def busy(request):
    while True:
        pass
""")
    before = starts(guest)
    with socket.create_connection(("127.0.0.1", guest.port("http")), GENEROUS_S) as client:
        client.sendall(b"GET /api/busy HTTP/1.1\r\nHost: x\r\n\r\n")
        write(export, "", text="app = (\n")
        guest.expect(r"app\.py has changed and does not compile; what was before goes on:")
        write(export, "starts", end="import time\nprint('at it')\nwhile True: time.sleep(0.5)\n")
        guest.expect(r"app\.py has changed, and the program is busy: it is ended, and begins anew")
        assert client.recv(100).split()[1] == b"500"
    guest.expect("at it")
    assert get(guest.port("http"), "/page.html").body == b"a page"
    write(export, "mended")
    guest.expect(r"app\.py has changed, and the program is busy: it is ended, and begins anew")
    guest.expect(STARTS)
    wait_for(guest, b"mended")
    assert starts(guest, before + 1) == before + 1


def test_a_full_heap_does_not_end_the_watch(guest, export):
    """What mends a program that has kept all memory is taken."""
    restart(guest, export, "leaks", end=LEAKS)
    for _ in range(3):
        assert get(guest.port("http"), "/api/leak").status in (500, 503)
    time.sleep(FRESH_S)
    write(export, "mended")
    deadline = time.monotonic() + GENEROUS_S
    while (answer := get(guest.port("http"), "/api/version")).body != b"mended":
        assert answer.status in (200, 500, 503) and time.monotonic() < deadline, answer
        time.sleep(0.1)
    guest.expect(STARTS)


def test_without_app_py(guest, export):
    """One that goes has gone, and comes back."""
    restart(guest, export, "there")
    (export / "app.py").unlink()
    deadline = time.monotonic() + GENEROUS_S
    while get(guest.port("http"), "/api/version").status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert get(guest.port("http"), "/page").body == b"a page"
    write(export, "back")
    while (answer := get(guest.port("http"), "/api/version")).status == 404:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer.body == b"back"


def test_files_that_are_away_change_nothing(guest, export, server):
    restart(guest, export, "stays")
    before = starts(guest)
    server.kill()
    begin = time.monotonic()
    while time.monotonic() - begin < FRESH_S + 3:
        one = time.monotonic()
        assert get(guest.port("http"), "/api/version").body == b"stays" and time.monotonic() - one < 1
        time.sleep(0.1)
    server.start()
    write(export, "again")
    wait_for(guest, b"again")
    assert starts(guest, before + 1) == before + 1
