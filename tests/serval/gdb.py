"""Gdb: QEMU's debugger stub, for what a test wants to see or break from outside of the guest.

    with Guest(image, debug=True) as guest:         # stands still until it is told to go on
        guest.gdb.break_at(address)
        guest.gdb.go_on()
        guest.gdb.wait_stop()

The protocol is GDB's remote serial protocol ("Appendix E" of its manual); physical memory is QEMU's addition
(docs/system/gdb). A breakpoint is a virtual address, in whichever address space it is reached first.
"""

import contextlib
import select
import time

PHYSICAL, VIRTUAL = b"Qqemu.PhyMemMode:1", b"Qqemu.PhyMemMode:0"
INTERRUPT = b"\x03"
PC = 32             # in the register file of org.gnu.gdb.aarch64.core: x0-x30, sp, pc, cpsr
BLOCK = 1024        # bytes in one packet
WINDOW = 64         # packets under way: QEMU reads no more of them while its answers find no room in the socket


class GdbError(AssertionError):
    pass


def packet(body):
    return b"$%s#%02x" % (body, sum(body) & 0xff)


class Gdb:
    def __init__(self, sock):
        self.sock = sock
        self.come = bytearray()
        self.stopped = True
        self.command(b"qXfer:features:read:target.xml:0,ffb")   # QEMU gives registers to who knows what they are

    def close(self):
        self.sock.close()

    # -- packets -------------------------------------------------------------------------------------------------

    def _send(self, body):
        self.sock.sendall(packet(body))

    def _packet(self):
        """The next one that has come whole; None: none has. Acknowledgements are skipped."""
        begin = self.come.find(b"$")
        end = self.come.find(b"#", begin)
        if begin < 0 or end < 0 or len(self.come) < end + 3:
            return None
        body = bytes(self.come[begin + 1:end])
        del self.come[:end + 3]
        return body

    def _receive(self, count=1):
        """So many, acknowledged together: while QEMU has more to say it does not hear one by one."""
        bodies = []
        while len(bodies) < count:
            if (body := self._packet()) is None:
                self._more()
            else:
                bodies.append(body)
        self.sock.sendall(b"+" * count)
        return bodies

    def _more(self):
        more = self.sock.recv(1 << 16)
        if not more:
            raise GdbError("QEMU ended")
        self.come += more

    def command(self, body):
        assert self.stopped, "the guest runs"
        return self.commands([body])[0]

    def commands(self, bodies):
        """The same for several, many in one go: the guest stands still for less time."""
        assert self.stopped, "the guest runs"
        answers = []
        for begin in range(0, len(bodies), WINDOW):
            some = bodies[begin:begin + WINDOW]
            self.sock.sendall(b"".join(packet(body) for body in some))
            answers += self._receive(len(some))
        for body, answer in zip(bodies, answers):
            if answer.startswith(b"E"):
                raise GdbError(f"{body[:60]!r}: {answer!r}")
        return answers

    # -- running and standing ------------------------------------------------------------------------------------

    def go_on(self):
        self._send(b"c")
        self.stopped = False

    def wait_stop(self, seconds=None):
        """Until a breakpoint is reached, or stop() has its answer. False: not in this time."""
        end = time.monotonic() + seconds if seconds is not None else None
        while end is not None and b"$" not in self.come:
            if not select.select([self.sock], [], [], max(end - time.monotonic(), 0))[0]:
                return False
            self._more()
        answer, = self._receive()
        assert answer[:1] in b"TS", answer
        self.stopped = True
        return True

    @contextlib.contextmanager
    def standing_still(self):
        """Stops the guest for a while."""
        self.stop()
        yield
        self.go_on()

    def stop(self):
        self.sock.sendall(INTERRUPT)
        self.wait_stop()

    def step(self):
        """One instruction of whoever's turn it is."""
        self._send(b"s")
        self.wait_stop()

    def break_at(self, address):
        assert self.command(b"Z1,%x,4" % address) == b"OK"

    def no_break_at(self, address):
        assert self.command(b"z1,%x,4" % address) == b"OK"

    # -- what is there -------------------------------------------------------------------------------------------

    def pc(self):
        return int.from_bytes(bytes.fromhex(self.command(b"p%x" % PC).decode()), "little")

    def write_physical(self, address, data):
        """While the guest stands still."""
        blocks = [(at, data[at:at + BLOCK]) for at in range(0, len(data), BLOCK)]
        answers = self.commands([PHYSICAL, *[b"M%x,%x:%s" % (address + at, len(block), block.hex().encode())
                                             for at, block in blocks], VIRTUAL])
        assert all(answer == b"OK" for answer in answers[1:-1])

    def read_physical(self, address, size):
        blocks = [(at, min(BLOCK, size - at)) for at in range(0, size, BLOCK)]
        answers = self.commands([PHYSICAL, *[b"m%x,%x" % (address + at, length) for at, length in blocks], VIRTUAL])
        return b"".join(bytes.fromhex(answer.decode()) for answer in answers[1:-1])
