"""The web server as a whole, in QEMU: a site on a private NFS server, asked over QEMU's user network."""

import concurrent.futures
import contextlib
import hashlib
import html.parser
import json
import os
import random
import socket
import struct
import sys
import time
import urllib.parse

import pytest
from serval import build, paths
from serval.http import GENEROUS_S, Answer, Kept, curl, exchange, get, head_of, receive_all
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.siterules import CASES, MODIFIED, SECRET, make_site

sys.path.insert(0, str(paths.TOP / "mk" / "run"))
from demo_files import large_bytes  # noqa: E402

LISTED = {"a.txt": 5, "B.txt": 1234, "<b>&\"'.html": 0, "javascript:alert(1)": 7, "ü 你.txt": 2_000_000, "100%": 1, "a#b?c": 3}
NFS_ADDRESS, WEB_ADDRESS = "10.0.2.15", "10.0.2.16"
ROUTES = r"""
import asyncio
import fs_async
from microdot import Response

def routes(app):
    @app.get("/api/hello")
    async def hello(request):
        return {"hello": request.args.get("name", "world")}

    @app.get("/api/slow")
    async def slow(request):
        await asyncio.sleep(int(request.args.get("s", "1")))
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
        return Response(body=Blocks(await fs_async.open("/www/" + name)),
                        headers={"X-Size": str(status[6]), "X-Time": str(status[8])})

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

    @app.get("/api/users/<int:id>")
    async def user(request, id):
        return str(id)

    @app.get("/api/headers")
    async def headers(request):
        h = request.headers
        return {"values": [h["x-one"], h["X-TWO"], h.get("x-Three"), h.get("none")],
                "names": sorted(h), "there": "X-FOUR" in h,
                "version": request.http_version, "peer": request.client_addr[0]}

    @app.get("/api/answer")
    async def answer(request):
        response = Response("x" * int(request.args["size"]), 203, {"X-Number": 5, "x-text": "ü"}, reason="Fine")
        response.set_cookie("a", "b")
        response.set_cookie("c", "d", http_only=True)
        return response

    @app.get("/api/counters")
    async def counters(request):
        import website
        return website.counters()

    @app.get("/api/file/<path:name>")
    async def file(request, name):
        import website
        return website.file("/" + name, headers={"X-From": "app"})

    @app.route("/api/files/<path:name>", methods=["PUT", "DELETE", "MOVE"])
    async def change(request, name):
        path, how = "/written/" + name, request.args.get("how", "async")
        if request.method == "DELETE":
            await fs_async.remove(path)
        elif request.method == "MOVE":
            await fs_async.rename(path, "/written/" + request.args["to"])
        elif how == "dir":
            await fs_async.mkdir(path)
        elif how == "open":
            with open(path, "wb") as file:
                file.write(request.body)
        else:
            file = await fs_async.open(path, "w")
            await file.write(request.body)
            await file.close()
        return "", 204

    import website
    website.mount(app, "/w/", "/written")
    website.mount(app, "/all/", "/", hide=["secret.*"], show=["www/.env"])
    website.mount(app, "/", "/www/sub", host="other.example")
    website.mount(app, "/locked/", "/www/sub", users={"me": "pass wörd", "you": "open"})

    @app.get("/locked/route")
    async def locked(request):
        return "a route"

    website.mount(app, "/files/", "/www/files", listing=True, hide=["*.bak"])
    website.mount(app, "/spa/", "/www/spa", fallback="index.html")
    website.mount(app, "/api/users/inner/", "/www/sub", internal=True)

    @app.get("/api/gone")
    async def gone(request):
        import website
        return website.file("/about.html", status=410)

    @app.get("/api/end")
    async def end(request):
        app.shutdown()
        return "bye"

    @app.get("/api/generated")
    async def generated(request):
        return (b"part %d\n" % i for i in range(5))

    @app.get("/api/endless")
    async def endless(request):
        class Ticks:
            def __aiter__(self):
                return self

            async def __anext__(self):
                await asyncio.sleep_ms(50)
                return b"tick"

        return Ticks()

    @app.route("/api/status/<int:code>", methods=["GET", "POST"])
    async def status(request, code):
        return Response("" if code in (204, 205, 304) else "text", code)

    @app.get("/api/fails")
    async def fails(request):
        def parts():
            yield b"one"
            yield b"two"
            raise ValueError("in the middle")

        return parts()

    class Fails:
        def __init__(self, waits):
            self.waits = waits

        def __aiter__(self):
            return self

        async def __anext__(self):
            if self.waits:
                await asyncio.sleep_ms(10)
            raise ValueError("before the first part")

        async def aclose(self):
            print("closed")

    @app.get("/api/fails/<how>")
    async def fails_first(request, how):
        def parts():
            if how == "parts":
                raise ValueError("before the first part")
            yield b""

        return {"parts": lambda: Response(parts(), headers={"X-A": "b"}), "none": lambda: Response(parts()),
                "at-once": lambda: Response(Fails(False), headers={"X-A": "b"}),
                "waited": lambda: Response(Fails(True))}[how]()

    @app.get("/api/typed/<path:name>")
    async def typed(request, name):
        import website
        return website.file("/" + name, content_type="text/x-mine")

    @app.get("/api/sent/<path:name>")
    async def sent(request, name):
        from microdot import send_file
        return send_file("/www/" + name)

    @app.get("/api/headed/<how>")
    async def headed(request, how):
        import website
        q = request.args["q"]
        return {"value": lambda: Response("x", 200, {"X-Echo": q}),
                "list": lambda: Response("x", 200, {"X-Echo": ["a", q]}),
                "name": lambda: Response("x", 200, {q: "a"}),
                "reason": lambda: Response("x", 200, reason=q),
                "type": lambda: Response("x", 200, {"Content-Type": q}),
                "parts": lambda: Response((b"x" for _ in range(2)), 200, {"X-Echo": q}),
                "file": lambda: website.file("/about", headers={"X-Echo": q})}[how]()

    from microdot.websocket import with_websocket
    from microdot.sse import with_sse

    @app.get("/api/socket")
    @with_websocket
    async def socket(request, ws):
        while True:
            await ws.send(await ws.receive())

    @app.get("/api/ticks")
    @with_sse
    async def ticks(request, sse):
        while True:
            await sse.send("tick")
            await asyncio.sleep(1)

    @app.get("/api/events")
    @with_sse
    async def events(request, sse):
        for i in range(3):
            await sse.send({"n": i})
            await asyncio.sleep_ms(10)
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
    for name in ("large.bin", "second.bin"):
        (top / "www" / name).write_bytes(large_bytes())
    (top / "written").mkdir()
    (top / "written").chmod(0o777)
    (top / "www" / "unasked.txt").write_text("in one test alone")
    files = top / "www" / "files"
    (files / "sub" / "deep").mkdir(parents=True)
    (files / "many").mkdir()
    (files / "sub" / "index.html").write_text("an index")
    for name, size in LISTED.items():
        (files / name).write_bytes(b"x" * size)
        os.utime(files / name, (MODIFIED, MODIFIED))
    for name in (".hidden", "old.bak"):
        (files / name).write_text("not for clients")
    for number in range(1100):
        (files / "many" / f"{number:04}").touch()
    (top / "www" / "spa").mkdir()
    (top / "www" / "spa" / "index.html").write_text("the application in the browser")
    (top / "www" / "spa" / "app.js").write_text("code")
    (top / "www" / "api").mkdir()
    (top / "www" / "api" / "note.txt").write_text("a file among the routes")
    (top / "www" / "api" / "users").mkdir()
    (top / "www" / "api" / "users" / ".hidden.html").write_text("not for clients")
    (top / "www" / "api" / "users" / "list.html").write_text("a page under a variable route")
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


def test_what_is_not_for_clients(guest):
    """The program, what tools keep for themselves, what a mount hides; also where a route's claim has the application asked.
    The application's order gets it."""
    port = guest.port("http")
    for path in ("/all/app.py", "/all/APP.py", "/all/secret.txt", "/all/www/sub/.htaccess", "/api/users/.hidden", "/api/users/.hidden.html",
                 "/api/users/inner/index.htm", "/api/users/inner/"):
        answer = get(port, path)
        assert answer.status == 404 and SECRET not in answer.raw, path
    for path, body in (("/all/www/.env", b"hidden"), ("/all/www/note.txt", b"txt"), ("/api/users/list", b"a page under a variable route"),
                       ("/api/file/api/users/.hidden", b"not for clients"), ("/api/file/api/users/inner/index.htm", b"sub")):
        answer = get(port, path)
        assert answer.status == 200 and answer.body == body, path


def test_a_page_for_what_is_not_there(guest):
    """Of a single-page application: for browsers that go to an address, not for scripts that are missing."""
    port, page = guest.port("http"), "text/html,application/xhtml+xml,*/*;q=0.8"
    for path in ("/spa/users/7", "/spa/", "/spa/index.html", "/spa/a/b/"):
        answer = get(port, path, Accept=page)
        assert answer.status == 200 and answer.body == b"the application in the browser", path
        assert get(port, path, Accept=page, If_None_Match=answer.headers["etag"]).status == 304
    assert get(port, "/spa/app.js", Accept=page).body == b"code"
    for path, accept in (("/spa/users/7", "*/*"), ("/spa/no.js", "*/*"), ("/spa/x", "application/json"), ("/nowhere", page)):
        answer = get(port, path, Accept=accept)
        assert answer.status == 404 and b"Lost" in answer.body, path
    assert get(port, "/spa/x", "POST", Content_Length="0", Accept=page).status == 405


class Rows(html.parser.HTMLParser):
    """A listing as a browser sees it: name, address, size and date of each row."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.tags = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append(["", None, "", ""])
            self.cell = -1
        elif tag == "td":
            self.cell += 1
        elif tag == "p":
            self.cell = -1
        elif tag == "a" and self.rows:
            self.rows[-1][1] = dict(attributes)["href"]

    def handle_data(self, data):
        if self.rows and self.cell >= 0:
            self.rows[-1][[0, 2, 3][self.cell]] += data.strip("\n")


def test_a_listing(guest):
    """Names of any kind, sorted, with size and date; each link leads to its file, and nothing in a name is markup."""
    port = guest.port("http")
    answer = get(port, "/files/")
    assert answer.status == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Rows(answer.body.decode())
    assert set(page.tags) <= {"html", "meta", "title", "link", "style", "main", "h1", "table", "tr", "th", "td", "a", "bdi", "p"}
    rows = page.rows[2:]        # behind the heads and the way up
    assert [row[0] for row in rows] == ["many/", "sub/", *sorted(LISTED, key=lambda name: name.encode().lower())]
    for name, link, size, date in rows[2:]:
        assert date == "13 Sep 2020 12:26"
        assert size == {5: "5 B", 1234: "1.2 kB", 0: "0 B", 7: "7 B", 2_000_000: "2.0 MB", 1: "1 B", 3: "3 B"}[LISTED[name]]
        address = urllib.parse.urljoin("http://a/files/", link)
        assert address.startswith("http://a/files/")
        assert get(port, urllib.parse.urlsplit(address).path).body == b"x" * LISTED[name]
    assert get(port, "/files/sub/").body == b"an index" and get(port, "/files/sub").headers["location"] == "/files/sub/"
    assert b"<p>0 names.</p>" in get(port, "/files/sub/deep/").body
    many = served_again(port, "/files/many/").body        # 503 where 1000 questions take longer than is waited
    assert b"There is more here than can be shown: these are 1000 names." in many and many.count(b"<bdi>") == 1000
    head = curl(f"http://127.0.0.1:{port}/files/", "-I")
    assert head.status == 200 and head.headers["content-length"] == str(len(answer.body))
    for path in ("/files/none/", "/files/.hidden/", "/size/", "/files/a.txt/"):
        assert get(port, path).status == 404, path


def test_hosts(guest):
    port = guest.port("http")
    for host, body in (("other.example", b"sub"), ("OTHER.example:5555", b"sub"), ("localhost", b"start"), ("another.example", b"start")):
        assert exchange(port, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()).endswith(body)
    answer = Answer(exchange(port, b"GET /note.txt HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n"))
    assert answer.status == 404 and b"Lost" not in answer.body      # nor the other site's page for that
    assert curl(f"http://127.0.0.1:{port}/api/hello", "-H", "Host: other.example").body == b'{"hello": "world"}'


def test_a_lock(guest):
    url = f"http://127.0.0.1:{guest.port('http')}/locked/"
    for path, body in (("", b"sub"), ("index.htm", b"sub"), ("route", b"a route")):
        answer = curl(url + path)
        assert answer.status == 401 and answer.headers["www-authenticate"] == 'Basic realm="/locked/", charset="UTF-8"'
        for wrong in ("me:pass", "me:", ":pass wörd", "You:open", "me:open"):
            assert curl(url + path, "-u", wrong).status == 401
        for right in ("me:pass wörd", "you:open"):
            assert curl(url + path, "-u", right).body == body
    for host in ("other.example", "a.example"):     # which a client may name as it likes; a route answers all
        assert curl(url + "route", "-H", f"Host: {host}").status == 401
        assert curl(url + "route", "-H", f"Host: {host}", "-u", "you:open").body == b"a route"
    assert curl(url + "nothing").status == 401 and curl(url + "nothing", "-u", "you:open").status == 404


def test_the_sites_pages_where_the_application_is_asked(guest):
    port = guest.port("http")
    for path in ("/api/users/nobody", "/api/file/nothing", "/api/file/.."):
        answer = get(port, path)
        assert answer.status == 404 and b"Lost" in answer.body, path
    assert b"Lost" not in get(port, "/api/status/404").body


def test_large_file_is_equal(guest):
    answer = get(guest.port("http"), "/large.bin")
    assert answer.status == 200 and answer.headers["content-length"] == str(10 * 1024 * 1024)
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(large_bytes()).digest()


def test_fifty_at_once(guest):
    asked = ["/size/1024.bin", "/size/65537.bin", "/", "/about", "/missing"] * 10
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(guest.connect()) for _ in asked]
        for sock, path in zip(socks, asked):
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answers = [Answer(receive_all(sock)) for sock in socks]
    assert [a.status for a in answers] == [200, 200, 200, 200, 404] * 10
    assert {len(a.body) for a in answers[0::5]} == {1024} and {len(a.body) for a in answers[1::5]} == {65537}
    assert len({a.body for a in answers[1::5]}) == 1


def test_routes_from_the_export(guest):
    port = guest.port("http")
    assert get(port, "/api/hello?name=you").body == b'{"hello": "you"}'
    assert get(port, "/api/broken").status == 500
    assert get(port, "/").status == 200


def test_methods_of_a_route(guest):
    url = f"http://127.0.0.1:{guest.port('http')}"
    answer = curl(url + "/api/hello", "-X", "POST")
    assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD, OPTIONS"
    answer = curl(url + "/api/hello", "-X", "OPTIONS")
    assert answer.status in (200, 204) and answer.headers["allow"] == "GET, HEAD, OPTIONS"
    answer = curl(url + "/api/hello", "-I")
    assert answer.status == 200 and answer.body == b"" and answer.headers["content-length"] == "18"
    assert curl(url + "/api/echo").status == 404        # there is a route for POST alone, and no such file


def test_headers_of_a_request(guest):
    with guest.connect() as sock:
        kept = Kept(sock)
        sock.sendall(b"GET /api/headers HTTP/1.1\r\nhost: a\r\nX-One:  1 \t\r\nx-two:2\r\nX-Three: a: b\r\n"
                     b"X-THREE: last\r\nx-four:\r\n\r\n")
        answer = json.loads(kept.receive().body)
        assert answer == {"values": ["1", "2", "last", None],
                          "names": ["X-One", "X-Three", "host", "x-four", "x-two"], "there": True,
                          "version": "1.1", "peer": "10.0.2.2"}
        sock.sendall(b"GET /api/headers HTTP/1.1\r\nHost: a\r\nX-One: \xff\r\n\r\n")
        assert kept.receive().status == 400
        sock.sendall(b"GET /api/headers HTTP/1.1\r\nHost: a\r\nX-One: " + b"y" * 2100 + b"\r\n\r\n")
        assert kept.receive().status == 400


@pytest.mark.parametrize("size", [0, 1, 4096, 4097, 300_000])
def test_an_answer_of_the_application(guest, size):
    """With its body in the same write, in one of its own, and in many."""
    raw = exchange(guest.port("http"),
                   f"GET /api/answer?size={size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 203 Fine" and body == b"x" * size
    for line in (b"X-Number: 5", "x-text: ü".encode(), b"Set-Cookie: a=b", b"Set-Cookie: c=d; HttpOnly",
                 b"Content-Length: %d" % size, b"Content-Type: text/plain; charset=UTF-8"):
        assert line in lines, line
    assert curl(f"http://127.0.0.1:{guest.port('http')}/api/hello", "-I").headers["content-length"] == "18"


def test_files_among_the_routes(guest):
    port = guest.port("http")
    assert get(port, "/api/note.txt").body == b"a file among the routes"
    assert get(port, "/api/users/7").body == b"7"
    answer = get(port, "/api/users/list")
    assert answer.body == b"a page under a variable route" and answer.headers["content-type"].startswith("text/html")
    assert get(port, "/api/users/nobody").status == 404
    answer = get(port, "/api/users/list", Range="bytes=2-5")
    assert answer.status == 206 and answer.body == b"page"


def test_a_file_by_the_applications_word(guest):
    port = guest.port("http")
    answer = get(port, "/api/file/size/65537.bin")
    assert answer.body == get(port, "/size/65537.bin").body and answer.headers["x-from"] == "app"
    tag = answer.headers["etag"]
    assert get(port, "/api/file/size/65537.bin", If_None_Match=tag).status == 304
    assert get(port, "/api/file/none").status == 404
    answer = get(port, "/api/gone", If_None_Match="*", Range="bytes=0-1")
    assert (answer.status, answer.reason, answer.body) == (410, "Gone", b"about")
    answer = get(port, "/api/typed/about.html")
    assert answer.headers["content-type"] == "text/x-mine" and answer.body == get(port, "/about.html").body


@pytest.mark.parametrize("code, reason", [
    (200, "OK"), (201, "Created"), (204, "No Content"), (205, "Reset Content"), (304, "Not Modified"),
    (404, "Not Found"), (418, ""), (429, "Too Many Requests"), (503, "Service Unavailable")])
def test_a_status_has_its_phrase_and_no_body_where_it_has_none(guest, code, reason):
    answer = get(guest.port("http"), f"/api/status/{code}")
    assert (answer.status, answer.reason) == (code, reason)
    if code in (204, 205, 304):
        assert answer.body == b"" and "content-type" not in answer.headers
        assert answer.headers.get("content-length") == ("0" if code == 205 else None)
    else:
        assert answer.headers["content-length"] == "4"
    url = f"http://127.0.0.1:{guest.port('http')}/api/status/{code}"
    chunked = curl(url, "-H", "Transfer-Encoding: chunked", "-H", "Expect:", "-d", "x")
    assert (chunked.version, chunked.reason, chunked.body) == ("HTTP/1.1", reason, answer.body)
    assert "connection" not in chunked.headers and "date" in chunked.headers


@pytest.mark.parametrize("how", ["value", "list", "name", "reason", "type", "parts", "file"])
def test_what_a_client_sent_splits_no_answer(guest, how):
    """A route that copies bytes of the request into its answer's head."""
    request = "GET /api/headed/%s?q=%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    for q in ("a%0d%0aSet-Cookie:x=1", "a%0aSet-Cookie:x=1", "a%0dSet-Cookie:x=1", "%00", "a%7f", "a%1b[2J"):
        raw = exchange(guest.port("http"), (request % (how, q)).encode())
        assert Answer(raw).status == 500 and b"Set-Cookie" not in raw, (q, raw)
        guest.expect(rf"GET /api/headed/{how} failed:")
        guest.expect("ValueError: ")
    assert exchange(guest.port("http"), (request % (how, "text")).encode()).startswith(b"HTTP/1.1 200 ")


def until_cut(sock):
    """What comes until the connection ends, in whatever way."""
    raw = b""
    with contextlib.suppress(ConnectionError):
        while part := sock.recv(65536):
            raw += part
    return raw


def test_an_answer_that_fails_in_the_middle_is_cut_off(guest):
    for more in ("", "Connection: close\r\n"):
        with guest.connect() as sock:
            sock.sendall(f"GET /api/fails?x HTTP/1.1\r\nHost: a\r\n{more}\r\n".encode())
            assert b"\r\n0\r\n" not in until_cut(sock)
        guest.expect(r"GET /api/fails failed:")
        guest.expect(r"ValueError: in the middle")
    assert get(guest.port("http"), "/api/hello").status == 200


def test_an_answer_that_fails_before_its_first_part_is_500(guest):
    """Nothing has gone out. One that had to be waited for has sent its head by then: it is cut off."""
    with guest.connect() as sock:
        kept = Kept(sock)
        for how in ("parts", "at-once", "parts"):
            answer = kept.ask(f"/api/fails/{how}")
            assert answer.status == 500 and "x-a" not in answer.headers and b"500 Internal Server Error" in answer.body
            guest.expect(rf"GET /api/fails/{how} failed:")
            guest.expect(r"ValueError: before the first part")
        assert kept.ask("/api/fails/none").body == b""
        kept.send("/api/fails/waited")
        raw = until_cut(sock)
        assert raw.startswith(b"HTTP/1.1 200 ") and b"\r\n0\r\n" not in raw
        guest.expect("closed")
    assert get(guest.port("http"), "/api/hello").status == 200


def test_a_file_that_goes_while_the_application_sends_it(guest, both, site):
    """While its server is away, so that this has not the file open when it is back."""
    doomed = site / "www" / "doomed.bin"
    doomed.write_bytes(large_bytes())
    with guest.connect() as sock:
        sock.sendall(b"GET /api/sent/doomed.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        raw = sock.recv(65536)
        assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
        both[1].kill()
        doomed.unlink()
        both[1].start()
        raw += until_cut(sock)
    assert len(raw) < len(large_bytes()) and not raw.endswith(b"\r\n0\r\n\r\n")
    guest.expect(r"GET /api/sent/doomed\.bin failed:")
    guest.expect(r"OSError: ")


def test_a_connection_is_kept(guest):
    """Files, refusals and the application's answers, one after the other on one connection."""
    with guest.connect() as sock:
        kept = Kept(sock)
        for _ in range(3):
            assert kept.ask("/about").body == b"about"
            assert kept.ask("/api/hello?name=x").body == b'{"hello": "x"}'
            assert kept.ask("/missing").status == 404
            assert kept.ask("/about", "HEAD").headers["content-length"] == "5"
            assert kept.ask("/api/broken").status == 500
            assert kept.ask("/sub").status == 301
            assert kept.ask("/note.txt", If_Modified_Since="Mon, 14 Sep 2020 12:26:40 GMT").status == 304
            assert kept.ask("/note.txt", "POST", Content_Length="0").status == 405
            assert kept.ask("/api/generated").body == b"".join(b"part %d\n" % i for i in range(5))
            assert len(kept.ask("/size/200003.bin").body) == 200_003
        kept.send("/about", Connection="close")
        assert kept.receive().headers["connection"] == "close"
        assert sock.recv(1) == b""


def test_requests_sent_ahead(guest):
    """Answers come in the order of the requests, whoever gives them."""
    asked = ["/about", "/api/hello?name=1", "/size/65537.bin", "/missing",
             "/api/slow", "/note.txt", "/api/hello?name=2"] * 3
    with guest.connect() as sock:
        kept = Kept(sock)
        sock.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in asked))
        answers = [kept.receive() for _ in asked]
    assert [a.status for a in answers] == [200, 200, 200, 404, 200, 200, 200] * 3
    assert ([a.body for a in answers[::7]] == [b"about"] * 3
            and [a.body for a in answers[6::7]] == [b'{"hello": "2"}'] * 3)


def test_an_old_client(guest):
    raw = exchange(guest.port("http"), b"GET /about HTTP/1.0\r\n\r\n")
    assert Answer(raw).body == b"about"
    raw = exchange(guest.port("http"), b"GET /api/generated HTTP/1.0\r\n\r\n")
    assert "transfer-encoding" not in Answer(raw).headers and Answer(raw).body.endswith(b"part 4\n")
    with guest.connect() as sock:
        kept = Kept(sock)
        for _ in range(2):
            sock.sendall(b"GET /about HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert kept.receive().body == b"about"


def test_a_body_in_chunks(guest):
    """curl sends a body of unknown length in chunks."""
    url = f"http://127.0.0.1:{guest.port('http')}/api/echo"
    assert curl(url, "-H", "Transfer-Encoding: chunked", "-H", "Expect:", "-d", "x" * 9000).body == b"x" * 9000
    assert curl(url, "-H", "Transfer-Encoding: chunked", "-H", "Expect:", "-d", "x" * 20000).status == 413


@pytest.mark.parametrize("count, status", [(2400, 200), (16384, 200), (16385, 413)])
def test_a_body_in_chunks_of_one_byte(guest, count, status):
    head = b"POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = Answer(exchange(guest.port("http"), head + b"1\r\nx\r\n" * count + b"0\r\n\r\n"))
    assert answer.status == status and (status != 200 or answer.body == b"x" * count)


@pytest.mark.parametrize("body, status", [
    (b"3\r\nabc\r\n0\r\n\r\n", 200), (b"3;a=\"b\"\r\nabc\r\n0;c\r\nX: y\r\nZ:\r\n\r\n", 200),
    (b" 3\r\nabc\r\n0\r\n\r\n", 400), (b"3 \r\nabc\r\n0\r\n\r\n", 400), (b"3\nabc\r\n0\r\n\r\n", 400),
    (b"3;a\nb\r\nabc\r\n0\r\n\r\n", 400), (b"0x3\r\nabc\r\n0\r\n\r\n", 400), (b"3\r\nabcd\r\n0\r\n\r\n", 400),
    (b"3\r\nabc\n0\r\n\r\n", 400), (b"3\r\nabc\r\n0 \r\n\r\n", 400), (b"3\r\nabc\r\n0\r\nX : y\r\n\r\n", 400),
    (b"3\r\nabc\r\n0\r\nno field\r\n\r\n", 400), (b"3\r\nabc\r\n0\r\n\n", 400), (b"3\r\nabc\r\n0\r\nX: y\n\r\n", 400),
    (b"00000000000000003\r\nabc\r\n0\r\n\r\n", 400)])
def test_chunks_are_read_to_the_letter(guest, body, status):
    head = b"POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = Answer(exchange(guest.port("http"), head + body))
    assert answer.status == status
    assert status != 200 or answer.body == b"abc"


def websocket_frame(payload):
    """A masked text frame of a client (RFC 6455 5.2)."""
    mask = b"abcd"
    return bytes([0x81, 0x80 | len(payload)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def test_a_websocket(guest):
    with guest.connect() as sock:
        kept = Kept(sock)
        kept.send("/api/socket", Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Version="13",
                  Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
        answer = kept.receive()
        assert answer.status == 101 and answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        for payload in (b"hello", b"again", b"x" * 100):
            sock.sendall(websocket_frame(payload))
            assert kept.exactly(2 + len(payload)) == bytes([0x81, len(payload)]) + payload


def test_silent_bodies_do_not_keep_the_application(guest):
    """All its places are with requests whose bodies never come, or a byte at a time; a WebSocket beside them is idle by the
    application's choice."""
    head = b"%s HTTP/1.1\r\nHost: a\r\n%s\r\n"
    silent = [head % (b"POST /api/echo", b"Transfer-Encoding: chunked\r\n") + b"5\r\nHe",
              head % (b"GET /api/hello", b"Transfer-Encoding: chunked\r\n"),
              head % (b"POST /api/echo", b"Content-Length: 5000\r\n")]
    with contextlib.ExitStack() as stack:
        idle = Kept(stack.enter_context(guest.connect()))
        idle.send("/api/socket", Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Version="13",
                  Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
        assert idle.receive().status == 101
        socks = [stack.enter_context(guest.connect()) for _ in range(64)]
        for number, sock in enumerate(socks):
            sock.sendall(silent[number % 3])
        waited_s = 0
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            for _ in range(100):                    # those that come before the last of the silent are served at once
                begin = time.monotonic()
                waiting = pool.submit(get, guest.port("http"), "/api/hello")
                while not concurrent.futures.wait([waiting], 2).done:
                    for sock in socks[2::3]:
                        with contextlib.suppress(OSError):
                            sock.send(b"x")
                assert waiting.result().status == 200
                waited_s = time.monotonic() - begin
                if waited_s > 10:
                    break
        assert 10 < waited_s < 50
        assert {Answer(receive_all(sock)).status for sock in socks} == {408}
        idle.sock.sendall(websocket_frame(b"still here"))
        assert idle.exactly(12) == b"\x81\x0astill here"


def test_events(guest):
    with guest.connect() as sock:
        kept = Kept(sock)
        answer = kept.ask("/api/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.body == b"".join(b'data: {"n": %d}\n\n' % i for i in range(3))


@pytest.mark.alone      # how many there is room for depends on how fast the guest is beside its clients
def burst(guest, request, count):
    """So many at once; each gets an answer, at once, late, or in a word why not."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(guest.connect()) for _ in range(count)]
        for sock in socks:
            sock.sendall(request)
        answers = [Answer(receive_all(sock)) for sock in socks]
    assert {a.status for a in answers} <= {200, 408, 503}
    assert all("retry-after" in a.headers for a in answers if a.status == 503)
    return [a for a in answers if a.status == 200]


def test_more_requests_with_bodies_than_there_is_room_for(guest):
    """300 at once, each with a large head and a large body. How many there is room for depends on how fast they come;
    some always are, and whoever comes again is, too."""
    body = b"b" * 16000
    request = (b"POST /api/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n" % len(body)
               + b"".join(b"X-%d: %s\r\n" % (i, b"h" * 300) for i in range(20)) + b"\r\n" + body)
    left = 300
    while left > 0:
        served = burst(guest, request, left)
        assert served and all(a.body == body for a in served)
        left -= len(served)
    assert get(guest.port("http"), "/api/hello").status == 200


def test_more_slow_requests_than_there_are_places(guest):
    """The rest waits for a place, and is answered, too."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(guest.connect()) for _ in range(80)]
        for sock in socks:
            sock.sendall(head_of("/api/slow?s=6", Connection="close"))
        answers = [Answer(receive_all(sock)) for sock in socks]
    assert [a.status for a in answers] == [200] * 80 and {a.body for a in answers} == {b"slow"}


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


def test_clients_that_leave_the_application(guest):
    """At any moment of a request for it, in peace or by a reset; more often than there are slots and sockets."""
    chance = random.Random(1)
    chunked = (b"POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n"
               + b"x" * 1000 + b"\r\n0\r\n\r\n")
    requests = [f"GET /api/{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for name in
                ("hello", "slow", "events", "generated", "answer?size=300000", "stream/large.bin", "file/large.bin",
                 "broken")]
    requests += [b"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000, chunked]
    for _ in range(400):
        request = chance.choice(requests) * chance.choice((1, 1, 3))
        with guest.connect() as sock:
            sock.sendall(request[:chance.randrange(1, len(request) + 1)] if chance.random() < 0.5 else request)
            if chance.random() < 0.3:
                sock.shutdown(socket.SHUT_WR)
            if len(request) > 9000 or chance.random() < 0.3:
                sock.settimeout(0.05)
                with contextlib.suppress(TimeoutError, ConnectionError):
                    sock.recv(1)
            if chance.random() < 0.5:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    port = guest.port("http")
    deadline = time.monotonic() + GENEROUS_S
    while (counters := json.loads(get(port, "/api/counters").body))["app_requests"] > 1:
        assert time.monotonic() < deadline, counters
    assert counters["handed_over"] > 200
    assert get(port, "/api/hello").body == b'{"hello": "world"}' and get(port, "/").body == b"start"


def test_open_tabs_do_not_take_the_application_away(guest):
    """Each with a stream of events, or a WebSocket. One more is told when to come again."""
    port = guest.port("http")
    upgrade = head_of("/api/socket", Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Version="13",
                      Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
    with contextlib.ExitStack() as stack:
        tabs = [stack.enter_context(guest.connect()) for _ in range(64)]
        for number, sock in enumerate(tabs):
            sock.sendall(head_of("/api/ticks") if number % 2 else upgrade)
        for number, sock in enumerate(tabs):
            assert sock.recv(1000).startswith(b"HTTP/1.1 200 " if number % 2 else b"HTTP/1.1 101 ")
        assert get(port, "/api/counters").body.count(b'"app_long": 64') == 1
        for path in ("/api/ticks", "/api/ticks"):
            answer = get(port, path)
            assert answer.status == 503 and answer.headers["retry-after"]
        for i in range(20):
            assert get(port, f"/api/hello?name={i}").body == b'{"hello": "%d"}' % i
        tabs[1].close()
        with contextlib.closing(guest.connect()) as sock:
            deadline = time.monotonic() + GENEROUS_S
            while get(port, "/api/counters").body.count(b'"app_long": 63') == 0:
                assert time.monotonic() < deadline
            sock.sendall(head_of("/api/ticks"))
            assert sock.recv(1000).startswith(b"HTTP/1.1 200 ")
    deadline = time.monotonic() + GENEROUS_S
    while b'"app_long": 0' not in get(port, "/api/counters").body:
        assert time.monotonic() < deadline


def test_readers_that_stall_hold_nobody_up(guest):
    """More of them than would have room each for what it reads; each gets its file in the end."""
    expected = hashlib.sha256(large_bytes()).digest()
    with contextlib.ExitStack() as stack:
        stalled = []
        for _ in range(70):
            sock = stack.enter_context(guest.connect())
            sock.sendall(b"GET /large.bin HTTP/1.0\r\n\r\n")
            stalled.append(sock)
        for sock in stalled:
            assert sock.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 200"
        for _ in range(5):
            assert get(guest.port("http"), "/size/65537.bin").headers["content-length"] == "65537"
        for sock in stalled[::30]:
            raw = b"HTTP/1.1 200" + receive_all(sock)
            assert hashlib.sha256(Answer(raw).body).digest() == expected
    assert get(guest.port("http"), "/").body == b"start"


def test_a_body_is_read_before_the_answer(guest):
    url = f"http://127.0.0.1:{guest.port('http')}/api/echo"
    for expect in ("Expect:", "Expect: 100-continue"):
        answer = curl(url, "-H", expect, "-d", "x" * 9000)
        assert answer.status == 200 and answer.body == b"x" * 9000
        assert curl(url, "-H", expect, "-d", "x" * 20000).status == 413
    request = b"POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + bytes(500_000)
    assert Answer(exchange(guest.port("http"), request)).status == 413


@pytest.mark.parametrize("nonsense, status", [
    (b"GET\r\n\r\n", 400), (b"\x16\x03\x01\x02\x00\x01\x00\xff\n\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400), (b"x" * 40000, 414),
    (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 431), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
])
def test_nonsense_is_refused_and_the_next_is_served(guest, nonsense, status):
    assert Answer(exchange(guest.port("http"), nonsense + b"\r\n\r\n")).status == status
    assert get(guest.port("http"), "/").body == b"start"


def test_an_edit_shows_soon(guest, site):
    """What the file server said holds for a few seconds, also that there is no such file."""
    page = site / "www" / "edited.html"
    assert get(guest.port("http"), "/edited").status == 404
    for text in ("first", "second, longer", "third"):
        page.write_text(text)
        begin = time.monotonic()
        while get(guest.port("http"), "/edited").body != text.encode():
            assert time.monotonic() < begin + 10
    page.unlink()
    begin = time.monotonic()
    while get(guest.port("http"), "/edited").status != 404:
        assert time.monotonic() < begin + 10


def test_what_the_application_writes_is_seen_at_once(guest):
    """No waiting for what the file server said before: not of a file's bytes, nor that there is none, nor below a
    folder that has another name now. The same size, and within the resolution of the server's clock."""
    port = guest.port("http")

    def change(name, method="PUT", body=b"", **args):
        query = "&".join(f"{k}={v}" for k, v in args.items())
        raw = exchange(port, head_of(f"/api/files/{name}?{query}", method, Connection="close",
                                     Content_Length=len(body)) + body)
        assert Answer(raw).status == 204, raw

    for how in ("async", "open"):
        name = how + ".txt"
        assert get(port, "/w/" + name).status == 404
        for text in (b"first", b"other", b"a third, longer", b"less", b""):
            change(name, body=text, how=how)
            assert get(port, "/w/" + name).body == text
            assert get(port, "/w/" + name).body == text
        change(name, "DELETE")
        assert get(port, "/w/" + name).status == 404
    change("one.txt", body=b"one")
    change("two.txt", body=b"two")
    assert get(port, "/w/one.txt").body == b"one" and get(port, "/w/two.txt").body == b"two"
    change("one.txt", "MOVE", to="two.txt")
    assert get(port, "/w/one.txt").status == 404 and get(port, "/w/two.txt").body == b"one"
    assert get(port, "/w/d/f.txt").status == 404 and get(port, "/w/d").status == 404
    change("d", how="dir")
    assert get(port, "/w/d").status == 301
    change("d/f.txt", body=b"deep")
    assert get(port, "/w/d/f.txt").body == b"deep" and get(port, "/w/e/f.txt").status == 404
    change("d", "MOVE", to="e")
    assert get(port, "/w/d/f.txt").status == 404 and get(port, "/w/e/f.txt").body == b"deep"
    assert get(port, "/w/d").status == 404 and get(port, "/w/e").status == 301


def test_times_that_are_odd(guest, site):
    """Before 1970, which NFSv3 has no number for; ahead of now, which no answer may say."""
    for name, when in (("old.txt", -86400 * 365), ("soon.txt", time.time() + 86400 * 3)):
        (site / "www" / name).write_text(name)
        os.utime(site / "www" / name, (when, when))
    assert get(guest.port("http"), "/old.txt").headers["last-modified"] == "Wed, 01 Jan 1969 00:00:00 GMT"
    answer = get(guest.port("http"), "/soon.txt")
    assert answer.headers["last-modified"] == answer.headers["date"]
    again = get(guest.port("http"), "/soon.txt", If_None_Match=answer.headers["etag"])
    assert again.status == 304 and again.headers["last-modified"] == again.headers["date"]


def test_a_link_to_nowhere_is_404(guest, site):
    """Asked for while its folder is known: the search for what it means has to end."""
    (site / "www" / "links").mkdir(exist_ok=True)
    link = site / "www" / "links" / "dangling.html"
    link.symlink_to("nope.html")
    assert get(guest.port("http"), "/links/none").status == 404
    for _ in range(2):
        assert get(guest.port("http"), "/links/dangling.html").status == 404
    link.unlink()


def test_a_head_cut_off(guest):
    with guest.connect("http") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        sock.shutdown(socket.SHUT_WR)
        raw = receive_all(sock)
    assert raw == b"" or Answer(raw).status == 400
    assert get(guest.port("http"), "/").body == b"start"


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


def test_what_is_here_is_given_while_the_nfs_server_is_away(guest, both):
    server, port = both[1], guest.port("http")
    known = [get(port, path).body for path in ("/about", "/size/65537.bin")]
    server.kill()
    try:
        for _ in range(3):
            assert [get(port, path).body for path in ("/about", "/size/65537.bin")] == known
        assert get(port, "/api/hello").status == 200
        answer = get(port, "/unasked.txt")          # nobody has asked for it yet, nor for the page that says so
        assert answer.status == 503 and answer.body == b"<!doctype html><h1>Soon</h1>" and answer.headers["retry-after"]
    finally:
        server.start()
    assert served_again(port, "/size/131072.bin").status == 200


def test_nfs_server_hangs_in_a_download(guest, both):
    server, port = both[1], guest.port("http")
    with socket.create_connection(("127.0.0.1", port), timeout=GENEROUS_S) as sock:
        sock.sendall(b"GET /second.bin HTTP/1.0\r\n\r\n")   # nobody has asked for it yet
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


def test_a_program_that_ends_starts_again_and_files_are_served_meanwhile(guest):
    """Last: it ends the program."""
    port = guest.port("http")
    with guest.connect() as sock:
        sock.sendall(b"GET /api/endless HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
        assert get(port, "/api/end").body == b"bye"
        guest.expect(r"webserver has ended; it starts again")
        assert not until_cut(sock).endswith(b"\r\n0\r\n\r\n")
    assert get(port, "/about").body == b"about"
    answer = get(port, "/api/hello")
    assert answer.status in (200, 503)
    guest.expect(r"Starting async server on 0\.0\.0\.0:80\.\.\.\r?$")
    deadline = time.monotonic() + GENEROUS_S
    while (answer := get(port, "/api/hello")).status == 503 and time.monotonic() < deadline:
        time.sleep(float(answer.headers["retry-after"]))
    assert answer.body == b'{"hello": "world"}'
    assert get(port, "/about").body == b"about"
