"""The private NFS server for tests: mk/run/nfs_server.py, the one that `make run` uses."""

import sys

from . import paths

sys.path.insert(0, str(paths.TOP / "mk" / "run"))

from nfs_server import NfsServer, NfsServerError, are_free, build_shim  # noqa: E402,F401
