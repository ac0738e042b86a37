"""lwIP's pools in a running guest, seen from outside: the free elements of each, read from the guest's memory.

Nothing in the guest takes part: symbols come from the programs' ELF files, physical addresses from the image tool's
report, the bytes from QEMU. A pool's free elements form a list by their first word (net/ip/pools.c); its head is
`memp_tab_NAME`.
"""

import re
import struct
import subprocess
from pathlib import Path

POOLS = ["TCP_PCB", "TCP_SEG", "PBUF", "UDP_PCB"]
DOMAIN = re.compile(r"^\d+ '([^']+)': priority", re.M)
ROW = re.compile(r"^\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\d+) ([KM])iB\s+rw-\s+normal\s+"
                 r"(?:'[^']+' (?:data|zeros)|memory region 'ip_memory_[^']+')$", re.M)
SHIFT = {"K": 10, "M": 20}


def writable(report):
    """{PD: [(va, pa, size)]} of data, zeros and the memory that net/ip cuts its pools off."""
    text = report.read_text()
    starts = list(DOMAIN.finditer(text))
    ends = [m.start() for m in starts[1:]] + [text.index("\nTotals")]
    return {m[1]: [(int(va, 16), int(pa, 16), int(size) << SHIFT[unit])
                   for va, pa, size, unit in ROW.findall(text, m.end(), end)]
            for m, end in zip(starts, ends)}


def heads(elf):
    """{pool: address of its list's head}"""
    table = subprocess.run(["llvm-nm", elf], check=True, capture_output=True, text=True).stdout
    rows = re.findall(r"^([0-9a-f]+) \w memp_tab_(\w+)$", table, re.M)
    found = {name: int(address, 16) for address, name in rows}
    return {name: found[name] for name in POOLS if name in found}


class Memory:
    """A PD's data, as it was at one moment."""

    def __init__(self, guest, ranges, scratch):
        self.parts = []
        for va, pa, size in ranges:
            guest.qmp.command("pmemsave", val=pa, size=size, filename=str(scratch))
            self.parts.append((va, scratch.read_bytes()))

    def word(self, va):
        for start, data in self.parts:
            if start <= va <= start + len(data) - 8:
                return struct.unpack_from("<Q", data, va - start)[0]
        raise ValueError(f"{va:#x} is not in this protection domain's data")

    def length(self, head):
        """Of a list; one that does not end is refused."""
        count, at = 0, self.word(head)
        while at:
            count, at = count + 1, self.word(at)
            assert count < 1 << 20, "the list of free elements does not end"
        return count


def lengths(guest, image, scratch):
    """{"PD POOL": free elements} of a guest that stands still."""
    found = {}
    for name, ranges in writable(image.with_suffix(".report.txt")).items():
        tables = heads(image.parent / image.stem / f"{name}.elf")
        memory = Memory(guest, ranges, Path(scratch)) if tables else None
        found |= {f"{name}, free {pool}": memory.length(head) for pool, head in tables.items()}
    return found


def free(guest, image, scratch):
    """The same, all at one moment."""
    guest.qmp.command("stop")
    try:
        return lengths(guest, image, scratch)
    finally:
        guest.qmp.command("cont")
