"""The web server with a supervisor, booted for chaos: its files, its NFS server, its image, its ways in."""

import contextlib
import sys
import tempfile
import threading
from pathlib import Path

from .. import build, https, paths, tap
from ..http import endpoint
from ..nfs import NfsServer
from ..qemu import LOAD_ADDRESS, Guest
from .client import Connections, Queued
from .secure import NAME
from .site import FOLDER, Site

sys.path.insert(0, str(paths.TOP / "bench"))

from count import Counting  # noqa: E402

# The killer asks DHCP first of all, then the NFS component, then the front.
HOST, CHAOS_ADDRESS, WEB_ADDRESS = "10.0.2.2", "10.0.2.15", "10.0.2.17"
FORWARDS = {"http": ("tcp", WEB_ADDRESS, 80), "https": ("tcp", WEB_ADDRESS, 443), "chaos": ("tcp", CHAOS_ADDRESS, 80)}

MEMORY_BYTES = 16 << 20


class Machine:
    """image, guest, site; authority, the file with the certificate that it shows; counting where it was asked for.
    on_tap: not on QEMU's user network but on a tap, in a network namespace of this thread and those that it starts."""

    def __init__(self, log=None, counted=False, on_tap=False):
        self.log, self.counted, self.counting = log, counted, None
        self.on_tap, self.plug = on_tap, None
        self.openers, self.asking = {}, threading.Lock()
        self.guest, self.boots = None, 0
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self._boot(Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="serval-chaos-"))))
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _boot(self, scratch):
        self.scratch = scratch
        export = scratch / "export"
        self.site = Site(export)
        self.plug = self.stack.enter_context(tap.network()) if self.on_tap else None
        address = "0.0.0.0" if self.plug else "127.0.0.1"
        server = self.stack.enter_context(NfsServer(export, scratch / "nfs", address=address))
        key, self.authority = scratch / "key.pem", export / "chain.pem"
        key.write_text(https.private_key())
        self.authority.write_text(https.certificate(NAME))
        self.image = build.system("webserver", CHAOS=1, NFS_SERVER=HOST, NFS_DIRECTORY=server.directory,
                                  WEBSITE_DIR=FOLDER, NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port,
                                  TLS_KEY=key, TLS_CERT=self.authority.name)
        if self.counted:
            self.counting = self.stack.enter_context(Counting(self.image.with_suffix(".report.txt"), scratch))
        self.stack.callback(self.end)
        self.start()

    def start(self):
        """May be called again after end(): a new life with the same image and the same files."""
        args = self.counting.qemu_args if self.counting else []
        self.boots += 1
        life = "" if self.boots == 1 else self.boots
        log = self.log and self.log.with_name(f"{self.log.stem}{life}{self.log.suffix}")
        self.guest = Guest(self.image, FORWARDS, args=args, log=log, plug=self.plug, debug=True)
        self.guest.__enter__()
        self.openers = {}
        self.guest.gdb.go_on()
        self.guest.expect_all([r"to kill: POST http://10\.0\.2\.15/", r"Starting async server on",
                               r"certificate /chain\.pem: taken", r"serving https://"])

    def keep_memory(self, number):
        """The first of it, with kernel and programs, beside the console's log: for whoever wants to know why it is
        down. The file's path."""
        if not self.log:
            return "not kept"
        path = self.log.with_name(f"memory{number}.bin").absolute()
        with self.asking:
            self.guest.qmp.command("pmemsave", val=LOAD_ADDRESS, size=MEMORY_BYTES, filename=str(path))
        return path

    def end(self):
        if self.guest:
            self.guest.close()

    def connections(self, name):
        """Opens those of one port; all who open any of it share these."""
        if name not in self.openers:
            address = endpoint(self.guest.port(name))
            self.openers[name] = Connections(address) if self.plug else Queued(address, self._accepted)
        return self.openers[name]

    def _accepted(self):
        """Answered, twice, by the loop of QEMU's that accepts connections."""
        with self.asking:
            self.guest.qmp.command("query-status")
            self.guest.qmp.command("query-status")
