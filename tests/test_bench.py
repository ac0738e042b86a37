"""The instruments of bench/: what measures must not flatter.
The load generator against servers that misbehave, each in one way."""

import gzip
import http.server
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from serval import bench_load, paths

sys.path.append(str(paths.TOP / "bench"))
import busy  # noqa: E402
import machines  # noqa: E402
import measure  # noqa: E402
import network  # noqa: E402
import pages  # noqa: E402
import peer  # noqa: E402
import peer_tls  # noqa: E402
import report  # noqa: E402
import secured  # noqa: E402
import site_files  # noqa: E402
import soak  # noqa: E402
import source  # noqa: E402
import stages  # noqa: E402
import svg  # noqa: E402

CONTENT = bytes(range(256)) * 16


@pytest.fixture(scope="module")
def load_program(tmp_path_factory):
    return bench_load.compiled(tmp_path_factory.mktemp("load"), bench_load.CHECKED)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    for number in range(8):
        (tmp_path / f"cold-{number}").write_bytes(b"%d" % number * 100)
    return tmp_path


class Server:
    """Answers each request with what `answer(head, count)` makes of it: bytes to send, and whether to close then."""

    def __init__(self, answer):
        self.answer, self.count = answer, 0
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.sock.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join()

    def accept(self):
        try:
            while True:
                threading.Thread(target=self.serve, args=(self.sock.accept()[0],), daemon=True).start()
        except OSError:
            pass

    def serve(self, sock):
        with sock:
            data = b""
            try:
                while part := sock.recv(65536):
                    data += part
                    while b"\r\n\r\n" in data:
                        head, data = data.split(b"\r\n\r\n", 1)
                        self.count += 1
                        out, close = self.answer(head, self.count)
                        sock.sendall(out)
                        if close:
                            return
            except OSError:
                pass


def reply(body=CONTENT, version=b"1.1", status=b"200 OK", fields=b"", length=None):
    size = b"%d" % (len(body) if length is None else length)
    return b"HTTP/" + version + b" " + status + b"\r\nContent-Length: " + size + b"\r\n" + fields + b"\r\n" + body


def of(head, body=CONTENT, **more):
    """As reply; without its body where that is asked for."""
    answer = reply(body, **more)
    return answer[:answer.index(b"\r\n\r\n") + 4] if head.startswith(b"HEAD") else answer


def run(program, port, *arguments, root=None, path="/file", timeout=5):
    command = [program, "--host", "127.0.0.1", "--port", str(port), "--path", path, "--timeout", str(timeout),
               *map(str, arguments)]
    done = subprocess.run([*command, *(["--root", root] if root else [])], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_right_answers(load_program, site):
    with Server(lambda head, _: (of(head), False)) as server:
        result = run(load_program, server.port, "--requests", 500, "--connections", 7, root=site)
    assert (result["answers"], result["errors"], result["unfinished"], result["reconnects"]) == (500, {}, 0, 0)
    assert result["bytes"] == 500 * len(CONTENT) and sum(count for _, count in result["latencies_us"]) == 500
    assert server.count == 507, "one request for each connection before, none in excess"


def test_fields_of_a_browser(load_program, site):
    heads = []
    with Server(lambda head, _: (heads.append(head) or of(head), False)) as server:
        result = run(load_program, server.port, "--requests", 3, "--fields", measure.BROWSER_FIELDS, root=site)
    assert (result["answers"], result["errors"]) == (3, {})
    assert {head.split(b"\r\n", 3)[3] + b"\r\n" for head in heads} == {measure.BROWSER_FIELDS.encode()}


def test_a_window_of_time(load_program, site):
    with Server(lambda head, _: (of(head), False)) as server:
        result = run(load_program, server.port, "--seconds", 0.5, "--connections", 3, root=site)
    assert 0.5 <= result["seconds"] < 0.7 and result["answers"] > 10 and not result["errors"]


def test_connections_of_their_own(load_program, site):
    with Server(lambda head, _: (of(head), b"Connection: close" in head)) as server:
        result = run(load_program, server.port, "--requests", 100, "--connections", 4, "--close", root=site)
    assert (result["answers"], result["connects"], result["errors"]) == (100, 100, {})


@pytest.mark.parametrize("how", [{"version": b"1.0"}, {"fields": b"Connection: close\r\n"}],
                         ids=["HTTP/1.0", "Connection: close"])
def test_a_server_that_closes_is_met_again(load_program, site, how):
    with Server(lambda head, _: (of(head, **how), True)) as server:
        result = run(load_program, server.port, "--requests", 50, root=site)
    assert (result["answers"], result["reconnects"], result["errors"]) == (50, 50, {})


def test_an_idle_connection_closed_under_a_request(load_program, site):
    """RFC 9112 9.3.1: the request is made again; the server has said nothing to it."""
    with Server(lambda head, count: (b"", True) if count % 10 == 0 else (of(head), False)) as server:
        result = run(load_program, server.port, "--requests", 50, root=site)
    assert (result["answers"], result["errors"]) == (50, {}) and result["reconnects"] >= 5


WRONG = CONTENT[:-1] + b"?"
FAULTS = {
    "wrong bytes": ({"body": WRONG}, False),
    "wrong bytes: length": ({"body": CONTENT[:100]}, False),
    "wrong bytes: more than promised": ({"body": CONTENT + b"x", "length": len(CONTENT)}, False),
    "cut short": ({"body": CONTENT[:100], "length": len(CONTENT)}, True),
    "status": ({"status": b"503 Service Unavailable"}, False),
    "headers": ({"fields": b"X: " + b"x" * 9000 + b"\r\n"}, False),
    "timeout": ({"body": CONTENT[:100], "length": len(CONTENT)}, False),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_error_is_named(load_program, site, fault):
    """The fifth request, then each fourth, is answered wrongly; no such answer counts."""
    how, close = FAULTS[fault]
    with Server(lambda head, count: (reply(**how), close) if count % 4 == 1 and count > 1
                                    else (of(head), False)) as server:
        result = run(load_program, server.port, "--requests", 12, root=site, timeout=0.3)
    errors = result["errors"]
    assert list(errors) == [fault.split(":")[0]] and errors[fault.split(":")[0]] >= 2
    assert result["answers"] == 12 - sum(errors.values())


def test_a_promise_to_close_that_is_not_kept(load_program, site):
    with Server(lambda head, _: (of(head, fields=b"Connection: close\r\n"), False)) as server:
        result = run(load_program, server.port, "--requests", 3, "--close", "--cold", root=site, timeout=0.2)
    assert result["answers"] == 3 and set(result["errors"]) <= {"not closed"}
    assert result["errors"]["not closed"] >= 2


def test_nobody_there(load_program, site):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    result = run(load_program, port, "--requests", 3, root=site)
    assert result["answers"] == 0 and result["errors"]["connect"] >= 3


def test_stuck_requests_do_not_vanish(load_program, site):
    stop = threading.Event()
    with Server(lambda head, count: (of(head), False) if count <= 4 else (b"", stop.wait(30))) as server:
        result = run(load_program, server.port, "--seconds", 0.3, "--connections", 4, root=site, timeout=30)
        stop.set()
    assert result["unfinished"] == 4 and result["answers"] == 0


def test_cold_files_once_each(load_program, site):
    asked = []

    def answer(head, _):
        asked.append(head.split()[1].decode())
        return of(head, (site / asked[-1][1:]).read_bytes()), False

    with Server(answer) as server:
        result = run(load_program, server.port, "--requests", 5, "--first", 3, "--cold", root=site, path="/cold-%")
    assert asked == [f"/cold-{n}" for n in range(3, 8)] and result["answers"] == 5 and not result["errors"]


def test_agrees_with_the_standard_library(load_program, site):
    """A server that nobody here wrote."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(site))

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for more in ([], ["--close"]):
            result = run(load_program, server.server_address[1], "--requests", 100, "--connections", 4, *more,
                         root=site)
            assert (result["answers"], result["errors"]) == (100, {})
        server.shutdown()


# -- over TLS ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return peer_tls.Identity(tmp_path_factory.mktemp("identity"))


class TlsServer(Server):
    """The same by Python's ssl. cut: it ends without a close_notify."""

    def __init__(self, answer, identity, cut=False):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(identity.certificate, identity.key)
        self.cut, self.suites = cut, []
        super().__init__(answer)

    def serve(self, sock):
        try:
            with self.context.wrap_socket(sock, server_side=True) as secure:
                self.suites.append(secure.cipher()[0])
                super().serve(Ending(secure, self.cut))
        except OSError:
            pass


class Ending:
    """A socket whose end is one in order, or is none."""

    def __init__(self, sock, cut):
        self.sock, self.cut = sock, cut
        self.recv, self.sendall = sock.recv, sock.sendall

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.cut:
            self.sock.setblocking(False)    # what the client says to it is not waited for
            try:
                self.sock.unwrap()
            except OSError:
                pass
        self.sock.close()


@pytest.mark.parametrize("suite", secured.SUITES)
def test_right_answers_over_tls(load_program, site, identity, suite):
    with TlsServer(lambda head, _: (of(head), False), identity) as server:
        result = run(load_program, server.port, "--requests", 200, "--connections", 5, *secured.client(identity, suite),
                     root=site)
    assert (result["answers"], result["errors"], result["reconnects"], result["resumed"]) == (200, {}, 0, 0)
    assert set(server.suites) == {secured.SUITES[suite]}


@pytest.mark.parametrize("resume", [False, True])
def test_handshakes_are_full_or_resumed(load_program, site, identity, resume):
    cell = measure.Cell("1 KiB", 2, True, resume)
    with TlsServer(lambda head, _: (of(head), b"Connection: close" in head), identity) as server:
        result = run(load_program, server.port, "--requests", 30, *measure.shape(cell),
                     *secured.client(identity, "AES-128-GCM"), root=site)
    assert (result["answers"], result["connects"], result["errors"]) == (30, 30, {})
    secured.check("server", cell, result)
    with pytest.raises(secured.SecuredError, match="^server, .*: [0-9]+ of 30 handshakes were resumed$"):
        secured.check("server", cell._replace(resume=not resume), result)


def test_another_certificate_is_an_error(load_program, site, identity, tmp_path):
    other = peer_tls.Identity(tmp_path / "other")
    with TlsServer(lambda head, _: (of(head), False), identity) as server:
        result = run(load_program, server.port, "--requests", 3, "--cold", *secured.client(other, "AES-128-GCM"),
                     root=site)
    assert result["answers"] == 0 and list(result["errors"]) == ["handshake"]


def test_an_end_without_close_notify_is_an_error(load_program, site, identity):
    with TlsServer(lambda head, _: (of(head, body=CONTENT[:100], length=len(CONTENT)), True), identity, cut=True) as server:
        result = run(load_program, server.port, "--requests", 3, "--cold", *secured.client(identity, "AES-128-GCM"),
                     root=site)
    assert result["answers"] == 0 and list(result["errors"]) == ["reset"]


def test_requests_at_a_rate(load_program, site):
    with Server(lambda head, _: (of(head), False)) as server:
        result = run(load_program, server.port, "--seconds", 1, "--connections", 4, "--rate", 50, root=site)
    assert 45 <= result["answers"] <= 51 and not result["errors"]


# -- the rest ----------------------------------------------------------------------------------------------------------


def test_inlined_code_is_of_its_own_source(tmp_path):
    """Every instruction of a program of two files, by file; the function of one lies inside the other's."""
    (tmp_path / "inner.h").write_text("static inline int inner(volatile int *a)\n{\n    *a = 1;\n    *a = 2;\n"
                                      "    return *a;\n}\n")
    (tmp_path / "outer.c").write_text('#include "inner.h"\nint outer(volatile int *a)\n{\n    a[1] = 3;\n'
                                      '    return inner(a);\n}\n')
    target = ["--target=aarch64-none-elf", "-O2", "-g", "-ffreestanding",
              "-fdebug-compilation-dir=.", "-fuse-ld=lld", "-nostdlib"]
    subprocess.run(["clang", *target, "-Wl,-Ttext=0x200000,-e,outer", "-o", "program", "outer.c"], cwd=tmp_path,
                   check=True)
    seen = []
    parts = source.parts(tmp_path / "program", 0x200000, 0x70000000, 32,
                         lambda frames: seen.append(frames) or frames[0])
    assert parts[0][0] == 0x70000000 and sum(size for _, size, _ in parts) == 32
    assert {frames[0] for frames in seen} == {"inner.h inner", "outer.c outer"}
    assert ["inner.h inner", "outer.c outer"] in seen and ["inner.h outer"] not in seen


def test_stages_by_source():
    assert stages.stage_of("http", ["lib/ring.h ring_put", "net/client.c net_client_send"]) == (
        "frames to packets and back")
    assert stages.stage_of("http", ["lib/ring/ring.c ring_put"]) == "event loop, rings"
    assert stages.stage_of("http", ["x/lwip/src/core/ipv4/ip4.c ip4_input",
                                    "x/lwip/src/netif/ethernet.c ethernet_input"]) == "lwIP in"
    assert stages.stage_of("http", ["x/lwip/src/core/pbuf.c pbuf_free",
                                    "x/lwip/src/core/tcp_out.c tcp_output"]) == "lwIP out"
    assert stages.stage_of("http", ["x/lwip/src/core/pbuf.c pbuf_free"]) == "lwIP, packets and timers"
    assert stages.stage_of("net_virt_rx", ["lib/ring/ring.c ring_put"]) == "virtualiser, in"
    assert stages.stage_of("http", ["http/app_link.c flush"]) == "messages to Python and back"
    assert stages.stage_of("http", ["http/content/app_body.c move"]) == "messages to Python and back"
    assert stages.stage_of("http", ["http/parse/request.c parse"]) == "request parsed"
    assert stages.stage_of("http", ["http/parse/path.c clean"]) == stages.stage_of("http", ["http/site/mounts.c f"]) == "which file"
    assert stages.stage_of("micropython", ["http/app_link.c flush"]) == "Python: event loop, rings, messages"
    assert stages.stage_of("micropython", ["lib/ring/ring.c ring_put"]) == "Python: event loop, rings, messages"
    assert stages.stage_of("micropython", ["python/x.c x"]) == stages.stage_of("micropython", ["?? ??"]) == "Python"
    assert stages.stage_of("http", ["?? ??"]) == stages.stage_of("timer_driver", ["a b"]) == stages.REST


def test_merged_rounds():
    rounds = [{"answers": 10 * n, "seconds": 1.0, "bytes": 100 * n,
               "latencies_us": [[5, 98], [n * 100, 2]], "errors": {"reset": n},
               "unfinished": 1, "reconnects": 0} for n in (1, 2, 6)]
    merged = measure.merge(rounds)
    assert (merged["requests_per_s"], merged["p50_us"], merged["p99_us"], merged["max_us"]) == (20, 5, 200, 600)
    assert merged["errors"] == {"reset": 9} and merged["unfinished"] == 3 and not merged["closes"]


def test_ratios_say_who_is_ahead():
    assert report.ratio(200, 100, True) == "**2.00**" and report.ratio(200, 100, False) == "**0.50**"
    assert report.ratio(None, 100, True) == "-"


class OneTarget:
    """What pages.check() sees of a machine, with a server of this process."""
    targets = ["peer"]

    def __init__(self, port):
        self.port = port

    def reach(self, _):
        return "127.0.0.1", self.port


def page_asked_for(head):
    return site_files.PAGES[head.split()[1].decode().rsplit("/", 1)[1]]


def test_every_peer_has_to_serve_the_same_page():
    with Server(lambda head, _: (reply(page_asked_for(head)), True)) as server:
        pages.check(OneTarget(server.port))
        assert server.count == len(site_files.PAGES)
    for how in ({"body": page_asked_for(b"GET /bench/table ")[:-1] + b"?"}, {"status": b"404 Not Found"}):
        with Server(lambda head, _, how=how: (reply(**{"body": page_asked_for(head), **how}), True)) as server, \
                pytest.raises(pages.PageError, match="^peer serves another page than it should at /bench/hello"):
            pages.check(OneTarget(server.port))


def test_another_page_under_load_ends_the_measurement():
    pages.check_errors("peer", "cell", {"reset": 3, "timeout": 1})
    for kind in ("wrong bytes", "status", "headers"):
        with pytest.raises(pages.PageError, match=f"^peer, cell: .*{kind}"):
            pages.check_errors("peer", "cell", {kind: 1})


class Computer:
    """What busy.py sees of a machine: a server that computes until `over`, of which the first `short` times are over at
    once."""
    targets = ["Serval"]

    def __init__(self, short=0, done=b"done"):
        self.guest, self.short, self.done = self, short, done
        self.begun, self.over, self.asked = threading.Event(), threading.Event(), []

    def answer(self, head, _):
        path = head.split()[1].decode()
        if path == site_files.path("1 KiB"):
            return of(head, CONTENT[:1024]), False
        self.asked.append(path)
        self.begun.set()
        assert len(self.asked) <= self.short or self.over.wait(30)
        return reply(self.done), True

    def reach(self, _):
        return "127.0.0.1", self.port

    def expect(self, pattern):
        assert pattern == "computes: loop" and self.begun.wait(30)
        self.begun.clear()


@pytest.fixture
def computes(monkeypatch, load_program, tmp_path):
    """run(computer): one run, while it computes."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "1024.bin").write_bytes(CONTENT[:1024])
    monkeypatch.setenv("BENCH_LOAD", str(load_program))
    goes_on = busy.Computing.goes_on

    def run(computer):
        def asked(computing):
            if len(computer.asked) <= computer.short:
                computing.thread.join()
                return goes_on(computing)
            lasted = goes_on(computing)
            computer.over.set()
            return lasted

        monkeypatch.setattr(busy.Computing, "goes_on", asked)
        with Server(computer.answer) as server:
            computer.port = server.port
            return busy.load_while_it_computes(computer, "Serval", "loop", 0.2, tmp_path)

    return run


def test_a_window_lies_within_what_computes(computes):
    """One that outlasts it is not counted; the next one is longer."""
    computer = Computer(short=1)
    result = computes(computer)
    assert result["answers"] > 10 and not result["errors"]
    assert computer.asked == ["/bench/compute/loop/3", "/bench/compute/loop/5"]


def test_nothing_computes_long_enough(computes):
    with pytest.raises(busy.BusyError, match="^no window of 0.2 s lay within 60 s of computing"):
        computes(Computer(short=1000))


def test_what_computes_has_to_be_done(computes):
    with pytest.raises(busy.BusyError, match="^the handler that computes was answered"):
        computes(Computer(done=b"not yet"))


def test_a_table_of_files_while_python_computes():
    def cell(rate, p50, p99):
        return {"requests_per_s": rate, "p50_us": p50, "p99_us": p99, "max_us": 9000, "errors": {}, "unfinished": 0,
                "answers": 5}

    made_up = {"quiet": cell(9820, 1000, 2000), "loop": cell(625, 15000, 5000), "call": cell(0, None, None)}
    rows = dict(re.findall(r"^\| ([^|]*) \| (.*) \|$", report.busy_table(made_up), re.M))
    assert rows["loop"] == "625 | 15 | 5 | 9 | 15.00 x | 2.50 x" and rows["call"] == "0 | - | - | 9 | - | -"
    made_up["call"]["errors"] = {"timeout": 16}
    assert report.busy_trouble(made_up) == "- call: 16 timeout; 5 answers were right\n"


def test_the_program_computes():
    """By the host's Python, too; for no less than it is told."""
    import asyncio
    routes = {}

    class App:
        def get(self, path):
            return lambda handler: routes.setdefault(path, handler)

    program = {}
    exec(site_files.APP, program)
    program["routes"](App())
    begin = time.monotonic()
    assert asyncio.run(routes["/bench/compute/<how>/<int:seconds>"](None, "call", 1)) == "done"
    assert time.monotonic() - begin >= 1 and set(site_files.COMPUTES) <= set(program)


def test_the_program_makes_the_pages():
    """By the host's Python, too."""
    import asyncio
    routes = {}

    class App:
        def get(self, path):
            return lambda handler: routes.setdefault(path, handler)

    program = {}
    exec(site_files.APP, program)
    program["routes"](App())
    for page, body in site_files.PAGES.items():
        made = asyncio.run(routes[site_files.path(page)](None))
        assert (made if isinstance(made, str) else made[0]).encode() == body


def test_ports_of_the_peers():
    """bench/linux/proxy.conf has those of machines.py."""
    text = (paths.TOP / "bench" / "linux" / "proxy.conf").read_text()
    upstreams = dict(re.findall(r"upstream (\w+) \{ server 127.0.0.1:(\d+);", text))
    listeners = dict(re.findall(r"listen (\d+) .*proxy_pass http://(\w+);", text))
    behind = {setup for setup in machines.PYTHON.values() if setup.nginx == "proxy"}
    assert len(behind) == len(listeners) == len(upstreams) == 3
    for setup in behind:
        name = listeners[str(setup.port)]
        assert setup.server == f"{name}:{upstreams[name]}"
        assert any(alone.port == int(upstreams[name]) and alone.server == setup.server and not alone.nginx
                   for alone in machines.PYTHON.values())


def test_a_table_of_pages():
    def timed(rate, p99):
        return {"hello": {"requests_per_s": rate, "p50_us": 1000, "p99_us": p99}}

    made_up = {"memory": {"Serval": 8e6, "CPython": 16e6},
               "times": {"Serval": timed(300, 2000), "CPython": timed(100, None)},
               "counts": {"Serval": {"hello": {"total": 200}}, "CPython": {"hello": {"errors": {"reset": 1}}}}}
    rows = dict(re.findall(r"^\| ([^|]*) \| (.*) \|$", report.page_table(made_up), re.M))
    assert rows["requests/s, hello"] == "300 | **3.00** 100" and rows["memory, MB"] == "8 | **2.00** 16"
    assert rows["instructions, hello"] == "200 | - -" and rows["p99 ms, hello"] == "2 | - -"


def test_what_a_soak_calls_growth():
    before = {"instructions per request": 1000, "a, free TCP_PCB": 10, "connections": 1, "python_heap": 50_000}
    grown = {"instructions per request": 1031, "a, free TCP_PCB": 9,
             "connections": 2, "python_heap": 50_000 + 32 * 10_000}
    assert not any(flat for *_, flat in soak.compare(before, grown))
    less = {"instructions per request": 900, "a, free TCP_PCB": 11, "connections": 0, "python_heap": 40_000}
    assert all(flat for *_, flat in soak.compare(before, before) + soak.compare(before, less))


def test_pictures_are_well_formed():
    import xml.etree.ElementTree as tree
    for logarithmic in (False, True):
        picture = svg.bars("a < b & c", ["1", "16"], {"one": [1.5, 2e6], "two": [None, 30]}, logarithmic)
        assert len([e for e in tree.fromstring(picture).iter() if e.tag.endswith("rect")]) == 1 + 2 + 3
    for top in range(1, 2000, 7):
        assert svg.bars("any", ["1"], {"one": [top]})
    assert svg.bars("nothing", ["1"], {"one": [None]}) is None


def test_initramfs_format(tmp_path):
    """Against another reader of the format, where this machine has one."""
    archive = peer.Cpio()
    archive.add("folder", peer.DIRECTORY)
    archive.add("folder/file", peer.FILE, b"odd")
    data = archive.finish()
    assert len(data) % 512 == 0 and data.startswith(b"070701") and gzip.decompress(gzip.compress(data)) == data
    names, at = [], 0
    while not names or names[-1] != "TRAILER!!!":
        size, length = int(data[at + 54:at + 62], 16), int(data[at + 94:at + 102], 16)
        names.append(data[at + 110:at + 110 + length - 1].decode())
        at += (110 + length + 3) // 4 * 4
        content, at = data[at:at + size], at + (size + 3) // 4 * 4
    assert names == ["folder", "folder/file", "TRAILER!!!"] and content == b""


class Leases(network.Dhcp):
    """The server's answers without its socket."""

    def __init__(self):
        self._begin("10.0.2.2")


def test_dhcp_answers():
    def ask(mac, kind):
        fixed = Leases.FIXED.pack(1, 1, 6, 0, 7, 0, 0, bytes(4), bytes(4), bytes(4), bytes(4), mac, b"", b"")
        return leases._answer(fixed + Leases.COOKIE + bytes([53, 1, kind, 255]))

    leases = Leases()
    first, second = (bytes.fromhex(mac) + bytes(10) for mac in ("525401000010", "525401000011"))
    assert ask(first, 1)[16:20] == bytes([10, 0, 2, 15]) and ask(second, 1)[16:20] == bytes([10, 0, 2, 16])
    again = ask(first, 3)
    assert again[16:20] == bytes([10, 0, 2, 15]) and again[240:243] == bytes([53, 1, 5])
    assert ask(first, 7) is None and leases._answer(b"short") is None
    assert bytes([51, 4]) + b"\xff" * 4 in again
    leases.lease_s = 20
    assert bytes([51, 4, 0, 0, 0, 20]) in ask(first, 3)
    leases.silent = True
    assert ask(first, 3) is None and [kind for _, kind, _ in leases.asked] == [1, 1, 3, 7, 3, 3]
