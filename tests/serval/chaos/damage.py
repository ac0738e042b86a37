"""Random faults, made from outside by QEMU's debugger stub: what a cosmic ray, a broken cell or a mistake would do.

instruction  one of the part's instructions is another: the one that it is about to execute, or any of its text. Put
             back when it has died, or after a while: nobody could write to a part's text
loop         it goes on at an instruction that jumps to itself, at the end of its text: no restart leads there again
register     one of its registers has another value, in the middle of its work
own          a word of its own memory (data, stack, heap)
shared       a word of a region that it shares with others. A file's bytes in the cache are put back after a while
device       a register of its device
"""

import re
from typing import NamedTuple

from .. import inside
from ..gdb import PC
from .registers import Registers, catch
from .verdict import first_difference

LOOP = (0x14000000).to_bytes(4, "little")       # b .
WORD, TRIES = 8, 4
STEPS = 120
KINDS = {"instruction": 4, "loop": 1, "register": 4, "own": 4, "shared": 3, "device": 1}
RAM = 0x4000_0000       # below it are devices
REGISTERS = {"virtio_net": (0xe00, 0x100), "uart": (0, 0x50)}   # of a device's page: from where, how many bytes
CACHE = re.compile(r"'fs_share_")   # what is read of files; nothing is kept of it that could tell
REGION = re.compile(r"memory region '([^']+)'")


class Fault(NamedTuple):
    part: str
    kind: str
    words: str


class Damage:
    """guest: with its debugger, running. system: debug.system.System of its image. Each fault is drawn from rng."""

    def __init__(self, guest, system, rng):
        self.guest, self.gdb, self.system, self.rng = guest, guest.gdb, system, rng
        self.domains = {domain.name: domain for domain in inside.domains(system.image)}
        self.owners = {}
        for pd in system.pds.values():
            for row in pd.maps:
                self.owners.setdefault(row.pa, set()).add(pd.name)
        self.undo = []          # (address, what was there, what is there now)
        self.scribbled = []     # (before, now) of words that clients might see
        with self.gdb.standing_still():
            self.registers = Registers(self.gdb)

    def one(self, part):
        """Does one to this part. Returns the Fault."""
        kind = self.rng.choices(list(KINDS), KINDS.values())[0]
        if kind == "device" and not self._devices(part):
            kind = "own"
        words = getattr(self, f"_{kind}")(part)
        if words is None:                           # it had nothing to do: nobody to catch
            kind, words = "own", self._own(part)
        return Fault(part, kind, words)

    def put_back(self):
        """What only a test could mend, where it is still as we left it."""
        undo, self.undo = self.undo, []
        if undo:
            with self.gdb.standing_still():
                for address, before, now in undo:
                    if self.gdb.read_physical(address, len(now)) == now:
                        self.gdb.write_physical(address, before)

    def meant(self, _path, body, expected):
        """Whether what is wrong with a body is one word of ours: it lay in the cache, or in a frame that was here."""
        wrong = difference(body, expected)
        return wrong is not None and any(explains(pair, *wrong) for pair in self.scribbled)

    # -- kinds ---------------------------------------------------------------------------------------------------

    def _write(self, address, data, back=False):
        before = self.gdb.read_physical(address, len(data))
        self.gdb.write_physical(address, data)
        if back:
            self.undo.append((address, before, data))
        return before

    def _caught(self, part):
        domain, ttbr0 = self.domains[part], self.system.pds[part].ttbr0
        return catch(self.gdb, self.registers, domain, ttbr0, self.rng.randrange(STEPS), self._stir)

    def _stir(self):
        self.guest.send(b"\n")

    def _instruction(self, part):
        domain, other = self.domains[part], self.rng.getrandbits(32)
        with self.gdb.standing_still():
            if self.rng.random() < 0.5 and self._caught(part):
                at = self.gdb.pc()
            else:
                at = domain.text_va + 4 * self.rng.randrange(domain.text_size // 4)
            self._write(domain.text_pa + at - domain.text_va, other.to_bytes(4, "little"), back=True)
        return f"the instruction at {at:#x} is {other:#010x}"

    def _loop(self, part):
        domain = self.domains[part]
        last = domain.text_size - 4
        with self.gdb.standing_still():
            if not self._caught(part):
                return None
            there = self.gdb.read_physical(domain.text_pa + last, 4)
            if there not in (bytes(4), LOOP):               # its text ends with the page: nothing of it is to be lost
                return None
            self.gdb.write_physical(domain.text_pa + last, LOOP)
            at = self.gdb.pc()
            self.registers.write(PC, domain.text_va + last)
        return f"an endless loop, from {at:#x} on"

    def _register(self, part):
        with self.gdb.standing_still():
            if not self._caught(part):
                return None
            number = self.rng.randrange(32)
            before = self.registers.read(number)
            now = before ^ 1 << self.rng.randrange(64) if self.rng.random() < 0.5 else self.rng.getrandbits(64)
            at = self.gdb.pc()
            self.registers.write(number, now)
        name = "sp" if number == 31 else f"x{number}"
        return f"{name} is {now:#x}, not {before:#x}, at {at:#x}"

    def _scribble(self, rows):
        """Large regions have most of the words, small ones most of what matters: each region is as likely as another.
        Most words of all memory are 0 and nobody's; some tries are for one that is not."""
        row = self.rng.choice(rows)
        with self.gdb.standing_still():
            for _ in range(TRIES):
                address = row.pa + WORD * self.rng.randrange(row.size // WORD)
                if any(self.gdb.read_physical(address, WORD)):
                    break
            before = int.from_bytes(self.gdb.read_physical(address, WORD), "little")
            now = before ^ 1 << self.rng.randrange(64) if self.rng.random() < 0.5 else self.rng.getrandbits(64)
            data = now.to_bytes(WORD, "little")
            self.scribbled.append((self._write(address, data, back=bool(CACHE.search(row.what))), data))
        return f"{row.what} + {address - row.pa:#x} is {now:#x}, not {before:#x}"

    def _rows(self, part, shared):
        return [row for row in self.system.pds[part].maps if row.rights == "rw-" and not self._is_device(row)
                and (len(self.owners[row.pa]) > 1) == shared]

    def _is_device(self, row):
        return row.pa < RAM

    def _own(self, part):
        return self._scribble(self._rows(part, shared=False))

    def _shared(self, part):
        rows = self._rows(part, shared=True)
        return self._scribble(rows) if rows else None

    def _devices(self, part):
        return [row for row in self.system.pds[part].maps if self._is_device(row) and row.rights == "rw-"
                and REGION.search(row.what)[1] in REGISTERS]

    def _device(self, part):
        row = self.rng.choice(self._devices(part))
        first, size = REGISTERS[REGION.search(row.what)[1]]
        offset = first + 4 * self.rng.randrange(size // 4)
        now = self.rng.getrandbits(32) >> self.rng.choice((0, 16, 24, 31))
        with self.gdb.standing_still():
            self.gdb.write_physical(row.pa + offset, now.to_bytes(4, "little"))
        return f"{row.what} + {offset:#x} is {now:#x}"


def difference(body, expected):
    """(what is there, what should be) from the first byte that differs to the last; None where that is more than a word
    could have done, or nothing."""
    first = first_difference(body, expected)
    if first is None or len(body) != len(expected):
        return None
    last = len(body) - first_difference(body[::-1], expected[::-1])
    return (body[first:last], expected[first:last]) if last - first <= WORD else None


def explains(pair, found, expected):
    """Whether a word that was `before` and is `now` has made what was found of what is expected."""
    before, now = pair
    return any(now[at:at + len(found)] == found and before[at:at + len(found)] == expected
               for at in range(WORD - len(found) + 1))
