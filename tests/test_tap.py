"""The web server on a tap: its TCP speaks with this machine's, with nothing of QEMU's between."""

import contextlib
import random

import pytest
from serval import build, tap
from serval.http import Kept, get, head_of
from serval.nfs import NfsServer
from serval.qemu import Guest

PAGE = b"<h1>Serval</h1>"
LARGE = random.Random(1).randbytes(1 << 20)


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("tap")
    top = tmp / "export"
    top.mkdir(mode=0o755)
    (top / "index.html").write_bytes(PAGE)
    (top / "large.bin").write_bytes(LARGE)
    with tap.network() as plug, NfsServer(top, tmp / "nfs", address="0.0.0.0") as server:
        image = build.system("front", NFS_SERVER=plug.host, NFS_DIRECTORY=server.directory, NFS_PORT=server.nfs_port,
                             MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", plug.address, 80)}, plug=plug, log=tmp / "console.log") as guest:
            guest.expect("serving")
            yield guest, server


@pytest.fixture
def guest(request, booted):
    request.node.serval_guests = [booted[0]]
    return booted[0]


def test_who_does_not_read_holds_nobody_up(guest):
    """100 clients ask for 1 MiB and read nothing; new ones get their page at once, and then each gets its file."""
    with contextlib.ExitStack() as stack:
        slow = [Kept(stack.enter_context(guest.connect())) for _ in range(100)]
        for client in slow:
            client.sock.sendall(head_of("/large.bin"))
        for _ in range(50):
            assert get(guest.port("http"), "/").body == PAGE
        for client in slow:
            assert client.receive().body == LARGE
