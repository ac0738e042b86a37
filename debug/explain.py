#!/usr/bin/env python3
"""explain.py BUILD_DIR SYSTEM LOG KERNEL: each fault that a console log tells of, as functions, source lines and the way there.

A fault's line names the build that ran, and the image of that build is taken, of all in BUILD_DIR, those of `make run` and
of `make NAME.trace` among them; SYSTEM, the name of an image, leaves only those of that name; ''  all. A console that names
no build (the official monitor) gets the newest one. LOG '' or '-' is standard input. KERNEL: the kernel's program. Exit
status 1 where a fault could not be explained, or there is none.
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


def images(build_dir, name):
    """The newest first."""
    found = [path for pattern in ("*.img", "run/*/*.img", "trace/*.img") for path in build_dir.glob(pattern)]
    found = sorted((path for path in found if path.is_file()), key=lambda path: path.stat().st_mtime, reverse=True)
    if not found:
        raise NotBuilt(f"{build_dir} has no image: build the system that the log is of")
    named = [path for path in found if name in ("", path.stem, str(path))]
    if not named:
        names = ", ".join(sorted({path.stem for path in found}))
        raise NotBuilt(f"SYSTEM='{name}': {build_dir} has no such image; it has: {names}")
    return named


class Systems:
    """Those that the log may be of."""

    def __init__(self, build_dir, name):
        self.build_dir = build_dir
        self.paths = images(build_dir, name)
        self.newest = System(self.paths[0])
        self.read = {self.paths[0]: self.newest}

    def of(self, fault):
        """The system that ran; where nothing tells, the newest one; None where it is not here."""
        if fault.build is None or self.newest.build is None:
            return self.newest
        return next((system for system in map(self._system, self.paths) if system and system.build == fault.build), None)

    def _system(self, path):
        if path not in self.read:
            try:
                self.read[path] = System(path)
            except NotBuilt:
                self.read[path] = None
        return self.read[path]


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
    if fault.supervised:
        return []
    if not fault.whole:
        return ["registers are missing: a caller may be, too"]
    if fault.has_callers and not fault.callers and fault.registers["x29"] != 0:
        return ["x29 leads to no frame: the rest of the way is not known"]
    if fault.pd is not None and not fault.has_callers:
        return ["this console tells no return addresses but x30: the rest of the way is not known"]
    return []


def of_this_image(system, maps, program):
    """Whether the program's code is what the image has."""
    start, code = program.code[0] if program.code else (0, b"")
    return system.stored(maps, start, len(code)) in (None, code)


def explained(fault, system, kernel):
    """(lines, what is wrong)"""
    pd = system.pds.get(fault.pd)
    if fault.pd is not None and pd is None:
        return [], [f"{system.image} has no such protection domain; it has: {', '.join(system.pds)}"]
    try:
        program = Program(pd.elf if pd else kernel)
        if not of_this_image(system, pd.maps if pd else system.kernel_maps, program):
            return [], [f"{program.path} was linked anew: {system.image} has another program; `make` builds both"]
        lines, wrong = chain(fault, program)
    except Unreadable as error:
        return [], [str(error)]
    return [*(touched(fault, pd, program) if pd else []), *lines], wrong


def explain(fault, system, systems, kernel):
    """(lines, whether the way could be told)"""
    if system:
        lines, wrong = explained(fault, system, kernel)
    else:
        lines, wrong = [], [f"build {fault.build:#010x} ran, and no image of {systems.build_dir} is of it: {systems.newest.image} is "
                            f"{systems.newest.build:#010x}; the same sources and variables build it again"]
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


def unnamed(image, log, written):
    """What is said where the console, or the image's report, names no build."""
    print("! no build is named: what follows is right only if the same sources made the log and this image")
    if written is not None and written < image.stat().st_mtime:
        print(f"! it is newer than {log}")


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)       # `| head` ends it without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)        # so does Ctrl-C
    build_dir, name, log, kernel = sys.argv[1:]
    try:
        systems = Systems(Path(build_dir), name)
        text, written = text_of(log)
    except NotBuilt as error:
        sys.exit(f"explain: {error}")
    faults, complaints = read(text)
    chosen = [systems.of(fault) for fault in faults]
    well, heading = not complaints, None
    for fault, system in zip(faults, chosen):
        image = (system or systems.newest).image
        if image != heading:
            print(f"\n{image}:" if heading else f"{image}:")
            heading = image
            if system and (fault.build is None or system.build is None):
                unnamed(image, log, written)
        lines, right = explain(fault, system, systems, kernel)
        print("\n" + "\n".join(lines))
        well = well and right
    for complaint in complaints:
        print(f"explain: {complaint}", file=sys.stderr)
    if not faults and not complaints:
        sys.exit(f"explain: no fault in {len(text.splitlines())} lines of {log or 'standard input'}")
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
