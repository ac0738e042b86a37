"""compose/tree.py: addresses of a device tree as the CPU has them, and the memory that may be used."""

import struct
import sys

import pytest
from serval import paths

sys.path.insert(0, str(paths.TOP))
sys.path.insert(0, str(paths.TOP / "third_party" / "src" / "python"))

from compose import dtb, tree  # noqa: E402
from compose.board import Board  # noqa: E402
from compose.errors import ComposeError  # noqa: E402

BYTES = tree.compiled("""/dts-v1/;
/ {
    #address-cells = <2>;
    #size-cells = <2>;
    memory@80000000 {
        device_type = "memory";
        reg = <0x1 0x80000000 0x0 0x40000000>;
    };
    at_the_top {
        reg = <0x0 0x1000 0x0 0x100 0x1 0x2000 0x0 0x200>;
    };
    nothing {
    };
    letters {
        reg = <0x41414141 0x42424242 0x43434343 0x44444400>;
    };
    same@0 {
        #address-cells = <2>;
        #size-cells = <2>;
        ranges;
        device {
            reg = <0x0 0x3000 0x0 0x30>;
        };
        windows {
            #address-cells = <1>;
            #size-cells = <1>;
            ranges = <0x0 0x0 0xff800000 0x1000>, <0x8000 0x5 0x0 0x1000>;
            device {
                reg = <0x30 0x4 0x8010 0x8>;
            };
            outside {
                reg = <0x2000 0x4>;
            };
            deeper {
                #address-cells = <1>;
                #size-cells = <1>;
                ranges = <0x0 0x100 0x10>;
                device {
                    reg = <0x8 0x4>;
                };
            };
        };
        mdio {
            #address-cells = <1>;
            #size-cells = <0>;
            phy {
                reg = <0x3>;
            };
        };
        pci {
            #address-cells = <3>;
            #size-cells = <2>;
            ranges = <0x2000000 0x0 0x10000000 0x0 0x40000000 0x0 0x1000>;
            card {
                reg = <0x2000000 0x0 0x10000020 0x0 0x10>;
            };
        };
        odd {
            reg = <0x1 0x2 0x3>;
        };
    };
};
""")
TREE = dtb.parse(BYTES)


@pytest.mark.parametrize(("path", "registers"), [
    ("/at_the_top", [(0x1000, 0x100), (0x1_0000_2000, 0x200)]),
    ("/nothing", []),
    ("/letters", [(0x4141_4141_4242_4242, 0x4343_4343_4444_4400)]),
    ("/same@0/device", [(0x3000, 0x30)]),
    ("/same@0/windows/device", [(0xff80_0030, 4), (0x5_0000_0010, 8)]),
    ("/same@0/windows/outside", [(None, 4)]),
    ("/same@0/windows/deeper/device", [(0xff80_0108, 4)]),
    ("/same@0/mdio/phy", [(None, 0)]),
    ("/same@0/pci/card", [(0x4000_0020, 0x10)]),
])
def test_registers(path, registers):
    assert tree.registers(TREE.find(path)) == registers


def test_words_that_are_no_rows():
    with pytest.raises(ComposeError, match="/same@0/odd: reg: 3 words are no rows of 4"):
        tree.registers(TREE.find("/same@0/odd"))


def test_nodes():
    assert TREE.find("/same@0/windows/deeper/device").path == "/same@0/windows/deeper/device"
    assert TREE.path == "/" and TREE.find("/") is TREE and TREE.find("/same@0/none") is None
    assert TREE.find("/memory@80000000").properties["device_type"] == b"memory\0"


def test_memory_without_reserved_regions():
    assert tree.memory(TREE) == (0x1_8000_0000, 0x4000_0000)


@pytest.mark.parametrize(("holes", "part"), [
    ([], (0, 0x40001000)),
    ([(0x50000000, 0x60000000)], (0, 0x40001000)),
    ([(0x05000000, 0x05300000), (0x05300000, 0x07300000)], (0x07400000, 0x40000000)),
    ([(0x05300000, 0x07300000), (0x05000000, 0x05300000)], (0x07400000, 0x40000000)),
    ([(0x3fe00001, 0x3fe00002)], (0, 0x3fe00000)),
    ([(0, 0x100000)], (0x200000, 0x40000000)),
    ([(0, 0x50000000)], (0, 0)),
])
def test_largest_part(holes, part):
    assert tree.largest_part(0, 0x40001000, holes) == part


# A tree that begins at the board's paths, as small as it can be.
SMALL = """/dts-v1/;
/ {
    #address-cells = <1>;
    #size-cells = <1>;
    memory@40000000 {
        device_type = "memory";
        reg = <0x40000000 0x40000000>;
    };
    intc@8000000 {
        reg = <0x8000000 0x1000 0x8010000 0x1000>;
    };
    pl011@9000000 {
        reg = <0x9000000 0x1000>;
        interrupts = <0 1 4>;
    };
};
"""


def conf(tmp_path, data):
    path = tmp_path / "tree.dtb"
    path.write_bytes(data)
    return Board("qemu_virt_aarch64", str(path)).conf()


def test_a_small_tree(tmp_path):
    assert "uart 0x9000000\ngicd 0x8000000\ngicc 0x8010000\n" in conf(tmp_path, tree.compiled(SMALL))


def word(at, value):
    """A byte of the tree's structure, or of its header, is another."""
    return lambda data: data[:at] + struct.pack(">I", value) + data[at + 4:]


@pytest.mark.parametrize(("damage", "says"), [
    (lambda data: data[:39], "no device tree: 39 bytes are less than its header"),
    (lambda data: b"\x7fELF" + data[4:], "no device tree: it begins with 0x7f454c46, not with 0xd00dfeed"),
    (word(24, 18), "device tree of version 17, for readers of 18; there are: 16, 17"),
    (lambda data: data[:-4], "device tree of .* bytes; .* are there"),
    (word(8, 0xffff_0000), "device tree: no more words at 0xffff0000"),
    (word(12, 0x0fff_0000), "device tree: a name that is none at "),
    (word(0x38, 7), "device tree: no place for the token 0x7 at 0x38"),
    (word(0x38, 2), "device tree: no place for the token 0x2 at 0x38"),
    (word(0x38, 3), "device tree: a property of no node at 0x3c"),
    (word(0x44, 0xffff), "device tree: no 65535 bytes at 0x4c"),
], ids=["short", "magic", "version", "cut", "struct", "strings", "token", "end", "property", "size"])
def test_damaged(tmp_path, damage, says):
    data = damage(tree.compiled(SMALL))
    with pytest.raises(ComposeError, match=f"tree.dtb: {says}"):
        conf(tmp_path, data)


@pytest.mark.parametrize(("old", "new", "says"), [
    ("#size-cells = <1>", "#size-cells = <9>", "/: addresses of 1 words and sizes of 9; 4 is the most"),
    ("#size-cells = <1>", "#size-cells = [01]", "/: #size-cells has 1 bytes, which are no words"),
    ("reg = <0x40000000 0x40000000>;", "", "/memory@40000000: memory without an address"),
    ("0x1000 0x8010000 0x1000>", "0x1000>", "/intc@8000000: a GIC has two register blocks that the CPU can reach"),
    ("<0 1 4>", "<7 1 4>", "/pl011@9000000: an interrupt of kind 7; there are: 0, 1"),
    ("<0 1 4>", "<0 1>", "/pl011@9000000: interrupts: 2 words are no rows of 3"),
], ids=["cells", "bytes", "memory", "gic", "kind", "interrupt"])
def test_what_cannot_be(tmp_path, old, new, says):
    assert old in SMALL
    with pytest.raises(ComposeError) as error:
        conf(tmp_path, tree.compiled(SMALL.replace(old, new)))
    assert str(error.value) == f"device tree: {says}"
