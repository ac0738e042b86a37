"""The web server's program when its memory is used up, and an app.py that is none: files go on being served, who asks is
told, and what can go on does."""

import concurrent.futures
import time
import urllib.error
import urllib.request

import pytest

from serval import build
from serval.nfs import NfsServer
from serval.qemu import Guest

SERVES = [r"IP address for netif e0 is: 10\.0\.2\.16", "Starting async server"]
ROUTES = """
import asyncio, fs_async, gc
hoard = [None] * 4000

async def fill(seconds):
    at = 0
    size = 65536
    while size >= 1024:
        try:
            hoard[at] = bytearray(size)
            at += 1
        except MemoryError:
            size //= 2
    await asyncio.sleep(seconds)
    for i in range(at):
        hoard[i] = None

def routes(app):
    @app.get('/api/names')
    async def names(request):
        return str(len(await fs_async.listdir('/many')))
    @app.get('/api/count')
    async def count(request):
        n = 0
        async for entry in fs_async.ilistdir('/many'): n += 1
        return str(n)
    @app.get('/api/fill/<int:seconds>')
    async def hoarder(request, seconds):
        asyncio.create_task(fill(seconds))
        return 'filling'
    @app.get('/api/greedy')
    async def greedy(request):
        return bytearray(10000000)
    @app.get('/api/ping')
    async def ping(request):
        return 'pong'
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """An export whose app.py is of 40 KB, with a folder of 6000 names."""
    top = tmp_path_factory.mktemp("site")
    (top / "www").mkdir()
    (top / "www" / "page.html").write_text("a page")
    (top / "many").mkdir()
    for i in range(6000):
        (top / "many" / f"{i:05}{'x' * 60}").touch()
    filler = "".join(f"def unused{i}(a, b):\n    return a * {i} + len('{'x' * 40}') - b\n" for i in range(450))
    (top / "app.py").write_text(filler + ROUTES)
    assert (top / "app.py").stat().st_size > 40_000
    return top


@pytest.fixture(scope="module")
def site_image(site, tmp_path_factory):
    with NfsServer(site, tmp_path_factory.mktemp("nfs")) as server:
        yield build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                           NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)


@pytest.fixture
def website(request, site_image, tmp_path):
    with Guest(site_image, {"http": ("tcp", "10.0.2.16", 80)}, log=tmp_path / "console.log") as guest:
        request.node.serval_guests = [guest]
        guest.expect_all(SERVES)
        yield guest


def ask(guest, path, timeout=60):
    """(status, body, fields)"""
    try:
        with urllib.request.urlopen(guest.url() + path, timeout=timeout) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def wait_for(guest, path, expected):
    """expected: as of ask(), or its beginning."""
    end = time.monotonic() + 60
    while (answer := ask(guest, path))[:len(expected)] != expected:
        assert time.monotonic() < end, answer
        time.sleep(0.2)


def test_a_listing_that_fills_the_heap(website):
    """Whatever becomes of it, the next request is answered."""
    wait_for(website, "api/ping", (200, "pong"))
    for _ in range(3):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            statuses = {status for status, *_ in pool.map(lambda _: ask(website, "api/names"), range(4))}
        assert statuses <= {200, 500, 503}
        assert ask(website, "api/ping")[:2] == (200, "pong")
        assert ask(website, "api/count")[:2] == (200, "6000")
    assert "starts again" not in website.text()


def test_a_handler_that_finds_no_memory(website):
    """One traceback on the console each time, and the site goes on."""
    wait_for(website, "api/ping", (200, "pong"))
    for _ in range(20):
        assert ask(website, "api/greedy")[0] == 500
    assert ask(website, "api/ping")[:2] == (200, "pong")
    assert website.text().count("GET /api/greedy failed: MemoryError") == 20


def test_no_memory_for_connections(website):
    """Who comes meanwhile is told at once, files are served, and when there is memory again all goes on."""
    wait_for(website, "api/ping", (200, "pong"))
    assert ask(website, "api/fill/4")[:2] == (200, "filling")
    wait_for(website, "api/ping", (503,))
    status, _, fields = ask(website, "api/ping", timeout=2)
    assert status == 503 and fields["Retry-After"]
    assert ask(website, "page.html", timeout=2)[:2] == (200, "a page")
    wait_for(website, "api/ping", (200, "pong"))
    assert "starts again" not in website.text()


def test_no_memory_for_good(website):
    """... the program starts again."""
    wait_for(website, "api/ping", (200, "pong"))
    assert ask(website, "api/fill/100000")[:2] == (200, "filling")
    wait_for(website, "api/ping", (503,))
    wait_for(website, "api/ping", (200, "pong"))
    assert "webserver has had no memory left for connections; it starts again" in website.text()
    assert ask(website, "page.html")[:2] == (200, "a page")


@pytest.mark.parametrize("app, said", [
    ("def routes(app:\n", "SyntaxError"),
    ("x = '" + "y" * 2_000_000 + "'\n", "MemoryError"),
    ("import nothing_here\n", "ImportError"),
    ("def routes(app):\n"
     "    app.get('/api/half')(lambda request: 'half')\n"
     "    app.errorhandler(404)(lambda request: 'half')\n"
     "    app.before_request(nothing_here)\n", "NameError"),
], ids=["syntax", "memory", "import", "half"])      # pytest tells its name in the environment, which bounds its length
def test_an_app_that_cannot_be(request, tmp_path, app, said):
    """Its mistake is told once, and costs its routes."""
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "app.py").write_text(app)
    (tmp_path / "top" / "page.html").write_text("a page")
    with NfsServer(tmp_path / "top", tmp_path / "nfs") as server:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", "10.0.2.16", 80)}, log=tmp_path / "console.log") as guest:
            request.node.serval_guests = [guest]
            guest.expect_all([*SERVES, "webserver: app.py is left out:", said])
            assert ask(guest, "page.html")[:2] == (200, "a page")
            status, body, _ = ask(guest, "api/half")
            assert status == 503 and body != "half"
            assert "starts again" not in guest.text() and guest.text().count(said) == 1


# Files that go away in its middle, twice, and are back.
THRICE = """
import errno
import website

def routes(app):
    website.tries = getattr(website, "tries", 0) + 1
    tries = website.tries
    app.get("/api/try%d" % tries)(lambda request: "%d" % tries)
    if tries < 3:
        app.errorhandler(404)(lambda request: "half")
        app.before_request(lambda request: "half")
        raise OSError(errno.EIO)
"""


def test_an_app_that_is_tried_again(request, tmp_path):
    """Nothing of its former tries is left."""
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "app.py").write_text(THRICE)
    image = build.system("webserver", WEBSITE_FILES=tmp_path / "top")
    with Guest(image, {"http": ("tcp", "10.0.2.15", 80)}, log=tmp_path / "console.log") as guest:
        request.node.serval_guests = [guest]
        guest.expect(SERVES[-1])
        for path, wanted in (("try1", 404), ("try2", 404), ("try3", 200), ("none", 404)):
            status, body, _ = ask(guest, f"api/{path}")
            assert status == wanted and body != "half"
