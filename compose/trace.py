"""compose/trace.py: the rings of lib/trace, for a system that is built with TRACE.

Each traced PD gets a region of its own in the board's DMA window: not because a device would read it, but because its
address is then known to whoever looks into the machine's memory. NAME.trace-map.json says where the rings lie, what the
events are called, and who is at the other end of each channel.
"""

import json
import os
import re

from .board import PAGE
from .c import Ptr
from .errors import ComposeError
from .top import TOP

HEADER = "lib/pd.h"         # which includes lib/trace.h
EVENTS = "lib/trace/events.h"
CAPACITY = 4096             # events of a PD
EVENT_BYTES = 32            # struct trace_event
RING_BYTES = 64             # struct trace_ring
KINDS = ("BEGIN", "END", "INSTANT", "OPEN", "CLOSE", "TEXT")
ENUMS = {                   # a word's name -> the header that declares an enum of that name, what its names begin with
    "fs_command_type": ("fs/proto.h", "FS_"),
    "fs_status": ("fs/proto.h", "FS_STATUS_"),
    "http_method": ("http/parse/request.h", "HTTP_"),
    "cache_question": ("http/cache/revalidate.h", "CACHE_QUESTION_"),
}
INPUTS = {EVENTS} | {header for header, _ in ENUMS.values()}
ROW = re.compile(r"^ *X\((\w+), (\w+), (\w+), (\w+), (\w+)\)", re.MULTILINE)


def chosen(system):
    """The PDs that TRACE names: 1 for all, or names with commas between them."""
    if system.trace == "1":
        return list(system.pds)
    known = {pd.name: pd for pd in system.pds}
    names = system.trace.split(",")
    for name in names:
        if name not in known:
            raise ComposeError(f"TRACE='{system.trace}': there is no PD '{name}'; there are: {', '.join(known)}, "
                               "or 1 for all, 0 for none")
    return [known[name] for name in dict.fromkeys(names)]


def add(system):
    """Gives each PD its ring, or word that it has none; returns the map's text."""
    traced = chosen(system)
    rings = {}
    for pd in system.pds:
        address = 0
        if pd in traced:
            rings[pd] = system.region(f"trace_{pd.name}", RING_BYTES + CAPACITY * EVENT_BYTES, dma=True, page_size=PAGE)
            rings[pd].kind = "trace"
            address = pd.map(rings[pd], "rw")
        pd.config(HEADER, "struct trace_config", "trace_config", {"ring": Ptr(address), "capacity": CAPACITY})
    return json.dumps({
        "system": system.name,
        "board": system.board.name,
        "events": events(),
        "enums": {name: enumerators(name, *where) for name, where in ENUMS.items()},
        "pds": [describe(system, pd, rings[pd]) for pd in traced],
    }, indent=1) + "\n"


def describe(system, pd, ring):
    return {"name": pd.name, "priority": pd.priority, "address": ring.phys, "size": ring.size, "capacity": CAPACITY,
            "channels": channels(system, pd), "children": [child.name for child in pd.children]}


def channels(system, pd):
    """Number -> [PD, its number for it] or ["interrupt", number]."""
    ends = {i.channel: ["interrupt", i.number] for i in pd.irqs}
    for c in system.channels:
        if c.a is pd:
            ends[c.a_id] = [c.b.name, c.b_id]
        if c.b is pd:
            ends[c.b_id] = [c.a.name, c.a_id]
    return {str(number): ends[number] for number in sorted(ends)}


def events():
    """[name, kind, family, first word, second word], by number."""
    with open(os.path.join(TOP, EVENTS), encoding="utf-8") as f:
        rows = [list(row) for row in ROW.findall(f.read())]
    for row in rows:
        if row[1] not in KINDS:
            raise ComposeError(f"{EVENTS}: event '{row[0]}' is of kind '{row[1]}'; there are: {', '.join(KINDS)}")
    return rows


def enumerators(name, header, prefix):
    """Value -> name, in small letters and without what all of them begin with."""
    with open(os.path.join(TOP, header), encoding="utf-8") as f:
        body = re.search(rf"enum {name} \{{(.*?)\}};", re.sub(r"/\*.*?\*/", "", f.read(), flags=re.DOTALL), re.DOTALL)
    if not body:
        raise ComposeError(f"{header}: there is no enum {name}")
    names, value = {}, 0
    for word in filter(None, (part.strip() for part in body[1].split(","))):
        word, _, given = (part.strip() for part in word.partition("="))
        try:
            value = int(given, 0) if given else value
        except ValueError:
            raise ComposeError(f"{header}: enum {name}: '{word} = {given}': a number is needed here") from None
        names[str(value)] = word.removeprefix(prefix).lower()
        value += 1
    return names
