"""html.py: CPython's html.escape(), and html.unescape() of numbers and of the few names that are used."""

_NAMES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "nbsp": "\xa0", "copy": "\xa9", "reg": "\xae",
          "euro": "\u20ac", "hellip": "\u2026", "ndash": "\u2013", "mdash": "\u2014", "laquo": "\xab", "raquo": "\xbb"}


def escape(s, quote=True):
    s = s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return s.replace('"', "&quot;").replace("'", "&#x27;") if quote else s


def _value(name):
    if name[:1] != "#":
        return _NAMES.get(name)
    try:
        number = int(name[2:], 16) if name[1:2] in ("x", "X") else int(name[1:])
    except ValueError:
        return None
    return chr(number) if 0 < number < 0x110000 else "\ufffd"


def unescape(s):
    parts = s.split("&")
    text = parts[0]
    for part in parts[1:]:
        name, semicolon, rest = part.partition(";")
        value = _value(name) if semicolon else None
        text += "&" + part if value is None else value + rest
    return text
