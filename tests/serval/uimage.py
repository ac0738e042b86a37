"""U-Boot's legacy image format (include/image.h of U-Boot): a header of 64 bytes, big endian, then the data."""

import binascii
import struct
from typing import NamedTuple

MAGIC, HEADER = 0x27051956, struct.Struct(">7I4B32s")
OS_LINUX, ARCH_ARM64, TYPE_SCRIPT, COMPRESSION_NONE = 5, 22, 6, 0


class Damaged(Exception):
    pass


class Script(NamedTuple):
    name: str
    time: int
    text: str


def demand(condition, what):
    if not condition:
        raise Damaged(what)


def read_script(data):
    """A script's name, time and text, both checksums checked. Its data is a table of sizes that ends with 0, then the
    text."""
    demand(len(data) > HEADER.size + 8, "too short")
    fields = HEADER.unpack_from(data)
    magic, header_crc, time, size, load, entry, data_crc, *kind, name = fields
    body = data[HEADER.size:]
    demand(magic == MAGIC, "magic")
    header = data[:4] + bytes(4) + data[8:HEADER.size]
    demand(binascii.crc32(header) == header_crc, "the header's checksum")
    demand(len(body) == size and binascii.crc32(body) == data_crc, "the data's checksum")
    demand(kind == [OS_LINUX, ARCH_ARM64, TYPE_SCRIPT, COMPRESSION_NONE] and (load, entry) == (0, 0), "kind")
    length, end = struct.unpack_from(">2I", body)
    demand(end == 0 and length == len(body) - 8, "the table of sizes")
    return Script(name.rstrip(b"\0").decode(), time, body[8:].decode())
