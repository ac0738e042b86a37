"""Who dies comes back, and nobody else notices: the echo example with a supervisor (tests/systems/restart), under load,
while its services die one after another. They die the real way: restarted by their parent at an address that faults."""

import os
import random
import re
import socket
import statistics
import threading
import time

import pytest

from debug import console
from serval import build, microkit, paths
from serval.chaos.histogram import quantile
from serval.qemu import Guest

OFFICIAL = bool(os.environ.get("MICROKIT_SDK"))
DEATHS = int(os.environ.get("RESTART_DEATHS", "20"))
CONNECTIONS = 4
FORWARDS = {"echo": ("tcp", "10.0.2.15", 7)}
SERVICES = ["timer_driver", "serial_driver", "serial_virt_tx", "serial_virt_rx", "eth_driver", "net_virt_rx",
            "net_virt_tx", "supervisor_time"]
GENEROUS_S = 60
# Guest time is instructions, 2 ns each. By RESTART_CLOCK=wall it is the time of this machine, which others use, too: for
# one that is back after a second or never.
BY_WALL = OFFICIAL or os.environ.get("RESTART_CLOCK") == "wall"
EXACT_TIME = ["-icount", "shift=1,sleep=off"]
MEDIAN_US, EXACT_US = 100_000, 1000
COLOUR = re.compile(r"\x1b\[\d*m")


def booted(tmp_path_factory, args=()):
    log = tmp_path_factory.mktemp("restart") / "console.log"
    with Guest(build.system("restarts"), FORWARDS, args=args, log=log) as guest:
        guest.expect(r"DHCP request finished, IP address for netif e0 is: 10\.0\.2\.15")
        guest.expect(r"echo: TCP and UDP port 7")
        yield guest


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    yield from booted(tmp_path_factory)


@pytest.fixture(scope="module")
def clocked(tmp_path_factory):
    yield from booted(tmp_path_factory, () if BY_WALL else EXACT_TIME)


def lines(guest):
    return COLOUR.sub("", guest.text()).replace("\r", "").split("\n")


class Load:
    """Connections that live from begin to end; what each sends comes back, byte for byte."""

    def __init__(self, guest):
        self.ended = threading.Event()
        self.rounds, self.problems = [0] * CONNECTIONS, []
        self.threads = [threading.Thread(target=self._run, args=(n, guest.connect("echo", timeout=GENEROUS_S)),
                                         daemon=True) for n in range(CONNECTIONS)]

    def _run(self, number, connection):
        noise = random.Random(number)
        try:
            with connection as sock:
                while not self.ended.is_set():
                    data = noise.randbytes(noise.choice([1, 100, 1460, 20_000]))
                    sock.sendall(data)
                    back = b""
                    while len(back) < len(data):
                        chunk = sock.recv(1 << 16)
                        assert chunk, "the guest has closed the connection"
                        back += chunk
                    assert back == data, "other bytes came back"
                    self.rounds[number] += 1
        except (OSError, AssertionError) as problem:
            self.problems.append(f"connection {number}, round {self.rounds[number]}: {problem!r}")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def kill(guest, name, times):
    """Microseconds until a deadline was kept and an answer came from the network, for each death."""
    guest.send(f"kill {name} {times}\n".encode())
    measured = []
    for _ in range(times):
        said = guest.expect(rf"killer\| {name} \d+: deadline after (\d+) us, network after (\d+) us", GENEROUS_S)
        measured.append((int(said[1]), int(said[2])))
    guest.expect(rf"killer\| {name}: all dead", GENEROUS_S)
    return measured


def told_of(guest, name):
    return [line for line in lines(guest) if f"fault: PD '{name}'" in line]


def kill_each(guest, name, times):
    """Nobody misses it at once, so it may be killed again before it has run, and died: each death is waited for."""
    for n in range(1, times + 1):
        kill(guest, name, 1)
        deadline = time.monotonic() + GENEROUS_S
        while len(told_of(guest, name)) < n:
            assert time.monotonic() < deadline, f"death {n} of {name} was not told"
            time.sleep(0.01)


def numbered(guest):
    return [int(m[1]) for m in (re.fullmatch(r"killer\| line (\d+)\.", line) for line in lines(guest)) if m]


@pytest.mark.parametrize("name", SERVICES)
def test_it_dies_and_nobody_notices(guest, name):
    """TCP connections live on and lose nothing, deadlines are kept, no line is lost."""
    with Load(guest) as load:
        (kill_each if name == "supervisor_time" and not OFFICIAL else kill)(guest, name, DEATHS)
        before = list(load.rounds)
        while not load.problems and any(now <= then for now, then in zip(load.rounds, before)):
            load.ended.wait(0.01)
    assert not load.problems
    assert "refused" not in guest.text()
    told = told_of(guest, name)
    if OFFICIAL and name == "supervisor_time":  # whose budget is used up by its start: killed again before it has died
        assert 0 < len(told) <= DEATHS
    else:
        assert len(told) == DEATHS
    numbers = numbered(guest)
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_back_soon(clocked, name, record_property):
    """Without a load, whose bytes the question from the network would wait behind."""
    measured = kill(clocked, name, DEATHS)
    for which, place in (("deadline", 0), ("network", 1)):
        times = sorted(m[place] for m in measured)
        said = f"median {statistics.median(times):g}, p99 {quantile(times, 0.99)}, longest {times[-1]}"
        record_property(f"{which} after us", said)
        print(f"{name}: {which} after us: {said}")
        assert statistics.median(times) < MEDIAN_US if BY_WALL else times[-1] < EXACT_US


@pytest.mark.skipif(OFFICIAL, reason="the official kernel has no watchdog")
def test_who_takes_no_event_dies(guest, record_property):
    """Above all services, for some tenths of a second: whose connections live on."""
    with Load(guest):
        for _ in range(3):
            guest.send(b"spin\n")
            back = guest.expect(r"spinner: back after (\d+) us", GENEROUS_S)
            record_property("back after us", back[1])
    assert len(re.findall(r"fault: PD 'spinner' took no event for too long, pc 0x0*2\w{5},", guest.text())) == 3
    numbers = numbered(guest)
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_client_of_the_network_dies(guest):
    """Its connections are gone; it has its address at once, and answers, and its slots are not lost."""
    for _ in range(3):
        guest.send(b"kill echo 2\n")
        for _ in range(2):
            guest.expect(r"netif e0 keeps its IP address: 10\.0\.2\.15")
        guest.expect(r"echo: TCP and UDP port 7")
        with socket.create_connection(("127.0.0.1", guest.port("echo")), timeout=GENEROUS_S) as sock:
            for _ in range(300):
                sock.sendall(b"still there?")
                assert sock.recv(100) == b"still there?"


def test_who_waits_for_an_answer_is_told_that_there_is_none():
    """Its server dies in the middle of the call, and begins anew."""
    with Guest(build.system("restarts"), FORWARDS) as guest:
        guest.expect(r"echo: TCP and UDP port 7")
        for _ in range(3):
            guest.send(b"ask\n")
            guest.expect(r"killer\| .*ask: no reply after \d+ us", GENEROUS_S)


@pytest.mark.skipif(OFFICIAL and microkit.is_before(paths.TOP / os.environ["MICROKIT_SDK"], 2, 1),
                    reason="its programs may not call the firmware")
def test_last_resort():
    """Who dies again and again, before it has settled, has the machine reset, where its rule says so."""
    with Guest(build.system("restarts"), FORWARDS) as guest:
        guest.expect(r"echo: TCP and UDP port 7")
        for _ in range(60):     # who is not back yet cannot be killed: "refused"
            kill(guest, "spinner", 1)
            if "; death 5," in guest.text():
                break
        guest.send(b"kill spinner 3\n")
        guest.expect(r"PD 'spinner' died 6 times in a row: the machine is reset")
        assert guest.wait_exit(GENEROUS_S) == 0     # QEMU's -no-reboot


@pytest.mark.skipif(OFFICIAL, reason="the official kernel tells no build and no callers")
def test_what_it_says_can_be_explained(guest):
    guest.send(b"die\n")
    guest.expect(r"fault: PD 'killer' brk, .*\n.*called from .*\n")
    faults, complaints = console.read(guest.text())
    assert not complaints and faults
    assert all(fault.whole and fault.supervised for fault in faults)
    by_itself = faults.pop()
    assert by_itself.pd == "killer" and len(by_itself.callers) >= 2
    assert {hex(address >> 20) for address in by_itself.callers} == {"0x2"}     # in its text
    report = (build.system("restarts").with_name("restarts.report.txt")).read_text()
    for fault in faults:
        if fault.pd == "spinner":
            assert fault.pc >> 20 == 0x2
            continue
        assert fault.pc == 0x10 and fault.address == 0x10
        assert f"{fault.build:#010x}" in report
