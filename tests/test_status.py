"""The status port: what it says is so, of requests, of parts that die, of files that are away, of a machine that drains; and
it delays nobody."""

import contextlib
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import time

import pytest
from serval import browser, build, paths, programs
from serval.http import GENEROUS_S, Kept, exchange, get, head_of
from serval.nfs import NfsServer
from serval.qemu import Guest, needs_machine

WEB_ADDRESS, CHAOS_ADDRESS, PORT = "10.0.2.17", "10.0.2.15", 9100
AWAY_S = 12         # what was confirmed holds for HEALTH_S and WEBSITE_FRESH_MS; then the server is asked in vain
CONNECTIONS = 6     # http/status/port.c
COUNTING = ("nfs", "eth_driver", "net_virt_rx", "net_virt_tx", "timer_driver")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("status")
    www = scratch / "export" / "www"
    www.mkdir(parents=True)
    (www / "index.html").write_bytes(b"x" * 1024)
    with NfsServer(scratch / "export", scratch / "nfs") as server:
        image = build.system("webserver", APPLICATION="none", CHAOS=1, STATUS_PORT=PORT, NFS_SERVER="10.0.2.2",
                             NFS_DIRECTORY=server.directory, WEBSITE_DIR="www", NFS_PORT=server.nfs_port,
                             MOUNT_PORT=server.mount_port, WEBSITE_FRESH_MS=50)
        forwards = {"http": ("tcp", WEB_ADDRESS, 80), "status": ("tcp", WEB_ADDRESS, PORT), "chaos": ("tcp", CHAOS_ADDRESS, 80)}
        with Guest(image, forwards, log=scratch / "console.log") as guest:
            guest.expect(r"serving http://")
            yield guest, server


@pytest.fixture
def guest(request, running):
    request.node.serval_guests = [running[0]]
    return running[0]


def ask(guest, path, **headers):
    return get(guest.port("status"), path, **headers)


def status(guest):
    return json.loads(ask(guest, "/status.json").body)


def until(wanted):
    deadline = time.monotonic() + GENEROUS_S
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@needs_machine
def test_requests_are_counted(guest):
    before = status(guest)
    for path, expected in (("/", 200), ("/", 200), ("/no\"thing<", 404), ("/" + "y" * 100, 404)):
        assert get(guest.port("http"), path).status == expected
    assert get(guest.port("http"), "/", If_None_Match=get(guest.port("http"), "/").headers["etag"]).status == 304
    after = status(guest)
    assert [b - a for a, b in zip(before["classes"], after["classes"])] == [0, 0, 3, 1, 2, 0]
    assert sum(after["latency"]) - sum(before["latency"]) == 6
    assert after["requests_read"] - before["requests_read"] == 6 and after["connections_accepted"] > before["connections_accepted"]
    assert after["sent_bytes"] - before["sent_bytes"] > 3 * 1024
    assert all(set(one["path"]) <= set("/noyxthing<?.%22") and len(one["path"]) <= 50 for one in after["recent"])
    assert {one["status"] for one in after["recent"]} >= {200}


@needs_machine
def test_the_paths_and_what_is_none(guest):
    page = ask(guest, "/")
    assert page.status == 200 and b"status.json" in page.body and "default-src 'none'" in page.headers["content-security-policy"]
    system = json.loads(ask(guest, "/system.json").body)
    assert [part["name"] for part in system["parts"]] == [part["name"] for part in status(guest)["parts"]]
    rows = {part["name"]: part["row"] for part in system["parts"]}
    assert (rows["http"], rows["eth_driver"], rows["net_virt_rx"], rows["supervisor"]) == ("program", "driver", "virtualiser", "supervisor")
    assert all(0 <= end < len(rows) for link in system["links"] for end in link)
    kept = Kept(guest.connect("status"))
    assert [kept.ask(path).status for path in ("/metrics", "/index.html", "/healthz", "/status.json?x=1")] == [200, 404, 200, 200]
    assert kept.ask("/healthz", "HEAD").body == b""
    assert kept.ask("/", "POST").status == 405
    assert ask(guest, "/" + "x" * 5000).status == 404
    with contextlib.suppress(ConnectionError):
        assert exchange(guest.port("status"), head_of("/" + "x" * 20_000)) == b"", "too much costs the connection"
    assert get(guest.port("http"), "/healthz").status == 404, "the site has nothing of it"


def promtool():
    return shutil.which("promtool") or programs.find("prometheus", "promtool")


@needs_machine
def test_prometheus_reads_the_metrics(guest):
    answer = ask(guest, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    done = subprocess.run([promtool(), "check", "metrics"], input=answer.body, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@needs_machine
def test_openmetrics(guest):
    answer = ask(guest, "/metrics", Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    lines = answer.body.decode().splitlines()
    types = dict(re.fullmatch(r"# TYPE (\w+) (\w+)", line).groups() for line in lines if line.startswith("# TYPE"))
    assert lines[-1] == "# EOF" and set(types.values()) == {"counter", "gauge", "histogram"}
    for line in (line for line in lines if not line.startswith("#")):
        name = re.fullmatch(r'(\w+)(?:\{\w+="[^"]+"(?:,kind="\w+")?\})? [\d.]+', line)[1]
        family = next(f for f in types if name in (f, f + "_total", f + "_bucket", f + "_sum", f + "_count"))
        assert name.endswith("_total") == (types[family] == "counter"), line
    buckets = [int(line.split()[1]) for line in lines if "_bucket" in line]
    assert buckets == sorted(buckets) and f"serval_request_seconds_count {buckets[-1]}" in lines


def counts(guest, name):
    return next(part for part in status(guest)["parts"] if part["name"] == name)["counts"]


@needs_machine
def test_what_the_parts_count(guest):
    """Where the figures come from: of each part those that its own table has."""
    before = {part["name"]: part.get("counts") for part in status(guest)["parts"]}
    assert get(guest.port("http"), "/" + os.urandom(8).hex()).status == 404     # nobody has asked for that
    after = {part["name"]: part.get("counts") for part in status(guest)["parts"]}
    assert {name for name, has in after.items() if has} == set(COUNTING)

    def more(part, counter):
        return after[part][counter] - before[part][counter]

    assert more("nfs", "calls_lookup") > 0 and after["nfs"]["calls_fsinfo"] == 1 and after["nfs"]["server_away"] == 0
    assert more("eth_driver", "frames_received") > 3 and more("eth_driver", "frames_sent") > 3
    assert more("eth_driver", "bytes_received") > 60 * more("eth_driver", "frames_received")
    assert more("net_virt_rx", "nonsense_client") == 0 and more("net_virt_tx", "refused") == 0
    metrics = ask(guest, "/metrics").body.decode()
    assert re.search(r'\nserval_nfs_calls_total\{part="nfs",kind="lookup"\} [1-9]', metrics)
    assert re.search(r'\nserval_net_driver_bytes_sent_total\{part="eth_driver"\} [1-9]', metrics)


@needs_machine
def test_a_part_that_dies_counts_anew(guest):
    def ask_the_server():
        assert get(guest.port("http"), "/" + os.urandom(8).hex()).status == 404
        return counts(guest, "nfs")

    assert ask_the_server()["calls_fsinfo"] == 1
    assert Kept(guest.connect("chaos")).ask("/kill/nfs", "POST").status == 200
    until(lambda: b'part_deaths_total{part="nfs"} 1\n' in ask(guest, "/metrics").body)
    after = ask_the_server()
    assert after["calls_fsinfo"] == 1 and after["connections"] == 1


@needs_machine
def test_a_part_that_dies(guest):
    assert Kept(guest.connect("chaos")).ask("/kill/serial_virt_rx", "POST").status == 200
    part = next(part for part in status(guest)["parts"] if part["name"] == "serial_virt_rx")
    assert part["deaths"] == 1 and part["pc"] == 0x10 and part["died_ms_ago"] < 60_000
    until(lambda: b'part_up{part="serial_virt_rx"} 1' in ask(guest, "/metrics").body)
    assert b'part_deaths_total{part="serial_virt_rx"} 1\n' in ask(guest, "/metrics").body


@needs_machine
@pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="our own kernel counts it")
def test_who_has_had_the_cpu(guest):
    """Who worked for a request, and all together no more than there was; not the supervisor, which nobody counts."""
    states = [status(guest)]
    for _ in range(10):
        for _ in range(10):
            get(guest.port("http"), "/")
        states.append(status(guest))
    # The least of ten times: what the host takes from the guest is counted to whom it takes it from.
    after = states[-1]
    had = {part["name"]: min(b["parts"][i]["cpu_us"] - a["parts"][i]["cpu_us"] for a, b in itertools.pairwise(states))
           for i, part in enumerate(after["parts"]) if "cpu_us" in part}
    assert set(had) == {part["name"] for part in after["parts"]} - {"supervisor"}
    assert all(had[name] > 0 for name in ("http", "eth_driver", "net_virt_rx", "net_virt_tx")) and had["http"] > had["net_virt_tx"]
    assert sum(part.get("cpu_us", 0) for part in after["parts"]) <= (after["now_ms"] + 1) * 1000
    assert re.search(rb'\nserval_part_cpu_seconds_total\{part="http"\} \d+\.\d{6}\n', ask(guest, "/metrics").body)


@needs_machine
def test_draining(guest):
    """What stands is answered to its end, by its last answer; a browser's page cannot ask for it."""
    def drain(method, **headers):
        return get(guest.port("status"), "/drain", method, **headers)

    stands = Kept(guest.connect())
    assert "connection" not in stands.ask("/").headers
    assert [drain("POST", Origin="http://site.example").status, drain("GET").status, ask(guest, "/healthz").status] == [403, 405, 200]
    assert drain("POST").body == b"draining\n" and status(guest)["draining"] == 1
    health = ask(guest, "/healthz")
    assert (health.status, health.body) == (503, b"draining\n")
    last = stands.ask("/")
    assert (last.status, last.body, last.headers["connection"]) == (200, b"x" * 1024, "close") and stands.sock.recv(1) == b""
    assert get(guest.port("http"), "/").status == 200, "who has not heard of it is served"
    assert drain("DELETE").body == b"serving\n" and status(guest)["draining"] == 0
    assert ask(guest, "/healthz").status == 200 and "connection" not in Kept(guest.connect()).ask("/").headers


@needs_machine
def test_health_is_that_of_the_files(guest, running):
    assert ask(guest, "/healthz").status == 200
    running[1].kill()
    since = time.monotonic()
    until(lambda: ask(guest, "/healthz").status == 503)
    assert time.monotonic() - since < AWAY_S
    assert get(guest.port("http"), "/").status == 200, "what is here is served meanwhile"
    running[1].start()
    until(lambda: ask(guest, "/healthz").status == 200)


@needs_machine
def test_clients_that_never_read_delay_nobody(guest):
    """Nor do they keep others out: one that waits for nothing makes room. (What ends in time: tests/unit/http_status_port.c.)"""
    stuck = []
    for n in range(CONNECTIONS):
        sock = guest.connect("status")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        if n % 2:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        stuck.append(sock)
    begin = time.monotonic()
    assert all(get(guest.port("http"), "/").status == 200 for _ in range(20))
    assert time.monotonic() - begin < 5
    assert ask(guest, "/healthz").status == 200
    for sock in stuck:
        sock.close()


# Of what is seen, how much has moved without anybody's doing; Web Vitals call 0.1 good.
MOVED = """new Promise((done) => {
    let moved = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((one) => { moved += one.value; })).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(moved), 100);
})"""


def luminance(colour):
    parts = [int(colour[at:at + 2], 16) / 255 for at in (0, 2, 4)]
    return sum(weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
               for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_pages_words_can_be_read(theme):
    """WCAG 2.2, 1.4.3: a contrast of 4.5."""
    themes = re.findall(r":root \{(.*?)\}", (paths.TOP / "http" / "status" / "page.html").read_text())
    colours = {name: luminance(colour) for name, colour in re.findall(r"--(\w+): #(\w{6})", themes[theme])}
    for paper in ("paper", "box"):
        for word in ("ink", "soft", "coat", "good", "warn", "bad"):
            low, high = sorted((colours[paper], colours[word]))
            assert (high + 0.05) / (low + 0.05) >= 4.5, f"{word} on {paper}"


@needs_machine
def test_the_page_draws_the_system(guest):
    with browser.Page(f"http://127.0.0.1:{guest.port('status')}/") as page:
        page.until("document.getElementById('state').textContent === 'all is well'")
        drawn = page.evaluate("[...document.querySelectorAll('.part .name')].map((name) => name.textContent).join()")
        assert sorted(drawn.split(",")) == sorted(part["name"] for part in status(guest)["parts"])
        cards = page.evaluate("[...document.querySelectorAll('.card h3')].map((name) => name.firstChild.textContent).join()")
        assert sorted(cards.split(",")) == sorted(COUNTING)
        page.until("document.getElementById('cards').textContent.includes('calls')")
        assert page.evaluate("document.querySelectorAll('.way').length") == len(json.loads(ask(guest, "/system.json").body)["links"])
        assert page.evaluate(MOVED) < 0.1
        get(guest.port("http"), "/seen-on-the-page")
        page.until("document.getElementById('recent').textContent.includes('/seen-on-the-page')")
