"""The Odroid-C4 (boards/odroidc4): no machine here runs it, so this is what can be held against its device tree, and
against models, without one.

The tree comes from the distribution's kernel package; where that cannot be had these tests are skipped.
"""

import os
import re
import runpy
import struct
import subprocess

import pytest
from compose.board import Board
from compose.entropy import Entropy
from compose.serial import Serial
from compose.system import System
from compose.timer import Timer
from serval import build, paths, uimage

BOARD = "odroidc4"
FACTS = runpy.run_path(str(paths.TOP / "boards" / BOARD / "board.py"))
GIB = 1 << 30
SECURE_MONITOR_END = 0x07300000

# These pages in the S905X3's memory map: first, last byte, who may have it.
UART_AO = (0xff803000, 0xff804000, "uart")
GMAC = (0xff3f0000, 0xff400000, "gmac")
PRG_ETH = (0xff634000, 0xff635000, "gmac_glue")
RNG = (0xff630000, 0xff631000, "rng")


@pytest.fixture(scope="module")
def tree():
    dtb = paths.CACHE / "boards" / "meson-sm1-odroid-c4.dtb"
    done = subprocess.run([paths.TOP / "boards" / BOARD / "fetch-dtb", dtb], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stdout.strip().rpartition("\n")[2])
    assert done.returncode == 0, done.stdout
    return dtb


@pytest.fixture(scope="module")
def image(tree):
    return build.system("webserver", MICROKIT_BOARD=BOARD, NFS_SERVER="192.0.2.1", NFS_DIRECTORY="/srv/www")


@pytest.fixture(scope="module")
def ours():
    if os.environ.get("MICROKIT_SDK"):
        pytest.skip("what our own tool, loader and kernel make of it")


@pytest.fixture(scope="module")
def report(ours, image):
    return image.with_name("webserver.report.txt").read_text()


def device_regions(report):
    """{(first, end, what)} of the report's physical memory."""
    return {(int(a, 16), int(b, 16), what) for a, b, what in
            re.findall(r"^ +(0x[0-9a-f]+) +(0x[0-9a-f]+) +\d+ \w+ +device +memory region '([^']+)'$",
                       report.split("Physical memory")[1], re.MULTILINE)}


def test_maps_the_devices_it_names_and_no_other(report):
    assert device_regions(report) == {UART_AO, GMAC, PRG_ETH, RNG}


def test_each_device_has_one_owner(report):
    owners = {}
    for pd in report.split("Physical memory")[0].split("\n\n"):
        name = re.search(r"^\d+ '([^']+)'", pd, re.MULTILINE)
        for what in re.findall(r" device +memory region '([^']+)'$", pd, re.MULTILINE):
            owners.setdefault(what, []).append(name.group(1))
    memory = {"net_descriptors": ["eth_driver"], "entropy_memory": ["entropy"]}     # uncached
    assert owners == {"uart": ["serial_driver"], "gmac": ["eth_driver"], "gmac_glue": ["eth_driver"], "rng": ["entropy"],
                      **memory}


def test_interrupts(report):
    """UART_AO: SPI 193, an edge; GMAC: SPI 8; the physical timer: PPI 14."""
    assert sorted(re.findall(r"interrupt (\d+), (edge|level) triggered", report)) == [
        ("225", "edge"), ("30", "level"), ("40", "level")]


def test_kernel_knows_uart_and_gic(report):
    for what, address in (("UART", 0xff803000), ("interrupt distributor", 0xffc01000),
                          ("interrupt CPU interface", 0xffc02000)):
        assert re.search(rf"0x0*{address:x} .* device +{what}$", report, re.MULTILINE), what


def test_memory_is_the_smallest_board_s_without_the_secure_monitor_s(image, report):
    conf = (paths.CACHE / "sdk" / "board" / BOARD / "release" / "board.conf").read_text()
    first, size = (int(word, 16) for word in re.search(r"^ram (\S+) (\S+)$", conf, re.MULTILINE).groups())
    assert SECURE_MONITOR_END <= first <= FACTS["LOAD"] and first + size == GIB
    assert FACTS["LOAD"] + image.stat().st_size < FACTS["DMA"][0] and sum(FACTS["DMA"]) <= GIB
    used = [int(a, 16) for a in re.findall(r"^ +(0x[0-9a-f]+) +0x[0-9a-f]+ +\d+ \w+ +(?!device)\w+ ",
                                           report.split("Physical memory")[1], re.MULTILINE)]
    assert used and all(FACTS["LOAD"] <= a < GIB for a in used)


def test_image_header(ours, image):
    """As Linux documents it (arch/arm64/booting): U-Boot's booti takes it, and go its first byte."""
    code, _, text_offset, size, flags, _, _, _, magic, _ = struct.unpack("<IIQQQQQQ4sI", image.read_bytes()[:64])
    assert magic == b"ARM\x64" and code >> 26 == 0b000101 and flags & 1 == 0 and size >= image.stat().st_size
    assert text_offset % 0x1000 == 0


def test_scripts_for_uboot(image):
    """Made with the image. The card's is what HardKernel's U-Boot and the mainline's look for: they set these names."""
    card, tftp = (uimage.read_script(image.with_name(f"webserver.{how}.scr").read_bytes()) for how in ("boot", "tftp"))
    device = "${devtype} ${devno}${devnum}:${distro_bootpart}"
    assert f"if load {device} {FACTS['LOAD']:#x} webserver.img; then\n    go {FACTS['LOAD']:#x}\n" in card.text
    assert f"if tftpboot {FACTS['LOAD']:#x} webserver.img; then\n    go {FACTS['LOAD']:#x}\n" in tftp.text


def test_every_example_builds(tree, tmp_path):
    build.need_board(BOARD)
    build.make("hello", "base", "echo", "fileio", "python", MICROKIT_BOARD=BOARD, BUILD_DIR=tmp_path)
    assert {path.stem for path in tmp_path.glob("*.img")} == {"hello", "base", "echo", "fileio_mem", "python"}


def timer_on(tree, folder, official):
    system = System("x", Board(BOARD, str(tree), official), str(folder))
    return Timer(system).driver


def test_timer_is_the_architected_one(tree, tmp_path):
    driver = timer_on(tree, tmp_path, False)
    assert driver.program == "timer_driver_arm" and not driver.maps
    assert [(irq.number, irq.trigger) for irq in driver.irqs] == [(30, "level")]


def test_random_numbers_come_from_the_socs_generator(tree, tmp_path):
    """By the tree's node; it has no interrupt."""
    system = System("x", Board(BOARD, str(tree)), str(tmp_path))
    service = Entropy(system, Serial(system)).pd
    page = next(m for m in service.maps if m.region.kind == "device")
    config = next(value for *_, symbol, value in service.configs if symbol == "entropy_config")
    assert service.program == "entropy_meson" and not service.irqs and not config["has_irq"]
    assert page.region.phys == 0xff630000 and config["registers"] == page.vaddr + 0x218 and not page.cached


def test_timer_on_the_official_sdk_is_timer_a(tree, tmp_path):
    """seL4 gives EL0 no timer on this board."""
    driver = timer_on(tree, tmp_path, True)
    page, = driver.maps
    assert driver.program == "timer_driver_meson" and page.region.phys == 0xffd0f000 and not page.cached
    assert driver.configs[0][3]["registers"] == page.vaddr + 0x140
    assert [(irq.number, irq.trigger) for irq in driver.irqs] == [(42, "edge")]


# -- the GMAC's driver with this board's configuration, against a model of it (tests/unit/net_driver_dwmac_odroidc4.c)

UNIT = ["tests/unit/net_driver_dwmac_odroidc4.c", "tests/unit/gmac_model.c", "tests/unit/fake_microkit.c",
        "net/driver_dwmac.c",
        "net/dwmac_phy.c", "lib/pd/notify.c", "lib/pd/dispatch.c", "lib/ring/ring.c", "lib/region/region.c",
        "lib/log/log.c", "lib/log/format.c"]
ENTRY = re.compile(r"^        \{\n(?:            \..*\n){3,4}        \},\n", re.MULTILINE)   # of an array


@pytest.fixture(scope="module")
def driver_config(image):
    """Without its page of counters, which is tests/unit/fake_microkit.c's."""
    text = (image.parent / "webserver" / "eth_driver.config.c").read_text()
    assert text.count("counters_config =") == 1
    return re.sub(r"const struct counters_config .*?;\n", "", text, flags=re.S)


@pytest.fixture(scope="module")
def driver_objects(tmp_path_factory):
    """All but the configuration, compiled once."""
    folder = tmp_path_factory.mktemp("objects")
    subprocess.run(["clang", "-std=gnu11", "-O1", "-g", "-D_GNU_SOURCE", f"-I{paths.TOP}", f"-I{paths.TOP}/tests/unit",
                    "-fsanitize=undefined", "-fno-sanitize-recover=all", "-c",
                    *[paths.TOP / source for source in UNIT]], cwd=folder, check=True)
    return folder


def run_driver(objects, config, folder):
    (folder / "config.c").write_text(config)
    subprocess.run(["clang", "-std=gnu11", f"-I{paths.TOP}", "-fsanitize=undefined", "-o", folder / "driver",
                    folder / "config.c", *objects.glob("*.o")], check=True)
    return subprocess.run([folder / "driver"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)


def test_glue_phy_and_link(driver_objects, driver_config, tmp_path):
    done = run_driver(driver_objects, driver_config, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("entry", range(len(FACTS["DWMAC"]["glue"]) + len(FACTS["DWMAC"]["phy_writes"])))
def test_each_write_to_glue_and_phy_is_needed(driver_objects, driver_config, tmp_path, entry):
    """Without any one of them a clock is missing or glitches, or frames do not arrive whole."""
    entries = list(ENTRY.finditer(driver_config))
    assert len(entries) == len(FACTS["DWMAC"]["glue"]) + len(FACTS["DWMAC"]["phy_writes"])
    kind = "glue_count" if entry < len(FACTS["DWMAC"]["glue"]) else "phy_write_count"
    config = driver_config[:entries[entry].start()] + driver_config[entries[entry].end():]
    config = re.sub(rf"\.{kind} = (\d+)", lambda found: f".{kind} = {int(found[1]) - 1}", config)
    done = run_driver(driver_objects, config, tmp_path)
    assert done.returncode != 0 and "check failed" in done.stderr


def test_glue_in_another_order_fails(driver_objects, driver_config, tmp_path):
    entries = [found.group() for found in ENTRY.finditer(driver_config)][:len(FACTS["DWMAC"]["glue"])]
    assert driver_config.count("".join(entries)) == 1
    other = driver_config.replace("".join(entries), "".join(entries[1:] + entries[:1]))
    done = run_driver(driver_objects, other, tmp_path)
    assert done.returncode != 0 and "check failed" in done.stderr
