"""bench/load.c, the load generator, for tests that measure or test it."""

import os
import subprocess

from . import paths

USUAL = ("-O2",)
CHECKED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def compiled(folder, flags=USUAL):
    """The program, in that folder."""
    program = folder / "load"
    subprocess.run([os.environ.get("HOST_CC", "clang"), "-std=gnu11", "-D_GNU_SOURCE", *flags, f"-I{paths.TOP}", "-o", program,
                    *sorted(paths.TOP.glob("bench/load*.c")), "-lssl", "-lcrypto"], check=True)
    return program
