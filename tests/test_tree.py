"""compose/tree.py: addresses of a device tree as the CPU has them, and the memory that may be used."""

import sys

import pytest
from serval import paths

sys.path.insert(0, str(paths.TOP))
sys.path.insert(0, str(paths.TOP / "third_party" / "src" / "python"))

import fdt  # noqa: E402
from compose import tree  # noqa: E402
from compose.errors import ComposeError  # noqa: E402

TREE = fdt.parse_dts("""/dts-v1/;
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


@pytest.mark.parametrize(("path", "registers"), [
    ("/at_the_top", [(0x1000, 0x100), (0x1_0000_2000, 0x200)]),
    ("/nothing", []),
    ("/same@0/device", [(0x3000, 0x30)]),
    ("/same@0/windows/device", [(0xff80_0030, 4), (0x5_0000_0010, 8)]),
    ("/same@0/windows/outside", [(None, 4)]),
    ("/same@0/windows/deeper/device", [(0xff80_0108, 4)]),
    ("/same@0/mdio/phy", [(None, 0)]),
    ("/same@0/pci/card", [(0x4000_0020, 0x10)]),
])
def test_registers(path, registers):
    assert tree.registers(TREE.get_node(path)) == registers


def test_words_that_are_no_rows():
    with pytest.raises(ComposeError, match="3 words are no rows of 4"):
        tree.registers(TREE.get_node("/same@0/odd"))


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
