"""hmac.py: CPython's module of that name, over hashlib (RFC 2104). A digest ends its object, as it does hashlib's here:
there is no copy(), and no update() behind it."""

import binascii
import hashlib

from secrets import compare_digest  # noqa: F401

BLOCK = 64      # bytes, of the hashes that there are


class HMAC:
    block_size = BLOCK

    def __init__(self, key, msg=None, digestmod=None):
        if digestmod is None:
            raise TypeError("digestmod is missing")
        make = getattr(hashlib, digestmod) if isinstance(digestmod, str) else digestmod
        if len(key) > BLOCK:
            key = make(key).digest()
        key = bytes(key) + bytes(BLOCK - len(key))
        self._outer = make(bytes(b ^ 0x5c for b in key))
        self._inner = make(bytes(b ^ 0x36 for b in key))
        self._digest = None
        if msg is not None:
            self.update(msg)

    def update(self, msg):
        self._inner.update(msg)

    def digest(self):
        if self._digest is None:
            self._outer.update(self._inner.digest())
            self._digest = self._outer.digest()
        return self._digest

    def hexdigest(self):
        return binascii.hexlify(self.digest()).decode()


def new(key, msg=None, digestmod=None):
    return HMAC(key, msg, digestmod)


def digest(key, msg, digest):
    return HMAC(key, msg, digest).digest()
