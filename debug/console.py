"""What a console says of faults: ours (sdk/kernel/fault.c, boot.c; a supervisor's, supervisor/supervisor.c) and the
official Microkit monitor's.

    faults, complaints = read(text)

A fault needs its protection domain and its pc; everything else may be missing, as in a log that ends too early. A
number counts only when all of its digits are there: one that was cut off would be another number. Colours, carriage
returns and what a terminal's log puts before each line do not matter.
"""

import re

WORD = r"0x[0-9a-f]{16}(?![0-9a-f])"
BUILD = r"(?:, build (?P<build>0x[0-9a-f]{8})(?![0-9a-f]))?"
BEGIN = re.compile(r"fault: PD '")
FAULT = re.compile(rf"fault: PD '(?P<pd>.+?)' (?P<cause>.+?), pc (?P<pc>{WORD}), esr (?P<esr>0x[0-9a-f]{{8}})(?![0-9a-f])"
                   + BUILD)
KERNEL = re.compile(rf"kernel: exception in the kernel itself, esr (?P<esr>0x[0-9a-f]{{8}}), "
                    rf"address (?P<address>{WORD}), pc (?P<pc>{WORD})" + BUILD)
CALLERS = re.compile(r"(?:^|\s)called from (?P<callers>.*)$")
REGISTER = re.compile(rf"(?<!\w)(?P<name>x\d\d?|sp) +(?P<value>{WORD})")
REGISTER_LINE = re.compile(r"(?:^|\s)(x\d\d? |sp |spsr ) *0x")
ADDRESS = re.compile(rf" (?:to|from) ({WORD})")

MONITOR_PD = re.compile(r"MON\|ERROR: faulting PD: (?P<pd>.+?)\s*$")
MONITOR_REGISTER = re.compile(rf"(?:^|\s)(?P<name>x\d\d?|sp|pc|spsr) ?: (?P<value>{WORD})")
MONITOR_VM = re.compile(rf"MON\|ERROR: VMFault: ip=(?P<pc>{WORD})  fault_addr=(?P<address>{WORD})  "
                        rf"fsr=(?P<esr>{WORD})  \((?P<kind>\w+) fault\)")
MONITOR_VCPU = re.compile(rf"MON\|ERROR: received vCPU fault with ESR: (?P<esr>{WORD})")
MONITOR_OTHER = re.compile(r"MON\|ERROR: (?P<cause>UserException|CapFault|Unknown fault)")
MONITOR_ANY = re.compile(r"MON\|ERROR|Registers: *$|Unknown fault")

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
REGISTERS = {f"x{n}" for n in range(31)} | {"sp"}


class Fault:
    """pd None: the kernel itself. callers: return addresses, the innermost first; has_callers: whether this console
    tells of them at all. supervised: a supervisor said it, who tells no registers and the eight innermost callers.
    build: of the image that ran; None where the console does not tell. whole: nothing of what its console says of a
    fault is missing."""

    def __init__(self, line, pd, cause, pc=None, esr=None, address=None, *, build=None, has_callers=True,
                 supervised=False):
        self.line, self.pd, self.cause = line, pd, cause
        self.pc, self.esr, self.address = pc, esr, address
        self.build = build
        self.has_callers = has_callers
        self.supervised = supervised
        self.callers = []
        self.registers = {}

    @property
    def whole(self):
        return self.pd is None or self.supervised or self.registers.keys() >= REGISTERS


def number(text):
    return int(text, 16)


def build_of(match):
    return number(match["build"]) if match["build"] else None


class Reader:
    """Line by line; a fault goes on until a line that says nothing of it."""

    def __init__(self):
        self.faults = []
        self.complaints = []
        self.fault = None
        self.follow = None

    def line(self, at, text):
        if self.follow and self.follow(text):
            return
        self.follow = None
        if match := FAULT.search(text):
            address = ADDRESS.search(match["cause"])
            self._begin(Fault(at, match["pd"], match["cause"], number(match["pc"]), number(match["esr"]),
                              number(address[1]) if address else None, build=build_of(match),
                              supervised=text[match.end():].startswith("; death ")), self._ours)
        elif BEGIN.search(text):
            self.complaints.append(f"line {at}: a fault line without its end: {text.strip()}")
        elif match := KERNEL.search(text):
            self._begin(Fault(at, None, "exception in the kernel itself", number(match["pc"]), number(match["esr"]),
                              number(match["address"]), build=build_of(match), has_callers=False), None)
        elif match := MONITOR_PD.search(text):
            self._begin(Fault(at, match["pd"], "fault", has_callers=False), self._monitors)

    def _begin(self, fault, follow):
        self.fault, self.follow = fault, follow
        self.faults.append(fault)

    def _ours(self, text):
        if match := CALLERS.search(text):
            self.fault.callers += [number(word) for word in re.findall(WORD, match["callers"])]
        elif REGISTER_LINE.search(text):
            self.fault.registers.update((m["name"], number(m["value"])) for m in REGISTER.finditer(text))
        else:
            return False
        return True

    def _monitors(self, text):
        fault = self.fault
        if MONITOR_PD.search(text):
            return False
        if match := MONITOR_REGISTER.search(text):
            if match["name"] == "pc":
                fault.pc = number(match["value"])
            elif match["name"] != "spsr":
                fault.registers[match["name"]] = number(match["value"])
        elif match := MONITOR_VM.search(text):
            fault.pc, fault.esr, fault.address = (number(match[name]) for name in ("pc", "esr", "address"))
            fault.cause = "instruction abort" if match["kind"] == "instruction" else "data abort"
        elif match := MONITOR_VCPU.search(text):
            fault.esr, fault.cause = number(match["esr"]), "trapped instruction"
        elif match := MONITOR_OTHER.search(text):
            fault.cause = match["cause"]
        return bool(match or MONITOR_ANY.search(text))


def read(text):
    """(faults, complaints): complaints name the lines that begin a fault and do not say which."""
    reader = Reader()
    for at, line in enumerate(COLOUR.sub("", text).replace("\r", "").split("\n"), 1):
        reader.line(at, line)
    for fault in [f for f in reader.faults if f.pc is None]:
        reader.complaints.append(f"line {fault.line}: PD '{fault.pd}' faulted, but its pc is missing")
        reader.faults.remove(fault)
    return reader.faults, reader.complaints
