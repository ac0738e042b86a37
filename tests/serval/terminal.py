"""A program at a terminal."""

import os
import pty
import re
import select
import time

from .http import GENEROUS_S


class Terminal:
    """What somebody who sits before it does and sees."""

    def __init__(self, words, environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], list(map(str, words)), {**environment, "TERM": "dumb"})
        self.seen, self.mark = "", 0

    def expect(self, pattern, timeout=GENEROUS_S):
        deadline = time.monotonic() + timeout
        while not (match := re.search(pattern, self.seen[self.mark:])):
            ready = select.select([self.fd], [], [], deadline - time.monotonic())[0]
            assert ready, f"no {pattern!r} in\n{self.seen}"
            self.seen += os.read(self.fd, 65536).decode(errors="replace").replace("\r", "")
        self.mark += match.end()

    def type(self, text):
        os.write(self.fd, text)

    def end(self):
        """Its exit status, when all has been said."""
        try:
            while text := os.read(self.fd, 65536):
                self.seen += text.decode(errors="replace").replace("\r", "")
        except OSError:
            pass            # Linux says so instead of an end
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
