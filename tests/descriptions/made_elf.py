"""ELF files made byte by byte, so that each can be wrong in exactly one way. No toolchain is asked."""

import struct

R, W, X = 4, 2, 1
EXEC, DYN = 2, 3
AARCH64, X86_64 = 183, 62
PT_LOAD, PT_INTERP = 1, 3


def elf(segments, symbols=(), entry=None, kind=EXEC, machine=AARCH64, data=1, more_headers=()):
    """segments: (address, flags, bytes, size in memory or None); symbols: (name, address, size)."""
    headers = [(PT_LOAD, *s) for s in segments] + list(more_headers)
    offset = (64 + 56 * len(headers) + 4095) & ~4095
    table, body = b"", b""
    for kind_of, address, flags, content, memory in headers:
        at = offset + len(body) + (address - offset - len(body)) % 4096
        body += bytes(at - offset - len(body)) + content
        size = len(content) if memory is None else memory
        table += struct.pack("<IIQQQQQQ", kind_of, flags, at, address, address, len(content), size, 4096)
    names, entries = b"\0", bytes(24)
    for name, address, size in symbols:
        entries += struct.pack("<IBBHQQ", len(names), 0x11, 0, 0xfff1, address, size)
        names += name.encode() + b"\0"
    sections_at = offset + len(body)
    sections_at += -sections_at % 8
    entries_at = sections_at + 3 * 64
    section_headers = bytes(64) + struct.pack("<IIQQQQIIQQ", 0, 2, 0, 0, entries_at, len(entries), 2, 1, 8, 24)
    section_headers += struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, entries_at + len(entries), len(names), 0, 0, 1, 0)
    head = b"\x7fELF" + bytes([2, data, 1]) + bytes(9)
    entry = segments[0][0] if entry is None and segments else entry or 0
    head += struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, sections_at, 0, 64, 56, len(headers), 64, 3, 0)
    image = head + table
    image += bytes(offset - len(image)) + body
    return image + bytes(sections_at - len(image)) + section_headers + entries + names


LOOP = struct.pack("<I", 0x14000000)  # b .
KERNEL_VA = 0xffffff8000000000
IMAGE_HEADER_SIZE = 11 * 8 + 128 * 16

PDS_SIZE = 63 * 256
KERNEL = elf([(KERNEL_VA, R | X, LOOP, None), (KERNEL_VA + 0x1000, R | W, b"\1", 0x3000),
              (KERNEL_VA + 0x5000, R | W, b"", PDS_SIZE)], [("kernel_pds", KERNEL_VA + 0x5000, PDS_SIZE)])
LOADER = elf([(0, R | X, LOOP + bytes(60), None), (0x1000, R | W, bytes(IMAGE_HEADER_SIZE), None)],
             [("image_header", 0x1000, IMAGE_HEADER_SIZE)])

TEXT = (0x200000, R | X, LOOP, None)
DATA = (0x201000, R | W, b"\1" * 16, 0x2000)
SYMBOLS = [("microkit_name", 0x201100, 16), ("number", 0x201000, 8), ("small", 0x201008, 1),
           ("elsewhere", 0x900000, 8)]
GOOD = elf([TEXT, DATA], SYMBOLS)
# Elf32_Ehdr and one Elf32_Phdr.
GOOD_32_BIT = (b"\x7fELF" + bytes([1, 1, 1]) + bytes(9) +
               struct.pack("<HHIIIIIHHHHHH", EXEC, AARCH64, 1, 0x200000, 52, 0, 0, 52, 32, 1, 40, 0, 0) +
               struct.pack("<IIIIIIII", PT_LOAD, 84, 0x200000, 0x200000, 4, 4, R | X, 4096) + LOOP)

PROGRAMS = {
    "good.elf": GOOD,
    "not_elf.elf": b"#!/bin/sh\n",
    "empty.elf": b"",
    "truncated.elf": GOOD[:0x1002],
    "half_header.elf": GOOD[:40],
    "other_machine.elf": elf([TEXT], machine=X86_64),
    "32_bit.elf": GOOD_32_BIT,
    "unknown_class.elf": GOOD[:4] + b"\3" + GOOD[5:],
    "stripped.elf": GOOD[:40] + bytes(8) + GOOD[48:60] + bytes(4) + GOOD[64:],  # e_shoff, e_shnum, e_shstrndx
    "without_library.elf": elf([TEXT, DATA], SYMBOLS[1:]),
    "ambiguous.elf": elf([TEXT, DATA], [*SYMBOLS, ("number", 0x201010, 8)]),
    "big_endian.elf": GOOD[:5] + b"\2" + GOOD[6:18] + b"\0\xb7" + GOOD[20:],
    "relocatable.elf": elf([TEXT], kind=DYN),
    "dynamic.elf": elf([TEXT], more_headers=[(PT_INTERP, 0x200800, R, b"/lib/ld.so\0", None)]),
    "write_execute.elf": elf([(0x200000, R | W | X, LOOP, None)]),
    "segments_overlap.elf": elf([TEXT, (0x200800, R | W, b"\1", None)]),
    "page_zero.elf": elf([(0, R | X, LOOP, None)]),
    "too_high.elf": elf([(0x7fbffff000, R | X, LOOP, 0x2000)]),
    "too_large.elf": elf([TEXT, (0x10000000, R | W, b"", 0x100001000)]),
    "entry_in_data.elf": elf([TEXT, DATA], entry=0x201000),
    "entry_nowhere.elf": elf([TEXT], entry=0x300000),
    "nothing.elf": elf([], entry=0x200000),
}
