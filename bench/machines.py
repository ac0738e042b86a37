"""The machines that are compared: Serval, and Linux with nginx in two set-ups, with three servers of the same Python
program, alone and behind nginx. Same QEMU, same arguments, same NFS server.

    with Running(Serval(network, server)) as machine:
        machine.wait_ready()
        host, port = machine.reach(machine.targets[0])
"""

import contextlib
import os
import re
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from count import Counting
from serval import build, paths
from serval.qemu import Guest


class Setup(NamedTuple):
    """What a target needs on Linux. The ports are also those of bench/linux."""
    port: int
    nginx: str = ""         # a configuration in bench/linux
    server: str = ""        # of Python: as bench/linux/init takes it


NGINX = {"nginx": Setup(80, "default"), "nginx tuned": Setup(81, "tuned")}
TLS = {"nginx tuned": Setup(443, "tls")}
PYTHON = {"MicroPython": Setup(8081, server="micropython:8081"),
          "MicroPython, nginx": Setup(9081, "proxy", "micropython:8081"),
          "CPython": Setup(8082, server="cpython:8082"), "CPython, nginx": Setup(9082, "proxy", "cpython:8082"),
          "uvicorn": Setup(8083, server="uvicorn:8083"), "uvicorn, nginx": Setup(9083, "proxy", "uvicorn:8083")}
READY_S = 120


def cache_bytes():
    """How much of the web server's memory is its cache, as its description says."""
    description = (paths.TOP / "examples" / "webserver" / "system.py").read_text()
    return int(re.search(r"^CACHE_BYTES = (\d+) << 20\b", description, re.M)[1]) << 20


class Serval:
    kind = "serval"

    def __init__(self, network, server, site, identity=None):
        """identity: of bench/peer_tls.py; then it is HTTPS that is measured."""
        self.plug = network.plugs[self.kind]
        self.application = os.environ.get("APPLICATION") or "python"
        secured = {"TLS_KEY": identity.key, "TLS_CERT_FILE": identity.certificate} if identity else {}
        self.image = build.system("webserver", **secured, NFS_SERVER=self.plug.host, NFS_DIRECTORY=server.directory,
                                  WEBSITE_DIR=site, NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port,
                                  APPLICATION=self.application)
        self.report = self.image.with_suffix(".report.txt")
        # Files are served before: what starts meanwhile would be counted with the first requests.
        self.ready = (r"serving https://" if identity else
                      r"Starting async server on" if self.application == "python" else r"serving http://")
        self.ranges = None              # of the plugin's counters; None: by protection domain
        self.ports = {"Serval": 443 if identity else 80}
        self.args = []

    def image_bytes(self):
        return self.image.stat().st_size

    def memory_bytes(self, _guest):
        """All that the image tool has laid out, but for the cache of files."""
        report = self.report.read_text()
        parts = [int(re.search(rf"^\s+{word} (\d+) bytes", report, re.M)[1]) for word in ("stored", "zeroed")]
        return sum(parts) - cache_bytes()


class Linux:
    kind = "linux"
    ready = r"Linux serves"

    def __init__(self, network, server, peer, setups):
        """setups: target -> Setup; all of them at once."""
        self.plug = network.plugs[self.kind]
        self.peer = peer
        self.image = self.report = self.ranges = None
        self.ports = {target: setup.port for target, setup in setups.items()}
        variables = {"ADDRESS": self.plug.address, "HOST": self.plug.host, "NFS_PORT": server.nfs_port,
                     "MOUNT_PORT": server.mount_port, "NFS_DIRECTORY": server.directory,
                     "SETUPS": " ".join(dict.fromkeys(setup.nginx for setup in setups.values())),
                     "SERVERS": " ".join(dict.fromkeys(setup.server for setup in setups.values()))}
        words = " ".join(f'"{name}={value}"' for name, value in variables.items())
        self.args = ["-kernel", str(peer.kernel), "-initrd", str(peer.initrd),
                     "-append", f"console=ttyAMA0 quiet panic=-1 {words}"]

    def image_bytes(self):
        return self.peer.kernel.stat().st_size + self.peer.initrd.stat().st_size

    def memory_bytes(self, guest):
        """What the kernel manages, less what is free and what is a cache. Its own text and tables are not in it."""
        guest.send(b"\n")
        names = ("MemTotal", "MemFree", "Buffers", "Cached", "SReclaimable", "AtHand")
        total, *unused = (1024 * int(guest.expect(rf"^{name}:\s+(\d+) kB")[1]) for name in names)
        return total - sum(unused)


class Running:
    """A machine, booted. counted: with the plugin that counts instructions."""

    def __init__(self, machine, counted=False):
        self.machine = machine
        self.counted = counted
        self.counting = None
        self.targets = list(machine.ports)
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        args = list(self.machine.args)
        plug = self.machine.plug
        try:
            if self.counted:
                scratch = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="serval-bench-")))
                self.counting = self.stack.enter_context(Counting(self.machine.report, scratch, self.machine.ranges))
                args += self.counting.qemu_args
            guest = Guest(self.machine.image, plug.forwards(self.machine.ports.values()), args=args, netdev=plug.netdev)
            self.guest = self.stack.enter_context(guest)
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def wait_ready(self):
        """By the console: a probe that comes too early would come again later, sent by QEMU."""
        self.guest.expect(self.machine.ready, READY_S)

    def reach(self, target):
        return self.machine.plug.reach(self.guest, self.machine.ports[target])

    def age(self):
        """Seconds since QEMU was started."""
        return time.monotonic() - self.guest.started
