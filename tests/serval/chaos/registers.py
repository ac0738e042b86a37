"""The CPU's registers through QEMU's debugger stub, and a protection domain caught in the middle of its work."""

import re
import select

SYSTEM = b"system-registers.xml"
SP, CPSR = 31, 33               # in the register file of org.gnu.gdb.aarch64.core; x0 to x30 are 0 to 30
EL_MASK = 0xc                   # of CPSR: 0 at EL0
SVC = 0xd4000001                # svc #0; the number is in bits 5 to 20
SVC_MASK = 0xffe0001f
STEPS_MOST = 200
CATCH_S = 1.0


def read_feature(gdb, name):
    text, more = b"", True
    while more:
        part = gdb.command(b"qXfer:features:read:%s:%x,7f0" % (name, len(text)))
        more, text = part[:1] == b"m", text + part[1:]
    return text.decode()


class Registers:
    def __init__(self, gdb):
        """gdb: stands still. places: of each domain's program, where it goes on after it has waited."""
        self.gdb, self.places = gdb, {}
        self.ttbr0 = int(re.search(r'name="TTBR0_EL1"[^>]*regnum="(\d+)"', read_feature(gdb, SYSTEM))[1])

    def read(self, number):
        return int.from_bytes(bytes.fromhex(self.gdb.command(b"p%x" % number).decode()), "little")

    def write(self, number, value, size=8):
        answer = self.gdb.command(b"P%x=%s" % (number, value.to_bytes(size, "little").hex().encode()))
        assert answer == b"OK", answer

    def runs(self, ttbr0):
        """Whether the next instruction is this domain's own."""
        return not self.read(CPSR) & EL_MASK and self.read(self.ttbr0) == ttbr0


def after_calls(text, base):
    """Addresses behind each system call of a program: there it goes on when it is woken."""
    words = range(0, len(text) - 4, 4)
    return [base + at + 4 for at in words if int.from_bytes(text[at:at + 4], "little") & SVC_MASK == SVC]


def wait_stop(gdb, seconds):
    """Whether it has stopped in this time."""
    if not select.select([gdb.sock], [], [], seconds)[0]:
        return False
    gdb.wait_stop()
    return True


def catch(gdb, registers, domain, ttbr0, steps, stir):
    """Stops when the domain runs, some instructions behind one of its waits, at most so many steps: fewer where its
    work is shorter than that. The guest stands still afterwards; False: it did not run in time, and the guest may stand
    anywhere. stir(): something for it to do."""
    while not (caught := stop_in(gdb, registers, domain, ttbr0, stir) and walk(gdb, registers, ttbr0, steps)) and steps:
        steps //= 2
    return caught


def stop_in(gdb, registers, domain, ttbr0, stir):
    if domain.name not in registers.places:
        text = gdb.read_physical(domain.text_pa, domain.text_size)
        registers.places[domain.name] = after_calls(text, domain.text_va)
    places = registers.places[domain.name]
    for place in places:
        gdb.break_at(place)
    try:
        for _ in range(STEPS_MOST):
            gdb.go_on()
            stir()
            if not wait_stop(gdb, CATCH_S):
                gdb.stop()
                return registers.runs(ttbr0)
            if registers.runs(ttbr0):
                return True
        return False
    finally:
        for place in places:
            gdb.no_break_at(place)


def walk(gdb, registers, ttbr0, steps):
    for _ in range(steps):
        gdb.step()
        if not registers.runs(ttbr0):
            return False
    return True
