"""The private NFS server for tests: mk/run/nfs_server.py, the one that `make run` uses."""

import sys

from . import paths, ports

sys.path.insert(0, str(paths.TOP / "mk" / "run"))

import nfs_server  # noqa: E402
from nfs_server import NfsServerError, are_free, build_shim  # noqa: E402,F401

PORTS = 4       # of one server


class NfsServer(nfs_server.NfsServer):
    """Wherever its folder lies, guests mount it by the same name (name=None: by its path) and, after another's end, at the
    same ports: an image that was built for one test is the next one's, too."""

    def __init__(self, folder, scratch, *, name="/export", **options):
        super().__init__(folder, scratch, name=name, **options)
        self.borrowed = None

    def __enter__(self):
        if self.wanted is None:
            self.borrowed = self.wanted = ports.borrow(PORTS)
        return super().__enter__()

    def __exit__(self, *_):
        super().__exit__()
        if self.borrowed:
            ports.give_back(self.borrowed)
