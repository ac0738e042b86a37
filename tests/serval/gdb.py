"""Gdb: QEMU's debugger stub, for what a test wants to see or break from outside of the guest.

    with Guest(image, debug=True) as guest:         # stands still until it is told to go on
        guest.gdb.break_at(address)
        guest.gdb.go_on()
        guest.gdb.wait_stop()

The protocol is GDB's remote serial protocol ("Appendix E" of its manual); physical memory is QEMU's addition
(docs/system/gdb). A breakpoint is a virtual address, in whichever address space it is reached first.
"""

import contextlib

PHYSICAL, VIRTUAL = b"Qqemu.PhyMemMode:1", b"Qqemu.PhyMemMode:0"
INTERRUPT = b"\x03"
PC = 32             # in the register file of org.gnu.gdb.aarch64.core: x0-x30, sp, pc, cpsr
BLOCK = 1024        # bytes in one packet


class GdbError(AssertionError):
    pass


class Gdb:
    def __init__(self, sock):
        self.sock = sock
        self.file = sock.makefile("rb")
        self.stopped = True
        self.command(b"qXfer:features:read:target.xml:0,ffb")   # QEMU gives registers to who knows what they are

    def close(self):
        self.file.close()
        self.sock.close()

    # -- packets -------------------------------------------------------------------------------------------------

    def _send(self, body):
        self.sock.sendall(b"$%s#%02x" % (body, sum(body) & 0xff))

    def _receive(self):
        """The next packet; its acknowledgements are skipped and made."""
        while (byte := self.file.read(1)) != b"$":
            if not byte:
                raise GdbError("QEMU ended")
        body = bytearray()
        while (byte := self.file.read(1)) != b"#":
            body += byte
        self.file.read(2)
        self.sock.sendall(b"+")
        return bytes(body)

    def command(self, body):
        assert self.stopped, "the guest runs"
        self._send(body)
        answer = self._receive()
        if answer.startswith(b"E"):
            raise GdbError(f"{body[:60]!r}: {answer!r}")
        return answer

    # -- running and standing ------------------------------------------------------------------------------------

    def go_on(self):
        self._send(b"c")
        self.stopped = False

    def wait_stop(self):
        """Until a breakpoint is reached, or stop() has its answer."""
        answer = self._receive()
        assert answer[:1] in b"TS", answer
        self.stopped = True

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
        self.command(PHYSICAL)
        for at in range(0, len(data), BLOCK):
            block = data[at:at + BLOCK]
            assert self.command(b"M%x,%x:%s" % (address + at, len(block), block.hex().encode())) == b"OK"
        self.command(VIRTUAL)

    def read_physical(self, address, size):
        self.command(PHYSICAL)
        blocks = [bytes.fromhex(self.command(b"m%x,%x" % (address + at, min(BLOCK, size - at))).decode())
                  for at in range(0, size, BLOCK)]
        self.command(VIRTUAL)
        return b"".join(blocks)
