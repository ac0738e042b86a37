"""trace_svg.py: a trace as a picture for any browser: a lane for each PD, those of the highest priority on top, its time
as boxes, what happened as dots, who woke whom as lines; above them what was under way. A pointer over anything shows its
words. Time in which no PD ran is drawn as a gap, however long it was.
"""

from html import escape

from trace_events import arrows, spans, stretches
from trace_views import span_name, title, words

WIDTH, LEFT, TOP = 1760, 130, 34        # of the drawing, of the names, of the scale
BOX, LANE_GAP, SPAN = 16, 10, 15        # heights
IDLE_US, IDLE_WIDTH = 60.0, 26
EVENTS_MOST = 6000                      # more are no picture
SPAN_ROWS_MOST = 24
CHARACTER = 4.7
FAMILIES = ["request", "app", "python", "file", "nfs"]      # from above; all others below
FOOT = 46                               # for the idle times
FILLS = {"init": "#c8ced6", "notified": "#9fc4ee", "protected": "#c5b3e6", "fault": "#f0a3a3", "call": "#f3c9a0",
         "fiber": "#a9dcb9"}
ARROWS = {"notify": "#7b8794", "call": "#b44d12"}
OTHER_ARROW = "#2f6f4f"
STYLE = ("text{font:10px Helvetica,Arial,sans-serif;fill:#1f2933;pointer-events:none} .s{font-size:9px} .n{font-size:11px}"
         " .g{fill:#7b8794} line{stroke-width:.9;opacity:.75}")


class Scale:
    """Microseconds to x: in proportion where a PD runs; an idle time has always the same width."""

    def __init__(self, trace, boxes):
        busy = sorted((b.first.us, b.end_us(trace)) for b in boxes)
        busy = busy or [(e.us, e.us) for e in trace.events[:1]]
        busy.append((trace.events[-1].us,) * 2)
        self.parts, end = [], busy[0][0]                # [from, to] in which something runs
        start = min(end, trace.events[0].us)
        for first, last in busy:
            if first - end > IDLE_US:
                self.parts.append((start, end))
                start = first
            end = max(end, last)
        self.parts.append((start, end))
        total = sum(last - first for first, last in self.parts) or 1.0
        room = max(WIDTH - LEFT - IDLE_WIDTH * len(self.parts), WIDTH / 3)
        self.per_us = room / total
        self.starts, x = [], float(LEFT)
        for first, last in self.parts:
            self.starts.append(x)
            x += (last - first) * self.per_us + IDLE_WIDTH
        self.end = x

    def x(self, us):
        best = self.starts[0]
        for (first, last), start in zip(self.parts, self.starts):
            if us < first:
                break
            best = start + (min(us, last) - first) * self.per_us
        return best


def svg(trace):
    """The picture's text; empty where there are too many events for one, or none."""
    if not 0 < len(trace.events) <= EVENTS_MOST:
        return ""
    boxes, under_way = stretches(trace), spans(trace)[:SPAN_ROWS_MOST * 4]
    scale = Scale(trace, boxes)
    rows, height = lay_spans(trace, scale, under_way)
    parts = [bar(trace, scale, span, y) for span, y in rows]
    lanes, bottom = lay_lanes(trace, boxes, height)
    parts = scale_marks(scale, bottom) + [lane_name(name, y, depth, scale.end) for name, (y, depth) in lanes.items()] + parts
    places, drawn = draw(trace, scale, boxes, lanes)
    parts += drawn + [line(scale, places, arrow) for arrow in arrows(trace)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{scale.end:.0f}" height="{bottom}">\n<style>{STYLE}</style>\n'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


def hint(text):
    return f"<title>{escape(text)}</title>"


def told(trace, event):
    return f"{event.us:.3f} us  {event.pd['name']}: " + " ".join(
        [title(trace, event), *(f"{k}={v}" for k, v in words(trace, event))])


def label(x, y, text, width, kind="s"):
    """As much of the text as there is room for."""
    fits = int((width - 4) / CHARACTER)
    return f'<text class="{kind}" x="{x + 2:.1f}" y="{y:.1f}">{escape(text[:fits])}</text>' if fits >= 3 else ""


def lay_spans(trace, scale, under_way):
    """[(span, y)]: each in the first row that is free there, a family's rows together."""
    rows, placed, base = [], [], 0
    for family in sorted({s.first.family for s in under_way}, key=lambda f: (FAMILIES + [f]).index(f)):
        rows, base = rows + [0.0], len(rows)
        for span in (s for s in under_way if s.first.family == family):
            start, end = scale.x(span.first.us), scale.x(span.end_us(trace))
            free = next((i for i in range(base, len(rows)) if rows[i] <= start), None)
            if free is None and len(rows) - base < SPAN_ROWS_MOST // 4:
                rows.append(0.0)
                free = len(rows) - 1
            if free is not None:
                rows[free] = max(end, start + 3)
                placed.append((span, TOP + free * SPAN))
    return placed, TOP + len(rows) * SPAN + LANE_GAP


def bar(trace, scale, span, y):
    start, width = scale.x(span.first.us), max(scale.x(span.end_us(trace)) - scale.x(span.first.us), 2)
    text = f"{span.first.pd['name']}: {span_name(trace, span)}"
    fill = "#ffe08a" if span.first.family == "request" else "#e8ecd9"
    return (f'<g><rect x="{start:.1f}" y="{y}" width="{width:.1f}" height="{SPAN - 2}" fill="{fill}">'
            f'{hint(text + f", {span.end_us(trace) - span.first.us:.3f} us: " + told(trace, span.first))}</rect>'
            f'{label(start, y + 10, text, width)}</g>')


def lay_lanes(trace, boxes, y):
    """PD -> (y, how deep its stretches nest), those without an event left out."""
    lanes = {}
    for pd in sorted(trace.system["pds"], key=lambda pd: -pd["priority"]):
        own = [e for e in trace.events if e.pd is pd]
        if own:
            depth = 1 + max((b.depth for b in boxes if b.first.pd is pd), default=0)
            lanes[pd["name"]] = (y, depth)
            y += depth * BOX + LANE_GAP
    return lanes, y + FOOT


def lane_name(name, y, depth, end):
    return (f'<rect x="0" y="{y - LANE_GAP / 2}" width="{end:.0f}" height="{depth * BOX + LANE_GAP}" fill="#f5f7fa" '
            f'stroke="white"/><text class="n" x="6" y="{y + 12}">{escape(name)}</text>')


def scale_marks(scale, bottom):
    parts = []
    for number, ((first, _), x) in enumerate(zip(scale.parts, scale.starts)):
        if number:
            gap = first - scale.parts[number - 1][1]
            text = f"{gap / 1000:.1f} ms" if gap >= 1000 else f"{gap:.0f} us"
            parts.append(f'<text class="s g" transform="translate({x - IDLE_WIDTH / 2 + 3:.1f},{bottom - 2}) rotate(-90)">'
                         f'idle {text}</text>')
        if number == 0 or x - scale.starts[number - 1] > 60:
            parts.append(f'<text class="s g" x="{x:.1f}" y="20">{first:.0f} us</text>')
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="24" y2="{bottom - FOOT}" stroke="#d5dae1"/>')
    return parts


def draw(trace, scale, boxes, lanes):
    """Where each event is, for arrows; the boxes and dots."""
    places, parts = {}, []
    for box in boxes:
        y = lanes[box.first.pd["name"]][0] + box.depth * BOX
        start, end = scale.x(box.first.us), scale.x(box.end_us(trace))
        text = title(trace, box.first)
        length = f"{box.end_us(trace) - box.first.us:.3f} us" if box.last else "not ended yet"
        parts.append(f'<g><rect x="{start:.1f}" y="{y}" width="{max(end - start, 1):.1f}" height="{BOX - 2}" '
                     f'fill="{FILLS.get(box.first.name, "#dddddd")}">{hint(told(trace, box.first) + ", " + length)}</rect>'
                     f'{label(start, y + 10, text, end - start)}</g>')
        places[id(box.first)] = (start, y + 2)
    depths = depth_of_each(trace)
    for event in trace.events:
        if event.kind in ("BEGIN", "END"):
            continue
        x, y = scale.x(event.us), lanes[event.pd["name"]][0] + max(depths[id(event)] - 1, 0) * BOX + BOX - 5
        parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="1.8" fill="#334e68">{hint(told(trace, event))}</circle>')
        places[id(event)] = (x, y)
    return places, parts


def depth_of_each(trace):
    """How many stretches of its PD an event lies in."""
    depth, found = {}, {}
    for event in trace.events:
        name = event.pd["name"]
        if event.name == "init":
            depth[name] = 0
        depth[name] = max(depth.get(name, 0) + {"BEGIN": 1, "END": -1}.get(event.kind, 0), 0)
        found[id(event)] = depth[name]
    return found


def line(scale, places, arrow):
    first, second, what = arrow
    (x1, y1), (x2, y2) = places[id(first)], places[id(second)]
    return (f'<line x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}" stroke="{ARROWS.get(what, OTHER_ARROW)}"'
            f'{"" if what in ARROWS else " stroke-dasharray=" + chr(34) + "3 2" + chr(34)}/>')
