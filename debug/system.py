"""What a built system says of itself: its protection domains, their programs, and what lies where in each.

    system = System(Path("build/webserver.img"))
    system.pds["nfs"].elf, .ttbr0, .maps; system.kernel_maps, system.build

Names and programs come from the system's description, which every SDK has; the rest from our image tool's report, and
is missing on an official SDK. Needs nothing but Python's own library: gdb's Python reads it, too.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections import namedtuple

Map = namedtuple("Map", "va pa size rights what")

PD_LINE = re.compile(r"^(?P<index>\d+) '(?P<name>.+?)': priority \d+")
TABLES = re.compile(r"^    program .*, tables (?P<tables>0x[0-9a-f]+), ASID (?P<asid>\d+)$")
MAP_LINE = re.compile(r"^    (?P<va>0x[0-9a-f]+)\s+(?P<pa>0x[0-9a-f]+)\s+(?P<size>\d+) (?P<unit>[KMG]iB)"
                      r"\s+(?P<rights>[r-][w-][x-])\s+\w+\s+(?P<what>.+)$")
BUILD_LINE = re.compile(r"^build (?P<build>0x[0-9a-f]{8}),")
LOADED_LINE = re.compile(r"^loaded at (?P<base>0x[0-9a-f]+),")
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
ASID_SHIFT = 48


class NotBuilt(Exception):
    """There is no such system, or not all of it; the text says what is missing."""


def map_of(maps, address):
    return next((m for m in maps if m.va <= address < m.va + m.size), None)


class Pd:
    """ttbr0 is what TTBR0_EL1 holds while it runs, index its number in the kernel; None where nothing says so."""

    def __init__(self, name, elf):
        self.name = name
        self.elf = elf
        self.ttbr0 = self.index = None
        self.maps = []

    def map_of(self, address):
        return map_of(self.maps, address)


class System:
    """build: what a fault's line calls this image; None where its report does not say."""

    def __init__(self, image):
        self.image = image
        self.name = image.stem
        self.folder = image.parent / image.stem
        self.pds = self._described()
        self.kernel_maps = []
        self.build = self.base = None
        self._read_report(image.with_name(image.stem + ".report.txt"))

    def _described(self):
        path = self.folder / f"{self.name}.system"
        try:
            description = ElementTree.parse(path)
        except (OSError, ElementTree.ParseError) as error:
            raise NotBuilt(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        pds = {}
        for node in description.iter("protection_domain"):
            program = node.find("program_image")
            if program is not None:
                pds[node.get("name")] = Pd(node.get("name"), self.folder / program.get("path"))
        return pds

    def stored(self, maps, address, size):
        """The image's bytes that are at a virtual address; None where that cannot be told."""
        found = map_of(maps, address)
        if found is None or self.base is None or address + size > found.va + found.size:
            return None
        with open(self.image, "rb") as file:
            file.seek(found.pa + address - found.va - self.base)
            return file.read(size)

    def _read_report(self, path):
        try:
            lines = path.read_text(errors="replace").splitlines()
        except OSError as error:
            raise NotBuilt(f"{path}: {error.strerror}") from None
        pd, maps = None, []
        for line in lines:
            if match := PD_LINE.match(line):
                pd = self.pds.get(match["name"])
                maps = pd.maps if pd else []
                if pd:
                    pd.index = int(match["index"])
            elif match := BUILD_LINE.match(line):
                self.build = int(match["build"], 16)
            elif match := LOADED_LINE.match(line):
                self.base = int(match["base"], 16)
            elif line and not line.startswith(" "):
                pd, maps = None, self.kernel_maps if line == "Kernel" else []
            elif pd and (match := TABLES.match(line)):
                pd.ttbr0 = int(match["tables"], 16) | int(match["asid"]) << ASID_SHIFT
            elif match := MAP_LINE.match(line):
                maps.append(Map(int(match["va"], 16), int(match["pa"], 16), int(match["size"]) * UNITS[match["unit"]],
                                match["rights"], match["what"]))
