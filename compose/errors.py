"""compose/errors.py: one line for a mistake, at the place in the description where it was made."""

import os
import sys
import traceback


class ComposeError(Exception):
    """The message says what is wrong, the value, and what is allowed."""


def place(trace, script):
    """file:line of the innermost call in the description itself, else of the innermost call at all."""
    frames = traceback.extract_tb(trace)
    own = [f for f in frames if os.path.abspath(f.filename) == os.path.abspath(script)]
    frame = (own or frames)[-1]
    return f"{os.path.relpath(frame.filename)}:{frame.lineno}"


def report(kind, error, trace):
    """sys.excepthook: a ComposeError is the user's mistake, anything else is ours and shows its traceback."""
    if issubclass(kind, ComposeError):
        print(f"{place(trace, sys.argv[0])}: error: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
