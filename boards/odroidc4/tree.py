"""tree.py IN.dtb OUT.dtb: a device tree whose registers have the CPU's addresses: the buses' `ranges` are applied, and gone.

compose/board.py reads addresses as they stand. A node below a bus without `ranges` (MDIO, I2C) has none and stays as it is.
Memory becomes its largest part without reserved regions that must not be mapped: a CPU that only speculates into the secure
monitor's gets an error, and the loader maps all that is called memory.
"""

import sys

import fdt


LARGE_PAGE = 0x200000


def pairs(words, count):
    """Rows of `count` numbers of 64 bits."""
    whole = [words[i] << 32 | words[i + 1] for i in range(0, len(words), 2)]
    return [whole[i:i + count] for i in range(0, len(whole), count)]


def cells(node, name):
    prop = node.get_property(name)
    return prop.value if prop is not None else None


def translate(address, windows):
    for child, parent, size in windows or [(0, 0, 1 << 64)]:    # empty: the parent's own addresses
        if child <= address < child + size:
            return address - child + parent
    return None


def numbers(words):
    return [number for value in words for number in (value >> 32, value & 0xffffffff)]


def flatten(node, above, wide):
    """above: the windows from the outermost bus to this one's parent; wide: addresses and sizes of `reg` have 64 bits."""
    reg, ranges = node.get_property("reg"), node.get_property("ranges")
    if reg is not None and wide:
        words = []
        for address, size in pairs(list(reg.data), 2):
            for windows in above:
                address = translate(address, windows) if address is not None else None
            if address is None:     # not for the CPU (PCI)
                words = list(reg.data)
                break
            words += numbers((address, size))
        node.set_property("reg", words)
    wide = (cells(node, "#address-cells"), cells(node, "#size-cells")) == (2, 2) and (ranges is not None or node.parent is None)
    if wide and ranges is not None:
        above = [pairs(list(ranges.data), 3) if isinstance(ranges, fdt.PropWords) else []] + above
        node.remove_property("ranges")
    for child in node.nodes:
        flatten(child, above, wide)


def usable(start, end, holes):
    """The largest of start..end without the holes, in whole large pages."""
    best = (start, start)
    for low, high in sorted(holes) + [(end, end)]:
        first, last = -(-start // LARGE_PAGE) * LARGE_PAGE, min(low, end) // LARGE_PAGE * LARGE_PAGE
        best = max(best, (first, last), key=lambda part: part[1] - part[0])
        start = max(start, high)
    return best


def limit_memory(tree):
    holes = [(a, a + size) for node in tree.get_node("/reserved-memory").nodes if node.exist_property("no-map")
             for a, size in pairs(list(node.get_property("reg").data), 2)]
    for node in tree.root.nodes:
        if node.exist_property("device_type") and node.get_property("device_type").value == "memory":
            (address, size), = pairs(list(node.get_property("reg").data), 2)
            first, last = usable(address, address + size, holes)
            node.set_property("reg", numbers((first, last - first)))


def main():
    with open(sys.argv[1], "rb") as f:
        tree = fdt.parse_dtb(f.read())
    flatten(tree.root, [], True)
    limit_memory(tree)
    with open(sys.argv[2], "wb") as f:
        f.write(tree.to_dtb(version=17))


if __name__ == "__main__":
    main()
