"""compose/tree.py: what a device tree says of addresses (Devicetree Specification 0.4: 2.3.5 cells, 2.3.6 reg, 2.3.8
ranges, 3.4 memory, 3.5 reserved memory), as the CPU has them."""

from .errors import ComposeError

LARGE_PAGE = 0x20_0000
WORD_BITS = 32


def read(path):
    try:
        import fdt
    except ImportError as error:
        raise ComposeError("Python package 'fdt' is missing: make submodules fetches it") from error
    try:
        with open(path, "rb") as f:
            data = f.read()
        return fdt.parse_dts(data.decode()) if path.endswith(".dts") else fdt.parse_dtb(data)
    except OSError as error:
        raise ComposeError(f"device tree {path}: {error.strerror}") from None
    except Exception as error:      # the package meets a damaged tree with whatever goes wrong first
        raise ComposeError(f"device tree {path} cannot be read: {error or type(error).__name__}") from None


def words(node, name):
    """A property's words; None: it is not there; []: it is empty."""
    prop = node.get_property(name)
    return None if prop is None else list(getattr(prop, "data", []))


def cells(node):
    """How many words addresses and sizes have in the `reg` of a node's children."""
    return (words(node, "#address-cells") or [2])[0], (words(node, "#size-cells") or [1])[0]


def rows(data, *counts):
    """Tuples of numbers, each of so many words."""
    if len(data) % sum(counts):
        raise ComposeError(f"device tree: {len(data)} words are no rows of {sum(counts)}")
    result = []
    for start in range(0, len(data), sum(counts)):
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
        ranges = words(bus, "ranges")
        if ranges is None:
            return None
        above, below = cells(bus.parent), cells(bus)
        windows = rows(ranges, below[0], above[0], below[1])
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
    blocks = rows(words(node, "reg") or [], *cells(node.parent))
    return [(to_cpu(node.parent, address), size) for address, size in blocks]


def memory(tree):
    """(base, size) of the memory that may be used: the first of its nodes, or the largest part of that without what
    must not even be mapped. A CPU that only speculates into a secure monitor's memory gets an error."""
    for node in tree.root.nodes:
        if getattr(node.get_property("device_type"), "value", None) == "memory":
            base, size = registers(node)[0]
            first, end = largest_part(base, base + size, unmappable(tree))
            return first, end - first
    return None


def unmappable(tree):
    if not tree.exist_node("/reserved-memory"):
        return []
    return [(base, base + size) for node in tree.get_node("/reserved-memory").nodes if node.exist_property("no-map")
            for base, size in registers(node)]


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
