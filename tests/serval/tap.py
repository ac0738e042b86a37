"""A network of the test's own, with a tap device at the guest's end of the cable.

On QEMU's user network the guest speaks TCP with QEMU, which takes what it can at once; on a tap it speaks with this
machine's clients, so that a slow reader, a full window, a reset or a lost frame is what the guest sees.

    with tap.serving("webserver", top, scratch, WEBSITE_DIR="www") as (guest, server, plug):
        get(guest.port("http"), "/")

The network namespace is the calling thread's, and of the threads and processes that it starts meanwhile.
"""

import contextlib
import ctypes
import os
import sys

import pytest

from . import build, paths
from .nfs import NfsServer
from .qemu import Guest

sys.path.append(str(paths.TOP / "bench"))
from network import TapNetwork, ip, tap_lacks  # noqa: E402,F401

CLONE_NEWNET = 0x40000000   # unshare(2)
libc = ctypes.CDLL(None, use_errno=True)


def _call(function, *arguments):
    if function(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def namespace():
    """An empty network namespace: no interface is up, not even loopback."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _call(libc.unshare, CLONE_NEWNET)
        try:
            yield
        finally:
            _call(libc.setns, before, CLONE_NEWNET)
    finally:
        os.close(before)


@contextlib.contextmanager
def network():
    """plug.host: this machine, as the guest sees it; plug.address: the second address that the guest asks for, which is
    the web server's; plug.device: the tap. Skips the test where there can be none."""
    lacks = tap_lacks()
    if lacks:
        pytest.skip(lacks)
    with namespace(), TapNetwork() as net:
        yield net.plugs["serval"]


@contextlib.contextmanager
def serving(system, export, scratch, says="Starting async server", **variables):
    """The system behind a tap, with this folder for its files, once its console has said that: (guest, server, plug)."""
    with network() as plug, NfsServer(export, scratch / "nfs", address="0.0.0.0") as server:
        image = build.system(system, NFS_SERVER=plug.host, NFS_DIRECTORY=server.directory, NFS_PORT=server.nfs_port,
                             MOUNT_PORT=server.mount_port, **variables)
        with Guest(image, {"http": ("tcp", plug.address, 80), "https": ("tcp", plug.address, 443)}, plug=plug, log=scratch / "console.log") as guest:
            guest.expect(says)
            yield guest, server, plug
