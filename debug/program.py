"""A program of a protection domain, by its ELF file: what is code, what an address is, which frame a pc is in.

ELF and DWARF are read by pyelftools and llvm-symbolizer.
"""

import json
import os
import subprocess
from collections import namedtuple

from elftools.dwarf.callframe import FDE
from elftools.elf.constants import P_FLAGS
from elftools.elf.elffile import ELFFile

# One function at one line; the next of a list is where it was inlined into.
Place = namedtuple("Place", "function path line")

INSTRUCTION = 4
BL, BL_MASK = 0x94000000, 0xfc000000            # Arm ARM C6.2.34, C6.2.35
BLR, BLR_MASK = 0xd63f0000, 0xfffffc1f
FP, LR, SP = 29, 30, 31                         # DWARF register numbers (AADWARF64 4.1)
ADDRESS_MASK = (1 << 64) - 1


class Unreadable(Exception):
    """No such program, or none that can be read."""


def path_of(text):
    """As from the top of the tree, where it lies there."""
    return os.path.normpath(text) if text else ""


class Program:
    def __init__(self, path):
        try:
            with open(path, "rb") as file:
                self.path = path
                self._read(ELFFile(file))
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}") from None
        except Exception as error:              # pyelftools meets a damaged file with whatever goes wrong first
            raise Unreadable(f"{path}: no ELF file that can be read: {error or type(error).__name__}") from None

    def _read(self, elf):
        self.code = [(s["p_vaddr"], s.data()) for s in elf.iter_segments("PT_LOAD") if s["p_flags"] & P_FLAGS.PF_X]
        table = elf.get_section_by_name(".symtab")
        self.objects = [(s["st_value"], s["st_size"], s.name) for s in table.iter_symbols()
                        if s["st_info"]["type"] == "STT_OBJECT"] if table else []
        self.frames = []
        dwarf = elf.get_dwarf_info()
        if dwarf.has_CFI():
            self.frames = [entry for entry in dwarf.CFI_entries() if isinstance(entry, FDE)]

    # -- code ----------------------------------------------------------------------------------------------------

    def _instruction(self, address):
        for start, data in self.code:
            if start <= address <= start + len(data) - INSTRUCTION and address % INSTRUCTION == 0:
                return int.from_bytes(data[address - start:address - start + INSTRUCTION], "little")
        return None

    def is_code(self, address):
        return self._instruction(address) is not None

    def follows_call(self, address):
        """Whether a call can have left `address` to return to."""
        word = self._instruction(address - INSTRUCTION)
        return word is not None and (word & BL_MASK == BL or word & BLR_MASK == BLR)

    # -- places --------------------------------------------------------------------------------------------------

    def places(self, addresses):
        """For each address: its places, the innermost first."""
        if not addresses:
            return []
        asked = "".join(f"{address:#x}\n" for address in addresses)
        command = ["llvm-symbolizer", f"--obj={self.path}", "--inlining", "--functions=linkage", "--output-style=JSON"]
        try:
            done = subprocess.run(command, input=asked, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Unreadable(f"llvm-symbolizer: {getattr(error, 'stderr', None) or error}") from None
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        return [[Place(s["FunctionName"] or "?", path_of(s["FileName"]), s["Line"]) for s in answer.get("Symbol", [])]
                for answer in answers]

    def object_at(self, address):
        """'name' or 'name + 0x8' of a variable; None where there is none."""
        for start, size, name in self.objects:
            if start <= address < start + size:
                return name + (f" + {address - start:#x}" if address > start else "")
        return None

    # -- frames --------------------------------------------------------------------------------------------------

    def returns_by_x30(self, pc, registers):
        """Whether the function at pc has its return address still (or again) in x30, so that the frame record at x29
        is that of its caller. None: cannot be told."""
        if not self.is_code(pc):
            return True                         # a call that led nowhere
        rules = self._rules(pc)
        if rules is None or "x29" not in registers or "sp" not in registers:
            return None
        saved = rules.get(FP)
        if saved is None or saved.type != "OFFSET":
            return True
        cfa = rules["cfa"]
        if cfa.expr is not None or cfa.reg not in (FP, SP):
            return None
        base = registers["x29" if cfa.reg == FP else "sp"]
        return (base + cfa.offset + saved.arg) & ADDRESS_MASK != registers["x29"]

    def _rules(self, pc):
        """The unwind table's row for pc: register -> where its value at the call is."""
        for entry in self.frames:
            start = entry["initial_location"]
            if start <= pc < start + entry["address_range"]:
                try:
                    rows = [row for row in entry.get_decoded().table if row["pc"] <= pc]
                except Exception:               # as above: then it cannot be told
                    return None
                return rows[-1] if rows else None
        return None
