#!/usr/bin/env python3
"""variables.py table | readme: the variables that mk/variables.mk declares, for people.

    table       the README's table of those that its first section declares
    readme      writes that table into README.md
"""

import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
LINE = re.compile(r"var\.([A-Z_]+) *:= *(\S+) +(\S+) +(.+)")
TABLE = re.compile(r"(?<=<!-- make readme -->\n).*?(?=<!-- -->)", re.DOTALL)


def declared(text):
    """[(section, [(name, kind, default, help)])]"""
    sections = []
    for line in text.splitlines():
        if line.startswith("## "):
            sections.append((line[3:], []))
        elif match := LINE.fullmatch(line):
            sections[-1][1].append(match.groups())
    return sections


def kind_in_words(kind):
    words = [f"`{word}`" for word in kind.split("|")]
    if len(words) > 1:
        return ", ".join(words[:-1]) + " or " + words[-1]
    low, dots, high = kind.partition("..")
    return f"{low} to {high}" if dots else kind


def table(sections):
    lines = ["| variable | is | values | default |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {text} | {kind_in_words(kind)} | {'-' if default == '--' else f'`{default}`'} |"
              for name, kind, default, text in sections[0][1]]
    return "\n".join(lines) + "\n"


def main():
    sections = declared((TOP / "mk" / "variables.mk").read_text())
    if sys.argv[1:] == ["table"]:
        print(table(sections), end="")
    elif sys.argv[1:] == ["readme"]:
        readme = TOP / "README.md"
        readme.write_text(TABLE.sub(lambda _: table(sections), readme.read_text()))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
