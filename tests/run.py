#!/usr/bin/env python3
"""run.py WORDS: pytest with these arguments, quoted as for a shell: those of `make test TESTS=..`. Patterns of files are
what they match. A whole folder's files run beside each other, one on each CPU, in conftest.py's order. What hangs fails."""

import glob
import os
import shlex
import sys

TEST_S = 900            # a test, with the fixtures and systems that it is the first to need
SESSION_S = 75 * 60     # all of them; .ci/run has 90 minutes, and some for setting up


def main():
    try:
        words = shlex.split(sys.argv[1])
    except ValueError as error:
        sys.exit(f"make test: TESTS='{sys.argv[1]}': {error}")
    names = [name for word in words for name in sorted(glob.glob(word)) or [word]]
    beside = ["-n", str(os.cpu_count() or 1), "--dist", "loadfile", "--no-loadscope-reorder", "--durations=40"]
    beside = beside if any(os.path.isdir(name) for name in names) else []
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", f"--timeout={TEST_S}",
                              f"--session-timeout={SESSION_S}", *beside, *names])


if __name__ == "__main__":
    main()
