"""What was measured, as Markdown tables and SVG plots. Ratios come first: above 1, Serval is ahead.

    write(folder, [results of a network, ...])      folder/report.md and the plots; returns the Markdown
"""

from collections import Counter

import svg
from busy import CELL, QUIET
from measure import Cell
from site_files import SIZES

SERVAL = "Serval"
PEERS = ["nginx tuned", "nginx"]
PAGE_PEERS = ["MicroPython", "MicroPython, nginx", "CPython", "CPython, nginx", "uvicorn", "uvicorn, nginx"]

# What Serval is meant to reach: row of the first table -> (figure or factor over the tuned peer).
GOALS = {
    "instructions, 1 KiB keep-alive": 16e3, "instructions, 1 KiB keep-alive, 16 connections": 16e3,
    "instructions, 10 KiB keep-alive": 36e3, "instructions, 1 MiB keep-alive": 2.3e6, "instructions, 1 KiB close": 40e3,
    "instructions, 1 KiB cold": 100e3, "instructions, 1 MiB cold": 6e6, "instructions, Microdot's hello": 400e3,
    "idle, instructions/s": 10e3, "requests/s, 1 KiB keep-alive, 16 connections": "2 x",
    "requests/s, 1 KiB keep-alive, 64 connections": "2 x", "requests/s, 1 KiB close, 16 connections": "2 x",
    "MB/s, 10 MiB, one client": "1.5 x", "p99 ms, 1 KiB, one client": "1 x",
    "start to the first 200, s": 0.5, "image, MB": 1.5, "memory, MB": 8.0,
}


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def number(value):
    if value is None:
        return "-"
    if value >= 1e5:
        return svg.short(value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(ours, theirs, more_is_better):
    if not ours or not theirs:
        return "-"
    return f"**{(ours / theirs if more_is_better else theirs / ours):.2f}**"


class Results:
    """One network's. Every getter returns None where something was not measured, or went wrong."""

    def __init__(self, results):
        self.all = results
        self.targets = list(results["machines"])
        self.peers = [t for t in PEERS if t in self.targets]

    def time(self, target, cell, what, factor=1.0):
        value = self.all["times"][target].get(str(cell), {}).get(what)
        return None if value is None else value * factor

    def instructions(self, target, cell):
        return self.all["counts"].get(target, {}).get("cells", {}).get(str(cell), {}).get("total")

    def cold(self, target, size):
        return self.all["counts"].get(target, {}).get("cold", {}).get(size, {}).get("total")

    def count(self, target, what):
        return self.all["counts"].get(target, {}).get(what, {}).get("total")

    def machine(self, target, what, factor=1.0):
        return self.all["machines"][target][what] * factor

    def row(self, label, get, more_is_better=False):
        """label, ratios, figures."""
        ours, theirs = get(SERVAL), [get(peer) for peer in self.peers]
        return [label, *[ratio(ours, value, more_is_better) for value in theirs], number(ours), *map(number, theirs)]

    def head(self, first):
        return [first, *[f"to {peer}" for peer in self.peers], SERVAL, *self.peers]


def glance_rows(r):
    """(label, getter, whether more is better)"""
    one, many, most = Cell("1 KiB"), Cell("1 KiB", 16), Cell("1 KiB", 64)
    close, many_close = Cell("1 KiB", 1, True), Cell("1 KiB", 16, True)
    return [
        ("instructions, 1 KiB keep-alive", lambda t: r.instructions(t, one), False),
        ("instructions, 1 KiB keep-alive, 16 connections", lambda t: r.instructions(t, many), False),
        ("instructions, 10 KiB keep-alive", lambda t: r.instructions(t, Cell("10 KiB")), False),
        ("instructions, 1 MiB keep-alive", lambda t: r.instructions(t, Cell("1 MiB")), False),
        ("instructions, 1 KiB close", lambda t: r.instructions(t, close), False),
        ("instructions, 1 KiB cold", lambda t: r.cold(t, "1 KiB"), False),
        ("instructions, 1 MiB cold", lambda t: r.cold(t, "1 MiB"), False),
        ("instructions, Microdot's hello", lambda t: r.count(t, "hello"), False),
        ("idle, instructions/s", lambda t: r.count(t, "idle"), False),
        ("requests/s, 1 KiB keep-alive, 16 connections", lambda t: r.time(t, many, "requests_per_s"), True),
        ("requests/s, 1 KiB keep-alive, 64 connections", lambda t: r.time(t, most, "requests_per_s"), True),
        ("requests/s, 1 KiB close, 16 connections", lambda t: r.time(t, many_close, "requests_per_s"), True),
        ("MB/s, 10 MiB, one client", lambda t: r.time(t, Cell("10 MiB"), "bytes_per_s", 1e-6), True),
        ("p99 ms, 1 KiB, one client", lambda t: r.time(t, one, "p99_us", 1e-3), False),
        ("start to the first 200, s", lambda t: r.machine(t, "boot"), False),
        ("image, MB", lambda t: r.machine(t, "image", 1e-6), False),
        ("memory, MB", lambda t: r.machine(t, "memory", 1e-6), False),
    ]


def glance(r):
    rows = []
    for label, get, more_is_better in glance_rows(r):
        goal = GOALS.get(label)
        rows.append([*r.row(label, get, more_is_better), goal if isinstance(goal, str) else number(goal)])
    return "### At a glance\n\n" + table([*r.head(""), "aim"], rows)


def measured_cells(results, section):
    """In the order of measuring, without those that stand elsewhere."""
    if section == "times":
        return [cell for cell in results["times"][SERVAL] if "cold" not in cell]
    return list(results["counts"][SERVAL]["cells"])


def instruction_table(r):
    rows = [r.row(cell, lambda t, c=cell: r.instructions(t, c)) for cell in measured_cells(r.all, "counts")]
    rows += [r.row(f"{size}, cold", lambda t, s=size: r.cold(t, s)) for size in r.all["counts"][SERVAL]["cold"]]
    return "### Guest instructions per request\n\n" + table(r.head("size, connection, connections"), rows)


def rate_table(r):
    rows = []
    for cell in measured_cells(r.all, "times"):
        row = r.row(cell, lambda t, c=cell: r.time(t, c, "requests_per_s"), True)
        rows.append(row + [number(r.time(t, cell, "bytes_per_s", 1e-6)) for t in [SERVAL, *r.peers]])
    head = [*r.head("requests/s"), *[f"MB/s: {t}" for t in [SERVAL, *r.peers]]]
    return "### Requests and bytes per second\n\n" + table(head, rows)


def latency_table(r):
    rows = []
    for cell in r.all["times"][SERVAL]:
        both = [r.time(t, cell, what, 1e-3) for what in ("p50_us", "p99_us") for t in [SERVAL, *r.peers]]
        ratios = [ratio(r.time(SERVAL, cell, "p99_us"), r.time(peer, cell, "p99_us"), False) for peer in r.peers]
        rows.append([cell, *ratios, *map(number, both)])
    head = ["ms", *[f"p99 to {peer}" for peer in r.peers],
            *[f"{what}: {target}" for what in ("p50", "p99") for target in [SERVAL, *r.peers]]]
    return "### Latency\n\n" + table(head, rows)


def counted(parts):
    """All that was counted per request, by name."""
    cold = {f"{size}, cold": entry for size, entry in parts["cold"].items()}
    return {**parts["cells"], **cold, "hello": parts.get("hello", {})}


def trouble_of(cell):
    parts = [f"{count} {kind}" for kind, count in cell["errors"].items()]
    parts += [f"{cell['unfinished']} not through 2 s after the end"] if cell["unfinished"] else []
    return ", ".join(parts)


def trouble(r):
    """What went wrong, all of it; and who closes connections that were to be kept."""
    lines = []
    for target, cells in r.all["times"].items():
        for name, cell in cells.items():
            if trouble_of(cell):
                lines.append(f"- {target}, {name}: {trouble_of(cell)}; {cell['answers']} answers were right")
        closes = [name for name, cell in cells.items() if cell["closes"]]
        if closes:
            lines.append(f"- {target} closes each connection after its answer, asked to keep it or not "
                         f"({len(closes)} cells)")
    for target, parts in r.all["counts"].items():
        lines += [f"- {target}, counted, {name}: {entry['errors']}" for name, entry in counted(parts).items()
                  if "errors" in entry]
    return "### Errors\n\n" + ("\n".join(lines) or "None: every answer had status 200 and the file's bytes.") + "\n"


def split_table(r):
    """Serval's instructions by protection domain."""
    parts = r.all["counts"][SERVAL]
    columns = {**counted(parts), "idle, per s": parts["idle"], "boot": parts["boot"]}
    columns = {name: entry["split"] for name, entry in columns.items() if "split" in entry}
    sums = Counter()
    for split in columns.values():
        sums.update(split)
    rows = [[owner, *[number(split[owner]) if split.get(owner, 0) >= 0.5 else "" for split in columns.values()]]
            for owner, value in sums.most_common() if value >= 0.5]
    return "### Serval's instructions by protection domain\n\n" + table(["", *columns], rows)


def page_rows(pages):
    """(label, getter, whether more is better) of each figure of a page from Python."""
    def time_of(cell, what, factor=1.0):
        return lambda t: None if pages["times"][t][cell][what] is None else pages["times"][t][cell][what] * factor

    def count_of(cell):
        return lambda t: pages["counts"][t][cell].get("total")

    cells = list(pages["times"][SERVAL])
    return [*[(f"instructions, {cell}", count_of(cell), False) for cell in pages["counts"][SERVAL]],
            *[(f"requests/s, {cell}", time_of(cell, "requests_per_s"), True) for cell in cells],
            *[(f"{quantile} ms, {cell}", time_of(cell, f"{quantile}_us", 1e-3), False)
              for cell in cells for quantile in ("p50", "p99")],
            ("memory, MB", lambda t: pages["memory"][t] * 1e-6, False)]


def page_table(pages):
    """The ratio stands before each figure of a peer."""
    peers = [t for t in PAGE_PEERS if t in pages["memory"]]
    rows = []
    for label, get, more_is_better in page_rows(pages):
        ours = get(SERVAL)
        rows.append([label, number(ours), *[f"{ratio(ours, get(t), more_is_better)} {number(get(t))}" for t in peers]])
    return "### A page from Python\n\n" + table(["", SERVAL, *peers], rows)


def page_trouble(pages):
    lines = [f"- {target}, {name}: {trouble_of(cell)}; {cell['answers']} answers were right"
             for target, cells in pages["times"].items() for name, cell in cells.items() if trouble_of(cell)]
    lines += [f"- {target}, counted, {name}: {entry['errors']}" for target, cells in pages["counts"].items()
              for name, entry in cells.items() if "errors" in entry]
    closing = [target for target, cells in pages["times"].items()
               if any(cell["closes"] for name, cell in cells.items() if "keep-alive" in name)]
    lines += [f"- {target} closes each connection after its answer, asked to keep it or not" for target in closing]
    return "\n".join(lines or ["Every answer had status 200 and the same bytes."]) + "\n"


def busy_table(cells):
    """What a handler that computes costs those who ask for files."""
    quiet = cells[QUIET]
    rows = []
    for how, cell in cells.items():
        times = [number(value and value * 1e-3) for value in (cell["p50_us"], cell["p99_us"], cell["max_us"])]
        worse = [f"{cell[what] / quiet[what]:.2f} x" if cell[what] and quiet[what] else "-"
                 for what in ("p50_us", "p99_us")]
        rows.append([how, number(cell["requests_per_s"]), *times, *(worse if how != QUIET else ("", "1.5 x"))])
    head = [f"{CELL}", "requests/s", "p50 ms", "p99 ms", "longest ms", "p50 to quiet", "p99 to quiet, aim above"]
    return "### Files while Python computes\n\n" + table(head, rows)


def busy_trouble(cells):
    lines = [f"- {how}: {trouble_of(cell)}; {cell['answers']} answers were right"
             for how, cell in cells.items() if trouble_of(cell)]
    return "\n".join(lines or ["Every answer had status 200 and the file's bytes."]) + "\n"


# What HTTPS is meant to cost, of cells as bench/secured.py has them; per byte where a cell is of one MiB.
TLS_GOALS = {"1 KiB, close, 1": 1.0e6, "1 KiB, resumed, 1": 0.85e6, "1 KiB, keep-alive, 1": 19e3}
TLS_PER_BYTE = {"1 MiB, keep-alive, 1": (1 << 20, {"user": 5.2, "tap": 3.3})}


def tls_count_rows(tls, targets, network):
    """Of each suite what a request costs, or a byte of it."""
    for suite in tls["counts"][SERVAL]:
        for cell in tls["counts"][SERVAL][suite]:
            size, goals = TLS_PER_BYTE.get(cell, (1, None))
            values = [tls["counts"][t][suite][cell].get("total") for t in targets]
            values = [value and value / size for value in values]
            goal = goals[network] if goals else TLS_GOALS.get(cell)
            yield [f"instructions, {cell}, {'per byte, ' if goals else ''}{suite}",
                   *[ratio(values[0], value, False) for value in values[1:]], *map(number, values),
                   number(goal) if suite == "AES-128-GCM" else ""]


def tls_table(tls, network):
    targets = list(tls["machines"])
    rows = list(tls_count_rows(tls, targets, network))
    for cell in tls["times"][SERVAL]:
        for what, label, factor, more in (("requests_per_s", "requests/s", 1, True), ("bytes_per_s", "MB/s", 1e-6, True),
                                          ("p99_us", "p99 ms", 1e-3, False)):
            values = [tls["times"][t][cell][what] for t in targets]
            rows.append([f"{label}, {cell}", *[ratio(values[0], value, more) for value in values[1:]],
                         *[number(value and value * factor) for value in values], ""])
    for what, label, factor, goal in (("boot", "start to the first 200, s", 1, "0.5"), ("image", "image, MB", 1e-6, "3.5"),
                                      ("memory", "memory, MB", 1e-6, "12")):
        values = [tls["machines"][t][what] * factor for t in targets]
        rows.append([label, *[ratio(values[0], value, False) for value in values[1:]], *map(number, values), goal])
    return "### HTTPS\n\n" + table(["", *[f"to {t}" for t in targets[1:]], *targets, "aim"], rows)


def tls_others(others):
    """Those who are served on connections that stand."""
    rows = []
    for target in ("plain", "TLS"):
        quiet = next(iter(others[target].values()))
        for how, cell in others[target].items():
            rows.append([f"{target}, {how}", number(cell["requests_per_s"]),
                         *[number(cell[what] and cell[what] * 1e-3) for what in ("p50_us", "p99_us", "max_us")],
                         f"{cell['p99_us'] / quiet['p99_us']:.2f} x" if cell["p99_us"] and quiet["p99_us"] else "-",
                         trouble_of(cell)])
    rows += [[f"of these, {how}", number(cell["requests_per_s"]),
              *[number(cell[what] and cell[what] * 1e-3) for what in ("p50_us", "p99_us", "max_us")], "", trouble_of(cell)]
             for how, cell in others["beside"].items()]
    return table(["1 KiB, keep-alive, 16", "requests/s", "p50 ms", "p99 ms", "longest ms", "p99 to quiet, aim 1.5 x",
                  "errors"], rows)


def tls_trouble(tls):
    lines = [f"- {target}, {name}: {trouble_of(cell)}; {cell['answers']} answers were right"
             for target, cells in tls["times"].items() for name, cell in cells.items() if trouble_of(cell)]
    lines += [f"- {target}, counted, {name}, {suite}: {entry['errors']}" for target, suites in tls["counts"].items()
              for suite, cells in suites.items() for name, entry in cells.items() if "errors" in entry]
    return "\n".join(lines or ["Every answer had status 200 and the file's bytes."]) + "\n"


def tls_split(tls):
    """Serval's instructions by protection domain, with AES."""
    columns = {name: entry["split"] for name, entry in tls["counts"][SERVAL]["AES-128-GCM"].items() if "split" in entry}
    owners = sorted({owner for split in columns.values() for owner in split},
                    key=lambda owner: -max(split.get(owner, 0) for split in columns.values()))
    return table(["", *columns], [[owner, *[number(split.get(owner)) for split in columns.values()]] for owner in owners])


def plots(r, folder, prefix):
    names = [SERVAL, *r.peers]
    sizes = [s for s in SIZES if str(Cell(s)) in r.all["counts"][SERVAL]["cells"]]
    connections = [n for n in (1, 16, 64) if str(Cell("1 KiB", n)) in r.all["times"][SERVAL]]
    timed = [s for s in SIZES if str(Cell(s)) in r.all["times"][SERVAL]]
    pictures = {
        "instructions": ("Guest instructions per request, keep-alive, warm (fewer is better)", sizes,
                         {t: [r.instructions(t, Cell(s)) for s in sizes] for t in names}, True),
        "requests": ("Requests per second, 1 KiB, keep-alive, by connections", connections,
                     {t: [r.time(t, Cell("1 KiB", n), "requests_per_s") for n in connections] for t in names}, False),
        "bytes": ("MB per second, one client, keep-alive", timed,
                  {t: [r.time(t, Cell(s), "bytes_per_s", 1e-6) for s in timed] for t in names}, False),
        "latency": ("p99 in milliseconds, 1 KiB, keep-alive, by connections (less is better)", connections,
                    {t: [r.time(t, Cell("1 KiB", n), "p99_us", 1e-3) for n in connections] for t in names}, True),
    }
    lines = []
    for name, (title, groups, series, logarithmic) in pictures.items():
        picture = svg.bars(title, [str(g) for g in groups], series, logarithmic)
        if picture:
            (folder / f"{prefix}-{name}.svg").write_text(picture)
            lines.append(f"![{title}]({prefix}-{name}.svg)")
    return "\n".join(lines) + "\n"


def section(results, folder):
    parts = [f"## On {results['network']}\n"]
    if "times" in results:
        r = Results(results)
        prefix = "tap" if "tap" in results["network"] else "user"
        parts += [glance(r), plots(r, folder, prefix), instruction_table(r), rate_table(r), latency_table(r),
                  trouble(r), split_table(r)]
    if "pages" in results:
        parts += [page_table(results["pages"]), page_trouble(results["pages"])]
    if "busy" in results:
        parts += [busy_table(results["busy"]), busy_trouble(results["busy"])]
    if "tls" in results:
        tls = results["tls"]
        parts += [tls_table(tls, "tap" if "tap" in results["network"] else "user"), tls_trouble(tls), tls_others(tls["others"]), tls_split(tls)]
    parts += [f"Measured in {results['seconds'] / 60:.1f} minutes; this computer's load average was "
              f"{results['load']:.1f} when it began.\n"]
    return "\n".join(parts)


def write(folder, all_results):
    versions = ", ".join(f"{name} {version}" for name, version in all_results[0]["versions"].items())
    head = ["# Serval beside Linux with nginx and with Python\n" if versions else "# Serval's figures\n",
            "Ratios: above 1, Serval is ahead. Instructions are the guest's, net of what it executes when idle. "
            "`-`: not measured.\n"]
    head += [f"The peers: {versions}.\n"] if versions else []
    text = "\n".join([*head, *[section(results, folder) for results in all_results]])
    (folder / "report.md").write_text(text)
    return text
