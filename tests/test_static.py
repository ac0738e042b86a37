"""The web server without an application: the front in a protection domain of its own, with files from NFS and from the
image."""

import contextlib
import hashlib
import random
import sys
import threading
import time

import pytest
from serval import build, inside, paths
from serval.http import Answer, Kept, curl, exchange, get, head_of
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.siterules import CASES, make_site

sys.path.insert(0, str(paths.TOP / "mk" / "run"))
from demo_files import large_bytes  # noqa: E402

NFS_ADDRESS, WEB_ADDRESS, FIRST_ADDRESS = "10.0.2.15", "10.0.2.16", "10.0.2.15"
SERVICES = ["timer_driver", "entropy", "serial_driver", "serial_virt_tx", "serial_virt_rx", "eth_driver", "net_virt_tx",
            "net_virt_rx", "supervisor", "supervisor_time"]
AWAY_S, ROUNDS = 2, 3


# -- files of an NFS server --------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def site(tmp_path_factory):
    top = make_site(tmp_path_factory.mktemp("export"))
    for name in ("large.bin", "second.bin"):
        (top / "www" / name).write_bytes(large_bytes())
    (top / "app.py").write_text("print('nobody runs this')\n")
    return top


@pytest.fixture(scope="module")
def both(site, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("static")
    with NfsServer(site, scratch / "nfs") as server:
        image = build.system("webserver", APPLICATION="none", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                             WEBSITE_DIR="www", NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}, log=scratch / "console.log") as guest:
            guest.expect_all([rf"netif e0 is: {NFS_ADDRESS}\r?$", rf"netif e0 is: {WEB_ADDRESS}\r?$",
                              rf"serving http://{WEB_ADDRESS}/ from /www\r?$"])
            yield guest, server


@pytest.fixture
def guest(request, both):
    request.node.serval_guests = [both[0]]
    return both[0]


def test_there_is_no_python(both):
    image = both[0].image
    priorities = inside.priorities(image)
    assert set(priorities) == {*SERVICES, "nfs", "http"} and priorities["nfs"] == 90 and priorities["http"] == 70
    assert b"MicroPython" not in image.read_bytes() and b"nobody runs this" not in image.read_bytes()
    assert "MicroPython" not in both[0].text()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(guest, case):
    CASES[case](f"http://127.0.0.1:{guest.port('http')}")


@pytest.mark.parametrize("path", ["/note.txt", "/", "/sub", "/nothing-here", "/api/status", "/app.py", "/../secret.txt"])
def test_methods_that_files_do_not_have(guest, path):
    """405 says which there are, whatever lies at the path; the connection goes on (RFC 9110 15.5.6)."""
    with guest.connect() as sock:
        kept = Kept(sock)
        for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "get"):
            answer = kept.ask(path, method, Content_Length="0")
            assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD, OPTIONS", method
        assert kept.ask(path, "OPTIONS").headers["allow"] == "GET, HEAD, OPTIONS"
        assert kept.ask("/about").body == b"about"


def test_bodies_are_left_alone(guest):
    """Of a request that is refused: a short one is skipped, one that waits for leave or comes in chunks ends it."""
    port = guest.port("http")
    with guest.connect() as sock:
        sock.sendall(head_of("/note.txt", "POST", Content_Length="5") + b"hello" + head_of("/about"))
        kept = Kept(sock)
        assert kept.receive().status == 405 and kept.receive().body == b"about"
    for more, body in (({"Content_Length": "5", "Expect": "100-continue"}, b""),
                       ({"Transfer_Encoding": "chunked"}, b"5\r\nhello\r\n0\r\n\r\n")):
        answer = Answer(exchange(port, head_of("/note.txt", "POST", **more) + body))
        assert answer.status == 405 and answer.headers["connection"] == "close"
    assert exchange(port, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert get(port, "/note.txt", "GET", Upgrade="websocket", Content_Length="0").body == b"txt"


def test_what_is_not_there_is_404_at_any_number(guest):
    """Nobody waits for an application: more at once than could be with one."""
    with contextlib.ExitStack() as stack:
        clients = [Kept(stack.enter_context(guest.connect())) for _ in range(80)]
        for i in range(3):
            for number, kept in enumerate(clients):
                kept.send(f"/api/{number}-{i}")
            assert {kept.receive().status for kept in clients} == {404}


class Load:
    """Clients that go on until the block ends: small pages that are in the cache, and large files."""

    def __init__(self, guest, digest):
        self.port, self.digest = guest.port("http"), digest
        self.ended, self.counts, self.wrong = threading.Event(), {"page": 0, "file": 0, "cut": 0}, []
        self.lock = threading.Lock()

    def __enter__(self):
        self.threads = [threading.Thread(target=self._run, args=(work,))
                        for work in (self._page, self._page, self._page, self._file, self._file)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _run(self, work):
        while not self.ended.is_set():
            try:
                kind = work()
                with self.lock:
                    self.counts[kind] += 1
            except Exception as error:      # of a thread: the test tells it
                self.wrong.append(repr(error))
                return

    def _page(self):
        answer = get(self.port, "/about")
        assert answer.status == 200 and answer.body == b"about", answer.raw[:200]
        return "page"

    def _file(self):
        """Whole, or cut off where the server went away; then never taken for whole."""
        try:
            answer = get(self.port, "/large.bin")
        except OSError:
            return "cut"
        if answer.status == 503:
            return "cut"
        whole = len(answer.body) == int(answer.headers["content-length"])
        assert answer.status == 200 and (not whole or hashlib.sha256(answer.body).digest() == self.digest)
        return "file" if whole else "cut"


def test_load_while_the_server_goes_and_comes(both, guest):
    """Pages in the cache are answered all the time; large files are whole, or visibly cut off."""
    server, port = both[1], guest.port("http")
    large = large_bytes()
    assert get(port, "/about").body == b"about"
    with Load(guest, hashlib.sha256(large).digest()) as load:
        for _ in range(ROUNDS):
            time.sleep(AWAY_S)
            server.kill()
            time.sleep(AWAY_S)
            server.start()
    assert load.wrong == []
    assert load.counts["page"] > 50 and load.counts["file"] > 0, load.counts
    assert get(port, "/second.bin").body == large
    assert get(port, "/large.bin", Range="bytes=5000000-5000099").body == large[5000000:5000100]
    assert "fault" not in guest.text()


def test_a_folder_that_is_not_there_is_told(request, site, tmp_path):
    with NfsServer(site, tmp_path / "nfs") as server:
        image = build.system("webserver", APPLICATION="none", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                             WEBSITE_DIR="nowhere", NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}, log=tmp_path / "console.log") as guest:
            request.node.serval_guests = [guest]
            guest.expect(r"/nowhere: there is no such folder among the files\r?$")
            assert get(guest.port("http"), "/").status == 404
        server.kill()
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}, log=tmp_path / "later.log") as guest:
            request.node.serval_guests = [guest]
            guest.expect(r"the files cannot be reached yet; until they can, requests are answered 503\r?$")
            assert get(guest.port("http"), "/").status == 503
            server.start()
            guest.expect(r"/nowhere: there is no such folder among the files\r?$")
            assert get(guest.port("http"), "/").status == 404
            assert guest.text().count("cannot be reached yet") == 1


# -- files in the image ------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def in_image(tmp_path_factory):
    top = make_site(tmp_path_factory.mktemp("files"))
    (top / "www" / "large.bin").write_bytes(large_bytes())
    image = build.system("webserver", APPLICATION="none", WEBSITE_FILES=top, WEBSITE_DIR="www")
    log = tmp_path_factory.mktemp("image") / "console.log"
    with Guest(image, {"http": ("tcp", FIRST_ADDRESS, 80)}, log=log) as guest:
        guest.expect(rf"serving http://{FIRST_ADDRESS}/ from /www\r?$")
        yield guest


def test_a_site_with_neither_server_nor_python(request, in_image):
    request.node.serval_guests = [in_image]
    port = in_image.port("http")
    url = f"http://127.0.0.1:{port}"
    assert set(inside.priorities(in_image.image)) == {*SERVICES, "memfs", "http"}
    for path, body in (("/", b"start"), ("/about", b"about"), ("/a%20name%20with%20spaces.txt", b"spaces"),
                       ("/size/65537.bin", random.Random(65537).randbytes(65537)), ("/large.bin", large_bytes())):
        answer = get(port, path)
        assert answer.status == 200 and answer.body == body and "last-modified" not in answer.headers, path
    tag = get(port, "/about").headers["etag"]
    assert get(port, "/about", If_None_Match=tag).status == 304
    assert get(port, "/about", If_Modified_Since="Mon, 14 Sep 2020 12:26:40 GMT").status == 200
    assert get(port, "/large.bin", Range="bytes=-100").body == large_bytes()[-100:]
    assert curl(f"{url}/both.css", "-H", "Accept-Encoding: br").body == b"as brotli"
    assert get(port, "/sub").headers["location"] == "/sub/"
    for path in ("/nothing", "/../secret.txt", "/secret.txt"):
        assert get(port, path).status == 404
    assert get(port, "/", "POST", Content_Length="0").status == 405


def test_what_cannot_be(tmp_path):
    def refused(**variables):
        with pytest.raises(build.BuildError) as caught:
            build.make("webserver", BUILD_DIR=tmp_path, APPLICATION="none", **variables)
        return [line for line in str(caught.value).splitlines() if "***" in line or "error:" in line][0]

    assert refused().endswith("NFS_SERVER is not set: address or name of the NFS server as the guest sees it (this "
                              "machine: 10.0.2.2).  Stop.")
    assert refused(WEBSITE_FILES=tmp_path / "none").endswith(
        f"WEBSITE_FILES='{tmp_path}/none': there is no such folder.  Stop.")
    assert refused(WEBSITE_FILES=tmp_path, NFS_SERVER="10.0.2.2").endswith(
        "error: WEBSITE_FILES and NFS_SERVER: the site's files come from one of them")
    assert refused(WEBSITE_FILES=tmp_path, WEBSITE_DIR="a/../..").endswith(
        "error: WEBSITE_DIR='a/../..' leaves NFS_DIRECTORY")
    for value, message in (("*.pdf", "WEBSITE_CACHE: '*.pdf' is not PATTERN=VALUE"), ("a=1;=2", "WEBSITE_CACHE: '=2' is not PATTERN=VALUE"),
                           ("a=1,b=2", "PD 'http': site '/': cache['a']: '1,b=2' is no Cache-Control (seconds are a number)"),
                           ("a=" + "x" * 256, "PD 'http': site '/': cache['a'] has 256 bytes; at most 255")):
        assert refused(WEBSITE_FILES=tmp_path, WEBSITE_CACHE=value).endswith(f"error: {message}")
    for name, value in (("HTTPS", "1"), ("TLS_CERT", "a.pem"), ("HTTPS_REDIRECT", "yes")):
        assert f"error: {name}={value} without TLS_KEY" in refused(WEBSITE_FILES=tmp_path, **{name: value})
    for more, message in (({}, "TLS_KEY needs a certificate"),
                          ({"TLS_CERT": "a", "TLS_CERT_FILE": "a"}, "TLS_CERT and TLS_CERT_FILE: the certificate comes from one of them")):
        assert f"error: {message}" in refused(WEBSITE_FILES=tmp_path, TLS_KEY="any.key", **more)


def test_the_board_gets_it_too(tmp_path):
    build.need_board("odroidc4")
    (tmp_path / "index.html").write_text("a page")
    image = build.system("webserver", APPLICATION="none", WEBSITE_FILES=tmp_path, MICROKIT_BOARD="odroidc4")
    assert image.with_name("webserver.boot.scr").is_file()
    assert "http" in inside.priorities(image)
