"""How long services were away, as text and as a picture: a row for each part, times on a logarithmic axis."""

import math
from xml.sax.saxutils import escape

EACH = 5                            # boxes in a decade
LOW, HIGH = -4, 2                   # 0.1 ms to 100 s; what lies outside counts in the box at the edge
BOXES = (HIGH - LOW) * EACH
BLOCKS = " .:-=+*#%@"

LEFT, TOP, ROW, WIDTH, RIGHT = 150, 62, 46, 600, 190
SHADE, QUIET, INK, SOFT = "#c77d16", "#9aa5b1", "#1f2933", "#6b7785"


def quantile(times, part):
    """Nearest rank: the smallest of which at least that part of all is not larger."""
    ordered = sorted(times)
    return ordered[max(math.ceil(part * len(ordered)) - 1, 0)]


def box(seconds):
    at = math.floor((math.log10(max(seconds, 1e-9)) - LOW) * EACH + 1e-9)
    return min(max(at, 0), BOXES - 1)


def counts(times):
    found = [0] * BOXES
    for seconds in times:
        found[box(seconds)] += 1
    return found


def shown(seconds):
    """Three digits with a unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= factor * 0.9995 or unit == "us":
            return f"{seconds / factor:.3g} {unit}"
    raise AssertionError("the last unit takes all")


def line(times):
    """One character a box: how many of them, compared with the fullest."""
    found = counts(times)
    most = max(found)
    return "".join(BLOCKS[math.ceil(n / most * (len(BLOCKS) - 1))] for n in found)


def scale():
    """The text's axis, under line()."""
    marks = [shown(10.0 ** power) for power in range(LOW, HIGH)]
    return "".join(f"|{mark}".ljust(EACH) for mark in marks)


def _text(x, y, words, size=12, anchor="start", fill=INK):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">'
            f'{escape(words)}</text>')


def _bars(times, base, colour, height):
    found, wide = counts(times), WIDTH / BOXES
    most = max(found)
    return [f'<rect x="{LEFT + i * wide:.1f}" y="{base - height * n / most:.1f}" width="{wide - 1:.1f}" '
            f'height="{height * n / most:.1f}" fill="{colour}"/>' for i, n in enumerate(found) if n]


def svg(title, rows, quiet=None):
    """rows: part -> seconds each; quiet: part -> the same with nobody dead, drawn below the line."""
    rows = {name: times for name, times in rows.items() if times}
    bottom = TOP + ROW * len(rows)
    parts = [_text(14, 24, title, 15), _text(14, 42, "from a part's death to the first right answer of its service; "
                                             "grey: the same request with nobody dead", 11, fill=SOFT)]
    for power in range(LOW, HIGH + 1):
        x = LEFT + (power - LOW) * EACH * WIDTH / BOXES
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom + 4}" stroke="#dde2e7"/>')
        parts.append(_text(x, bottom + 20, shown(10.0 ** power), 11, "middle", SOFT))
    for number, (name, times) in enumerate(rows.items()):
        base = TOP + ROW * number + ROW * 0.66
        parts.append(_text(LEFT - 10, base, name, 12, "end"))
        parts += _bars(times, base, SHADE, ROW * 0.56)
        if quiet and quiet.get(name):
            parts += [bar.replace("<rect", f'<rect transform="matrix(1 0 0 -1 0 {2 * base + 1:.1f})"')
                      for bar in _bars(quiet[name], base, QUIET, ROW * 0.22)]
        parts.append(f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{base:.1f}" y2="{base:.1f}" stroke="{SOFT}" '
                     'stroke-width=".6"/>')
        figures = f"{len(times)}: {shown(quantile(times, 0.5))}, p99 {shown(quantile(times, 0.99))}"
        parts.append(_text(LEFT + WIDTH + 12, base, figures, 11, fill=SOFT))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + RIGHT}" height="{bottom + 34}" '
            'font-family="system-ui, sans-serif">\n<rect width="100%" height="100%" fill="#fff"/>\n'
            + "\n".join(parts) + "\n</svg>\n")
