#!/usr/bin/env python3
"""run.py WORDS: pytest with these arguments, quoted as for a shell: those of `make test TESTS=..`. Patterns of files are
what they match."""

import glob
import os
import shlex
import sys


def main():
    try:
        words = shlex.split(sys.argv[1])
    except ValueError as error:
        sys.exit(f"make test: TESTS='{sys.argv[1]}': {error}")
    names = [name for word in words for name in sorted(glob.glob(word)) or [word]]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *names])


if __name__ == "__main__":
    main()
