"""Grouped bars as SVG, enough for a benchmark's figures: one value axis, linear or logarithmic, numbers on the bars."""

import math
from xml.sax.saxutils import escape

COLOURS = ["#0b6e4f", "#9aa5b1", "#5b6770", "#c98b2b"]
BAR, GAP, HEIGHT = 34, 26, 240          # of a bar, between groups; of the value axis
LEFT, TOP, BOTTOM, RIGHT = 70, 64, 44, 20


def short(value):
    """Three digits and a unit prefix: 1.23 M."""
    for factor, prefix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= factor * 0.9995:
            return f"{value / factor:.3g}{prefix}"
    return f"{value:.3g}"


class Axis:
    """Values to heights above the base line; `ticks` are the values with a line of their own."""

    def __init__(self, values, logarithmic):
        top, low = max(values), min(v for v in values if v > 0)
        self.logarithmic = logarithmic
        if logarithmic:
            self.low, self.high = math.floor(math.log10(low) - 0.2), math.ceil(math.log10(top))
            self.ticks = [10.0 ** e for e in range(self.low, self.high + 1)]
        else:
            step = 10 ** math.floor(math.log10(top))
            step = next(s for s in (step / 5, step / 2, step, step * 2) if top / s <= 8)
            self.low, self.high = 0, step * math.ceil(top / step)
            self.ticks = [step * i for i in range(round(self.high / step) + 1)]

    def height(self, value):
        at = math.log10(value) if self.logarithmic else value
        return max(HEIGHT * (at - self.low) / (self.high - self.low), 1)


def text(x, y, words, size=11, anchor="middle", **more):
    attributes = "".join(f' {k.replace("_", "-")}="{v}"' for k, v in more.items())
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{attributes}>{escape(words)}</text>'


def legend(names):
    parts, x = [], LEFT
    for name, colour in zip(names, COLOURS):
        parts.append(f'<rect x="{x}" y="34" width="12" height="12" fill="{colour}"/>')
        parts.append(text(x + 17, 44, name, anchor="start"))
        x += 34 + 7 * len(name)
    return parts


def bars(title, groups, series, logarithmic=False):
    """groups: their labels; series: name -> a value for each group, None where there is none. Returns the picture."""
    values = [v for row in series.values() for v in row if v]
    if not values:
        return None
    axis, base = Axis(values, logarithmic), TOP + HEIGHT
    group_width = BAR * len(series) + GAP
    width = max(LEFT + group_width * len(groups) + RIGHT, LEFT + 9 * len(title))
    parts = [text(LEFT, 22, title, 14, "start", font_weight="bold"), *legend(series)]
    for tick in axis.ticks:
        y = base - (axis.height(tick) if tick else 0)
        parts.append(f'<line x1="{LEFT}" x2="{width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e6e8"/>')
        parts.append(text(LEFT - 6, y + 4, short(tick), 10, "end", fill="#555"))
    for g, label in enumerate(groups):
        left = LEFT + g * group_width + GAP / 2
        parts.append(text(left + BAR * len(series) / 2, base + 18, label))
        for s, (row, colour) in enumerate(zip(series.values(), COLOURS)):
            if row[g]:
                high, x = axis.height(row[g]), left + s * BAR
                parts.append(f'<rect x="{x:.1f}" y="{base - high:.1f}" width="{BAR - 3}" height="{high:.1f}" '
                             f'fill="{colour}"/>')
                parts.append(text(x + (BAR - 3) / 2, base - high - 4, short(row[g]), 9))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{base + BOTTOM}" '
            'font-family="sans-serif">\n<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts)
            + "\n</svg>\n")
