"""make NAME.gdb: gdb inside of one protection domain among others with the same addresses (debug/). The programs of
tests/systems/crash are one and the same, and all of them come through die(); most through store()."""

import os
import re
import subprocess

import pytest
from serval import build, paths
from serval.qemu import GENEROUS_S, needs_machine
from serval.terminal import Terminal

pytestmark = [needs_machine, pytest.mark.makes,
              pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="reads the tables of our own kernel")]
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
SOURCE = "crasher.c"


@pytest.fixture(scope="module", name="image")
def crash_image():
    return build.system("crash")


def command(image, *variables):
    return ["make", "-s", "-C", paths.TOP, "--no-print-directory", f"CACHE_DIR={paths.CACHE}",
            f"BUILD_DIR={image.parent}", f"QEMU={paths.QEMU}", f"{image.stem}.gdb", *variables]


def gdb(image, tmp_path, *lines):
    """(exit status, what was said) of gdb with these commands."""
    script = tmp_path / "script.gdb"
    script.write_text("\n".join(lines) + "\n")
    done = subprocess.run(command(image, f"GDB_ARGS=-batch -x '{script}'"), stdin=subprocess.DEVNULL, env=ENVIRONMENT,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=GENEROUS_S, check=False)
    return done.returncode, done.stdout


def test_stops_in_one_protection_domain_alone(image, tmp_path):
    """`store` comes through the same function before, and is not stopped."""
    status, said = gdb(image, tmp_path, "break-in worker store", "continue", "backtrace 3", "info args",
                       "print self.steps", f"peek assertion {SOURCE}:self.steps", f"peek deep {SOURCE}:self.steps", "pds",
                       "go-in deep", "info symbol $pc", "pds")
    assert status == 0, said
    assert said.count("Breakpoint 1, store") == 1
    assert re.search(r"^#0 +store \(address=0\) at .*crasher\.c:\d+\n#1 .* in work \(.*\n#2 .* in fiber_run", said, re.M)
    assert "\naddress = 0\n$1 = 1\n" in said, "a variable of who runs"
    assert f"{SOURCE}:self.steps = 11\n" in said, "one of who has died: ten more by its check()"
    assert f"{SOURCE}:self.steps = 0\n" in said, "one of who has not begun"
    rows = re.findall(r"^([> ]) (\w+) +(stopped|runs|ready|waits) +pc", said, re.M)
    assert rows[:7] == [(" ", name, "stopped") for name in ("wild", "store", "leaf", "jump", "assertion")] + [
        (">", "worker", "runs"), (" ", "deep", "ready")]
    assert rows[7:][5:] == [(" ", "worker", "stopped"), (">", "deep", "runs")]
    assert re.search(r"^pd_entry in section \.text of .*/deep\.elf$", said, re.M)


def test_two_breakpoints_at_one_address(image, tmp_path):
    status, said = gdb(image, tmp_path, "break-in leaf die", "break-in assertion die", "continue", "info symbol $pc",
                       "continue", "info symbol $pc")
    assert status == 0, said
    assert re.findall(r"^die(?: \+ \d+)? in section \.text of .*/(\w+)\.elf$", said, re.M) == ["leaf", "assertion"]
    assert [int(n) for n in re.findall(r"^Breakpoint (\d+),", said, re.M)] == [1, 2]


def test_stops_at_a_fault(image, tmp_path):
    """With the frames of the program that faults, also where it called what is no code."""
    status, said = gdb(image, tmp_path, "break-fault worker", "break-fault jump", "continue", "backtrace", "continue",
                       "print self.steps", "up", "print address", "pds", "backtrace")
    assert status == 0, said
    assert re.search(r"^#1 .* in jump \(\) at .*\n.*/\* JUMP \*/\n#0 +exception_handle .*\n#1 .* jump \(\) .*\n"
                     r"#2 .* die \(\)", said, re.M)
    assert re.search(r"^#1 .* in store_word .*\n.*/\* STORE \*/\n\$1 = 2\n#2 +store \(address=0\) at .*\n.*\n\$2 = 0\n"
                     r"the kernel runs, entered from worker\n", said, re.M)
    assert said.count("exception_handle (esr=") == 4, "the others' faults went by"


def test_the_crash_of_the_page(tmp_path):
    """docs/debugging.md: typed at the guest's console; one function of one protection domain, on a condition."""
    damaged = re.search(r"fromhex\('([0-9a-f]{100,})'\)", (paths.TOP / "docs" / "debugging.md").read_text())[1]
    status, said = gdb(build.system("python"), tmp_path, f"type open('/sum.mpy','wb').write(bytes.fromhex('{damaged}'))",
                       "type import sum", "break-in python mp_obj_new_list if n > 1000", "continue", "print n", "up",
                       "x/3xb code_state@entry->ip")
    assert status == 0, said
    assert "\n$1 = 16308\n" in said and " mp_execute_bytecode (" in said
    assert re.search(r"^0x\w+:\t0x2b\t0xff\t0x34$", said, re.M), "a variable of frame 1, and what it points to"


@pytest.mark.parametrize("line, answer", [
    ("break-in", "usage: break-in NAME LOCATION [if CONDITION]"),
    ("break-in nobody init", "there is no PD 'nobody'. There are: wild, store, leaf, jump, assertion, worker, deep"),
    ("break-in leaf nothing", 'leaf: Function "nothing" not defined.'),
    ("peek leaf nothing", "leaf has no variable nothing"),
    ("peek leaf self", "leaf has more than one self; say FILE:self with a FILE of: "),
    ("peek leaf *self", "'*self': a variable's name, .members and [indices]; no pointer is followed"),
    ("peek leaf microkit_name[64]", "microkit_name[64]: [64] is behind its end"),
    (f"peek leaf {SOURCE}:self.nowhere[1]", "self.nowhere[1]: no pointer is followed"),
    ("go-in nobody", "there is no PD 'nobody'. There are: wild, "),
])
def test_what_cannot_be_done_is_one_line(image, tmp_path, line, answer):
    status, said = gdb(image, tmp_path, line)
    assert status != 0 and f"\n{answer}" in said and "Traceback" not in said and "Python" not in said, said


def test_who_has_stopped_does_not_run_again(image, tmp_path):
    status, said = gdb(image, tmp_path, "break-in deep deep", "continue", "go-in leaf")
    assert status != 0 and "leaf has stopped and does not run again" in said


def test_make_says_what_is_wrong(image):
    done = subprocess.run(command(image, "GDB_ARGS=-batch 'open"), stdin=subprocess.DEVNULL, env=ENVIRONMENT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=GENEROUS_S, check=False)
    assert done.returncode and "gdb: GDB_ARGS='-batch 'open': No closing quotation\n" in done.stdout


def test_at_a_terminal(image):
    """Ctrl-C stops the guest, not QEMU, not make; the prompt tells who runs."""
    terminal = Terminal(command(image), ENVIRONMENT)
    terminal.expect(r"\(gdb: kernel\) ")
    terminal.type(b"break-in deep init\n")
    terminal.expect(r"is in deep only\n\(gdb: kernel\) ")
    terminal.type(b"continue\n")
    terminal.expect(r"Breakpoint 1, init \(\)[^(]*\n\(gdb: deep\) ")
    terminal.type(b"continue\n")
    terminal.expect(r"fault: PD 'deep'(.|\n)*spsr 0x\w+\n")
    terminal.type(b"\x03")
    terminal.expect(r"SIGINT(.|\n)*\(gdb: kernel\) ")
    terminal.type(b"quit\n")
    assert terminal.end() == 0 and "Error" not in terminal.seen and "qemu" not in terminal.seen, terminal.seen
