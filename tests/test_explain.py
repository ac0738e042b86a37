"""make explain: from what the console says of a fault to the source (debug/). A system whose protection domains all die
(tests/systems/crash) is booted once; then its log is cut, changed and told in another kernel's words."""

import os
import random
import re
import shutil
import subprocess
import sys

import pytest
from serval import build, inside, paths
from serval.qemu import Guest

sys.path.insert(0, str(paths.TOP))
sys.path.insert(0, str(paths.TOP / "third_party" / "src" / "python"))

from elftools.elf.elffile import ELFFile  # noqa: E402

from debug import console  # noqa: E402
from debug.program import Program, Unreadable  # noqa: E402

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


def test_a_console_that_names_no_build(image, log, tmp_path):
    """An older kernel, or the official monitor: then nothing but the time tells."""
    file = tmp_path / "log"
    file.write_text(re.sub(", build 0x[0-9a-f]{8}", "", log))
    told = build.make("explain", BUILD_DIR=image.parent, LOG=file).stdout
    assert "! no build is named" in told and "newer" not in told and names(of(told, "store"))[0] == "store_word"
    os.utime(file, (1, 1))
    told = build.make("explain", BUILD_DIR=image.parent, LOG=file).stdout
    assert "! it is newer than " in told and "PD 'store'" in told


def test_a_log_of_another_build(image, log):
    """The same function may lie elsewhere there: no line is better than a wrong one."""
    ours = re.search("build (0x[0-9a-f]{8})", log)[1]
    status, told, wrong = explain(image, log.replace(ours, "0x00c0ffee"))
    assert (status, wrong) == (1, "") and told.startswith(f"{image}:\n\nPD 'wild': brk\n")
    assert of(told, "store")[1:] == [f"  ! build 0x00c0ffee ran, and no image of {image.parent} is of it: {image} is {ours}; "
                                     "the same sources and variables build it again"]


def copied(image, folder):
    """All that a build knows of a system, elsewhere."""
    shutil.copytree(image.with_suffix(""), folder / image.stem)
    for suffix in (".img", ".report.txt"):
        shutil.copy2(image.with_suffix(suffix), folder)
    return folder / image.name


def test_the_build_tells_which_image_ran(image, log, tmp_path):
    """Of several, whichever is the newest; also of two with one name."""
    copy = copied(image, tmp_path)
    other = copied(build.system("hello"), tmp_path)
    os.utime(other)
    builds = [re.search("^build (0x[0-9a-f]{8}),", i.with_suffix(".report.txt").read_text(), re.M)[1] for i in (copy, other)]
    assert builds[0] in log and builds[0] != builds[1]
    status, told, _ = explain(copy, log, name="")
    assert status == 0 and told.startswith(f"{copy}:\n") and names(of(told, "store"))[0] == "store_word"
    (tmp_path / "trace").mkdir()
    traced = copied(image, tmp_path / "trace")
    report = traced.with_suffix(".report.txt")
    report.write_text(re.sub("build 0x[0-9a-f]{8}", "build 0x00c0ffee", report.read_text()))
    os.utime(traced)
    assert explain(copy, log)[1].startswith(f"{copy}:\n")
    status, told, _ = explain(copy, log + re.sub("build 0x[0-9a-f]{8}", "build 0x00c0ffee", part(log, "leaf")))
    assert status == 0 and told.count("PD 'leaf'") == 2
    assert told.index(f"\n{traced}:\n") > told.index("PD 'deep'"), "a log of two"


def test_a_program_linked_anew(image, log, tmp_path):
    """Its image was not made anew, so it is not what ran."""
    copy = copied(image, tmp_path)
    program = tmp_path / "crash" / "store.elf"
    with open(program, "rb") as file:
        section = ELFFile(file).get_section_by_name(".text")
        at_end = section["sh_offset"] + section["sh_size"] - 1
    data = bytearray(program.read_bytes())
    data[at_end] ^= 1
    program.write_bytes(data)
    status, told, _ = explain(copy, log)
    assert status == 1 and of(told, "store")[1:] == [f"  ! {program} was linked anew: {copy} has another program; "
                                                     "`make` builds both"]
    assert names(of(told, "leaf"))[0] == "leaf", "the others are explained all the same"


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
    assert status == 1 and told == "" and wrong.startswith("explain: line 1: a fault line without its end: fau")


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


def test_a_damaged_program_is_one_line(image, tmp_path):
    """Wherever a program was cut or changed: it is read, or said to be none."""
    whole = image.with_suffix("").joinpath("store.elf").read_bytes()
    rng, path, unread = random.Random(1), tmp_path / "store.elf", 0
    for n in range(150):
        data = bytearray(whole)
        if n % 2:
            del data[rng.randrange(len(data)):]
        for _ in range(20):
            data[rng.randrange(len(data))] = rng.randrange(256)
        data[rng.randrange(64)] = rng.randrange(256)
        path.write_bytes(data)
        try:
            Program(path).returns_by_x30(0x200814, {"x29": 1, "sp": 2})
        except Unreadable as error:
            unread += 1
            assert str(error).startswith(f"{path}: ")
    assert unread > 50


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
    whole = ("fault: PD 'a' data abort, read from 0x0000000000000018, pc 0x0000000000200830, esr 0x92000006, build 0x0badf00d\n"
             "  called from 0x00000000002005ec 0x00000000002001d4\n"
             "  x0  0x0000007fffffd000  x1  0x0000000000000001\n  x28 0x0000000000000000  sp  0x0000007fffffcf90\n")
    values = {int(word, 16) for word in re.findall(r"0x[0-9a-f]+", whole)}
    for end in range(len(whole)):
        faults, complaints = console.read(whole[:end])
        assert len(faults) + len(complaints) <= 1
        for fault in faults:
            assert {fault.pc, fault.esr, *fault.callers, *fault.registers.values(), fault.build or 0} <= {*values, 0}
    assert console.read(whole)[0][0].build == 0x0badf00d
    kernel = console.read("kernel: exception in the kernel itself, esr 0x96000004, address 0x0000000000000000, "
                          "pc 0xffffff8000001234, build 0x0badf00d; halted\n")[0][0]
    assert (kernel.pd, kernel.pc, kernel.build) == (None, 0xffffff8000001234, 0x0badf00d)
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
