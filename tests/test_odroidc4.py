"""The Odroid-C4 (boards/odroidc4): no machine here runs it, so this is what can be held against its device tree without one.

The tree comes from the distribution's kernel package; where that cannot be had these tests are skipped.
"""

import re
import runpy
import struct
import subprocess

import pytest
from serval import build, paths

BOARD = "odroidc4"
FACTS = runpy.run_path(str(paths.TOP / "boards" / BOARD / "board.py"))
TREE = runpy.run_path(str(paths.TOP / "boards" / BOARD / "tree.py"))
GIB = 1 << 30
SECURE_MONITOR_END = 0x07300000

# These pages in the S905X3's memory map: first, last byte, who may have it.
UART_AO = (0xff803000, 0xff804000, "uart")
GMAC = (0xff3f0000, 0xff400000, "gmac")
PRG_ETH = (0xff634000, 0xff635000, "gmac_glue")


@pytest.fixture(scope="module")
def tree():
    dtb = paths.CACHE / "boards" / "meson-sm1-odroid-c4.dtb"
    done = subprocess.run([paths.TOP / "boards" / BOARD / "fetch-dtb", dtb], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stdout.strip().rpartition("\n")[2])
    assert done.returncode == 0, done.stdout
    return dtb


@pytest.fixture(scope="module")
def image(tree):
    return build.system("webserver", MICROKIT_BOARD=BOARD, NFS_SERVER="192.0.2.1", NFS_DIRECTORY="/srv/www")


@pytest.fixture(scope="module")
def report(image):
    return image.with_name("webserver.report.txt").read_text()


def device_regions(report):
    """{(first, end, what)} of the report's physical memory."""
    return {(int(a, 16), int(b, 16), what) for a, b, what in
            re.findall(r"^ +(0x[0-9a-f]+) +(0x[0-9a-f]+) +\d+ \w+ +device +memory region '([^']+)'$",
                       report.split("Physical memory")[1], re.MULTILINE)}


def test_maps_the_devices_it_names_and_no_other(report):
    assert device_regions(report) == {UART_AO, GMAC, PRG_ETH}


def test_each_device_has_one_owner(report):
    owners = {}
    for pd in report.split("Physical memory")[0].split("\n\n"):
        name = re.search(r"^\d+ '([^']+)'", pd, re.MULTILINE)
        for what in re.findall(r" device +memory region '([^']+)'$", pd, re.MULTILINE):
            owners.setdefault(what, []).append(name.group(1))
    memory = {"net_descriptors": ["eth_driver"]}     # uncached
    assert owners == {"uart": ["serial_driver"], "gmac": ["eth_driver"], "gmac_glue": ["eth_driver"], **memory}


def test_interrupts(report):
    """UART_AO: SPI 193, an edge; GMAC: SPI 8; the physical timer: PPI 14."""
    assert sorted(re.findall(r"interrupt (\d+), (edge|level) triggered", report)) == [
        ("225", "edge"), ("30", "level"), ("40", "level")]


def test_kernel_knows_uart_and_gic(report):
    for what, address in (("UART", 0xff803000), ("interrupt distributor", 0xffc01000), ("interrupt CPU interface", 0xffc02000)):
        assert re.search(rf"0x0*{address:x} .* device +{what}$", report, re.MULTILINE), what


def test_memory_is_the_smallest_board_s_without_the_secure_monitor_s(image, report):
    conf = (paths.CACHE / "sdk" / "board" / BOARD / "release" / "board.conf").read_text()
    first, size = (int(word, 16) for word in re.search(r"^ram (\S+) (\S+)$", conf, re.MULTILINE).groups())
    assert SECURE_MONITOR_END <= first <= FACTS["LOAD"] and first + size == GIB
    assert FACTS["LOAD"] + image.stat().st_size < FACTS["DMA"][0] and sum(FACTS["DMA"]) <= GIB
    used = [int(a, 16) for a in re.findall(r"^ +(0x[0-9a-f]+) +0x[0-9a-f]+ +\d+ \w+ +(?!device)\w+ ",
                                           report.split("Physical memory")[1], re.MULTILINE)]
    assert used and all(FACTS["LOAD"] <= a < GIB for a in used)


def test_image_header(image):
    """As Linux documents it (arch/arm64/booting): U-Boot's booti takes it, and go its first byte."""
    code, _, text_offset, size, flags, _, _, _, magic, _ = struct.unpack("<IIQQQQQQ4sI", image.read_bytes()[:64])
    assert magic == b"ARM\x64" and code >> 26 == 0b000101 and flags & 1 == 0 and size >= image.stat().st_size
    assert text_offset % 0x1000 == 0


def test_glue_is_what_rgmii_with_2_ns_needs():
    (device, offset, mask, value), = FACTS["DWMAC"]["glue"]
    assert (device, offset, value) == ("gmac_glue", 0, 0x1621) and value & ~mask == 0


@pytest.mark.parametrize(("holes", "part"), [
    ([], (0, 0x40000000)),
    ([(0x05000000, 0x05300000), (0x05300000, 0x07300000)], (0x07400000, 0x40000000)),
    ([(0x3fe00001, 0x3fe00002)], (0, 0x3fe00000)),
    ([(0, 0x100000)], (0x200000, 0x40000000)),
])
def test_memory_without_holes(holes, part):
    assert TREE["usable"](0, 0x40000000, holes) == part
