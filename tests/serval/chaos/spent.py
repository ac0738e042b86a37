"""What the seconds of a run went into."""

import collections
import contextlib
import time


class Spent:
    """seconds: what -> how many. One thing at a time."""

    def __init__(self):
        self.seconds = collections.Counter()

    @contextlib.contextmanager
    def on(self, what):
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[what] += time.monotonic() - begun
