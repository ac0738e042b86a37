#!/usr/bin/env python3
"""qemu.py EXTRA PROGRAM ARGUMENTS..: becomes PROGRAM with these arguments and the words of EXTRA (QEMU_EXTRA). Those
are quoted as for a shell and otherwise taken as they are: `make NAME.qemu` and `make run` read them alike. A -serial in EXTRA
takes the place of the terminal."""

import os
import shlex
import sys


def extra_arguments(text):
    """The words of QEMU_EXTRA; ValueError says what is wrong with it."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ValueError(f"QEMU_EXTRA='{text}': {error}") from None


def main():
    extra, *command = sys.argv[1:]
    try:
        more = extra_arguments(extra)
        if "-serial" in more and "-serial" in command:
            at = command.index("-serial")
            del command[at:at + 2]
        os.execvp(command[0], command + more)
    except (ValueError, OSError) as error:
        sys.exit(f"qemu: {error}")


if __name__ == "__main__":
    main()
