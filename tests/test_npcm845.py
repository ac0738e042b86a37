"""Serval on another machine: Nuvoton's NPCM845, whose Synopsys GMAC, 16550 and memory map QEMU 11 models (boards/npcm845_evb).

That QEMU comes from a later release of the distribution; where it cannot be had these tests are skipped.
"""

import hashlib
import random
import re
import runpy
import socket
import threading

import pytest
from serval import build, paths, programs
from serval.http import get
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.siterules import CASES, SIZES, make_site

BOARD = "npcm845_evb"
FIRST_ADDRESS, SECOND_ADDRESS = "10.0.2.15", "10.0.2.16"
FACTS = runpy.run_path(str(paths.TOP / "boards" / BOARD / "board.py"))


@pytest.fixture(scope="module")
def qemu():
    return programs.find("qemu-forky", "qemu-system-aarch64")


@pytest.fixture(scope="module")
def rom(tmp_path_factory):
    path = tmp_path_factory.mktemp("rom") / "rom"
    path.write_bytes(runpy.run_path(str(paths.TOP / "boards" / BOARD / "rom.py"))["rom"](FACTS["LOAD"]))
    return path


@pytest.fixture(scope="module")
def machine(qemu, rom):
    """machine(image, forwards, log): a Guest; -kernel is the way in that leaves the interrupt controller non-secure."""
    def start(image, forwards=None, log=None):
        return Guest(None, forwards, board=BOARD, program=qemu, log=log, args=["-bios", str(rom), "-kernel", str(image)])
    return start


@pytest.fixture(scope="module")
def web(machine, tmp_path_factory):
    top = make_site(tmp_path_factory.mktemp("export"))
    tmp = tmp_path_factory.mktemp("npcm845")
    with NfsServer(top, tmp / "nfs") as server:
        image = build.system("webserver", MICROKIT_BOARD=BOARD, NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                             WEBSITE_DIR="www", NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with machine(image, {"http": ("tcp", SECOND_ADDRESS, 80)}, tmp / "console.log") as guest:
            guest.expect_all([
                rf"DHCP request finished, IP address for netif e0 is: {re.escape(FIRST_ADDRESS)}\r?$",
                rf"DHCP request finished, IP address for netif e0 is: {re.escape(SECOND_ADDRESS)}\r?$",
                r"Starting async server on 0\.0\.0\.0:80\.\.\.\r?$"])
            yield guest


def test_console_deadlines_and_faults(machine, tmp_path):
    """The base system: lines of three clients, deadlines by the timer, a fault named with its PD, input echoed."""
    with machine(build.system("base", MICROKIT_BOARD=BOARD), log=tmp_path / "log") as guest:
        guest.expect_all([r"max\| .*line 100 of 100", r"ann\| .*line 100 of 100", r"keeper\| .*50 deadlines kept",
                          r"worker\| .*sum is right"])


@pytest.mark.parametrize("case", ["start", "folder finds htm", "utf-8", "css", "percent sign"])
def test_site_over_nfs(web, case):
    CASES[case](f"http://127.0.0.1:{web.port('http')}")


def test_files_of_all_sizes_are_equal(web):
    for size in SIZES:
        answer = get(web.port("http"), f"/size/{size}.bin")
        assert answer.status == 200
        assert hashlib.sha256(answer.body).digest() == hashlib.sha256(random.Random(size).randbytes(size)).digest()


@pytest.fixture(scope="module")
def echo(machine, tmp_path_factory):
    image = build.system("echo", "debug", MICROKIT_BOARD=BOARD)
    with machine(image, {"echo": ("tcp", FIRST_ADDRESS, 7), "datagrams": ("udp", FIRST_ADDRESS, 7)},
                 tmp_path_factory.mktemp("echo") / "log") as guest:
        guest.expect(rf"IP address for netif e0 is: {re.escape(FIRST_ADDRESS)}\r?$")
        yield guest


def echoed(guest, data):
    with socket.create_connection(("127.0.0.1", guest.port("echo")), timeout=90) as sock:
        sender = threading.Thread(target=sock.sendall, args=(data,))
        sender.start()
        parts, missing = [], len(data)
        while missing and (part := sock.recv(65536)):
            parts.append(part)
            missing -= len(part)
        sender.join()
    return b"".join(parts)


def test_bulk_is_equal_both_ways(echo):
    data = random.Random(845).randbytes(4 << 20)
    assert echoed(echo, data) == data


def test_more_frames_than_the_ring_has_buffers(echo):
    """A flood of datagrams overruns the device's ring; what is lost is lost, and everything goes on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(2000):
            sock.sendto(bytes(1000), ("127.0.0.1", echo.port("datagrams")))
    data = random.Random(1).randbytes(300_000)
    assert echoed(echo, data) == data


def test_cable_pulled_and_plugged(echo):
    """No PHY interrupt here: the driver asks, each second while the link is down."""
    name = echo.qmp.command("human-monitor-command", **{"command-line": "info network"}).split(":")[0].split()[-1]
    echo.qmp.command("set_link", name=name, up=False)
    echo.expect(r"net driver: link down")
    echo.qmp.command("set_link", name=name, up=True)
    echo.expect(r"net driver: link up")
    data = random.Random(2).randbytes(100_000)
    assert echoed(echo, data) == data
