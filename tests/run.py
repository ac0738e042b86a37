#!/usr/bin/env python3
"""run.py WORDS: pytest with these arguments, quoted as for a shell: those of `make test TESTS=..`. Patterns of files are
what they match. A whole folder's files run beside each other, one on each CPU."""

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
    beside = ["-n", str(os.cpu_count() or 1), "--dist", "loadfile"] if any(os.path.isdir(name) for name in names) else []
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *beside, *names])


if __name__ == "__main__":
    main()
