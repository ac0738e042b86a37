"""Random faults, made from outside by QEMU's debugger stub: what a cosmic ray, a broken cell or a mistake would do.

instruction  one of the part's instructions is another: one that it has been seen to execute, or any of its text. Put
             back when it has died, or after a while: nobody could write to a part's text
loop         such an instruction leads to one that jumps to itself, at the end of its text: no restart leads there again
register     one of its registers has another value, in the middle of its work
own          a word of its own memory (data, stack, heap)
shared       a word of a region that it shares with others. A file's bytes in the cache are put back after a while
device       a register of its device

Several are made while the guest stands still once: it is that which takes time.
"""

import re
import time
from typing import NamedTuple

from .. import inside
from .registers import PC, Places, Registers
from .scribbles import WORD, Scribbles

LOOP = (0x14000000).to_bytes(4, "little")       # b .
TRIES = 4
PUT_BACK_S = 0.15       # after which what was not noticed is put back
# One that spins takes the CPU from all below it until the watchdog has seen it: a few of these.
KINDS = {"instruction": 12, "loop": 1, "register": 12, "own": 12, "shared": 9, "device": 3}
RAM = 0x4000_0000       # below it are devices
NOWHERE = 0x10          # where nobody has text: SUPERVISOR_KILL_PC
MEET_S = 1.0
REGISTERS = {"virtio_net": (0xe00, 0x100), "uart": (0, 0x50)}   # of a device's page: from where, how many bytes
CACHE = re.compile(r"'fs_share_")   # what is read of files; nothing is kept of it that could tell
REGION = re.compile(r"memory region '([^']+)'")


class Fault(NamedTuple):
    part: str
    kind: str
    words: str


class Undo(NamedTuple):
    due_s: float
    part: str
    address: int
    before: bytes
    now: bytes


class Damage:
    """guest: with its debugger, running. system: debug.system.System of its image. Each fault is drawn from rng."""

    def __init__(self, guest, system, rng, parts):
        self.guest, self.gdb, self.system, self.rng = guest, guest.gdb, system, rng
        self.domains = {domain.name: domain for domain in inside.domains(system.image)}
        self.owners = {}
        for pd in system.pds.values():
            for row in pd.maps:
                self.owners.setdefault(row.pa, set()).add(pd.name)
        self.undo = []
        self.scribbles = Scribbles()    # words that clients might see
        with self.gdb.standing_still():
            self.registers = Registers(self.gdb)
            self.places = Places(self.gdb, self.registers, [(self.domains[part], system.pds[part].ttbr0)
                                                            for part in parts], self._text, self._stir)

    def some(self, parts):
        """Does one to each of these parts, and puts back what is due. Returns the Faults."""
        now = time.monotonic()
        with self.gdb.standing_still():
            self.places.look()
            self._put_back(lambda undo: undo.due_s <= now)
            return [self._one(part) for part in parts]

    def _one(self, part):
        kind = self.rng.choices(list(KINDS), KINDS.values())[0]
        if kind == "device" and not self._devices(part):
            kind = "own"
        words = getattr(self, f"_{kind}")(part)
        if words is None:                           # it had nothing to do: nobody to catch
            kind, words = "own", self._own(part)
        return Fault(part, kind, words)

    def put_back(self, parts):
        """What was done to these and only a test could mend, where it is still as we left it."""
        if any(undo.part in parts for undo in self.undo):
            with self.gdb.standing_still():
                self._put_back(lambda undo: undo.part in parts)

    def _put_back(self, due):
        for undo in [undo for undo in self.undo if due(undo)]:
            self.undo.remove(undo)
            if self.gdb.read_physical(undo.address, len(undo.now)) == undo.now:
                self.gdb.write_physical(undo.address, undo.before)

    def end(self, part):
        """Has it fault where it runs: false when it was not seen running. For who spins, when nobody can be asked."""
        with self.gdb.standing_still():
            caught = self.places.meet(part, MEET_S)
            if caught:
                self.registers.write(PC, NOWHERE)
        return caught

    def who_runs(self):
        """A part's name with where, or what else."""
        with self.gdb.standing_still():
            now, pc = self.registers.who(), self.gdb.pc()
        names = {pd.ttbr0: name for name, pd in self.system.pds.items()}
        return f"{names.get(now[0], 'somebody')} at {pc:#x}" if now else f"the kernel at {pc:#x}"

    # -- kinds ---------------------------------------------------------------------------------------------------

    def _write(self, address, data, part=None):
        """part: whose it is, where it is put back."""
        before = self.gdb.read_physical(address, len(data))
        self.gdb.write_physical(address, data)
        if part:
            same = [undo for undo in self.undo if undo.address == address]
            for undo in same:
                self.undo.remove(undo)
            was = same[0].before if same else before        # what is put back is never a fault of ours
            self.undo.append(Undo(time.monotonic() + PUT_BACK_S, part, address, was, data))
        return before

    def _text(self, domain):
        return self.system.stored(self.system.pds[domain.name].maps, domain.text_va, domain.text_size)

    def _stir(self):
        self.guest.send(b"\n")

    def _instruction(self, part):
        domain, other = self.domains[part], self.rng.getrandbits(32)
        at = self.places.choose(part, self.rng) if self.rng.random() < 0.5 else None
        if at is None:
            at = domain.text_va + 4 * self.rng.randrange(domain.text_size // 4)
        self._write(domain.text_pa + at - domain.text_va, other.to_bytes(4, "little"), part)
        return f"the instruction at {at:#x} is {other:#010x}"

    def _loop(self, part):
        domain, at = self.domains[part], self.places.choose(part, self.rng)
        last = domain.text_size - 4
        if at is None or self.gdb.read_physical(domain.text_pa + last, 4) not in (bytes(4), LOOP):
            return None                                     # its text ends with the page: nothing of it is to be lost
        self.gdb.write_physical(domain.text_pa + last, LOOP)
        self._write(domain.text_pa + at - domain.text_va, branch(at, domain.text_va + last), part)
        return f"an endless loop, from {at:#x} on"

    def _register(self, part):
        if not self.places.catch(part, self.rng):
            return None
        number = self.rng.randrange(32)
        before, at = self.registers.read(number, PC)
        now = before ^ 1 << self.rng.randrange(64) if self.rng.random() < 0.5 else self.rng.getrandbits(64)
        self.registers.write(number, now)
        name = "sp" if number == 31 else f"x{number}"
        return f"{name} is {now:#x}, not {before:#x}, at {at:#x}"

    def _scribble(self, part, rows):
        """Large regions have most of the words, small ones most of what matters: each region is as likely as another.
        Most words of all memory are 0 and nobody's; some tries are for one that is not."""
        row = self.rng.choice(rows)
        for _ in range(TRIES):
            address = row.pa + WORD * self.rng.randrange(row.size // WORD)
            if any(word := self.gdb.read_physical(address, WORD)):
                break
        before = int.from_bytes(word, "little")
        now = before ^ 1 << self.rng.randrange(64) if self.rng.random() < 0.5 else self.rng.getrandbits(64)
        data = now.to_bytes(WORD, "little")
        was = self._write(address, data, part if CACHE.search(row.what) else None)
        where = f"{row.what} + {address - row.pa:#x}"
        self.scribbles.add(where, was, data)
        return f"{where} is {now:#x}, not {before:#x}"

    def _rows(self, part, shared):
        return [row for row in self.system.pds[part].maps if row.rights == "rw-" and not self._is_device(row)
                and (len(self.owners[row.pa]) > 1) == shared]

    def _is_device(self, row):
        return row.pa < RAM

    def _own(self, part):
        return self._scribble(part, self._rows(part, shared=False))

    def _shared(self, part):
        rows = self._rows(part, shared=True)
        return self._scribble(part, rows) if rows else None

    def _devices(self, part):
        return [row for row in self.system.pds[part].maps if self._is_device(row) and row.rights == "rw-"
                and REGION.search(row.what)[1] in REGISTERS]

    def _device(self, part):
        row = self.rng.choice(self._devices(part))
        first, size = REGISTERS[REGION.search(row.what)[1]]
        offset = first + 4 * self.rng.randrange(size // 4)
        now = self.rng.getrandbits(32) >> self.rng.choice((0, 16, 24, 31))
        self.gdb.write_physical(row.pa + offset, now.to_bytes(4, "little"))
        return f"{row.what} + {offset:#x} is {now:#x}"


def branch(at, to):
    """The instruction that leads from the one address to the other."""
    return (0x14000000 | (to - at) // 4 & 0x3ffffff).to_bytes(4, "little")
