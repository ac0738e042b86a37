#!/usr/bin/env python3
"""explain.py BUILD_DIR SYSTEM LOG KERNEL: each fault that a console log tells of, as functions, source lines and the way there.

SYSTEM is the name of an image of BUILD_DIR; '': the newest one, those of `make run` among them. LOG '' or '-' is
standard input. KERNEL: the kernel's program. Exit status 1 where a fault could not be explained, or there is none.
"""

import signal
import sys
from pathlib import Path

from debug.console import read
from debug.program import INSTRUCTION, Place, Program, Unreadable
from debug.system import NotBuilt, System

TOP = Path(__file__).resolve().parents[1]
CALLERS_MAX = 24        # sdk/kernel/callers.c
PAGE = 0x1000
TEXT_MAX = 80           # of a source line, columns
NEAR = 0x10000          # of what it is said that an address lies just behind it
STATUS = {0b0001: "not mapped", 0b0010: "mapped, but not to be touched", 0b0011: "mapped, but not for that"}


def images(build_dir):
    found = [*build_dir.glob("*.img"), *build_dir.glob("run/*/*.img")]
    return sorted((path for path in found if path.is_file()), key=lambda path: path.stat().st_mtime, reverse=True)


def image_of(build_dir, name):
    there = images(build_dir)
    if not there:
        raise NotBuilt(f"{build_dir} has no image: build the system that the log is of")
    if not name:
        return there[0]
    for path in there:
        if name in (path.stem, str(path)):
            return path
    names = ", ".join(sorted({path.stem for path in there}))
    raise NotBuilt(f"SYSTEM='{name}': {build_dir} has no such image; it has: {names}")


# -- where an address lies -------------------------------------------------------------------------------------------

def whereabouts(pd, program, address):
    """What can be said of the address that was touched; '' if nothing."""
    found = pd.map_of(address)
    if found:
        variable = program.object_at(address)
        return f"{variable + ', ' if variable else ''}in {found.what} ({found.rights}) at {address - found.va:#x}"
    if address < PAGE:
        return f"page 0: a null pointer{f' and {address:#x}' if address else ''}"
    below = [m for m in pd.maps if m.va + m.size <= address < m.va + m.size + NEAR]
    above = [m for m in pd.maps if address < m.va <= address + NEAR]
    near = [f"{address - (m.va + m.size):#x} behind the end of {m.what}" for m in below[-1:]]
    near += [f"{m.va - address:#x} before {m.what}" for m in above[:1]]
    return " and ".join(near)


def touched(fault, pd, program):
    if fault.address is None:
        return []
    status = STATUS.get((fault.esr or 0) >> 2 & 0xf) if fault.esr is not None else None
    said = [text for text in (status, whereabouts(pd, program, fault.address)) if text]
    return [f"  {fault.address:#x}: {'; '.join(said)}"] if said else []


# -- the way there ---------------------------------------------------------------------------------------------------

def way(fault, program):
    """[(return address or pc, note)], the innermost first."""
    frames = [(fault.pc, "")]
    x30 = fault.registers.get("x30")
    by_x30 = program.returns_by_x30(fault.pc, fault.registers)
    if x30 is not None and program.follows_call(x30) and by_x30 is not False:
        # A function that has saved x30 may have it changed since: where the unwind table is silent it only may be.
        if by_x30:
            frames.append((x30, ""))
        elif x30 not in fault.callers[:1]:
            frames.append((x30, "perhaps: by x30, which may be older"))
    return frames + [(address, "") for address in fault.callers]


def source_line(place):
    if not place.line or place.path.startswith(("/", "..")):
        return ""
    try:
        lines = (TOP / place.path).read_text(errors="replace").splitlines()
    except OSError:
        return ""
    text = lines[place.line - 1].strip() if place.line <= len(lines) else ""
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX - 2] + ".."


def frame_lines(places):
    """A frame's places, without what is its own: number and address."""
    lines = []
    for place in places or [Place("?", "", 0)]:
        code = source_line(place)
        lines.append(f"{place.function:<24}  {place.path or '?'}:{place.line or '?'}{': ' + code if code else ''}")
    return lines


class Chain:
    """The lines of a call chain; a function that called itself many times has its line once."""

    def __init__(self):
        self.lines = []
        self.last = None
        self.times = 0

    def add(self, number, address, places, note=""):
        if address == self.last:
            self.times += 1
            return
        self.finish()
        self.last = address
        first, *others = places
        self.lines.append(f"  #{number:<2} {address:#010x}  {first}{f'  ({note})' if note else ''}")
        self.lines += [f"      inlined in  {line}" for line in others]

    def finish(self):
        if self.times:
            self.lines.append(f"      {self.times} more of the same")
        self.last, self.times = None, 0


def chain(fault, program):
    """The lines of the call chain, and what is wrong with it."""
    frames = way(fault, program)
    found, wrong = Chain(), []
    # A return address is behind the call, perhaps already in the next function.
    asked = [address - (INSTRUCTION if n else 0) for n, (address, _) in enumerate(frames)]
    for n, ((address, note), places) in enumerate(zip(frames, program.places(asked))):
        if not program.is_code(asked[n]):
            found.add(n, address, ["in no code of this program"])
            if n:
                wrong.append(f"#{n} is no return address: the stack is damaged there, or the log is of another build")
                break
            continue
        found.add(n, address, frame_lines(places), note)
        if n and not program.follows_call(address):
            wrong.append(f"no call comes before #{n}: the log is of another build, or the stack is damaged")
            break
    found.finish()
    if len(fault.callers) == CALLERS_MAX:
        found.lines.append(f"  ...  the kernel prints {CALLERS_MAX} return addresses; there may be more")
    return found.lines, wrong


def missing(fault):
    """What the log does not have."""
    if not fault.whole:
        return ["registers are missing: a caller may be, too"]
    if fault.has_callers and not fault.callers and fault.registers["x29"] != 0:
        return ["x29 leads to no frame: the rest of the way is not known"]
    if fault.pd is not None and not fault.has_callers:
        return ["this console tells no return addresses but x30: the rest of the way is not known"]
    return []


def explained(fault, pd, elf):
    """(lines, what is wrong)"""
    program = Program(elf)
    lines, wrong = chain(fault, program)
    return [*(touched(fault, pd, program) if pd else []), *lines], wrong


def explain(fault, system, kernel):
    """(lines, whether the way could be told)"""
    pd = system.pds.get(fault.pd)
    lines, wrong = [], []
    if fault.pd is not None and pd is None:
        wrong = [f"{system.image} has no such protection domain; it has: {', '.join(system.pds)}"]
    else:
        try:
            lines, wrong = explained(fault, pd, pd.elf if pd else kernel)
        except Unreadable as error:
            wrong = [str(error)]
    title = f"PD '{fault.pd}': {fault.cause}" if fault.pd is not None else f"the kernel: {fault.cause}"
    notes = wrong + (missing(fault) if lines else [])
    return [title, *lines, *(f"  ! {text}" for text in notes)], not wrong


def text_of(log):
    """The log, and when it was written (None: now)."""
    if log in ("", "-"):
        return sys.stdin.buffer.read().decode(errors="replace"), None
    path = Path(log)
    try:
        return path.read_bytes().decode(errors="replace"), path.stat().st_mtime
    except OSError as error:
        raise NotBuilt(f"LOG={log}: {error.strerror}") from None


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)       # `| head` ends it without a word
    build_dir, name, log, kernel = sys.argv[1:]
    try:
        system = System(image_of(Path(build_dir), name))
        text, written = text_of(log)
    except NotBuilt as error:
        sys.exit(f"explain: {error}")
    faults, complaints = read(text)
    print(f"{system.image}:")
    if written is not None and written < system.image.stat().st_mtime:
        print(f"! it is newer than {log}: what follows is right only if the same sources made both")
    well = not complaints
    for fault in faults:
        lines, right = explain(fault, system, kernel)
        print("\n" + "\n".join(lines))
        well = well and right
    for complaint in complaints:
        print(f"explain: {complaint}", file=sys.stderr)
    if not faults and not complaints:
        sys.exit(f"explain: no fault in {len(text.splitlines())} lines of {log or 'standard input'}")
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
