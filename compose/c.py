"""compose/c.py: Python values as C initialisers.

    dict -> designated initialisers     int, bool -> number     Ptr(n) -> (void *)0x..     bytes -> {0x.., ..}
    list -> array                       str -> "string"         Expr(text) -> text as it is

The compiler checks names and types: the struct is declared by the service's own header and nowhere else.
"""

import re

from .errors import ComposeError

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
MAX_COLUMN = 110


class Ptr(int):
    """An address in the PD's own address space."""


class Expr(str):
    """A C expression, such as the name of an enumerator."""


def string(text):
    out = []
    for byte in text.encode():
        c = chr(byte)
        if c in '"\\':
            out.append("\\" + c)
        elif 0x20 <= byte < 0x7F and c != "?":  # no trigraphs
            out.append(c)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


def number(value):
    if not -(1 << 63) <= value < 1 << 64:
        raise ComposeError(f"number {value:#x} does not fit 64 bits")
    if abs(value) < 4096:
        return str(value)
    return f"{value:#x}" + ("ul" if abs(value) >> 31 else "")


def initialiser(value, where, indent=""):
    """The C text of `value`; `where` names it in messages."""
    if isinstance(value, Expr):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Ptr):
        return f"(void *){int(value):#x}"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, str):
        return string(value)
    if isinstance(value, (bytes, bytearray)):
        return aggregate([f"{b:#04x}" for b in value], indent)
    if isinstance(value, (list, tuple)):
        return aggregate([initialiser(v, f"{where}[{i}]", indent + "    ") for i, v in enumerate(value)], indent)
    if isinstance(value, dict):
        for field in value:
            if not isinstance(field, str) or not IDENTIFIER.match(field):
                raise ComposeError(f"{where}: {field!r} is no name of a field")
        parts = [f".{k} = {initialiser(v, f'{where}.{k}', indent + '    ')}" for k, v in value.items()]
        return aggregate(parts, indent, broken=bool(parts))
    raise ComposeError(f"{where}: a {type(value).__name__} ({value!r}) has no C form; "
                       "there are dict, list, int, bool, str, bytes, Ptr, Expr")


def aggregate(parts, indent, broken=False):
    line = "{" + ", ".join(parts) + "}"
    if not broken and "\n" not in line and len(indent) + len(line) <= MAX_COLUMN:
        return line
    inner = indent + "    "
    if broken or any(len(p) > 20 for p in parts):
        return "{\n" + "".join(f"{inner}{p},\n" for p in parts) + indent + "}"
    rows = [", ".join(parts[i:i + 12]) for i in range(0, len(parts), 12)]
    return "{\n" + "".join(f"{inner}{r},\n" for r in rows) + indent + "}"
