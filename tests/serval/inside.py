"""What a built system says of itself: its protection domains, where their programs lie, what their symbols are."""

import re
import subprocess
from collections import namedtuple
from xml.etree import ElementTree

Domain = namedtuple("Domain", "name priority text_pa text_va text_size")

DOMAIN = re.compile(r"^\d+ '(?P<name>[^']+)': priority (?P<priority>\d+),.*?"
                    r"^\s+(?P<va>0x[0-9a-f]+)\s+(?P<pa>0x[0-9a-f]+)\s+(?P<kib>\d+) KiB\s+r-x .*?text$", re.M | re.S)


def priorities(image):
    """{protection domain: priority} by the description, whichever SDK's tool read it."""
    system = ElementTree.parse(image.with_suffix("") / f"{image.stem}.system")
    return {domain.get("name"): int(domain.get("priority")) for domain in system.iter("protection_domain")}


def domains(image):
    """Of the image's report, which our tool writes, in the order of the description."""
    report = image.with_name(image.stem + ".report.txt").read_text()
    return [Domain(m["name"], int(m["priority"]), int(m["pa"], 16), int(m["va"], 16), int(m["kib"]) * 1024)
            for m in DOMAIN.finditer(report)]


def symbol(image, name, symbol):
    """(address, size) of a function in a protection domain's program."""
    elf = image.parent / image.stem / f"{name}.elf"
    table = subprocess.run(["llvm-nm", "--print-size", "--defined-only", elf], check=True, text=True,
                           capture_output=True).stdout
    row = re.search(rf"^([0-9a-f]+) ([0-9a-f]+) [TtWw] {symbol}$", table, re.M)
    assert row, f"{elf} has no function {symbol}"
    return int(row[1], 16), int(row[2], 16)
