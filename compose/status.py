"""compose/status.py: a port of the front's that says how the system is (http/status/port.c): for people, and for who watches.

    Status(s, http, supervisor, port=9100)      # after the supervisor, so after all other PDs

The front may then read what the supervisor notes, ask it how busy each part is, and read what the parts count
(compose/counters.py): each gets a page for that. What the page draws, the parts and who talks to whom, is text in the image.
"""

import json

from .c import Ptr
from .errors import ComposeError

PARTS_MAX = 32      # STATUS_PARTS_MAX
NO_CHILD = 0xff     # STATUS_NO_CHILD
COUNTERS_MAX = 128  # STATUS_COUNTERS_MAX
COUNTED_BYTES = 0x4000  # of the longest report, STATUS_REPORT_MAX, what these counters may take: all else takes as much
DIGITS = 20             # of a word
PORT_MAX = 65535


def row(pd):
    """In which row of the picture it stands."""
    if pd.irqs or any(m.region.kind == "device" and "w" in m.permissions for m in pd.maps):
        return "driver"
    return "virtualiser" if "_virt_" in pd.name else "supervisor" if pd.children else "program"


def name_of(counter):
    """In JSON, of a part."""
    return f"{counter.family}_{counter.which}" if counter.which else counter.family


def described(system, parts):
    """The text that the page draws: parts, pairs of their numbers that share a channel, and which counters are none."""
    number = {pd: i for i, pd in enumerate(parts)}
    links = sorted({tuple(sorted((number[c.a], number[c.b]))) for c in system.channels if c.a in number and c.b in number})
    return json.dumps({
        "system": system.name, "board": system.board.name,
        "parts": [{"name": pd.name, "row": row(pd), "priority": pd.priority} | ({"counts": pd.counters.name} if pd.counters else {})
                  for pd in parts],
        "links": links,
        "gauges": sorted({name_of(c) for pd in parts if pd.counters for c in pd.counters.rows if not c.counter}),
    }, separators=(",", ":")) + "\n"


def counter_config(program, counter):
    """struct status_counter"""
    return {"name": name_of(counter), "family": f"{program}_{counter.family}", "help": counter.help, "which": counter.which,
            "counter": counter.counter}


def told_bytes(pd, counter):
    """Of /metrics, which takes the most room, for one word of a part: its line, and its family's two."""
    family = len(f"serval_{pd.counters.name}_{counter.family}_total ")
    line = family + len(f'{{part="{pd.name}",kind="{counter.which}"}}') + DIGITS + 1
    return line + (2 * family + len(f"# HELP {counter.help}.\n# TYPE counter\n") if counter.help else 0)


def counted(front, parts, supervisor):
    """Each part with its page, and the rows of all tables: of one that several parts have, once."""
    first, rows, configs, size = {}, [], [], 0
    for pd in parts:
        config = {"name": pd.name, "child": supervisor.numbers.get(pd.name, NO_CHILD)}
        if pd.counters:
            name = pd.counters.name
            if name not in first:
                first[name] = len(rows)
                rows += [counter_config(name, counter) for counter in pd.counters.rows]
            size += sum(told_bytes(pd, counter) for counter in pd.counters.rows)
            config |= {"page": Ptr(pd.counters.read_by(front)), "first": first[name], "count": len(pd.counters.rows)}
        configs.append(config)
    if len(rows) > COUNTERS_MAX:
        raise ComposeError(f"PD '{front.name}': {len(rows)} counters are more than a status port can tell of: {COUNTERS_MAX}")
    if size > COUNTED_BYTES:
        raise ComposeError(f"PD '{front.name}': what all parts count takes {size} bytes of a status port's answer; at most {COUNTED_BYTES}")
    return {"parts": configs, "counter_count": len(rows), "counters": rows}


class Status:
    def __init__(self, system, http, supervisor, port):
        front = http.pd
        taken = [http.port] + ([http.https.port] if http.https else [])
        if not 1 <= port <= PORT_MAX:
            raise ComposeError(f"PD '{front.name}': status port {port} is not in 1..{PORT_MAX}")
        if port in taken:
            raise ComposeError(f"PD '{front.name}': status port {port} is one of the site's")
        parts = [pd for pd in system.pds if pd is not supervisor.pause]
        if len(parts) > PARTS_MAX:
            raise ComposeError(f"PD '{front.name}': {len(parts)} parts are more than a status port can tell of: {PARTS_MAX}")
        front.program += "_status"
        front.config("http/status/config.h", "struct status_config", "status_config", {
            "port": port,
            "fresh_ms": http.config["fresh_ms"],
            "folder": http.config["sites"][0]["folder"] if http.config["sites"] else "/",
            "system": described(system, parts),
            "notes": Ptr(front.map(supervisor.notes, "r")),
            "supervisor": supervisor.watched_by(front),
            "part_count": len(parts),
            **counted(front, parts, supervisor),
        })
