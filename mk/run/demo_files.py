"""The demo site's files that are made, not kept: one of 10 MiB, the same bytes each time."""

import hashlib
import os
from pathlib import Path

LARGE_NAME = "ten-mebibytes.bin"
LARGE_SIZE = 10 * 1024 * 1024


def large_bytes():
    """10 MiB that do not compress and do not change: SHA-256 in counter mode."""
    return b"".join(hashlib.sha256(n.to_bytes(8, "big")).digest() for n in range(LARGE_SIZE // 32))


def make_demo_files(site):
    """Writes what is missing into the folder `site`."""
    path = Path(site) / "files" / LARGE_NAME
    if path.exists() and path.stat().st_size == LARGE_SIZE:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{LARGE_NAME}.{os.getpid()}")
    fresh.write_bytes(large_bytes())
    fresh.rename(path)
