"""compose/pem.py: private keys from a file, for PD keys: PEM with PKCS#8 (RFC 5958) or SEC 1 (RFC 5915), of P-256.

    keys_of("/etc/ssl/private/www.pem")     # [Key(scalar, point), ..]: bytes, as keys/config.h has them

One ComposeError, of one line, for what is no such key. Nothing here prints a key or a part of one.
"""

import base64
import binascii
import re
from typing import NamedTuple

from .errors import ComposeError

KEYS_MAX = 8        # KEYS_MAX
SCALAR_BYTES = 32   # KEYS_SCALAR_BYTES
POINT_BYTES = 65    # KEYS_POINT_BYTES
BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n(.*?)-----END \1-----", re.DOTALL)
WRITES = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 writes one that can be used"

# DER (X.690): tags, and what is named here.
INTEGER, BITS, OCTETS, OID, SEQUENCE, FIRST, SECOND = 0x02, 0x03, 0x04, 0x06, 0x30, 0xA0, 0xA1
EC_PUBLIC_KEY = bytes.fromhex("2a8648ce3d0201")
RSA = bytes.fromhex("2a864886f70d010101")
P256_NAME = bytes.fromhex("2a8648ce3d030107")
NAMES = {RSA: "an RSA key", bytes.fromhex("2b6570"): "an Ed25519 key", bytes.fromhex("2b6571"): "an Ed448 key",
         bytes.fromhex("2b6e"): "a key of X25519", bytes.fromhex("2b81040022"): "a key of P-384",
         bytes.fromhex("2b81040023"): "a key of P-521", bytes.fromhex("2b8104000a"): "a key of secp256k1"}

# P-256 (SP 800-186, 3.2.1.3).
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BASE = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


class Key(NamedTuple):
    scalar: bytes
    point: bytes


class NotDer(Exception):
    """It is cut off, or not what it should be."""


def add(a, b):
    """The sum of two points of P-256, as (x, y), None: the neutral one."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def public_point(scalar):
    """scalar times the base point, uncompressed (SEC 1, 2.3.3)."""
    total, power = None, BASE
    while scalar:
        if scalar & 1:
            total = add(total, power)
        power = add(power, power)
        scalar >>= 1
    return b"\x04" + total[0].to_bytes(32, "big") + total[1].to_bytes(32, "big")


def split(data, wanted=None):
    """(tag, content, rest) of the first element of DER; wanted: the tag that it must have."""
    if len(data) < 2 or (wanted is not None and data[0] != wanted):
        raise NotDer
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big") if 2 < start <= 6 else len(data)
    if start + length > len(data):
        raise NotDer
    return data[0], data[start:start + length], data[start + length:]


def content(data, wanted):
    """The element's content, and what comes behind it."""
    return split(data, wanted)[1:]


def from_sec1(der, curve=None):
    """ECPrivateKey. curve: where it was named outside already. (scalar, the point or None)."""
    rest, behind = content(der, SEQUENCE)
    version, rest = content(rest, INTEGER)
    scalar, rest = content(rest, OCTETS)
    if behind or version != b"\1":
        raise NotDer
    point = None
    while rest:
        tag, inner, rest = split(rest)
        if tag == FIRST:
            curve = content(inner, OID)[0]
        elif tag == SECOND:
            point = content(inner, BITS)[0][1:]
    check_curve(curve)
    return scalar, point


def from_pkcs8(der):
    rest, _ = content(der, SEQUENCE)
    _, rest = content(rest, INTEGER)
    algorithm, rest = content(rest, SEQUENCE)
    kind, parameters = content(algorithm, OID)
    if kind != EC_PUBLIC_KEY:
        raise ComposeError(f"holds {NAMES.get(kind, 'a key of an unknown kind')}; P-256 (ECDSA) is the only kind here: {WRITES}")
    return from_sec1(content(rest, OCTETS)[0], content(parameters, OID)[0])


def check_curve(curve):
    if curve is None:
        raise NotDer
    if curve != P256_NAME:
        raise ComposeError(f"holds {NAMES.get(curve, 'a key of an unknown curve')}; P-256 is the only curve here: {WRITES}")


def key_of(kind, text):
    """Of one block of the file."""
    if kind.startswith("ENCRYPTED") or "ENCRYPTED" in text:
        raise ComposeError("is encrypted, and the image could not ask for its passphrase: openssl pkey -in OLD -out NEW "
                           "writes it in the clear")
    if kind == "RSA PRIVATE KEY":
        raise ComposeError(f"holds an RSA key; P-256 (ECDSA) is the only kind here: {WRITES}")
    if kind not in ("PRIVATE KEY", "EC PRIVATE KEY"):
        raise ComposeError(f"holds a {kind.lower()}; a private key of P-256 is wanted")
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
        scalar, point = from_pkcs8(der) if kind == "PRIVATE KEY" else from_sec1(der)
    except (binascii.Error, NotDer):
        raise ComposeError("is damaged: what lies between BEGIN and END is no key") from None
    number = int.from_bytes(scalar, "big")
    if not 0 < number < N:
        raise ComposeError("holds a number that is no key of P-256")
    own = public_point(number)
    if point is not None and len(point) == POINT_BYTES and point != own:
        raise ComposeError("is damaged: its public half is not that of its private half")
    return Key(number.to_bytes(SCALAR_BYTES, "big"), own)


def keys_in(text):
    """All keys of a file's text, in their order."""
    keys = []
    for kind, block in BLOCK.findall(text):
        if kind not in ("EC PARAMETERS", "CERTIFICATE"):
            keys.append(key_of(kind, block))
    if not keys:
        raise ComposeError("has no private key in it: a PEM file is wanted, with a line -----BEGIN PRIVATE KEY-----")
    if len(keys) > KEYS_MAX:
        raise ComposeError(f"holds {len(keys)} keys; at most {KEYS_MAX}")
    if len(set(keys)) < len(keys):
        raise ComposeError("holds the same key twice")
    return keys


def keys_of(file):
    try:
        with open(file, encoding="ascii", errors="replace") as f:
            return keys_in(f.read())
    except OSError as error:
        raise ComposeError(f"TLS_KEY='{file}': {error.strerror}") from None
    except ComposeError as error:
        raise ComposeError(f"TLS_KEY='{file}' {error}") from None
