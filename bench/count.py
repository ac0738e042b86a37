"""Guest instructions by protection domain, or by kernel and user: reads the counters that insncount.c keeps.

    with Counting(report, scratch) as counting:
        with Guest(image, forwards, args=counting.qemu_args) as guest:
            before = counting.read()
            ...
            print(counting.read() - before)

A figure is a collections.Counter: owner (a PD's name, "kernel", "loader", "elsewhere") -> instructions. Without a
report the guest is another system (Linux), and the owners are "kernel" and "user".
"""

import mmap
import os
import re
import struct
import subprocess
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
MAGIC = 0x544E435353564553
RESET_PA = 0x70000000
LINUX_KERNEL_VA = 0xFFFF_0000_0000_0000
# `0x007001f000  0x0070022000     12 KiB  stored  'adder' text` in the image tool's report
ROW = re.compile(r"^\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+\d+ \w+\s+stored\s+"
                 r"(?:'([^']+)'|(kernel|loader))(?: (\w+))?\s*$", re.M)


def text_ranges(report):
    """[(pa, size, owner)] of all that can be executed."""
    rows = []
    for first, end, pd, other, kind in ROW.findall(report):
        if other == "loader" or kind == "text":
            rows.append((int(first, 16), int(end, 16) - int(first, 16), pd or other))
    if not rows:
        raise ValueError("the report lists no program's text")
    return rows


def sources():
    """Of the plugin: how it adds depends on QEMU's release."""
    version = subprocess.run([os.environ.get("QEMU") or "qemu-system-aarch64", "--version"], stdin=subprocess.DEVNULL, check=True,
                             capture_output=True, text=True).stdout
    release = re.search(r"version (\d+)\.", version)
    assert release, f"no QEMU: {version!r}"
    return [HERE / "insncount.c", HERE / ("insncount_inline.c" if int(release[1]) < 9 else "insncount_call.c")]


class Counting:
    """ranges: as of text_ranges(), where the report's are not fine enough; of several that hold an address the first
    one counts."""

    def __init__(self, report, scratch, ranges=None):
        self.ranges = ranges or (text_ranges(Path(report).read_text()) if report else [])
        self.names = [name for _, _, name in self.ranges] + ["elsewhere"] if report else ["kernel", "user"]
        self.scratch = Path(scratch)
        self.out = self.scratch / "counters"

    def __enter__(self):
        plugin = self.scratch / "insncount.so"
        subprocess.run([os.environ.get("HOST_CC", "clang"), "-O2", "-shared", "-fPIC", "-fvisibility=hidden",
                        "-o", plugin, *sources()], check=True)
        self.out.write_bytes(b"")
        arguments = f"kernel={LINUX_KERNEL_VA:#x}"
        if self.ranges:
            ranges = self.scratch / "ranges"
            ranges.write_text("".join(f"{pa:x} {size:x} {name.replace(' ', '_')}\n" for pa, size, name in self.ranges))
            arguments = f"ranges={ranges},reset={RESET_PA:#x}"
        self.qemu_args = ["-plugin", f"{plugin},out={self.out},{arguments}"]
        return self

    def __exit__(self, *_):
        pass

    def figures(self, values):
        """Counters in the plugin's order, by owner."""
        assert len(values) == len(self.names), "not this run's counters"
        figures = Counter()
        for name, value in zip(self.names, values):
            figures[name] += value
        return figures

    def read(self):
        """All counters since the CPU started."""
        with open(self.out, "rb") as f:
            data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        magic, count = struct.unpack_from("<QQ", data)
        assert magic == MAGIC, "not this run's counters"
        return self.figures(struct.unpack_from(f"<{count + 1}Q", data, 16))


def total(figures):
    return sum(figures.values())
