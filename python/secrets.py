"""secrets.py: CPython's module of that name, over os.urandom(): numbers that nobody can guess, if the machine has a source
of randomness (docs/random.md); where it has none the console has said so."""

import binascii
import os

DEFAULT_ENTROPY = 32


def token_bytes(nbytes=None):
    return os.urandom(DEFAULT_ENTROPY if nbytes is None else nbytes)


def token_hex(nbytes=None):
    return binascii.hexlify(token_bytes(nbytes)).decode()


def token_urlsafe(nbytes=None):
    text = binascii.b2a_base64(token_bytes(nbytes)).decode().rstrip("\n=")
    return text.replace("+", "-").replace("/", "_")


def randbits(k):
    if k < 0:
        raise ValueError("number of bits must be non-negative")
    return int.from_bytes(os.urandom((k + 7) // 8), "big") >> (-k % 8)


def randbelow(exclusive_upper_bound):
    """Drawn again until it lies below: each number is as likely."""
    if exclusive_upper_bound <= 0:
        raise ValueError("Upper bound must be positive.")
    bits, most = 0, exclusive_upper_bound - 1
    while most >> bits:
        bits += 1
    while True:
        number = randbits(bits)
        if number < exclusive_upper_bound:
            return number


def choice(sequence):
    if not sequence:
        raise IndexError("Cannot choose from an empty sequence")
    return sequence[randbelow(len(sequence))]


def compare_digest(a, b):
    """Whether they are equal, in a time that does not tell where they differ. Texts, or bytes."""
    if isinstance(a, str) and isinstance(b, str):
        a, b = a.encode(), b.encode()
    elif isinstance(a, str) or isinstance(b, str):
        raise TypeError("both have to be texts, or bytes")
    different = len(a) ^ len(b)
    for n in range(len(a)):
        different |= a[n] ^ (b[n] if n < len(b) else 0)
    return different == 0
