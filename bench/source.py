"""Which source each instruction of a program comes from, by its debug information; what was inlined, from its own.

    parts(elf, va, pa, size, name_of)       [(pa, size, name)] for bench/insncount.c

name_of(frames) names an instruction; frames are "path function", the innermost first:
["lib/ring/ring.c ring_get", "net/client.c net_client_send"].
"""

import re
import subprocess

INSTRUCTION = 4
PREFIX = re.compile(r"^(\./)+")


def frames_of(block):
    """One answer of llvm-symbolizer: two lines for each frame, the function and where."""
    lines = block.split("\n")
    return [f"{PREFIX.sub('', at.rsplit(':', 2)[0])} {function}" for function, at in zip(lines[::2], lines[1::2])]


def symbolized(elf, va, size):
    """Frames of each instruction in turn."""
    asked = "".join(f"{va + offset:#x}\n" for offset in range(0, size, INSTRUCTION))
    command = ["llvm-symbolizer", f"--obj={elf}", "--inlining", "--functions=linkage"]
    done = subprocess.run(command, input=asked, check=True, capture_output=True, text=True)
    answers = done.stdout.rstrip("\n").split("\n\n")
    assert len(answers) == size // INSTRUCTION
    return map(frames_of, answers)


def parts(elf, va, pa, size, name_of):
    """Neighbours of one name are one part."""
    found = []
    for index, frames in enumerate(symbolized(elf, va, size)):
        name = name_of(frames)
        if found and found[-1][2] == name:
            found[-1][1] += INSTRUCTION
        else:
            found.append([pa + index * INSTRUCTION, INSTRUCTION, name])
    return [tuple(part) for part in found]
