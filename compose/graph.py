"""compose/graph.py: a system as a picture, for Graphviz.

Boxes are protection domains, the higher the priority the darker; lines between them are channels: a notification either
way, or a protected call, drawn toward the one that is called. Round boxes are memory that two or more share: an arrow
points into what a PD may write, out of what it may only read. Devices and interrupts stand at the PD that has them.
"""

FONT = 'fontname="Helvetica,Arial,sans-serif"'
INK, FAINT, CALL, MEMORY, DEVICE = "#1f2933", "#7b8794", "#b44d12", "#2f6f4f", "#5a3e8c"


def dot(system):
    lines = [
        f"digraph {quote(system.name)} {{",
        "    rankdir=TB; splines=true; nodesep=0.35; ranksep=0.55; bgcolor=white; pad=0.3;",
        f'    label=<{title(system)}>; labelloc=t; fontsize=18; fontcolor="{INK}"; {FONT};',
        f'    node [{FONT}, fontsize=11, fontcolor="{INK}", color="{INK}", penwidth=1.1];',
        f'    edge [{FONT}, fontsize=9, color="{FAINT}", fontcolor="{FAINT}", arrowsize=0.6];',
    ]
    lines += [pd_node(pd) for pd in system.pds]
    lines += [edge(c) for c in system.channels]
    for region in system.regions:
        lines += shared(system, region)
    return "\n".join(lines + ["}", ""])


def title(system):
    legend = (f'<font color="{FAINT}">grey: notifications</font>, <font color="{CALL}">protected call</font>, '
              f'<font color="{MEMORY}">shared memory (dashed: may only read)</font>')
    return f'{escape(system.name)} on {escape(system.board.name)}<br/><font point-size="10">{legend}</font>'


def quote(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def size(count):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if count % unit == 0 or count > 4 * unit:
            return f"{count // unit} {name}"
    return f"{count} bytes"


def small(text, color=FAINT):
    return f'<br/><font point-size="9" color="{color}">{escape(text)}</font>'


def pd_node(pd):
    facts = [f"priority {pd.priority}"]
    if pd.passive:
        facts.append("passive")
    if pd.budget_us is not None and pd.budget_us != pd.period_us:
        facts.append(f"{pd.budget_us} of {pd.period_us} us")
    label = f"<b>{escape(pd.name)}</b>" + small(", ".join(facts), INK)
    if pd.program != pd.name:
        label += small(pd.program)
    hardware = [f"device {m.region.name}" for m in pd.maps if m.region.kind == "device"]
    hardware += [f"interrupt {i.number}" for i in pd.irqs]
    if hardware:
        label += small(", ".join(hardware), DEVICE)
    return (f'    {quote(pd.name)} [shape=box, style=filled, fillcolor="{shade(pd.priority)}", '
            f'margin="0.14,0.08", label=<{label}>];')


def shade(priority):
    """The higher the priority, the deeper the blue; always light enough for dark text."""
    part = priority / 254
    return "#" + "".join(f"{round(255 - (255 - deep) * part):02x}" for deep in (0x9F, 0xC4, 0xEE))


def edge(channel):
    """The higher priority stands further up, so that the picture reads from the hardware down to the programs."""
    upper, lower = channel.a, channel.b
    upper_id, lower_id, calls = channel.a_id, channel.b_id, {"a": "upper", "b": "lower", None: None}[channel.pp]
    if upper.priority < lower.priority:
        upper, lower, upper_id, lower_id = lower, upper, lower_id, upper_id
        calls = {"upper": "lower", "lower": "upper", None: None}[calls]
    attributes = f'taillabel="{upper_id}", headlabel="{lower_id}", labeldistance=1.4'
    if calls is None:
        attributes += ", dir=both, arrowhead=vee, arrowtail=vee"
    else:
        attributes += f', color="{CALL}", penwidth=1.6, dir={"forward" if calls == "upper" else "back"}'
    return f"    {quote(upper.name)} -> {quote(lower.name)} [{attributes}];"


def shared(system, region):
    """A region between PDs, or one that a device reads and writes."""
    users = [(pd, m) for pd in system.pds for m in pd.maps if m.region is region]
    if region.kind == "device" or (len(users) < 2 and region.kind != "dma"):
        return []
    node = quote("region " + region.name)
    kind = f"{size(region.size)}, DMA" if region.kind == "dma" else size(region.size)
    lines = [f'    {node} [shape=box, style="rounded,filled", fillcolor="#eef6f0", '
             f'color="{MEMORY}", margin="0.08,0.04", fontsize=9, '
             f"label=<{escape(region.name)}{small(kind, MEMORY)}>];"]
    users.sort(key=lambda user: -user[0].priority)
    upper = users[:1] if len(users) < 2 or users[-1][0].priority < users[0][0].priority else []
    for pd, mapped in users:
        writes = "w" in mapped.permissions
        above = (pd, mapped) in upper
        attributes = f'color="{MEMORY}", fontcolor="{MEMORY}", style={"solid" if writes else "dashed"}, ' \
                     f'dir={"forward" if writes == above else "back"}, label="{mapped.permissions}", penwidth=0.9'
        ends = (quote(pd.name), node) if above else (node, quote(pd.name))
        lines.append(f"    {ends[0]} -> {ends[1]} [{attributes}];")
    return lines
