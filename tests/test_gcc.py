"""COMPILER=gcc: the web server boots and serves a page, the host tests pass; both without a warning (-Werror)."""

import os

import pytest
from serval import build, paths
from serval.http import get
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.siterules import make_site

pytestmark = pytest.mark.skipif(paths.BOARD != "qemu_virt_aarch64", reason="once is enough")


def objects_of(folder):
    return {str(path.relative_to(paths.CACHE)): path.stat().st_mtime_ns for path in (paths.CACHE / folder).rglob("*.o")}


def test_a_page(tmp_path):
    """... of the image of one compiler, whose objects leave the other's alone."""
    of_clang = objects_of("obj")
    with NfsServer(make_site(tmp_path / "export"), tmp_path / "nfs") as server:
        image = build.system("webserver", COMPILER="gcc", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                             WEBSITE_DIR="www", NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        assert {name: of_clang[name] for name in of_clang if "/mpy-cross/" not in name}.items() <= \
            objects_of("obj").items()
        elf = (image.parent / "webserver" / "micropython.elf").read_bytes()
        assert b"GNU C11" in elf and b"clang" not in elf
        with Guest(image, {"http": ("tcp", "10.0.2.16", 80)}, log=tmp_path / "console.log") as guest:
            guest.expect(r"Starting async server on 0\.0\.0\.0:80")
            assert get(guest.port("http"), "/index.html").status == 200


@pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="nothing of the SDK is in them")
def test_host_tests():
    said = build.make("unit", COMPILER="gcc").stdout
    assert said.count("passed ") > 40
