"""base64.py: what is used of CPython's module of that name (RFC 4648)."""

import binascii

_B32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _bytes(s):
    return s.encode() if isinstance(s, str) else bytes(s)


def b64encode(s, altchars=None):
    text = binascii.b2a_base64(s)[:-1]
    if altchars is not None:
        text = text.replace(b"+", altchars[:1]).replace(b"/", altchars[1:2])
    return text


def b64decode(s, altchars=None, validate=False):
    s = _bytes(s)
    if altchars is not None:
        altchars = _bytes(altchars)
        s = s.replace(altchars[:1], b"+").replace(altchars[1:2], b"/")
    if validate and any(not (48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122 or c in b"+/=") for c in s):
        raise ValueError("this is no base64")
    return binascii.a2b_base64(s)


standard_b64encode, standard_b64decode = b64encode, b64decode


def urlsafe_b64encode(s):
    return b64encode(s, b"-_")


def urlsafe_b64decode(s):
    return b64decode(s, b"-_")


def encodebytes(s):
    return b"".join(binascii.b2a_base64(s[i:i + 57]) for i in range(0, len(s), 57))


decodebytes = b64decode


def b32encode(s):
    text = bytearray()
    for i in range(0, len(s), 5):
        part = s[i:i + 5]
        bits = int.from_bytes(part + bytes(5 - len(part)), "big")
        digits = (len(part) * 8 + 4) // 5
        text += bytes(_B32[bits >> (35 - 5 * n) & 31] for n in range(digits)) + b"=" * (8 - digits)
    return bytes(text)


def b32decode(s, casefold=False):
    s = _bytes(s)
    s = s.upper() if casefold else s
    if len(s) % 8:
        raise ValueError("this is no base32")
    data = bytearray()
    for i in range(0, len(s), 8):
        part = s[i:i + 8].rstrip(b"=")
        bits = 0
        for c in part:
            digit = _B32.find(bytes([c]))
            if digit < 0:
                raise ValueError("this is no base32")
            bits = bits << 5 | digit
        data += (bits << 5 * (8 - len(part))).to_bytes(5, "big")[:len(part) * 5 // 8]
    return bytes(data)


def b16encode(s):
    return binascii.hexlify(s).upper()


def b16decode(s, casefold=False):
    s = _bytes(s)
    if not casefold and s != s.upper():
        raise ValueError("this is no base16")
    return binascii.unhexlify(s)
