"""trace_events.py: the rings of lib/trace.h, as they lie in a machine's memory, become events in the order of time.

    system = load_map("build/webserver/webserver.trace-map.json")
    trace = read(system, {"nfs": bytes of its region, ..})      # what is wrong is one line: TraceError
    trace.events, trace.notes                                   # merged; what is missing, and why

Nothing in a ring is believed: what wrote it may be what is wrong with the system. An event that is not in its place, or
that there is none of, is counted and left out.
"""

import heapq
import json
import struct

MAGIC, VERSION = 0x43525453, 1                  # TRACE_MAGIC, TRACE_VERSION
RING = struct.Struct("<IIIIQQ32x")              # struct trace_ring: magic, version, capacity, starts, ticks/s, head
EVENT = struct.Struct("<QIIQQ")                 # struct trace_event: ticks, event, number, words
TICKS_PER_SECOND = range(1, 10_000_000_001)


class TraceError(Exception):
    """One line: what, where, why."""


class Event:
    """One event. `about` is what others with the same (family, about) are about, None where there is nothing."""

    def __init__(self, pd, ticks, kind, words):
        self.pd, self.ticks, self.words = pd, ticks, words
        self.name, self.kind, self.family, self.first, self.second = kind
        self.about = None if self.family == "NONE" else words[0]
        self.us = 0.0       # since the first event that is shown

    def __repr__(self):
        return f"{self.us:.3f} {self.pd['name']} {self.name} {self.words}"


class Trace:
    def __init__(self, system, events, notes, ticks_per_second):
        self.system, self.notes, self.ticks_per_second = system, notes, ticks_per_second
        self.objects = {}
        self.show(events)

    def show(self, events):
        self.events = events
        first = events[0].ticks if events else 0
        for event in events:
            event.us = (event.ticks - first) * 1e6 / self.ticks_per_second

    def after(self, ticks):
        """The events later than that."""
        return Trace(self.system, [e for e in self.events if e.ticks > ticks], self.notes, self.ticks_per_second)

    def last_ticks(self):
        return self.events[-1].ticks if self.events else 0

    def peer(self, event):
        """[PD, its channel] or ["interrupt", number] at the other end of the event's channel; None: nobody."""
        return event.pd["channels"].get(str(event.words[0]))

    def word(self, event, index):
        """(what it is called, its value as a person reads it); None: it is nothing."""
        label, value = (event.first, event.second)[index], event.words[index]
        if label == "_":
            return None
        if label == "CHANNEL":
            peer = event.pd["channels"].get(str(value))
            return "peer", "%s %s" % tuple(peer) if peer and peer[0] == "interrupt" else peer[0] if peer else f"?{value}"
        if label == "CHILD":
            children = event.pd["children"]
            return "child", children[value] if value < len(children) else f"?{value}"
        if label == "OBJECT":
            known = self.objects.setdefault(event.pd["name"], {})
            return "object", "#%d" % known.setdefault(value, len(known) + 1)
        if label in self.system["enums"]:
            return label.rpartition("_")[2], self.system["enums"][label].get(str(value), str(value))
        return label, str(value)

    def text(self, event):
        """Of a TEXT event."""
        raw = struct.pack("<QQ", *event.words).rstrip(b"\0")
        return raw.decode("ascii", "replace").translate({n: "." for n in (*range(32), 127)})


def load_map(path):
    try:
        with open(path, encoding="utf-8") as f:
            system = json.load(f)
        kinds = [len(event) == 5 for event in system["events"]]
        pds = [pd[key] for pd in system["pds"] for key in ("name", "priority", "address", "channels", "children")]
        sizes = [pd["capacity"] > 0 and pd["size"] >= RING.size + pd["capacity"] * EVENT.size for pd in system["pds"]]
        if not (kinds and pds and all(kinds) and all(sizes) and system["system"] and isinstance(system["enums"], dict)):
            raise ValueError("it is not what compose writes")
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}; an image that is built with TRACE=1 has a map of its trace") from None
    except (ValueError, KeyError, TypeError) as error:
        raise TraceError(f"{path}: no map of a trace: {error!r}; build the image again, with TRACE=1") from None
    return system


def read_ring(pd, data, kinds):
    """(events in order, notes, ticks per second or 0). An empty ring: its PD has not started yet."""
    name = pd["name"]
    if len(data) < pd["size"]:
        raise TraceError(f"trace of PD '{name}': {len(data)} bytes, its ring has {pd['size']}")
    magic, version, capacity, starts, frequency, head = RING.unpack_from(data)
    if magic == 0 and head == 0:
        return [], [f"{name}: nothing, it has not started"], 0
    if magic != MAGIC or version != VERSION:
        raise TraceError(f"trace of PD '{name}': no ring at {pd['address']:#x} (it begins {magic:#010x}, version "
                         f"{version}): another image than the map's?")
    if capacity != pd["capacity"] or frequency not in TICKS_PER_SECOND:
        raise TraceError(f"trace of PD '{name}': its ring says {capacity} events at {frequency} ticks a second; "
                         f"the map says {pd['capacity']} events")
    first = max(0, head - capacity + 1)     # the place that head names may be half written
    events, broken = [], 0
    for number in range(first, head):
        ticks, event, own, *words = EVENT.unpack_from(data, RING.size + number % capacity * EVENT.size)
        if own != number & 0xFFFF_FFFF or event >= len(kinds) or (events and ticks < events[-1].ticks):
            broken += 1
        else:
            events.append(Event(pd, ticks, kinds[event], tuple(words)))
    notes = [f"{name}: {first} older events are lost"] if first else []
    notes += [f"{name}: {broken} events are not in their place and left out"] if broken else []
    notes += [f"{name}: has started {starts} times"] if starts > 1 else []
    return events, notes, frequency


def read(system, memory):
    """All rings, merged. memory: PD's name -> its region's bytes."""
    rings, notes, frequency = [], [], 0
    for pd in system["pds"]:
        if pd["name"] not in memory:
            raise TraceError(f"trace of PD '{pd['name']}': its ring is missing")
        events, remarks, ticks = read_ring(pd, memory[pd["name"]], system["events"])
        if ticks and frequency and ticks != frequency:
            raise TraceError(f"trace of PD '{pd['name']}': {ticks} ticks a second, the others say {frequency}")
        frequency = frequency or ticks
        rings.append(events)
        notes += remarks
    return Trace(system, list(heapq.merge(*rings, key=lambda e: e.ticks)), notes, frequency or 1)


# -- what belongs together --------------------------------------------------------------------------------------------

class Stretch:
    """From BEGIN to END, or from OPEN to CLOSE. last None: not ended when the machine was stopped."""

    def __init__(self, first, depth=0):
        self.first, self.last, self.depth = first, None, depth
        self.text = ""

    def end_us(self, trace):
        return (self.last or trace.events[-1]).us


def stretches(trace):
    """Times of PDs, from BEGIN to END. What a PD was in when it was started again ends there."""
    done, stacks = [], {}
    for event in trace.events:
        stack = stacks.setdefault(event.pd["name"], [])
        if event.name == "init":
            while stack:
                stack.pop().last = event
        if event.kind == "BEGIN":
            stack.append(Stretch(event, len(stack)))
            done.append(stack[-1])
        elif event.kind == "END" and stack:
            stack.pop().last = event
    return done


def spans(trace):
    """What was under way in a PD, from OPEN to CLOSE. A TEXT right behind OPEN is its text."""
    done, under_way, latest = [], {}, {}
    for event in trace.events:
        pd = event.pd["name"]
        key = pd, event.family, event.about
        if event.kind == "OPEN" and key not in under_way:
            under_way[key] = latest[pd] = Stretch(event)
            done.append(under_way[key])
            continue
        if event.kind == "CLOSE" and key in under_way:
            under_way.pop(key).last = event
        elif event.kind == "TEXT" and pd in latest:
            latest[pd].text = trace.text(event)
        latest.pop(pd, None)
    return done


def arrows(trace):
    """(from, to, what): who woke whom, who called whom, and the same thing seen by one PD after another."""
    found, owed, seen = [], {}, {}
    for event in trace.events:
        name = event.pd["name"]
        if event.name in ("notify", "call"):
            peer = trace.peer(event)
            if peer:
                owed.setdefault((event.name, peer[0], peer[1]), []).append(event)
        elif event.name in ("notified", "protected"):
            kind = "notify" if event.name == "notified" else "call"
            found += [(sender, event, kind) for sender in owed.pop((kind, name, event.words[0]), [])]
        if event.about is not None and event.first != "OBJECT":
            key = event.family, event.about
            if key in seen and seen[key].pd is not event.pd:
                found.append((seen[key], event, event.family))
            seen[key] = event
    return found
