"""HTTPS in the web server: pages, keys that change, clients that end it in every way, and what is said beside it."""

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import sys

import pytest
from serval import browser, build, https, inside, paths, programs
from serval.http import Answer, Kept, exchange, get, head_of
from serval.qemu import Guest
from serval.sntp import SntpServer

sys.path.insert(0, str(paths.TOP / "bench"))

from machines import cache_bytes  # noqa: E402

ADDRESS = https.IN_IMAGE
LARGE = os.urandom(10 << 20)
PAGES = {"/": b"<p>secret</p>\n", "/k.bin": os.urandom(1024), "/large.bin": LARGE,
         "/.well-known/acme-challenge/token": b"proof\n"}
HSTS_S = 86400
TOLD_PORT = 5999


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    with https.in_image(tmp_path_factory.mktemp("https"), PAGES, "localhost", "serval.test", HTTPS_PORT=TOLD_PORT,
                        HTTPS_REDIRECT="yes", HTTPS_HSTS_S=HSTS_S, STATUS_PORT=9100) as guest:
        yield guest


# What docs/LIMITS.md says, in bytes: of the image, of memory without the cache of files.
SIZES = {"none": (2_000_000, 8_800_000), "python": (2_700_000, 12_600_000)}


@pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="by the report of our own tool")
@pytest.mark.parametrize("application", SIZES)
def test_its_size(application, tmp_path):
    key, _ = https.identity(tmp_path)
    image = build.system("webserver", APPLICATION=application, TLS_KEY=key, TLS_CERT="chain.pem", NFS_SERVER="10.0.2.2",
                         NFS_DIRECTORY="/srv/site")
    report = image.with_suffix(".report.txt").read_text()
    memory = sum(int(re.search(rf"^\s+{word} (\d+) bytes", report, re.M)[1]) for word in ("stored", "zeroed"))
    image_most, memory_most = SIZES[application]
    assert image.stat().st_size <= image_most and memory - cache_bytes() <= memory_most


@pytest.fixture
def guest(request, secured):
    request.node.serval_guests = [secured]
    return secured


def test_the_image_is_made_of_three_parts(secured):
    assert {"http", "tls", "keys", "entropy"} <= set(inside.priorities(secured.image))


def test_handshakes_are_counted(guest):
    """By how they end: a whole one, one that resumes, one of a client that knows TLS 1.2 alone."""
    def counts():
        parts = json.loads(get(guest.port("status"), "/status.json").body)["parts"]
        return next(part for part in parts if part["name"] == "tls")["counts"]

    before = counts()
    context = https.verified(guest)
    with https.connected(guest, context) as first:
        Kept(first).ask("/")
        with https.connected(guest, context, session=first.session):
            pass
    old = https.unverified()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError), https.connected(guest, old):
        pass
    after = counts()
    assert [after[f"handshakes_{how}"] - before[f"handshakes_{how}"] for how in ("full", "resumed", "failed")] == [1, 1, 1]
    assert after["heap_bytes"] > 0


def test_pages_by_curl(guest, tmp_path):
    for path, content in PAGES.items():
        got = tmp_path / "got"
        subprocess.run(["curl", "-sS", "--max-time", "60", "--cacert", guest.certificate, "-o", got,
                        f"https://localhost:{guest.port('https')}{path}"], check=True)
        assert got.read_bytes() == content, path


def test_a_page_by_chromium(guest):
    """Which prefers X25519MLKEM768, and resumes."""
    assert "<p>secret</p>" in browser.dom(f"https://localhost:{guest.port('https')}/", "--ignore-certificate-errors")


def run(*command):
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_parts_of_a_file_by_aria2(guest, tmp_path):
    """Eight connections, each for ranges of the same file."""
    run(programs.find("aria2", "aria2c"), "--no-conf", f"--ca-certificate={guest.certificate}", "-x8", "-s8", "-k1M",
        "--async-dns=false", "-d", tmp_path, "-o", "large.bin", f"https://localhost:{guest.port('https')}/large.bin")
    assert (tmp_path / "large.bin").read_bytes() == LARGE


def test_many_requests_by_h2load(guest):
    url = f"https://localhost:{guest.port('https')}/k.bin"
    said = run(programs.find("h2load", "h2load"), "--h1", "-n", 2000, "-c", 20, url)
    assert "2000 succeeded, 0 failed" in said and "2000 2xx" in said, said


def test_a_kept_connection(guest):
    with https.connected(guest) as sock:
        assert sock.version() == "TLSv1.3"
        kept = Kept(sock)
        for _ in range(50):
            answer = kept.ask("/k.bin")
            assert answer.body == PAGES["/k.bin"]
            assert answer.headers["strict-transport-security"] == f"max-age={HSTS_S}"
        assert kept.ask("/large.bin").body == LARGE
        sock.sendall(head_of("/k.bin") * 30)
        assert all(kept.receive().body == PAGES["/k.bin"] for _ in range(30))


def test_bodies_that_nobody_reads(guest):
    with https.connected(guest) as sock:
        kept = Kept(sock)
        for size in (1, 1460, 16384, 60000):
            sock.sendall(head_of("/k.bin", "POST", Content_Length=str(size)) + bytes(size))
            assert kept.receive().status == 405
            assert kept.ask("/k.bin").body == PAGES["/k.bin"]


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_each_suite_and_keys_that_change(guest, suite):
    """s_client's K and k change its key; K wants ours changed, too."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{guest.port('https')}", "-ciphersuites", suite,
               "-servername", "serval.test", "-alpn", "http/1.1"]
    ask = head_of("/")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        seen = b""
        for word, wanted in ((b"", suite.encode()), (ask, b"secret"), (b"K\n", b"KEYUPDATE"), (ask, b"secret"),
                             (b"k\n", b"KEYUPDATE"), (ask, b"secret"), (b"K\n", b"KEYUPDATE"), (ask, b"secret")):
            client.stdin.write(word)
            client.stdin.flush()
            while wanted not in seen:
                chunk = client.stdout.read1()
                assert chunk, seen
                seen += chunk
            seen = seen.split(wanted, 1)[1]
        client.kill()


def test_resumption(guest):
    context = https.verified(guest)
    with https.connected(guest, context) as sock:
        Kept(sock).ask("/k.bin")
        session = sock.session
    with https.connected(guest, context, session=session) as sock:
        assert sock.session_reused and Kept(sock).ask("/k.bin").body == PAGES["/k.bin"]


def test_an_end_in_order(guest):
    with https.connected(guest) as sock:
        Kept(sock).ask("/k.bin")
        assert sock.unwrap()        # its close_notify came
    with https.connected(guest) as sock:
        sock.sendall(head_of("/k.bin", Connection="close"))
        kept = Kept(sock)
        assert kept.receive().body == PAGES["/k.bin"] and sock.recv(1) == b""


def test_older_versions_are_refused(guest):
    context = https.verified(guest)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"), https.connected(guest, context):
        pass


def test_many_hold_connections(guest):
    with contextlib.ExitStack() as stack:
        context = https.verified(guest)
        clients = [stack.enter_context(https.connected(guest, context)) for _ in range(100)]
        for sock in clients:
            assert Kept(sock).ask("/k.bin").body == PAGES["/k.bin"]


def test_clients_that_stop_in_the_handshake(guest):
    """However much of its hello each has said; meanwhile others are served."""
    hello = bytes.fromhex("160301020001000100") + bytes(512)
    with contextlib.ExitStack() as stack:
        for count in (0, 1, 5, 6, 50, 500):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", guest.port("https"))))
            sock.sendall(hello[:count])
        with https.connected(guest) as sock:
            assert Kept(sock).ask("/k.bin").body == PAGES["/k.bin"]


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(100),
                                      b"\x16\x03\x01\xff\xff" + bytes(70000)])
def test_what_is_no_hello(guest, nonsense):
    with socket.create_connection(("127.0.0.1", guest.port("https")), timeout=20) as sock, contextlib.suppress(OSError):
        sock.sendall(nonsense)
        assert sock.recv(100)[:1] in (b"\x15", b"")
    with https.connected(guest) as sock:
        assert Kept(sock).ask("/k.bin").body == PAGES["/k.bin"]


def test_plain_clients_are_sent_to_tls(guest):
    port = guest.port("http")
    for path in ("/", "/k.bin", "/a%20b?c=d&e", "/nothing"):
        answer = get(port, path)
        assert answer.status == 301 and answer.headers["location"] == f"https://localhost:{TOLD_PORT}{path}"
        assert "strict-transport-security" not in answer.headers
    assert get(port, "/x", "POST", Content_Length="0").status == 308
    for host, told in (("a.test", "a.test"), ("a.test:80", "a.test"), ("[::1]", "[::1]"), ("[::1]:8080", "[::1]")):
        answer = Answer(exchange(port, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()))
        assert answer.headers["location"] == f"https://{told}:{TOLD_PORT}/", host
    assert get(port, "/.well-known/acme-challenge/token").body == b"proof\n"
    assert get(port, "/.well-known/acme-challenge/../../k.bin").status == 301


def test_names_that_the_certificate_has_not(guest):
    with pytest.raises(ssl.SSLCertVerificationError), https.connected(guest, name="other.test"):
        pass
    with https.connected(guest, name="serval.test") as sock:
        assert Kept(sock).ask("/k.bin").body == PAGES["/k.bin"]


# -- what a machine may not have ---------------------------------------------------------------------------------------

def test_without_a_source_of_random_numbers(request, secured, tmp_path):
    """One line, nobody listens for TLS, and the site is there without it: nobody is sent to where nothing is."""
    with Guest(secured.image, {"http": ("tcp", ADDRESS, 80), "https": ("tcp", ADDRESS, 443)}, log=tmp_path / "console.log",
               without=["virtio-rng-device"]) as guest:
        request.node.serval_guests = [guest]
        guest.expect_all([r"HTTPS does not start: there is no source of random numbers that is fit for keys",
                          rf"serving http://{ADDRESS}/ from"])
        for path, content in PAGES.items():
            answer = get(guest.port("http"), path)
            assert answer.status == 200 and answer.body == content, path
            assert "strict-transport-security" not in answer.headers
        with pytest.raises(OSError), https.connected(guest, https.unverified()):
            pass
        assert guest.text().count("HTTPS does not start") == 1 and "serving https" not in guest.text()


YEARS_S = 2 * 366 * 86400


def test_dates_are_judged_when_the_time_is_known(request, tmp_path):
    """The board's clock was never set, and the time server is silent at first: until it is not a certificate is taken as
    it is. Then its dates are looked at, and the console says what came of that; nothing better is there."""
    https.write_pages(tmp_path / "site", {"/k.bin": PAGES["/k.bin"]})
    key, certificate = https.identity(tmp_path)
    with SntpServer() as server:
        image = build.system("webserver", APPLICATION="none", WEBSITE_FILES=tmp_path / "site", TLS_KEY=key,
                             TLS_CERT_FILE=certificate, NTP_SERVER="10.0.2.2", NTP_PORT=server.port)
        for ahead_s, judged in ((0, r"taken, ends \w+"), (YEARS_S, r"expired; what was before stays")):
            server.ahead_s = ahead_s
            server.silence()
            with Guest(image, {"https": ("tcp", ADDRESS, 443)}, log=tmp_path / f"console{ahead_s}.log",
                       args=["-rtc", "base=2001-01-01T00:00:00"]) as guest:
                request.node.serval_guests = [guest]
                guest.certificate = certificate
                guest.expect_all([r"certificate in the image: taken; its dates are looked at when the time is known, ends",
                                  rf"serving https://{ADDRESS}/\r?$"])
                with https.connected(guest) as sock:
                    assert Kept(sock).ask("/k.bin").body == PAGES["/k.bin"]
                assert "time of day:" not in guest.text()
                server.speak()
                guest.expect_all([r"time of day: .*, from NTP server 10\.0\.2\.2", "certificate in the image: " + judged])
                with https.connected(guest) as sock:
                    assert Kept(sock).ask("/k.bin").body == PAGES["/k.bin"]


# -- parts that die, and certificates on the export --------------------------------------------------------------------

@pytest.fixture(scope="module")
def breakable(tmp_path_factory):
    top = tmp_path_factory.mktemp("export")
    pages = {path: PAGES[path] for path in ("/k.bin", "/large.bin")}
    with https.on_export(top, tmp_path_factory.mktemp("https-nfs"), pages, "first.test") as guest:
        yield guest


@pytest.fixture
def broken(request, breakable):
    request.node.serval_guests = [breakable]
    return breakable


def a_new_one_serves(guest):
    """Not if its handshake was under way when the part died."""
    try:
        with https.connected(guest, https.unverified()) as new:
            return Kept(new).ask("/k.bin").body == PAGES["/k.bin"]
    except (ssl.SSLError, ConnectionError):
        return False


@pytest.mark.parametrize("part", ["tls", "keys", "tls"])
def test_connections_outlive_who_made_them(broken, part):
    """What stands is served on, in the middle of an answer, too; new ones are made again."""
    with https.connected(broken, https.unverified()) as sock, https.connected(broken, https.unverified()) as other:
        kept, reads = Kept(sock), Kept(other)
        for stands in kept, reads:      # a client that has sent its Finished does not know yet
            assert stands.ask("/k.bin").body == PAGES["/k.bin"]
        reads.send("/large.bin")
        https.kill(broken, part)
        assert kept.ask("/k.bin").body == PAGES["/k.bin"]
        https.wait_until(lambda: a_new_one_serves(broken), 5)
        assert reads.receive().body == LARGE


def test_a_front_that_dies_forgets_all(broken):
    with https.connected(broken, https.unverified()) as sock:
        kept = Kept(sock)
        assert kept.ask("/k.bin").body == PAGES["/k.bin"]
        https.kill(broken, "http")
        with pytest.raises((OSError, AssertionError)):
            kept.ask("/k.bin")
    with https.connected(broken, https.unverified()) as new:
        assert Kept(new).ask("/k.bin").body == PAGES["/k.bin"]


def names_shown(guest):
    with https.connected(guest, https.unverified()) as sock:
        return sock.getpeercert(binary_form=True)


def test_a_new_certificate_is_taken(broken):
    """One that does not fit the key, or is none, changes nothing, and the console says why."""
    chain = broken.certificate
    first = names_shown(broken)
    for text, says in (("nonsense", "no certificate in it"),
                       (https.certificate("x.test", scalar=99), "for another key than ours")):
        chain.write_text(text)
        https.wait_until(lambda says=says: names_shown(broken) == first and says in broken.text())
    chain.write_text(https.certificate("second.test"))
    https.wait_until(lambda: names_shown(broken) != first)
    assert b"second.test" in names_shown(broken)
