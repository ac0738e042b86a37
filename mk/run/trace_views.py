"""trace_views.py: a trace as text, and as a file that Perfetto (https://ui.perfetto.dev) opens.

The file is in the Trace Event Format of Chromium (docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU):
a PD is a thread, those of the highest priority on top; X its time from begin to end, i what happened in it, b and e what
was under way, s and f an arrow.
"""

import json

from trace_events import arrows, spans, stretches

PROCESS = 1


def words(trace, event):
    """name=value of both words, or a TEXT's text."""
    if event.kind == "TEXT":
        return [("text", trace.text(event))]
    return [pair for pair in (trace.word(event, 0), trace.word(event, 1)) if pair]


def title(trace, event):
    """What a person calls it: "notified by eth_driver"."""
    linking = {"notified": "by", "protected": "by", "notify": "", "call": "", "fault": "of"}
    if event.name in linking:
        return " ".join(filter(None, (event.name, linking[event.name], trace.word(event, 0)[1])))
    return event.name


# -- text -------------------------------------------------------------------------------------------------------------

def text(trace):
    """A line for each event: microseconds, since the one before, the PD, what."""
    width = max((len(pd["name"]) for pd in trace.system["pds"]), default=0)
    ends = {id(s.last): s for s in stretches(trace) if s.last and s.last.kind == "END"}
    depths, lines, before = {}, [], 0.0
    for event in trace.events:
        name = event.pd["name"]
        if event.name == "init":
            depths[name] = 0
        if event.kind == "END":
            depths[name] = max(0, depths.get(name, 0) - 1)
        what = line(trace, event, ends.get(id(event)))
        lines.append(f"{event.us:12.3f} {event.us - before:+9.3f}  {name:<{width}}  {'  ' * depths.get(name, 0)}{what}")
        before = event.us
        if event.kind == "BEGIN":
            depths[name] = depths.get(name, 0) + 1
    return lines


def line(trace, event, ended):
    if event.kind == "END":
        return f"}} {ended.last.us - ended.first.us:.3f} us {title(trace, ended.first)}" if ended else "}"
    shown = title(trace, event)
    pairs = words(trace, event)[0 if shown == event.name else 1:]
    return " ".join([shown, *(f"{k}={v}" for k, v in pairs), *(["{"] if event.kind == "BEGIN" else [])])


# -- Perfetto ---------------------------------------------------------------------------------------------------------

def perfetto(trace):
    """The file's text."""
    ranked = sorted(trace.system["pds"], key=lambda pd: -pd["priority"])
    threads = {pd["name"]: number for number, pd in enumerate(ranked, 1)}
    rows = [{"ph": "M", "pid": PROCESS, "tid": 0, "name": "process_name", "args": {"name": trace.system["system"]}}]
    for pd in ranked:
        tid = threads[pd["name"]]
        rows.append(meta(tid, "thread_name", "name", pd["name"]))
        rows.append(meta(tid, "thread_sort_index", "sort_index", tid))
    rows += [slice_row(trace, threads, s) for s in stretches(trace)]
    rows += [instant_row(trace, threads, e) for e in trace.events if e.kind not in ("BEGIN", "END")]
    for number, span in enumerate(spans(trace), 1):
        rows += span_rows(trace, threads, span, number)
    for number, arrow in enumerate(arrows(trace), 1):
        rows += arrow_rows(threads, arrow, number)
    other = {"system": trace.system["system"], "notes": trace.notes}
    return json.dumps({"displayTimeUnit": "ns", "otherData": other, "traceEvents": rows}, indent=0) + "\n"


def meta(tid, name, key, value):
    return {"ph": "M", "pid": PROCESS, "tid": tid, "name": name, "args": {key: value}}


def row(threads, event, phase, name, **more):
    return {"ph": phase, "ts": round(event.us, 3), "pid": PROCESS, "tid": threads[event.pd["name"]], "name": name, **more}


def slice_row(trace, threads, stretch):
    duration = round(stretch.end_us(trace) - stretch.first.us, 3)
    arguments = dict(words(trace, stretch.first))
    if stretch.last is None:
        arguments["end"] = "not yet"
    elif stretch.last.kind != "END":
        arguments["end"] = "restarted"
    return row(threads, stretch.first, "X", title(trace, stretch.first), dur=duration, cat="pd", args=arguments)


def instant_row(trace, threads, event):
    return row(threads, event, "i", title(trace, event), s="t", cat="event", args=dict(words(trace, event)))


def span_name(trace, span):
    """GET /index.html; open; the event's own name."""
    second = trace.word(span.first, 1)
    if span.text:
        return f"{second[1].upper() if second else span.first.name} {span.text}"
    return f"{span.first.name} {second[1]}" if span.first.second in trace.system["enums"] else span.first.name


def span_rows(trace, threads, span, number):
    name = f"{span.first.pd['name']}: {span_name(trace, span)}"
    ident = {"cat": span.first.family, "id": hex(number)}
    yield row(threads, span.first, "b", name, **ident, args=dict(words(trace, span.first)))
    last = span.last or trace.events[-1]
    end = row(threads, last, "e", name, **ident, args=dict(words(trace, last)) if span.last else {"end": "not yet"})
    yield {**end, "tid": threads[span.first.pd["name"]]}


def arrow_rows(threads, arrow, number):
    first, second, what = arrow
    yield row(threads, first, "s", what, cat="arrow", id=number)
    yield row(threads, second, "f", what, cat="arrow", id=number, bp="e")
