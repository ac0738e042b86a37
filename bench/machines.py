"""The machines that are compared: Serval, and Linux with nginx in two set-ups. Same QEMU, same arguments, same NFS
server.

    with Running(Serval(network, server)) as machine:
        machine.wait_ready()
        host, port = machine.reach(machine.targets[0])
"""

import contextlib
import re
import tempfile
import time
from pathlib import Path

from count import Counting
from serval import build, paths
from serval.qemu import Guest

NGINX = {"nginx": ("default", 80), "nginx tuned": ("tuned", 81)}    # target: configuration in bench/linux, port
READY_S = 120


def cache_bytes():
    """How much of the web server's memory is its cache, as its description says."""
    description = (paths.TOP / "examples" / "webserver" / "system.py").read_text()
    return int(re.search(r"^CACHE_BYTES = (\d+) << 20\b", description, re.M)[1]) << 20


class Serval:
    kind = "serval"
    ready = r"Starting async server on"

    def __init__(self, network, server, site):
        self.plug = network.plugs[self.kind]
        self.image = build.system("webserver", NFS_SERVER=self.plug.host, NFS_DIRECTORY=server.directory,
                                  WEBSITE_DIR=site, NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        self.report = self.image.with_suffix(".report.txt")
        self.ranges = None              # of the plugin's counters; None: by protection domain
        self.ports = {"Serval": 80}
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
    ready = r"nginx serves"

    def __init__(self, network, server, peer, targets=tuple(NGINX)):
        self.plug = network.plugs[self.kind]
        self.peer = peer
        self.image = self.report = self.ranges = None
        self.ports = {target: NGINX[target][1] for target in targets}
        variables = {"ADDRESS": self.plug.address, "HOST": self.plug.host, "NFS_PORT": server.nfs_port,
                     "MOUNT_PORT": server.mount_port, "NFS_DIRECTORY": server.directory,
                     "SETUPS": " ".join(NGINX[target][0] for target in targets)}
        words = " ".join(f'"{name}={value}"' for name, value in variables.items())
        self.args = ["-kernel", str(peer.kernel), "-initrd", str(peer.initrd),
                     "-append", f"console=ttyAMA0 quiet panic=-1 {words}"]

    def image_bytes(self):
        return self.peer.kernel.stat().st_size + self.peer.initrd.stat().st_size

    def memory_bytes(self, guest):
        """What the kernel manages, less what is free and what is a cache. Its own text and tables are not in it."""
        guest.send(b"\n")
        total, free, buffers, cached, slab = (1024 * int(guest.expect(rf"^{name}:\s+(\d+) kB")[1])
                                              for name in ("MemTotal", "MemFree", "Buffers", "Cached", "SReclaimable"))
        return total - free - buffers - cached - slab


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
