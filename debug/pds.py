"""pds.py: gdb's commands for protection domains (docs/debugging.md). Read by gdb, which debug/session.py starts.

Every PD has an address space of its own, and all programs begin at the same address: what is at 0x200000 depends on who
runs. A PD runs exactly when the CPU is at EL0 and TTBR0_EL1 has its translation table and ASID, which the image tool
chose and its report names. Breakpoints of ours compare that; symbols are those of one PD at a time, and of the kernel.
"""

import contextlib
import os
import re
import sys
from pathlib import Path

import gdb
from gdb.unwinder import Unwinder, register_unwinder

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from debug.system import NotBuilt, System, map_of  # noqa: E402

PAGE = 0x1000
EL_SHIFT, EL_MASK = 2, 3
CLASS_SHIFT = 26                # ESR_EL1: the first use of FP/SIMD and WFI come by exceptions that are no faults
HARMLESS_CLASSES = (0x07, 0x01)
KERNEL_HALF = 1 << 63
PHYSICAL, VIRTUAL = "Qqemu.PhyMemMode:1", "Qqemu.PhyMemMode:0"
STATES = {"PD_STOPPED": "stopped", "PD_RUNNABLE": "ready", "PD_WAITING": "waits", "PD_QUEUED": "called, in a queue",
          "PD_CALLED": "called, its server works"}
VARIABLE = re.compile(r"^(?:(?P<file>[^\s:]+):)?(?P<name>[A-Za-z_]\w*)(?P<parts>(?:\.[A-Za-z_]\w*|\[\d+\])*)$")
PART = re.compile(r"\.(\w+)|\[(\d+)\]")


def register(name):
    """The CPU's, whichever frame somebody looks at."""
    return int(gdb.newest_frame().read_register(name))


def mask(value):
    return value & 0xffffffffffffffff


class Guest:
    """The system, who runs in it, whose symbols gdb has."""

    def __init__(self):
        self.system = System(Path(os.environ["SERVAL_IMAGE"]))
        self.selected = None
        missing = [pd.name for pd in self.system.pds.values() if pd.ttbr0 is None]
        if missing:
            raise NotBuilt(f"{self.system.image}: its report does not say where the tables of '{missing[0]}' are")

    def pd(self, name):
        if name not in self.system.pds:
            raise gdb.GdbError(f"there is no PD '{name}'. There are: {', '.join(self.system.pds)}")
        return self.system.pds[name]

    def running(self):
        """The PD whose instruction is next; None: the kernel, or what comes before it."""
        if register("cpsr") >> EL_SHIFT & EL_MASK:
            return None
        return self.loaded()

    def loaded(self):
        return self.of_tables(mask(register("TTBR0_EL1")))

    def of_tables(self, ttbr0):
        return next((pd for pd in self.system.pds.values() if pd.ttbr0 == ttbr0), None)

    def select(self, pd):
        if pd is self.selected:
            return
        if self.selected:
            gdb.execute(f"remove-symbol-file -a {self.text(self.selected):#x}", to_string=True)
        self.selected = None
        gdb.execute(f"add-symbol-file {pd.elf}", to_string=True)
        self.selected = pd

    @staticmethod
    def text(pd):
        return next(m.va for m in pd.maps if m.rights == "r-x")

    # -- memory of whoever does not run --------------------------------------------------------------------------

    @staticmethod
    def read_physical(address, size):
        gdb.execute(f"maintenance packet {PHYSICAL}", to_string=True)
        try:
            return bytes(gdb.selected_inferior().read_memory(address, size))
        finally:
            gdb.execute(f"maintenance packet {VIRTUAL}", to_string=True)

    def read(self, maps, address, size):
        """Of an address space, page by page: neighbours need not be neighbours in memory."""
        parts = []
        while size:
            found = map_of(maps, address)
            if found is None:
                raise gdb.GdbError(f"{address:#x} is not mapped there")
            count = min(size, PAGE - address % PAGE)
            parts.append(self.read_physical(found.pa + address - found.va, count))
            address, size = address + count, size - count
        return b"".join(parts)

    def variable(self, pd, file, name):
        """The symbol of a static or global variable of its program; each file may have one of that name."""
        self.select(pd)
        found = {symbol.symtab.filename: symbol for symbol in
                 [*gdb.lookup_static_symbols(name), gdb.lookup_global_symbol(name)]
                 if symbol and symbol.is_variable and symbol.symtab.objfile.filename == os.path.realpath(pd.elf)
                 and symbol.symtab.filename.endswith(file or "")}
        if not found:
            raise gdb.GdbError(f"{pd.name} has no variable {f'{file}:' if file else ''}{name}")
        if len(found) > 1:
            files = ", ".join(os.path.normpath(path) for path in sorted(found))
            raise gdb.GdbError(f"{pd.name} has more than one {name}; say FILE:{name} with a FILE of: {files}")
        return next(iter(found.values()))

    def peek(self, pd, file, name, parts):
        """Its value in that address space. The address is the linker's: nothing is read to find it."""
        value = self.variable(pd, file, name).value()
        for member, index in PART.findall(parts):
            kind = value.type.strip_typedefs()
            if kind.code == gdb.TYPE_CODE_PTR:      # gdb would follow it in the memory of whoever runs
                raise gdb.GdbError(f"{name}{parts}: no pointer is followed")
            if index and kind.code == gdb.TYPE_CODE_ARRAY and int(index) > kind.range()[1]:
                raise gdb.GdbError(f"{name}{parts}: [{index}] is behind its end")
            value = value[member or int(index)]
        if value.address is None:
            raise gdb.GdbError(f"{name}{parts} is not in memory: optimised away")
        return gdb.Value(self.read(pd.maps, mask(int(value.address)), value.type.sizeof), value.type)


def state_of(guest, pd):
    """What the kernel knows of it: its struct pd."""
    table = gdb.lookup_static_symbol("kernel_pds").value()
    data = guest.read(guest.system.kernel_maps, mask(int(table[pd.index].address)), table[0].type.sizeof)
    return gdb.Value(data, table[0].type)


class Command(gdb.Command):
    def __init__(self, guest, name, usage):
        super().__init__(name, gdb.COMMAND_RUNNING)
        self.guest, self.name, self.usage = guest, name, usage
        self.dont_repeat()

    def words(self, text, count):
        words = text.split(None, count - 1)
        if len(words) != count:
            raise gdb.GdbError(f"usage: {self.name} {self.usage}")
        return words

    def complete(self, text, word):
        return [name for name in self.guest.system.pds if name.startswith(word)] if " " not in text else \
            gdb.COMPLETE_SYMBOL


class Pds(Command):
    """pds: the protection domains by priority; `>` is before the one that runs.

Each with its state in the kernel and the address at which it goes on."""

    def invoke(self, text, from_tty):
        running, loaded = self.guest.running(), self.guest.loaded()
        if running is None:
            print(f"the kernel runs{f', entered from {loaded.name}' if loaded else ', or what comes before it'}")
        width = max(map(len, self.guest.system.pds))
        for pd in self.guest.system.pds.values():
            kept = state_of(self.guest, pd)
            state = STATES.get(str(kept["state"]), str(kept["state"])) if kept["abi"] else "not there yet"
            pc = register("pc") if pd is running else int(kept["context"]["pc"])
            print(f"{'>' if pd is running else ' '} {pd.name:<{width}}  {'runs' if pd is running else state:<9}  "
                  f"pc {mask(pc):#x}{'  (symbols)' if pd is self.guest.selected else ''}")


class ChoosePd(Command):
    """pd NAME: symbols of this protection domain, beside the kernel's.

Breakpoints, lists and types mean its program. Memory is still that of whoever runs: `peek` reads this one's
variables where they are, `go-in` goes on until it runs."""

    def invoke(self, text, from_tty):
        pd = self.guest.pd(self.words(text, 1)[0])
        self.guest.select(pd)
        print(f"symbols of {pd.name}" + ("" if self.guest.running() is pd else ", which does not run"))


class InPd(gdb.Breakpoint):
    """Stops where `pd` is, and nobody else."""

    def __init__(self, guest, pd, address, condition=None, **kind):
        super().__init__(f"*{address:#x}", gdb.BP_HARDWARE_BREAKPOINT, **kind)
        self.guest, self.of, self.only_if = guest, pd, condition

    def stop(self):
        if self.guest.running() is not self.of:
            return False
        # Of another program's symbols the condition would mean something else: let the user see.
        return not self.only_if or self.guest.selected is not self.of or bool(gdb.parse_and_eval(self.only_if))


class BreakIn(Command):
    """break-in NAME LOCATION [if CONDITION]: stop in this protection domain at a function, FILE:LINE or *ADDRESS.

Others that run the same program, or another one at the same address, go on."""

    def invoke(self, text, from_tty):
        name, location = self.words(text, 2)
        location, _, condition = location.partition(" if ")
        pd = self.guest.pd(name)
        self.guest.select(pd)
        try:
            found = gdb.decode_line(location)[1] or ()
        except gdb.error as error:
            raise gdb.GdbError(f"{name}: {error}") from None
        addresses = sorted({sal.pc for sal in found if sal.pc < KERNEL_HALF and pd.map_of(sal.pc)})
        if not addresses:
            raise gdb.GdbError(f"{name} has no {location}")
        for address in addresses:
            breakpoint = InPd(self.guest, pd, address, condition)
            print(f"{breakpoint.number} is in {name} only")


class GoIn(Command):
    """go-in NAME: go on until this protection domain runs its next instruction."""

    def invoke(self, text, from_tty):
        pd = self.guest.pd(self.words(text, 1)[0])
        if self.guest.running() is pd:
            print(f"{pd.name} runs")
            return
        kept = state_of(self.guest, pd)
        if kept["abi"] and str(kept["state"]) == "PD_STOPPED":
            raise gdb.GdbError(f"{pd.name} has stopped and does not run again")
        pc = int(kept["context"]["pc"]) if kept["abi"] else self.guest.text(pd)
        breakpoint = InPd(self.guest, pd, pc, temporary=True)
        try:
            gdb.execute("continue")
        finally:
            if breakpoint.is_valid():
                breakpoint.delete()


class AtFault(gdb.Breakpoint):
    """Stops where the kernel takes a PD's exception that is no system call; x0 is its syndrome (sdk/kernel/entry.S)."""

    FUNCTION = "exception_handle"

    def __init__(self, guest, pd):
        address = mask(int(gdb.parse_and_eval(f"(long)&{self.FUNCTION}")))
        super().__init__(f"*{address:#x}", gdb.BP_HARDWARE_BREAKPOINT)
        self.guest, self.of = guest, pd

    def stop(self):
        harmless = mask(register("x0")) >> CLASS_SHIFT in HARMLESS_CLASSES
        return not harmless and self.of in (None, self.guest.loaded())


class BeforeFault(Unwinder):
    """From the kernel's first function to the program whose exception it takes: its registers are in its context. A
    call that led to where no code is, is told at its caller: gdb goes no further than a pc of 0."""

    class Id:
        """Below all stacks: the kernel's is above a program's, which gdb would take for damage."""

        def __init__(self, frame):
            self.sp, self.pc = gdb.Value(0).cast(frame.read_register("sp").type), frame.read_register("pc")

    def __init__(self, guest):
        super().__init__("before a fault")
        self.guest = guest
        self.at = mask(int(gdb.parse_and_eval(f"(long)&{AtFault.FUNCTION}")))

    def __call__(self, frame):
        if mask(int(frame.read_register("pc"))) != self.at:
            return None
        pd = self.guest.of_tables(mask(int(frame.read_register("TTBR0_EL1"))))
        context = gdb.parse_and_eval("pd_loaded->context")
        before = frame.create_unwind_info(self.Id(frame))
        for number in range(31):
            before.add_saved_register(f"x{number}", context["x"][number])
        before.add_saved_register("sp", context["sp"])
        before.add_saved_register("pc", context["pc"] if self._is_code(pd, context["pc"]) else context["x"][30])
        return before

    @staticmethod
    def _is_code(pd, pc):
        found = pd and pd.map_of(mask(int(pc)))
        return found is not None and found.rights == "r-x"


class BreakFault(Command):
    """break-fault [NAME]: stop when this protection domain, or any, faults: frame 1 is where.

Faults that a parent handles count, too."""

    def invoke(self, text, from_tty):
        breakpoint = AtFault(self.guest, self.guest.pd(text.strip()) if text.strip() else None)
        print(f"{breakpoint.number} is at a fault of {text.strip() or 'any protection domain'}")


class Peek(Command):
    """peek NAME VARIABLE: a variable of a protection domain, whoever runs.

VARIABLE is a static or global one, with .members and [indices]; what it points to is not followed. FILE:VARIABLE
where more than one file has such a name."""

    def invoke(self, text, from_tty):
        name, variable = self.words(text, 2)
        pd = self.guest.pd(name)
        match = VARIABLE.match(variable)
        if not match:
            raise gdb.GdbError(f"'{variable}': a variable's name, .members and [indices]; no pointer is followed")
        try:
            value = self.guest.peek(pd, match["file"], match["name"], match["parts"])
        except gdb.error as error:
            raise gdb.GdbError(f"{variable}: {error}") from None
        print(f"{variable} = {value.format_string()}")


class Type(Command):
    """type TEXT: types a line on the guest's console.

The guest reads it when it goes on."""

    READER = "serial_virt_rx"   # of lower priority than the driver, which has set up the UART when this one begins

    def __init__(self, guest, name, usage):
        super().__init__(guest, name, usage)
        self.waiting = None     # for the reader to begin: a UART that is not set up yet may lose what comes

    def invoke(self, text, from_tty):
        if self.waiting is None and not self.reads():
            self.waiting = Beginning(self.guest, self.guest.system.pds[self.READER])
        if self.waiting and self.waiting.lines is not None:
            self.waiting.lines.append(text)
        else:
            keyboard(text)

    def reads(self):
        pd = self.guest.system.pds.get(self.READER)
        if pd is None or self.guest.running() is pd:
            return True
        kept = state_of(self.guest, pd)
        return bool(kept["abi"]) and int(kept["context"]["pc"]) != self.guest.text(pd)


class Beginning(InPd):
    """Where a protection domain begins, without stopping there: then what was kept until then is typed."""

    def __init__(self, guest, pd):
        super().__init__(guest, pd, guest.text(pd), internal=True)
        self.lines = []

    def stop(self):
        if super().stop() and self.lines is not None:
            lines, self.lines = self.lines, None
            keyboard(*lines)
        return False


def keyboard(*lines):
    try:
        for line in lines:
            os.write(int(os.environ["SERVAL_KEYBOARD"]), line.encode() + b"\r")
    except OSError as error:
        raise gdb.GdbError(f"the guest's console cannot be typed to: {error.strerror}") from None


def on_stop(guest, event):
    """Symbols of where it stopped; says in whom, since an address does not."""
    pd = guest.running()
    if any(isinstance(breakpoint, AtFault) for breakpoint in getattr(event, "breakpoints", ())):
        guest.select(guest.loaded())
        gdb.execute("frame 1")
    elif pd and pd is not guest.selected:
        guest.select(pd)
        gdb.execute("frame")        # gdb has just said it, without these symbols or with another program's


def prompt(guest, current):
    try:
        pd = guest.running()
        return f"(gdb: {pd.name if pd else 'kernel'}) "
    except gdb.error:
        return "(gdb) "


def end():
    """So that gdb does not detach: the guest would run on until QEMU is ended."""
    with contextlib.suppress(gdb.error):
        gdb.execute("disconnect", to_string=True)


def main():
    guest = Guest()
    for line in ("set confirm off", "set pagination off" if not sys.stdin.isatty() else "set height 0",
                 "set architecture aarch64", f"symbol-file {os.environ['SERVAL_KERNEL']}",
                 f"target remote {os.environ['SERVAL_STUB']}"):
        gdb.execute(line, to_string=True)
    Pds(guest, "pds", "")
    ChoosePd(guest, "pd", "NAME")
    BreakIn(guest, "break-in", "NAME LOCATION [if CONDITION]")
    BreakFault(guest, "break-fault", "[NAME]")
    register_unwinder(None, BeforeFault(guest))
    GoIn(guest, "go-in", "NAME")
    Peek(guest, "peek", "NAME VARIABLE")
    Type(guest, "type", "TEXT")
    gdb.events.stop.connect(lambda event: on_stop(guest, event))
    gdb.events.gdb_exiting.connect(lambda event: end())
    gdb.prompt_hook = lambda current: prompt(guest, current)
    print(f"{guest.system.image}: {len(guest.system.pds)} protection domains; it stands before its first instruction.")
    print("pds, pd NAME, break-in NAME LOCATION, break-fault [NAME], go-in NAME, peek NAME VARIABLE, type TEXT: `help` each. The rest is gdb.")


try:
    main()
except (NotBuilt, gdb.error) as error:
    print(f"gdb: {error}", file=sys.stderr)
    gdb.execute("quit 1")
