"""compose/tree.py: what a device tree says of addresses (Devicetree Specification 0.4: 2.3.5 cells, 2.3.6 reg, 2.3.8
ranges, 3.4 memory, 3.5 reserved memory), as the CPU has them."""

import struct

from . import dtb
from .errors import ComposeError

LARGE_PAGE = 0x20_0000
WORD_BITS, WORD_BYTES = 32, 4
CELLS_MAX = 4
ADDRESS_MAX = 2 ** 64


def read(path):
    """The root of a tree in a file: .dtb, or .dts."""
    try:
        with open(path, "rb") as f:
            data = f.read()
        return dtb.parse(compiled(data.decode()) if path.endswith(".dts") else data)
    except (OSError, UnicodeDecodeError, ComposeError) as error:
        raise ComposeError(f"device tree {path}: {getattr(error, 'strerror', None) or error}") from None


def compiled(text):
    try:
        import fdt
    except ImportError as error:
        raise ComposeError("Python package 'fdt' is missing: make submodules fetches it") from error
    try:
        return fdt.parse_dts(text).to_dtb(version=dtb.VERSION)
    except Exception as error:  # whatever that package stumbles over
        raise ComposeError(f"no source of a device tree: {error}") from None


def fail(node, what):
    raise ComposeError(f"device tree: {node.path}: {what}")


def words(node, name):
    """A property's words; None: it is not there; []: it is empty."""
    data = node.properties.get(name)
    if data is not None and len(data) % WORD_BYTES:
        fail(node, f"{name} has {len(data)} bytes, which are no words")
    return None if data is None else list(struct.unpack(f">{len(data) // WORD_BYTES}I", data))


def cells(node):
    """How many words addresses and sizes have in the `reg` of a node's children."""
    counts = (words(node, "#address-cells") or [2])[0], (words(node, "#size-cells") or [1])[0]
    if max(counts) > CELLS_MAX:
        fail(node, f"addresses of {counts[0]} words and sizes of {counts[1]}; {CELLS_MAX} is the most")
    return counts


def rows(node, name, *counts):
    """A property as tuples of numbers, each of so many words; []: it is not there."""
    data, size = words(node, name) or [], sum(counts)
    if data and (not size or len(data) % size):
        fail(node, f"{name}: {len(data)} words are no rows of {size}")
    result = []
    for start in range(0, len(data), size or 1):
        row, at = [], start
        for count in counts:
            number = 0
            for word in data[at:at + count]:
                number = number << WORD_BITS | word
            row.append(number)
            at += count
        result.append(tuple(row))
    return result


def to_cpu(bus, address):
    """An address on the bus `bus` as the CPU has it; None: the CPU cannot reach it (MDIO, I2C: a bus without
    `ranges`)."""
    while bus.parent is not None:
        if "ranges" not in bus.properties:
            return None
        above, below = cells(bus.parent), cells(bus)
        windows = rows(bus, "ranges", below[0], above[0], below[1])
        for child, parent, size in windows:
            if child <= address < child + size:
                address = address - child + parent
                break
        else:
            if windows:     # empty: the addresses of the bus above
                return None
        bus = bus.parent
    return address


def registers(node):
    """[(base, size)] of a node's register blocks; base is None where the CPU cannot reach one."""
    if node.parent is None:
        return []
    blocks = [(to_cpu(node.parent, address), size) for address, size in rows(node, "reg", *cells(node.parent))]
    for base, size in blocks:
        if base is not None and base + size > ADDRESS_MAX:
            fail(node, f"{size:#x} bytes at {base:#x} end above all addresses")
    return blocks


def memory(root):
    """(base, size) of the memory that may be used: the first of its nodes, or the largest part of that without what
    must not even be mapped. A CPU that only speculates into a secure monitor's memory gets an error."""
    for node in root.children:
        if node.properties.get("device_type") == b"memory\0":
            blocks = registers(node)
            if not blocks:
                fail(node, "memory without an address")
            base, size = blocks[0]
            first, end = largest_part(base, base + size, unmappable(root))
            return first, end - first
    return None


def unmappable(root):
    reserved = root.find("/reserved-memory")
    holes = []
    for node in reserved.children if reserved else []:
        for base, size in registers(node) if "no-map" in node.properties else []:
            if base is None:
                fail(node, "memory that is not to be mapped, at no address of the CPU's")
            holes.append((base, base + size))
    return holes


def largest_part(start, end, holes):
    """The largest part of start..end without the holes, in whole large pages where there are any."""
    if not any(low < end and high > start for low, high in holes):
        return start, end
    best = (start, start)
    for low, high in sorted(holes) + [(end, end)]:
        first, last = -(-start // LARGE_PAGE) * LARGE_PAGE, min(low, end) // LARGE_PAGE * LARGE_PAGE
        best = max(best, (first, last), key=lambda part: part[1] - part[0])
        start = max(start, high)
    return best
