"""The NFS server away and back: killed, stopped, cut off, slow, with other handles, without its export. What is here is
served all the time; what is not waits for a bounded time; when the server is back all is as before, at once, whatever
the pause was."""

import concurrent.futures
import contextlib
import queue
import random
import threading
import time
from pathlib import Path

import pytest
from serval import build, tap
from serval.http import Kept, get
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.relay import Relay

FILES_ADDRESS = "10.0.2.77"     # of the NFS server alone, so that it can be cut off without the clients
WAIT_S = 5                      # WEBSITE_WAIT_S by default
BACK_S = 2                      # one second, and one for a busy machine
PAGES = 20
CLIENTS = 8


def page_of(n, version=0):
    return random.Random(100 * version + n).randbytes(500 + 1700 * n)


class Site:
    """A guest, its NFS server, the console since the last look."""

    def __init__(self, guest, server, www, device):
        self.guest, self.server, self.www, self.device = guest, server, www, device
        self.port = guest.port("http")
        self.numbers = iter(range(1_000_000))
        self.seen = 0

    def new_file(self):
        """One that nobody has asked for: its path and content."""
        n = next(self.numbers)
        (self.www / f"new{n}.txt").write_text(f"new file {n}")
        return f"/new{n}.txt", b"new file %d" % n

    def said(self):
        """What the console said of the NFS server since the last time."""
        text = self.guest.text()[self.seen:]
        self.seen += len(text)
        return [line for line in text.splitlines() if "NFS " in line]

    # -- ways to go away, and back --

    def killed(self):
        self.server.kill()
        return self.server.start

    def stopped(self):
        self.server.pause()
        tasks = Path(f"/proc/{self.server.process.pid}/task")
        while any(stat.read_text().rpartition(")")[2].split()[0] != "T" for stat in tasks.glob("*/stat")):
            time.sleep(0.001)       # each thread sees the signal when it runs the next time
        return self.server.resume

    def cut(self):
        tap.ip("addr", "del", f"{FILES_ADDRESS}/32", "dev", self.device)
        return lambda: tap.ip("addr", "add", f"{FILES_ADDRESS}/32", "dev", self.device)

    def with_other_handles(self):
        """No handle of before holds: every one has the export's number in it."""
        self.server.kill()
        self.server.options["export_id"] += 1
        return self.server.start

    def without_export(self):
        """It is there, and exports something else."""
        exported, other = self.server.folder, self.www.parent / "other"
        other.mkdir(exist_ok=True)

        def restart(folder, step):
            self.server.kill()
            self.server.folder = folder
            self.server.options["export_id"] += step
            self.server.start()

        restart(other, 1)
        return lambda: restart(exported, -1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("away")
    www = scratch / "export" / "www"
    www.mkdir(parents=True)
    for n in range(PAGES):
        (www / f"page{n}.html").write_bytes(page_of(n))
    with tap.network() as plug:
        tap.ip("addr", "add", f"{FILES_ADDRESS}/32", "dev", plug.device)
        with NfsServer(scratch / "export", scratch / "nfs", name=None, address="0.0.0.0") as server:
            image = build.system("webserver", APPLICATION="none", NFS_SERVER=FILES_ADDRESS, WEBSITE_DIR="www",
                                 NFS_DIRECTORY=server.directory, NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
            with Guest(image, {"http": ("tcp", plug.address, 80)}, plug=plug, log=scratch / "console.log") as guest:
                guest.expect(r"serving http://")
                yield Site(guest, server, www, plug.device)


@pytest.fixture
def site(request, whole):
    request.node.serval_guests = [whole.guest]
    for n in range(PAGES):
        (whole.www / f"page{n}.html").write_bytes(page_of(n))
    deadline = time.monotonic() + 30
    while any(get(whole.port, f"/page{n}.html").body != page_of(n) for n in range(PAGES)):
        assert time.monotonic() < deadline
    whole.said()
    return whole


class Crowd:
    """Clients that ask for pages that are here, each on one connection, while the block runs: every answer is right.
    changed: the pages that may be another version by now."""

    def __init__(self, guest):
        self.guest = guest
        self.changed = set()
        self.ended = threading.Event()
        self.count, self.failures = [0] * CLIENTS, []
        self.slowest = 0.0

    def _ask(self, kept, n):
        begin = time.monotonic()
        answer = kept.ask(f"/page{n}.html")
        self.slowest = max(self.slowest, time.monotonic() - begin)
        right = answer.body == page_of(n) or (n in self.changed and answer.body == page_of(n, 1))
        assert answer.status == 200 and right, f"page {n}: {answer.status}, {len(answer.body)} bytes"

    def _run(self, client):
        choice = random.Random(client)
        kept = Kept(self.socks[client])
        try:
            while not self.ended.wait(0.01):
                self._ask(kept, choice.randrange(PAGES))
                self.count[client] += 1
        except (AssertionError, OSError) as error:
            self.failures.append(error)

    def __enter__(self):
        self.socks = [self.guest.connect(timeout=60) for _ in range(CLIENTS)]
        self.threads = [threading.Thread(target=self._run, args=(client,)) for client in range(CLIENTS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        for sock in self.socks:
            sock.close()
        if kind is None:
            assert not self.failures, self.failures
            assert min(self.count) > 3, self.count
            print(f"{sum(self.count)} answers, the slowest after {self.slowest:.3f} s")


def seconds_of(ask, *arguments):
    begin = time.monotonic()
    return ask(*arguments), time.monotonic() - begin


def check_refusal(answer, took, wait_s=WAIT_S):
    assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
    assert wait_s - 0.5 < took < wait_s + BACK_S, took


def check_back(site, since, version):
    """New files are there, and what was changed meanwhile is seen."""
    path, content = site.new_file()
    answer = get(site.port, path)
    assert answer.status == 200 and answer.body == content and time.monotonic() - since < BACK_S, answer.status
    while get(site.port, "/page3.html").body != page_of(3, version):
        assert time.monotonic() - since < BACK_S, "an edit is not seen"
    print(f"all is as before after {time.monotonic() - since:.3f} s")


def away(site, how, pause_s):
    """What happens around one absence. Returns the console's lines of it."""
    waiting = site.new_file()
    with concurrent.futures.ThreadPoolExecutor(2) as pool, Crowd(site.guest) as crowd:
        time.sleep(0.5)
        with contextlib.ExitStack() as stack:
            stack.callback(getattr(site, how)())        # back
            begin = time.monotonic()
            asked = pool.submit(seconds_of, get, site.port, waiting[0])
            if pause_s > 2 * WAIT_S:
                time.sleep(pause_s - WAIT_S - 1)
                check_refusal(*seconds_of(get, site.port, site.new_file()[0]))
            last = pool.submit(get, site.port, (path := site.new_file())[0]) if pause_s > WAIT_S else None
            time.sleep(max(0, begin + pause_s - time.monotonic()))
            crowd.changed = {3}
            (site.www / "page3.html").write_bytes(page_of(3, 1))
        since = time.monotonic()
        check_back(site, since, 1)
        answer, took = asked.result()
        if pause_s < WAIT_S - 2:
            assert answer.status == 200 and answer.body == waiting[1], answer.status
        else:
            check_refusal(answer, took)
        if last:
            assert last.result().body == path[1]
            assert time.monotonic() - since < BACK_S, "one that has waited is told late"
    return site.said()


@pytest.mark.parametrize("how", ["killed", "stopped", "cut"])
def test_a_moment(site, how):
    """Nobody notices; at most the console says so, once each way."""
    lines = away(site, how, 1)
    assert len(lines) in (0, 2), lines


@pytest.mark.parametrize("how, pause_s", [("killed", 11), ("stopped", 12), ("cut", 17), ("without_export", 11)])
def test_longer(site, how, pause_s):
    """The console says each once."""
    lines = away(site, how, pause_s)
    more = how == "without_export"      # gone, then refused, if that takes long enough to be seen
    assert 2 <= len(lines) <= 2 + more and "mounted" in lines[-1], lines


def test_other_handles(site):
    lines = away(site, "with_other_handles", 1)
    assert len(lines) < 4, lines


# -- slow; and pages that may not be that old --------------------------------------------------------------------------

SHORT_WAIT_S, STALE_S = 2, 4


class Slow(Relay):
    """Each reply comes so much later, however many there are."""

    def __init__(self, port):
        super().__init__(port, "0.0.0.0")
        self.delay_s = 0

    def _replies(self, server, guest):
        late = queue.SimpleQueue()

        def send():
            with contextlib.suppress(OSError):
                while (record := late.get()) is not None:
                    time.sleep(max(0, record[0] - time.monotonic()))
                    guest.sendall(record[1])
            self._end(server, guest)

        threading.Thread(target=send, daemon=True).start()
        with contextlib.suppress(OSError):
            while True:
                late.put((time.monotonic() + self.delay_s, self._record(server)))
        late.put(None)


def test_slow_then_too_old(request, tmp_path):
    """A slow server delays nobody who asks for what is here, and edits are seen a little later. With WEBSITE_STALE_S what
    is here is served for so long without it, and at once when it is back."""
    www = tmp_path / "export" / "www"
    www.mkdir(parents=True)
    for n in range(PAGES):
        (www / f"page{n}.html").write_bytes(page_of(n))
    with tap.network() as plug, NfsServer(tmp_path / "export", tmp_path / "nfs", address="0.0.0.0") as server, \
            Slow(server.nfs_port) as relay:
        image = build.system("webserver", APPLICATION="none", NFS_SERVER=plug.host, WEBSITE_DIR="www",
                             NFS_DIRECTORY=server.directory, NFS_PORT=relay.port, MOUNT_PORT=server.mount_port,
                             WEBSITE_WAIT_S=SHORT_WAIT_S, WEBSITE_STALE_S=STALE_S)
        with Guest(image, {"http": ("tcp", plug.address, 80)}, plug=plug, log=tmp_path / "console.log") as guest:
            request.node.serval_guests = [guest]
            guest.expect(r"serving http://")
            site = Site(guest, server, www, plug.device)
            for n in range(PAGES):
                assert get(site.port, f"/page{n}.html").body == page_of(n)
            with Crowd(guest) as crowd:
                time.sleep(1)
                relay.delay_s, crowd.changed = 0.3, {3}
                (www / "page3.html").write_bytes(page_of(3, 1))
                path, content = site.new_file()
                assert get(site.port, path).body == content
                time.sleep(3)
                assert get(site.port, "/page3.html").body == page_of(3, 1)
                relay.delay_s = 0
            begin = time.monotonic()
            server.pause()
            assert get(site.port, "/page5.html").status == 200
            check_refusal(*seconds_of(get, site.port, site.new_file()[0]), SHORT_WAIT_S)
            time.sleep(max(0, begin + STALE_S + 3 - time.monotonic()))
            check_refusal(*seconds_of(get, site.port, "/page5.html"), SHORT_WAIT_S)
            server.resume()
            since = time.monotonic()
            assert get(site.port, "/page5.html").body == page_of(5) and time.monotonic() - since < BACK_S
