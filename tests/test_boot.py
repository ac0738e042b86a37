"""The web server's image: how much it takes to boot, in instructions from reset to the first init()
(docs/kernel.md)."""

import os
import re
import sys

import pytest
from serval import build, inside, paths
from serval.qemu import Guest

sys.path.insert(0, str(paths.TOP / "bench"))

from count import Counting, total  # noqa: E402

pytestmark = pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="our own loader and kernel")

MOST = 5_000_000
MEMORY = 0x90000000       # behind all of the image


@pytest.fixture(scope="module")
def image():
    return build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY="/none", WEBSITE_DIR="www")


def test_nothing_of_this_machine_is_in_the_image(image):
    """The same sources make the same image wherever they lie (tests/test_build.py compares two of a smaller system)."""
    content = image.read_bytes()
    assert b"/none" in content, "as the variable says"
    assert not [path for path in (paths.TOP, paths.CACHE) if str(path).encode() in content]


def test_the_web_server_boots_in_five_million_instructions(image, tmp_path):
    """With the image checked and all that it does not store zeroed: 2.71 M now, of which 41 MB to zero are most."""
    first = max(reversed(inside.domains(image)), key=lambda domain: domain.priority)
    init, _ = inside.symbol(image, first.name, "init")
    with Counting(image.with_name("webserver.report.txt"), tmp_path) as counting, \
            Guest(image, args=counting.qemu_args, debug=True) as guest:
        guest.gdb.break_at(init)
        guest.gdb.go_on()
        guest.gdb.wait_stop()
        assert guest.gdb.pc() == init
        counted = counting.read()
    assert {name for name, value in counted.items() if value} <= {"loader", "kernel", first.name, "elsewhere"}
    assert counted["loader"] > 100_000 and counted["kernel"] > 1000, "counted it is"
    assert total(counted) <= MOST, dict(counted)


def test_barriers_are_executed(image, tmp_path):
    """QEMU's devices run beside the CPU: without the guest's barriers (virtio/virtq.c) an interrupt is lost now and then,
    and the network stands still until a timer ends. boards/qemu_virt_aarch64/qemu.args sees to it."""
    log = tmp_path / "operations"
    with Guest(image, args=["-d", "op", "-D", str(log)]) as guest:
        guest.expect(r"webserver on qemu_virt_aarch64")
    assert re.search(r"^ mb ", log.read_text(errors="replace"), re.M), "QEMU has left out all barriers"


def test_a_debugger_reads_and_writes_more_than_a_socket_holds(image):
    """Of the tests' own debugger: it and QEMU must not both wait for the other to read."""
    content = bytes(range(256)) * (1 << 12)
    with Guest(image, debug=True) as guest:
        guest.gdb.write_physical(MEMORY, content)
        assert guest.gdb.read_physical(MEMORY, len(content)) == content
