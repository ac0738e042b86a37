"""Guest instructions by protection domain: reads the counters that insncount.c keeps.

    with Counting(report, scratch) as counting:
        with Guest(image, forwards, args=counting.qemu_args) as guest:
            before = counting.read()
            ...
            print(counting.read() - before)

A figure is a collections.Counter: owner (a PD's name, "kernel", "loader", "elsewhere") -> instructions.
"""

import mmap
import os
import re
import struct
import subprocess
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).with_name("insncount.c")
MAGIC = 0x544E435353564553
RESET_PA = 0x70000000
# `0x007001f000  0x0070022000     12 KiB  stored  'adder' text` in the image tool's report
ROW = re.compile(r"^\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+\d+ \w+\s+stored\s+(?:'([^']+)'|(kernel|loader))(?: (\w+))?\s*$", re.M)


def text_ranges(report):
    """[(pa, size, owner)] of all that can be executed."""
    rows = []
    for first, end, pd, other, kind in ROW.findall(report):
        if other == "loader" or kind == "text":
            rows.append((int(first, 16), int(end, 16) - int(first, 16), pd or other))
    if not rows:
        raise ValueError("the report lists no program's text")
    return rows


class Counting:
    def __init__(self, report, scratch):
        self.ranges = text_ranges(Path(report).read_text())
        self.scratch = Path(scratch)

    def __enter__(self):
        plugin = self.scratch / "insncount.so"
        ranges, self.out = self.scratch / "ranges", self.scratch / "counters"
        subprocess.run([os.environ.get("HOST_CC", "clang"), "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-o", plugin,
                        SOURCE], check=True)
        ranges.write_text("".join(f"{pa:x} {size:x} {name}\n" for pa, size, name in self.ranges))
        self.out.write_bytes(b"")
        self.qemu_args = ["-plugin", f"{plugin},out={self.out},ranges={ranges},reset={RESET_PA:#x}"]
        return self

    def __exit__(self, *_):
        pass

    def read(self):
        """All counters since the CPU started."""
        with open(self.out, "rb") as f:
            data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        magic, count = struct.unpack_from("<QQ", data)
        assert magic == MAGIC and count == len(self.ranges), "not this run's counters"
        values = struct.unpack_from(f"<{count + 1}Q", data, 16)
        figures = Counter()
        for (_, _, name), value in zip(self.ranges, values):
            figures[name] += value
        figures["elsewhere"] = values[-1]
        return figures


def total(figures):
    return sum(figures.values())
