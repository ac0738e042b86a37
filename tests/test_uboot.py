"""A real U-Boot starts Serval on QEMU's `virt`, as one does on a board: by its scripts, from TFTP and from a card, with
`go`.

That calls the image's first byte at EL2 or EL1 with translation and caches on, argc and argv in x0 and x1, in memory
that U-Boot has used. U-Boot comes from a later release of the distribution (this one's never leaves `go` on a PL011);
where it cannot be had these tests are skipped.
"""

import os
import shutil

import pytest
from serval import build, paths, programs, uimage
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.siterules import CASES, make_site

pytestmark = pytest.mark.skipif(paths.BOARD != "qemu_virt_aarch64", reason="U-Boot for QEMU's virt machine")


@pytest.fixture(scope="module")
def uboot():
    return programs.folder("uboot-trixie") / "root" / "usr" / "lib" / "u-boot" / "qemu_arm64" / "u-boot.bin"


def scripts_beside(image):
    """Makes NAME.boot.scr and NAME.tftp.scr; returns their paths."""
    paths_ = [image.with_name(f"{image.stem}.{how}.scr") for how in ("boot", "tftp")]
    build.make(*paths_, BUILD_DIR=image.parent)
    return paths_


def at_prompt(guest, *commands):
    guest.expect(r"Hit any key to stop autoboot")
    guest.send(b" ")
    for command in commands:
        guest.expect(r"=> ")
        guest.send(command.encode() + b"\n")


def test_scripts_are_what_uboot_reads():
    image = build.system("hello")
    card, tftp = (uimage.read_script(path.read_bytes()) for path in scripts_beside(image))
    assert card.name == tftp.name == "Serval hello" and card.time == tftp.time == 0
    device = "${devtype} ${devno}${devnum}:${distro_bootpart}"
    assert f"if load {device} 0x70000000 hello.img; then\n    go 0x70000000\n" in card.text
    assert "if tftpboot 0x70000000 hello.img; then\n    go 0x70000000\n" in tftp.text


def test_a_damaged_script_is_told():
    """The decoder above can fail: each bit of header and script counts."""
    good = scripts_beside(build.system("hello"))[1].read_bytes()
    for at in (0, 4, 9, 24, 30, 40, 66, 75, len(good) - 1):
        with pytest.raises(uimage.Damaged):
            uimage.read_script(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1:])
    with pytest.raises(uimage.Damaged):
        uimage.read_script(good[:-1])


@pytest.mark.parametrize("virtualization", ["on", "off"], ids=["EL2", "EL1"])
def test_tftp(uboot, tmp_path, virtualization):
    """What docs/odroidc4.md says to type, at U-Boot's prompt."""
    if virtualization == "off" and os.environ.get("MICROKIT_SDK"):
        pytest.skip("the official kernel of this board is a hypervisor: it starts at EL2 only")
    image = build.system("hello")
    for path in (image, *scripts_beside(image)):
        shutil.copy(path, tmp_path)
    with Guest(None, netdev=f"user,tftp={tmp_path}",
               args=["-bios", str(uboot), "-M", f"virt,virtualization={virtualization}"]) as guest:
        at_prompt(guest, "setenv autoload no; dhcp", "tftpboot ${scriptaddr} hello.tftp.scr && source ${scriptaddr}")
        guest.expect(r"Serval: hello for qemu_virt_aarch64\r?\n")
        guest.expect(r"Starting application at 0x70000000")
        guest.expect(r"adder says 42\r?\n")


def test_card_by_itself(uboot, tmp_path):
    """boot.scr on the first partition: nothing is typed."""
    image = build.system("hello")
    card = tmp_path / "card"
    card.mkdir()
    shutil.copy(image, card)
    shutil.copy(scripts_beside(image)[0], card / "boot.scr")
    with Guest(None, args=["-bios", str(uboot), "-drive", f"if=none,id=card,format=raw,readonly=on,file=fat:{card}",
                           "-device", "virtio-blk-device,drive=card"]) as guest:
        guest.expect(r"Serval: hello for qemu_virt_aarch64\r?\n")
        guest.expect(r"adder says 42\r?\n")


def test_an_image_that_is_not_there(uboot, tmp_path):
    image = build.system("hello")
    shutil.copy(scripts_beside(image)[1], tmp_path)
    with Guest(None, netdev=f"user,tftp={tmp_path}", args=["-bios", str(uboot)]) as guest:
        at_prompt(guest, "setenv autoload no; dhcp", "tftpboot ${scriptaddr} hello.tftp.scr && source ${scriptaddr}")
        guest.expect(r"Serval: hello\.img cannot be loaded\r?\n")


def test_web_server(uboot, tmp_path):
    """The NIC comes to its driver as U-Boot left it, and the pages are right."""
    site, tftp = make_site(tmp_path / "site"), tmp_path / "tftp"
    tftp.mkdir()
    with NfsServer(site, tmp_path / "nfs") as server:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        for path in (image, *scripts_beside(image)):
            shutil.copy(path, tftp)
        # U-Boot has the network's first address.
        with Guest(None, {"http": ("tcp", "10.0.2.17", 80)}, netdev=f"user,tftp={tftp}",
                   args=["-bios", str(uboot)]) as guest:
            at_prompt(guest, "setenv autoload no; dhcp",
                      "tftpboot ${scriptaddr} webserver.tftp.scr && source ${scriptaddr}")
            guest.expect(r"Starting async server on 0\.0\.0\.0:80")
            for case in ("start", "utf-8", "200003 bytes"):
                CASES[case](f"http://127.0.0.1:{guest.port('http')}")
