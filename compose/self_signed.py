"""compose/self_signed.py: a key of P-256 and a certificate that it signs itself, for trying HTTPS out.

    python3 -m compose.self_signed KEY CERTIFICATE NAME..       # files; those that are there already stay

A browser believes it only when told to. Names: host names and IP addresses. Without any package beside Python's own, as
the build has none.
"""

import base64
import datetime
import hashlib
import hmac
import ipaddress
import os
import secrets
import sys

from .pem import EC_PUBLIC_KEY, N, P256_NAME, Key, keys_in, public_point

DAYS = 365
ECDSA_SHA256 = bytes.fromhex("2a8648ce3d040302")
COMMON_NAME, SUBJECT_ALT_NAME, BASIC_CONSTRAINTS = (bytes.fromhex(h) for h in ("550403", "551d11", "551d13"))


def tlv(tag, *parts):
    """DER (X.690)."""
    content = b"".join(parts)
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([len(content)]) if len(content) < 128 else bytes([0x80 | len(size)]) + size) + content


def sequence(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(value):
    return tlv(0x06, value)


def bits(content):
    return tlv(0x03, b"\0", content)


def nonce_of(scalar, digest):
    """RFC 6979, 3.2: the number that a signature needs, from the key and what is signed."""
    seed = scalar + (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    key, value = bytes(32), b"\1" * 32
    for step in (b"\0", b"\1"):
        key = hmac.digest(key, value + step + seed, "sha256")
        value = hmac.digest(key, value, "sha256")
    while True:
        value = hmac.digest(key, value, "sha256")
        if 0 < int.from_bytes(value, "big") < N:
            return int.from_bytes(value, "big")
        key = hmac.digest(key, value + b"\0", "sha256")
        value = hmac.digest(key, value, "sha256")


def sign(key, text):
    """ECDSA with SHA-256 (SEC 1, 4.1.3), as DER."""
    digest = hashlib.sha256(text).digest()
    nonce = nonce_of(key.scalar, digest)
    r = int.from_bytes(public_point(nonce)[1:33], "big") % N
    s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * int.from_bytes(key.scalar, "big")) % N
    return sequence(integer(r), integer(s))


def general_name(name):
    """RFC 5280, 4.2.1.6: iPAddress, four bytes or sixteen; dNSName."""
    try:
        return tlv(0x87, ipaddress.ip_address(name).packed)
    except ValueError:
        return tlv(0x82, name.encode())


def moment(when):
    """RFC 5280, 4.1.2.5: two digits of a year until 2049."""
    return tlv(0x17, when.strftime("%y%m%d%H%M%SZ").encode()) if when.year < 2050 else \
        tlv(0x18, when.strftime("%Y%m%d%H%M%SZ").encode())


def certificate(key, names, begins, days=DAYS):
    """PEM. begins: a datetime, UTC."""
    algorithm, name = sequence(oid(ECDSA_SHA256)), sequence(tlv(0x31, sequence(oid(COMMON_NAME), tlv(0x0C, names[0].encode()))))
    extensions = sequence(
        sequence(oid(BASIC_CONSTRAINTS), tlv(0x01, b"\xff"), tlv(0x04, sequence())),
        sequence(oid(SUBJECT_ALT_NAME), tlv(0x04, sequence(*(general_name(n) for n in names)))))
    body = sequence(
        tlv(0xA0, integer(2)), integer(int.from_bytes(hashlib.sha256(key.point + names[0].encode()).digest()[:8], "big")),
        algorithm, name, sequence(moment(begins), moment(begins + datetime.timedelta(days=days))), name,
        sequence(sequence(oid(EC_PUBLIC_KEY), oid(P256_NAME)), bits(key.point)), tlv(0xA3, extensions))
    return pem("CERTIFICATE", sequence(body, algorithm, bits(sign(key, body))))


def private_key(key):
    """PEM, PKCS#8."""
    inner = sequence(integer(1), tlv(0x04, key.scalar), tlv(0xA1, bits(key.point)))
    return pem("PRIVATE KEY", sequence(integer(0), sequence(oid(EC_PUBLIC_KEY), oid(P256_NAME)), tlv(0x04, inner)))


def pem(kind, der):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


def key_from(number):
    return Key(number.to_bytes(32, "big"), public_point(number))


def write(path, text, mode):
    with open(path, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, mode)) as f:
        f.write(text)


def main(key_file, certificate_file, *names):
    if not os.path.exists(key_file):
        write(key_file, private_key(key_from(secrets.randbelow(N - 1) + 1)), 0o600)
    if not os.path.exists(certificate_file):
        with open(key_file, encoding="ascii") as f:
            key = keys_in(f.read())[0]
        yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
        write(certificate_file, certificate(key, names or ["localhost"], yesterday), 0o644)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("python3 -m compose.self_signed KEY CERTIFICATE NAME..: files to be made, and whom the certificate is for")
    main(*sys.argv[1:])
