"""The NFS component's address changes while it works: DHCP refuses the old one and gives another."""

import sys
import threading
import time

import pytest
from serval import build, paths, tap
from serval.http import get
from serval.nfs import NfsServer
from serval.qemu import Guest

sys.path.append(str(paths.TOP / "bench"))
from network import Dhcp, TapNetwork  # noqa: E402

FILES = bytes.fromhex("525401000010")   # the component's station
LEASE_S = 20
MOVES_S = 150       # until a lease is asked for anew


class MovingDhcp(Dhcp):
    """A station that asks for an address that is not its own is told NAK (RFC 2131 4.3.2)."""

    REQUEST, NAK, REQUESTED = 3, 6, 50

    def move(self, station, last):
        self.leases[station + bytes(10)] = last

    def _answer(self, packet):
        answer = super()._answer(packet)
        if not answer:
            return None
        options, hardware = self._options(packet), packet[28:44]
        given = self.host[:3] + bytes([self.leases[hardware]])
        if options[self.KIND][0] == self.REQUEST and (options.get(self.REQUESTED) or packet[12:16]) != given:
            fixed = answer[:16] + bytes(4) + answer[20:self.FIXED.size]
            said = [(self.KIND, bytes([self.NAK])), (self.SERVER, self.host)]
            return fixed + self.COOKIE + b"".join(bytes([o, len(v)]) + v for o, v in said) + bytes([self.END])
        return answer


class Asker:
    """Asks for one new file after the other; each comes."""

    def __init__(self, port, www):
        self.port, self.www = port, www
        self.number, self.slowest, self.failure = 0, 0.0, None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def ask(self):
        self.number += 1
        (self.www / f"{self.number}.txt").write_text(f"file {self.number}")
        begin = time.monotonic()
        answer = get(self.port, f"/{self.number}.txt")
        assert answer.status == 200 and answer.body == b"file %d" % self.number, answer.raw[:80]
        self.slowest = max(self.slowest, time.monotonic() - begin)

    def _run(self):
        try:
            while not self.ended.wait(0.2):
                self.ask()
        except (AssertionError, OSError) as error:
            self.failure = error


def test_another_address(request, tmp_path):
    lacks = tap.tap_lacks()
    if lacks:
        pytest.skip(lacks)
    www = tmp_path / "export" / "www"
    www.mkdir(parents=True)
    with tap.namespace(), TapNetwork() as net:
        plug = net.plugs["serval"]
        net.dhcp[0].close()
        net.dhcp[0] = dhcp = MovingDhcp(plug.device, plug.host)
        dhcp.lease_s = LEASE_S
        with NfsServer(tmp_path / "export", tmp_path / "nfs", address="0.0.0.0") as server:
            image = build.system("webserver", NFS_SERVER=plug.host, NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                                 NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
            with Guest(image, {"http": ("tcp", plug.address, 80)}, plug=plug, log=tmp_path / "console.log") as guest:
                request.node.serval_guests = [guest]
                guest.expect(r"Starting async server on 0\.0\.0\.0:80")
                with Asker(guest.port("http"), www) as asker:
                    dhcp.move(FILES, 40)
                    guest.expect(r"IP address for netif e0 is: 10\.0\.2\.40\b", timeout=MOVES_S)
                    before = asker.number
                    deadline = time.monotonic() + 30
                    while asker.number < before + 10 and not asker.failure and time.monotonic() < deadline:
                        time.sleep(0.1)
                assert asker.failure is None and asker.number >= before + 10, f"{asker.failure!r} at {asker.number}"
                assert asker.slowest < 10, asker.slowest
