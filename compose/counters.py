"""compose/counters.py: what a PD counts: a table of its program's header (lib/counters.h), and a page of its own where somebody
reads it.

    pd.counters = Counters(pd, "net/counters.h", "net_driver")      # of each PD whose program has such a table
    pd.counters.rows                    # in the order of the words
    pd.counters.read_by(front)          # gives it its page; the address of that in PD front, which can only read it
"""

import os
import re
from typing import NamedTuple

from .board import PAGE     # COUNTERS_BYTES
from .c import Ptr
from .errors import ComposeError
from .top import TOP

HEADER = "lib/counters.h"
ROW = re.compile(r'(?:ONE\((?P<name>\w+)|OF\((?P<family>\w+), (?P<which>\w+)), (?P<kind>\w+), "(?P<help>[^"\\]*)"\)')
KINDS = ("COUNTER", "GAUGE")


class Row(NamedTuple):
    family: str
    which: str      # of the family; "": it is the only one
    counter: bool
    help: str


def table(header, name):
    """The rows of NAME_COUNTERS."""
    with open(os.path.join(TOP, header), encoding="utf-8") as f:
        body = re.search(rf"#define {name.upper()}_COUNTERS\(ONE, OF\)((?:.*\\\n)+.*)\n", f.read())
    if not body:
        raise ComposeError(f"{header}: there is no table {name.upper()}_COUNTERS")
    lines = [line.strip(" \\") for line in body[1].splitlines()]
    return checked(header, [line for line in lines if line])


def checked(header, lines):
    rows = []
    for line in lines:
        found = ROW.fullmatch(line)
        if not found or found["kind"] not in KINDS:
            raise ComposeError(f"{header}: '{line}' is no row of a table of counters")
        row = Row(found["name"] or found["family"], found["which"] or "", found["kind"] == "COUNTER", found["help"])
        goes_on = bool(rows and row.which and rows[-1].which and rows[-1].family == row.family)
        if not goes_on and any(other.family == row.family for other in rows):
            raise ComposeError(f"{header}: '{line}': those of a family stand together")
        if goes_on != (row.help == ""):
            raise ComposeError(f"{header}: '{line}': the first of a family has the help, no other one")
        if goes_on and rows[-1].counter != row.counter:
            raise ComposeError(f"{header}: '{line}': a family is of one kind")
        rows.append(row)
    return rows


class Counters:
    def __init__(self, pd, header, name):
        self.pd, self.header, self.name, self.rows = pd, header, name, table(header, name)
        self.config = {"page": Ptr(0)}
        pd.config(HEADER, "struct counters_config", "counters_config", self.config)

    def read_by(self, reader):
        page = self.pd.system.region(f"counters_{self.pd.name}", PAGE)
        self.config["page"] = Ptr(self.pd.map(page, "rw"))
        return reader.map(page, "r")
