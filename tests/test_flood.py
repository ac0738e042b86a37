"""Handshakes that nobody means to finish, from addresses that were made up: true clients are served meanwhile."""

import errno
import random
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from serval import tap
from serval.http import get
from serval.wire import SYN, ipv4, with_checksum

STEADY_S, PER_S, CLIENTS_PER_S = 24, 50, 1
BURST, BURST_PER_S = 20_000, 10_000
SOON_S = 2      # a SYN that finds the tap's queue still full comes again after one
ETH_P_IP = 0x0800


class Flood:
    """SYNs to the web server, half of them from addresses of its own network; as frames, since no kernel sends them."""

    def __init__(self, plug):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((plug.device, 0))
        self.address = socket.inet_aton(plug.address)
        self.network = socket.inet_aton(plug.host)[:3]
        self.noise = random.Random(1)
        self.station = self.station_of(plug.address)

    @staticmethod
    def station_of(address):
        with open("/proc/thread-self/net/arp") as table:
            rows = [line.split() for line in table]
        return bytes.fromhex(next(row[3] for row in rows if row[0] == address).replace(":", ""))

    def send(self):
        noise = self.noise
        near = self.network + bytes([noise.randrange(40, 250)])
        source = near if noise.random() < 0.5 else bytes([198, 18, noise.randrange(256), noise.randrange(256)])
        port = noise.randrange(1024, 65536)
        segment = struct.pack(">HHIIBBHHH", port, 80, noise.getrandbits(32), 0, 0x50, SYN, 0xFFFF, 0, 0)
        addresses = {"source": source, "destination": self.address}
        packet = ipv4(6, with_checksum(6, segment, 16, **addresses), **addresses)
        frame = self.station + b"\x02\x00" + source + struct.pack(">H", ETH_P_IP) + packet
        try:
            self.socket.send(frame)
        except OSError as error:    # the tap's queue is full
            assert error.errno == errno.ENOBUFS


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("flood")
    site = tmp_path_factory.mktemp("export")
    site.chmod(0o755)
    (site / "index.html").write_text("<h1>Serval</h1>")
    with tap.serving("front", site, tmp, "serving") as (guest, _, plug):
        yield guest, plug


def served(guest, within):
    begin = time.monotonic()
    assert get(guest.port("http"), "/").status == 200
    assert time.monotonic() < begin + within, time.monotonic() - begin


def test_clients_are_served_in_a_flood(request, booted):
    guest, plug = booted
    request.node.serval_guests = [guest]
    served(guest, 60)
    flood, begin = Flood(plug), time.monotonic()
    for i in range(STEADY_S * PER_S):
        flood.send()
        if i % (PER_S // CLIENTS_PER_S) == 0:
            served(guest, 0.9)      # a lost SYN comes again after a second
        time.sleep(max(0, begin + i / PER_S - time.monotonic()))


def test_clients_are_served_after_a_burst(request, booted):
    guest, plug = booted
    request.node.serval_guests = [guest]
    served(guest, 60)
    flood, begin = Flood(plug), time.monotonic()
    for i in range(BURST):
        flood.send()
        if i % 100 == 0:
            time.sleep(max(0, begin + i / BURST_PER_S - time.monotonic()))
    print(f"{BURST / (time.monotonic() - begin):.0f} SYN/s")
    ended = time.monotonic()
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda _: served(guest, SOON_S), range(50)))
    print(f"{time.monotonic() - ended:.2f} s")
    assert time.monotonic() < ended + SOON_S
