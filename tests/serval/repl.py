"""Repl: MicroPython's raw prompt on a guest's console, as mpremote and the upstream test runner use it.

    repl = Repl(guest)
    assert repl.run("print(1 + 1)") == "2\\n"

Protocol (docs.micropython.org, "The MicroPython Interactive Interpreter Mode"): Ctrl-A enters, the program and Ctrl-D
run it; then come `OK`, the output, 0x04, the traceback if any, 0x04, and `>`.
"""

import time

from .qemu import GENEROUS_S, GuestError

CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"


class PythonError(AssertionError):
    """The program ended by an exception; the text is its traceback."""


class Repl:
    def __init__(self, guest):
        self.guest = guest
        guest.expect(r">>> ")
        self.enter()

    def enter(self):
        self.guest.send(b"\r" + CTRL_C + CTRL_A)
        self.guest.expect(r"raw REPL; CTRL-B to exit\r\n>")

    def soft_reset(self):
        """A fresh interpreter, again at the raw prompt."""
        self.guest.send(CTRL_D)
        self.guest.expect(r"soft reboot\r\n")
        self.guest.expect(r"raw REPL; CTRL-B to exit\r\n>")

    def send_program(self, program):
        """By raw paste: the guest says how many bytes it takes, so that its input never overflows."""
        if isinstance(program, str):
            program = program.encode()
        self.guest.send(b"\x05A\x01")
        self.guest.expect(r"R\x01")
        window = int.from_bytes(self.take(2), "little")
        room = window
        sent = 0
        while sent < len(program):
            while room == 0:
                answer = self.take(1)
                if answer == CTRL_D:
                    raise GuestError("the guest refused the program")
                room += window
            piece = program[sent:sent + room]
            self.guest.send(piece)
            sent += len(piece)
            room -= len(piece)
        self.guest.send(CTRL_D)
        while self.take(1) != CTRL_D:
            pass

    def _take(self, find, timeout):
        """find(bytes since the last match) gives the number of bytes to take, None: not there yet."""
        guest = self.guest
        deadline = time.monotonic() + timeout
        with guest.changed:
            while True:
                count = find(memoryview(guest.output)[guest.mark:].tobytes())
                if count is not None:
                    taken = bytes(guest.output[guest.mark:guest.mark + count])
                    guest.mark += count
                    return taken
                left = deadline - time.monotonic()
                if guest.ended or left <= 0:
                    break
                guest.changed.wait(left)
        raise GuestError(f"no answer from the prompt in {timeout} s; the console said\n{guest.text()[-4000:]}")

    def take(self, count, timeout=GENEROUS_S):
        """The next bytes of the console, whatever they are."""
        return self._take(lambda text: count if len(text) >= count else None, timeout)

    def take_until(self, end, timeout=GENEROUS_S):
        """What comes before the next `end`."""
        return self._take(lambda text: text.find(end) + len(end) if end in text else None, timeout)[:-len(end)]

    def start(self, program):
        """Sends a program and does not wait for its end: expect() on the guest, then finish()."""
        self.send_program(program)

    def finish(self, timeout=GENEROUS_S):
        """The output since start(), or PythonError."""
        output = self.take_until(CTRL_D, timeout)
        error = self.take_until(CTRL_D, timeout)
        self.take_until(b">", timeout)
        text = output.decode("utf-8", "replace").replace("\r\n", "\n")
        if error:
            raise PythonError(error.decode("utf-8", "replace").replace("\r\n", "\n") + "\noutput:\n" + text)
        return text

    def run(self, program, timeout=GENEROUS_S):
        self.start(program)
        return self.finish(timeout)

    def interrupt(self):
        self.guest.send(CTRL_C)
