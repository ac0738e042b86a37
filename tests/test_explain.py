"""make explain: from what the console says of a fault to the source (debug/). A system whose protection domains all die
(tests/systems/crash) is booted once; then its log is cut, changed and told in another kernel's words."""

import os
import re
import subprocess
import sys

import pytest
from serval import build, inside, paths
from serval.qemu import Guest

sys.path.insert(0, str(paths.TOP))
sys.path.insert(0, str(paths.TOP / "third_party" / "src" / "python"))

from debug import console  # noqa: E402

SOURCE = "tests/systems/crash/crasher.c"
pytestmark = pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="our kernel's words for faults")


def at(mark):
    """FILE:LINE of the line that ends with that mark."""
    lines = (paths.TOP / SOURCE).read_text().splitlines()
    found = [n for n, line in enumerate(lines, 1) if line.endswith(f"/* {mark} */")]
    assert len(found) == 1, mark
    return f"{SOURCE}:{found[0]}"


@pytest.fixture(scope="module", name="image")
def crash_image():
    return build.system("crash")


@pytest.fixture(scope="module", name="log")
def crash_log(image):
    with Guest(image) as guest:
        guest.expect(r"PD 'deep'[^']*\n  spsr 0x\w+\r?\n")
        return guest.text()


def explain(image, text, *, name="crash"):
    """(exit status, stdout, stderr) for a log on standard input, as make calls it."""
    environment = {**os.environ, "PYTHONPATH": f"{paths.TOP}:{paths.TOP}/third_party/src/python"}
    done = subprocess.run([sys.executable, "debug/explain.py", image.parent, name, "", "no-kernel.elf"], cwd=paths.TOP,
                          input=text.encode(), capture_output=True, check=False, env=environment)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def of(told, pd):
    """The lines about one protection domain."""
    assert told.count(f"\nPD '{pd}': ") == 1, told
    return told[told.index(f"\nPD '{pd}': ") + 1:].split("\n\n")[0].rstrip("\n").split("\n")


def frames(lines):
    """(function, file:line) of each frame and of what was inlined into it, the innermost first."""
    return re.findall(r"^  (?:#\d+ +0x[0-9a-f]+|    inlined in) +(\S+) +([^:\s]+:\d+)", "\n".join(lines), re.M)


def names(lines):
    return [function for function, _ in frames(lines)]


def test_each_way_to_die_is_explained(image, log):
    status, told, wrong = explain(image, log)
    assert (status, wrong) == (0, ""), wrong
    store = of(told, "store")
    assert store[0] == "PD 'store': data abort, write to 0x0000000000000008"
    assert store[1] == "  0x8: not mapped; page 0: a null pointer and 0x8"
    assert frames(store)[0] == ("store_word", at("STORE")) and frames(store)[2] == ("die", at("CALLER"))
    assert names(store) == ["store_word", "store", "die", "init", "microkit_main"]
    assert frames(of(told, "leaf"))[:2] == [("leaf", at("LEAF")), ("die", frames(of(told, "leaf"))[1][1])]
    jump = of(told, "jump")
    assert "#0  0x00000000  in no code of this program" in jump[2]
    assert frames(jump)[0] == ("jump", at("JUMP"))
    assertion = of(told, "assertion")
    assert names(assertion)[:3] == ["pd_die", "__assert_func", "check"] and frames(assertion)[2][1] == at("ASSERTION")
    worker = of(told, "worker")     # on a stack of its own
    assert names(worker) == ["store_word", "store", "work", "fiber_run"] and frames(worker)[2][1] == at("WORKER")
    deep = of(told, "deep")         # deeper than what the kernel tells
    assert names(deep) == ["store_word", "store", "deep", "deep"] and frames(deep)[3][1] == at("DEEP")
    assert "      23 more of the same" in deep and "there may be more" in deep[-1]


def test_a_frame_pointer_into_the_kernel_harms_nobody(image, log):
    """The first one died with it; all others came after."""
    wild = of(explain(image, log)[1], "wild")
    assert names(wild) == ["wild", "die"] and frames(wild)[0][1] == at("WILD")
    assert wild[-1] == "  ! x29 leads to no frame: the rest of the way is not known"


def test_make_explain_reads_a_file(image, log, tmp_path):
    file = tmp_path / "a log"
    file.write_text("something before\n" + log)
    told = build.make("explain", BUILD_DIR=image.parent, LOG=file, SYSTEM="crash").stdout
    assert f"{SOURCE}:" in told and told.startswith(f"{image.relative_to(paths.TOP)}:\n")
    os.utime(file, (1, 1))
    told = build.make("explain", BUILD_DIR=image.parent, LOG=file).stdout
    assert "! it is newer than " in told and "PD 'store'" in told


def test_what_a_log_may_have_around_it(image, log):
    noisy = "".join(f"\x1b[32m[{n:5d}]\x1b[0m {line}\r\n" for n, line in enumerate(log.replace("\r", "").split("\n")))
    lines = of(explain(image, noisy + "\xff\x00 half a li")[1], "store")
    assert frames(lines)[0] == ("store_word", at("STORE")) and names(lines)[-1] == "microkit_main"
    assert "!" not in "".join(lines), "nothing is missing"
    official = re.sub("^", "12:34 ", MONITOR.format(pc=0x200814, x30=0x20071c), flags=re.M)
    assert console.read(official)[0][0].registers["x30"] == 0x20071c


def part(log, pd):
    """Of a log: what the kernel says of one protection domain."""
    log = log.replace("\r", "")
    return log[log.index(f"fault: PD '{pd}'"):].split("\n\n")[0]


@pytest.mark.parametrize("last, functions, note", [
    (r"esr 0x[0-9a-f]{8}", ["store_word", "store"], "registers are missing"),
    (r"called from 0x[0-9a-f]{16}", ["store_word", "store", "init"], "registers are missing"),
    (r"called from 0x[0-9a-f]{9}", ["store_word", "store"], "registers are missing"),
    (r"x30 0x[0-9a-f]{15}", ["store_word", "store", "init", "microkit_main"], "registers are missing"),
])
def test_a_log_that_ends_early(image, log, last, functions, note):
    text = part(log, "store")
    status, told, wrong = explain(image, text[:re.search(last, text).end()])
    assert (status, wrong) == (0, "") and names(of(told, "store")) == functions and note in told


@pytest.mark.parametrize("cut", [r"fault: PD '", r"fault: PD 'sto", r"pc 0x", r"pc 0x[0-9a-f]{15}", r"esr 0x[0-9a-f]{7}"])
def test_a_fault_line_that_was_cut_off_is_no_fault(image, log, cut):
    text = part(log, "store")
    status, told, wrong = explain(image, text[:re.search(cut, text).end()])
    assert status == 1 and told == f"{image}:\n" and wrong.startswith("explain: line 1: a fault line without its end: fau")


def test_an_unknown_protection_domain(image, log):
    status, told, _ = explain(image, log.replace("PD 'leaf'", "PD 'leaves'"))
    assert status == 1
    assert of(told, "leaves")[1] == (f"  ! {image} has no such protection domain; it has: "
                                     "wild, store, leaf, jump, assertion, worker, deep")
    assert names(of(told, "store"))[-1] == "microkit_main", "the others are explained all the same"


@pytest.mark.parametrize("address", ["0000000000999000", "0000000000201ffc", "ffffffffffffffff", "0000000000000000"])
def test_an_address_outside_all_code(image, log, address):
    text = part(log, "store")
    status, told, _ = explain(image, re.sub(r"(called from 0x[0-9a-f]{16}) 0x[0-9a-f]{16}", rf"\1 0x{address}", text))
    assert status == 1 and names(of(told, "store")) == ["store_word", "store", "die", "init"]
    assert "! #3 is no return address: the stack is damaged there, or the log is of another build" in told
    status, told, _ = explain(image, re.sub(r"pc 0x[0-9a-f]{16}", f"pc 0x{address}", text))
    assert f"#0  {int(address, 16):#010x}  in no code of this program" in told


def test_a_return_address_behind_no_call(image, log):
    text = part(log, "store")
    address, _ = inside.symbol(image, "store", "init")
    status, told, _ = explain(image, re.sub(r"(called from 0x[0-9a-f]{16}) 0x[0-9a-f]{16}",
                                            rf"\1 0x{address + 4:016x}", text))
    assert status == 1 and "! no call comes before #3: the log is of another build, or the stack is damaged" in told


def test_a_log_without_a_fault(image):
    status, _, wrong = explain(image, "all is well\nfault: none\n")
    assert (status, wrong) == (1, "explain: no fault in 2 lines of standard input\n")


def test_an_image_that_is_not_there(image):
    assert explain(image, "", name="zzz") == (
        1, "", f"explain: SYSTEM='zzz': {image.parent} has no such image; it has: crash\n")


def test_nothing_is_built(tmp_path):
    assert explain(tmp_path / "crash.img", "", name="") == (
        1, "", f"explain: {tmp_path} has no image: build the system that the log is of\n")


def test_a_program_that_is_not_there(image, log, tmp_path):
    for suffix in (".img", ".report.txt"):
        (tmp_path / f"crash{suffix}").write_bytes(image.with_name(f"crash{suffix}").read_bytes())
    copy = tmp_path / "crash.img"
    assert explain(copy, log) == (1, "", f"explain: {tmp_path}/crash/crash.system: No such file or directory\n")
    (tmp_path / "crash").mkdir()
    (tmp_path / "crash" / "crash.system").write_bytes((image.parent / "crash" / "crash.system").read_bytes())
    (tmp_path / "crash" / "leaf.elf").write_text("no ELF file")
    status, told, _ = explain(copy, log)
    assert status == 1 and of(told, "store")[1] == f"  ! {tmp_path}/crash/store.elf: No such file or directory"
    assert of(told, "leaf")[1].startswith(f"  ! {tmp_path}/crash/leaf.elf: no ELF file that can be read: ")


# As the official monitor has it (monitor/src/main.c of 1.4.1 and 2.0.1): `puts` of these very pieces.
MONITOR = """MON|ERROR: received message 0x00000006  badge: 0x0000000000000002  tcb cap: 0x000000000000000b
MON|ERROR: faulting PD: store
Registers: 
pc : 0x{pc:016x}
sp: 0x0000007fffffcf90
spsr : 0x0000000060000040
x0 : 0x0000000000000000
x29 : 0x0000007fffffcf90
x30 : 0x{x30:016x}
x1 : 0x0000000000000000
MON|ERROR: VMFault: ip=0x{pc:016x}  fault_addr=0x0000000000000008  fsr=0x0000000092000046  (data fault)
MON|ERROR:   ec: 0x00000024  Data Abort from a lower Exception level   il: 1   iss: 0x00000046
MON|ERROR:   dfsc = translation fault, level 2 (0x00000006) -- write not read
"""                                                                                     # noqa: W291: as it is


def test_the_official_monitor_tells_the_function_and_its_caller(image, log):
    ours = console.read(log)[0][1]
    assert ours.pd == "store"
    status, told, wrong = explain(image, MONITOR.format(pc=ours.pc, x30=ours.registers["x30"]))
    lines = of(told, "store")
    assert (status, wrong) == (0, "") and lines[0] == "PD 'store': data abort"
    assert lines[1] == "  0x8: not mapped; page 0: a null pointer and 0x8"
    assert names(lines) == ["store_word", "store", "die"]


def test_every_cut_of_a_log_is_read():
    """Whatever is missing at the end: no exception, and no number that is not there."""
    whole = ("fault: PD 'a' data abort, read from 0x0000000000000018, pc 0x0000000000200830, esr 0x92000006\n"
             "  called from 0x00000000002005ec 0x00000000002001d4\n"
             "  x0  0x0000007fffffd000  x1  0x0000000000000001\n  x28 0x0000000000000000  sp  0x0000007fffffcf90\n")
    values = {int(word, 16) for word in re.findall(r"0x[0-9a-f]+", whole)}
    for end in range(len(whole)):
        faults, complaints = console.read(whole[:end])
        assert len(faults) + len(complaints) <= 1
        for fault in faults:
            assert {fault.pc, fault.esr, *fault.callers, *fault.registers.values()} <= values
    official = MONITOR.format(pc=0x200814, x30=0x20071c)
    for end in range(len(official)):
        faults, complaints = console.read(official[:end])
        assert all(fault.pc == 0x200814 for fault in faults)
    assert console.read("MON|ERROR: faulting PD: store\nRegisters: \npc : 0x00002008")[1] == [
        "line 1: PD 'store' faulted, but its pc is missing"]


DAMAGED = re.search(r"fromhex\('([0-9a-f]{100,})'\)", (paths.TOP / "docs" / "debugging.md").read_text())[1]


def test_the_crash_of_the_page(boot):
    """docs/debugging.md: bytecode of which one byte is wrong, and what is told of it."""
    guest = boot("python")
    guest.expect(">>> ")
    guest.send(f"open('/sum.mpy','wb').write(bytes.fromhex('{DAMAGED}'))\r".encode())
    guest.expect(r"\n87\r?\n")
    guest.send(b"import sum\r")
    guest.expect(r"fault: PD 'python'(?:[^\n]*\n)*?  spsr 0x\w+\r?\n")
    status, told, _ = explain(guest.image, guest.text(), name="python")
    lines = of(told, "python")
    assert status == 0 and "behind the end of memory region 'python_heap_python'" in lines[1]
    assert names(lines)[:3] == ["mp_obj_new_list", "mp_execute_bytecode", "fun_bc_call"]
    assert frames(lines)[0][1].startswith("third_party/src/micropython/py/objlist.c:")
    assert names(lines)[-1] == "fiber_run" and "pyexec_friendly_repl" in names(lines), "the whole way"
