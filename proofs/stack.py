"""stack.py OBJDUMP ELF ENTRY..: the kernel's call graph from its machine code: that nothing calls itself, and how deep
its stack gets from each entry. Exit status 1 if there is recursion, an indirect call, or a stack that is not given
back.

A frame is what the function subtracts from sp: immediate `sub sp` and pre-indexed stores, the only two ways in which
the compiler makes room here; another write to sp is refused rather than guessed at. A branch to another function is a
call as well (a tail call, whose frame replaces the caller's: counted as if it did not). `br` is the jump of a switch,
which stays in its function; which functions have one is printed.
"""

import re
import subprocess
import sys

FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
TARGET = re.compile(r"<([^+>]+)(\+0x[0-9a-f]+)?>")
ROOM = re.compile(r"^sub\s+sp, sp, #(0x[0-9a-f]+|\d+)(, lsl #12)?$")
PUSH = re.compile(r"^st[pr]\s.*\[sp, #-(0x[0-9a-f]+|\d+)\]!$")
GIVE = re.compile(r"^(add\s+sp, sp, #|ld[pr]\s.*\[sp\], #)")


class Refused(Exception):
    pass


def number(text):
    return int(text, 0)


def read(listing, own):
    """name -> (bytes of frame, names called). `own`: functions in assembly that set sp by themselves."""
    functions = {}
    name = None
    for line in listing.splitlines():
        start = FUNCTION.match(line)
        if start:
            name = start.group(1)
            functions[name] = [0, set()]
            continue
        words = line.strip().split("\t")
        if name is None or len(words) < 2:
            continue
        text = " ".join(word for word in words[1:] if word).split(" //")[0].strip()
        text = re.sub(r"\s+", " ", text)
        operation = text.split(" ")[0]
        room, push = ROOM.match(text), PUSH.match(text)
        if room:
            functions[name][0] += number(room.group(1)) << (12 if room.group(2) else 0)
        elif push:
            functions[name][0] += number(push.group(1))
        elif re.match(r"^(mov|add|sub|and) sp,", text) and not GIVE.match(text) and name not in own:
            raise Refused(f"{name}: {text}")
        if operation == "blr":
            raise Refused(f"{name} calls through a pointer: {text}")
        if operation == "br":
            functions[name][1].add(f"?{text}")
        elif operation == "bl" or operation == "b" or operation.startswith(("b.", "cb", "tb")):
            target = TARGET.search(text)
            if target and (operation == "bl" or target.group(1) != name):
                functions[name][1].add(target.group(1))
    return functions


def deepest(functions, name, path=()):
    """(bytes, the way there)"""
    if name in path:
        raise Refused("recursion: " + " -> ".join((*path[path.index(name):], name)))
    if name not in functions:
        raise Refused(f"{path[-1]} calls {name}, which is not in the program")
    frame, called = functions[name]
    below = (0, ())
    for other in sorted(called):
        if not other.startswith("?"):
            below = max(below, deepest(functions, other, (*path, name)), key=lambda found: found[0])
    return frame + below[0], (f"{name} {frame}", *below[1])


def main():
    objdump, elf, *entries = sys.argv[1:]
    listing = subprocess.run([objdump, "-d", "--no-show-raw-insn", elf], check=True, stdout=subprocess.PIPE,
                             text=True).stdout
    try:
        functions = read(listing, set(entries) | {"vectors", "exception", "resume", "kernel_exception", "kernel_entry"})
        indirect = {f"{name}: {call[1:]}" for name, (_, called) in functions.items()
                    for call in called if call.startswith("?")}
        depth = 0
        for entry in entries:
            size, way = deepest(functions, entry)
            depth = max(depth, size)
            print(f"{size:5} bytes: " + " > ".join(way))
        # Every function, not only what the entries reach: nothing recurs.
        for name in functions:
            deepest(functions, name)
    except Refused as problem:
        sys.exit(f"stack.py: {problem}")
    print(f"deepest {depth} bytes; {len(functions)} functions, no recursion; jumps of switches: "
          f"{', '.join(sorted(indirect)) or 'none'}")


if __name__ == "__main__":
    main()
