"""Serval on another machine: Nuvoton's NPCM845, whose Synopsys GMAC,
16550 and memory map QEMU 11 models (boards/npcm845_evb).

That QEMU comes from a later release of the distribution; where it cannot be had these tests are skipped.
"""

import hashlib
import random
import re
import runpy
import socket
import threading

import pytest
from compose.board import Board
from compose.errors import ComposeError
from compose.net import Net
from compose.system import System
from compose.timer import Timer
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
        return Guest(None, forwards, board=BOARD, program=qemu, log=log,
                     args=["-bios", str(rom), "-kernel", str(image)])
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


# -- what compose makes of a board with a GMAC; needs no QEMU --

def net_on(tmp_path, dma=None, **facts):
    """The network on this board with other facts about its GMAC."""
    board = Board(BOARD, str(paths.TOP / "boards" / BOARD / f"{BOARD}.dts"))
    board.facts.DWMAC = facts
    board.dma_base = dma or board.dma_base
    system = System("x", board, str(tmp_path))
    return system, Net(system)


def test_glue_phy_and_stations_reach_the_driver(tmp_path):
    system, net = net_on(tmp_path, phy=1, phy_page=31, phy_writes=[(0xd08, 0x11, 0x100, 0x100)],
                         glue=[("uart", 8, 0xf, 3)])
    net.ip(system.pd("a", "a", 50), "52:54:01:00:00:10", Timer(system))
    config = net.dwmac.config
    assert config["macs"] == [[0x52, 0x54, 1, 0, 0, 0x10]] and config["mac_count"] == 1
    assert (config["phy"], config["phy_irq"], config["glue_count"], config["phy_write_count"]) == (1, 0xff, 1, 1)
    uart = next(m for m in net.driver.maps if m.region.phys == 0xf0000000)
    assert config["glue"][0]["at"] == uart.vaddr + 8 and not uart.cached
    assert config["timer"] < 62
    descriptors = next(m for m in net.driver.maps if m.region.name == "net_descriptors")
    assert not descriptors.cached
    assert not net.coherent


@pytest.mark.parametrize("facts, message", [
    ({"fhy": 1}, "DWMAC has 'fhy'; there are: glue, mdc, phy"),
    ({"glue": [("uart", 0, 0, 0)] * 17}, "17 glue and 0 PHY writes; at most 16 and 16"),
    ({"glue": [("floppy", 0, 0, 0)]}, "unknown device 'floppy'"),
    ({"dma": 0xff000000}, "its GMAC has 32 address bits, the DMA window ends at 0x107000000"),
], ids=str)
def test_facts_that_cannot_be(tmp_path, facts, message):
    with pytest.raises(ComposeError, match=re.escape(message)):
        net_on(tmp_path, **facts)
