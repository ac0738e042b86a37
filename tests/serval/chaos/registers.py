"""The CPU's registers through QEMU's debugger stub, and a protection domain caught in the middle of its work.

Where a domain's program runs is learned: by many looks at who runs, by walking behind the waits of those that seldom
run, and by a look each time that the guest stands still for another reason. A domain is caught at one of the places
where it has been seen, or in a row of looks.
"""

import collections
import random
import re
import time

SYSTEM = b"system-registers.xml"
SP, CPSR = 31, 33               # in the register file of org.gnu.gdb.aarch64.core; x0 to x30 are 0 to 30
EL_MASK = 0xc                   # of CPSR: 0 at EL0
SVC = 0xd4000001                # svc #0; the number is in bits 5 to 20
SVC_MASK = 0xffe0001f
PC = 32
SEEN_LEAST = 20                 # places
WALKS, STEPS = 2, 80            # of each domain, in the beginning
STOPS_MOST = 8                  # for a domain among all who execute the same address; to learn of it,
LEARN_STOPS_MOST = 16
LEARN_LOOKS = 200               # in a row,
APART_S = 0.002                 # at most so far apart
LEARN_S, CATCH_S = 0.1, 0.05


def read_feature(gdb, name):
    text, more = b"", True
    while more:
        part = gdb.command(b"qXfer:features:read:%s:%x,7f0" % (name, len(text)))
        more, text = part[:1] == b"m", text + part[1:]
    return text.decode()


class Registers:
    def __init__(self, gdb):
        """gdb: stands still."""
        self.gdb = gdb
        self.ttbr0 = int(re.search(r'name="TTBR0_EL1"[^>]*regnum="(\d+)"', read_feature(gdb, SYSTEM))[1])

    def read(self, *numbers):
        """One number's value, or a list of them."""
        values = [int.from_bytes(bytes.fromhex(answer.decode()), "little")
                  for answer in self.gdb.commands([b"p%x" % number for number in numbers])]
        return values if len(values) > 1 else values[0]

    def write(self, number, value, size=8):
        answer = self.gdb.command(b"P%x=%s" % (number, value.to_bytes(size, "little").hex().encode()))
        assert answer == b"OK", answer

    def who(self):
        """(ttbr0, pc) of the program whose instruction is next; None: it is the kernel's."""
        mode, ttbr0, pc = self.read(CPSR, self.ttbr0, PC)
        return None if mode & EL_MASK else (ttbr0, pc)

    def runs(self, ttbr0):
        """Whether the next instruction is this domain's own."""
        now = self.who()
        return now is not None and now[0] == ttbr0


def after_calls(text, base):
    """Addresses behind each system call of a program: there it goes on when it is woken."""
    words = range(0, len(text) - 4, 4)
    return [base + at + 4 for at in words if int.from_bytes(text[at:at + 4], "little") & SVC_MASK == SVC]


class Places:
    """domains: [(inside.Domain, its ttbr0)]. text(domain): its program. stir(): something for all to do. The guest
    stands still when a function is called, and when it is back."""

    def __init__(self, gdb, registers, domains, text, stir):
        self.gdb, self.registers, self.text, self.stir = gdb, registers, text, stir
        self.names = {ttbr0: domain.name for domain, ttbr0 in domains}
        self.tables = {name: ttbr0 for ttbr0, name in self.names.items()}
        self.seen = {domain.name: {} for domain, _ in domains}      # as an ordered set
        self.common = collections.Counter()                         # address -> of how many
        for n in range(LEARN_LOOKS):
            self._look_again(n / LEARN_LOOKS * APART_S)
        for domain, _ in domains:
            if len(self.seen[domain.name]) < SEEN_LEAST:
                self._learn(domain)

    def look(self):
        """Notes who runs now, and returns its name."""
        now = self.registers.who()
        if now is None or now[0] not in self.names:
            return None
        self._note(self.names[now[0]], now[1])
        return self.names[now[0]]

    def _look_again(self, seconds):
        self.gdb.go_on()
        time.sleep(seconds)
        self.gdb.stop()
        return self.look()

    def _note(self, name, pc):
        if pc not in self.seen[name]:
            self.seen[name][pc] = True
            self.common[pc] += 1

    def choose(self, name, rng):
        """One where it has been seen; None: it never ran."""
        return rng.choice(list(self.seen[name])) if self.seen[name] else None

    def catch(self, name, rng):
        """Stops where it runs: at a place that few others have, or when it happens to. False: neither came in time."""
        places = list(self.seen[name])
        if not places or rng.random() < 0.5:
            return self.meet(name, CATCH_S, rng)
        place = min((rng.choice(places) for _ in range(4)), key=lambda pc: self.common[pc])
        return self._stop_at([place], self.tables[name], CATCH_S, STOPS_MOST)

    def meet(self, name, seconds, rng=random):
        """Stops when it runs in a look among many; false: in none of this time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._look_again(rng.random() * APART_S) == name:
                return True
        return False

    def _learn(self, domain):
        calls = after_calls(self.text(domain), domain.text_va)
        for _ in range(WALKS):
            if not self._stop_at(calls, self.tables[domain.name], LEARN_S, LEARN_STOPS_MOST):
                return
            self._walk(domain.name)

    def _walk(self, name):
        for _ in range(STEPS):
            now = self.registers.who()
            if now is None or now[0] != self.tables[name]:
                return
            self._note(name, now[1])
            self.gdb.step()

    def _stop_at(self, places, ttbr0, seconds, most):
        for place in places:
            self.gdb.break_at(place)
        try:
            for _ in range(most):
                self.gdb.go_on()
                self.stir()
                if not self.gdb.wait_stop(seconds):
                    self.gdb.stop()
                    return self.registers.runs(ttbr0)
                if self.registers.runs(ttbr0):
                    return True
                self.gdb.step()             # it would stop where it stands
            return False
        finally:
            for place in places:
                self.gdb.no_break_at(place)
