"""Leases that end, on a tap with a DHCP server of the test's own: renewed at half their time; given up when nobody renews
them, and another address taken, by the web server and by its files' client."""

import re
import time

import pytest
from serval import build, tap
from serval.http import Kept, get, head_of
from serval.nfs import NfsServer
from serval.qemu import Guest

LEASE_S = 20
REQUEST = 3
PAGE = b"<h1>Serval</h1>"


@pytest.fixture
def booted(request, tmp_path):
    site = tmp_path / "export"
    site.mkdir(mode=0o755)
    for name in ("index.html", "other.html"):
        (site / name).write_bytes(PAGE)
    tmp_path.chmod(0o755)
    with tap.namespace(), tap.TapNetwork() as net, NfsServer(site, tmp_path / "nfs", address="0.0.0.0") as server:
        plug, dhcp = net.plugs["serval"], net.dhcp[0]
        dhcp.lease_s = LEASE_S
        image = build.system("front", NFS_SERVER=plug.host, NFS_DIRECTORY=server.directory, NFS_PORT=server.nfs_port,
                             MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", plug.address, 80)}, plug=plug, log=tmp_path / "console.log") as guest:
            request.node.serval_guests = [guest]
            guest.expect("serving")
            yield guest, dhcp, plug


def test_a_lease_that_ends(booted):
    guest, dhcp, plug = booted
    kept = Kept(guest.connect())
    begin = time.monotonic()
    while time.monotonic() < begin + 1.5 * LEASE_S:     # renewed, so that a connection lasts
        kept.sock.sendall(head_of("/"))
        assert kept.receive().body == PAGE
        time.sleep(1)
    for hardware in dhcp.leases:
        renewed = [when for when, kind, who in dhcp.asked if kind == REQUEST and who == hardware[:6]]
        assert len(renewed) >= 3
        for earlier, later in zip(renewed[1:], renewed[2:]):
            assert LEASE_S / 2 - 2 < later - earlier < LEASE_S / 2 + 4
    assert not re.search("lost its address", guest.text())

    dhcp.silent = True
    guest.expect(r"http\S* .*lost its address", timeout=LEASE_S + 10)
    dhcp.leases.clear()
    dhcp.first += 20
    dhcp.silent = False
    found = guest.expect(rf"http\S* .*address for netif e0 is: {re.escape(plug.host.rsplit('.', 1)[0])}\.(\d+)")
    address = f"{plug.host.rsplit('.', 1)[0]}.{found[1]}"
    assert address != plug.address
    with pytest.raises(ConnectionError):                # the old connection was told
        kept.sock.sendall(head_of("/"))
        kept.receive()
    assert get((address, 80), "/").body == PAGE
    assert get((address, 80), "/other.html").body == PAGE       # which was never read: the mount is back
