"""Programs that use microkit.h and nothing else, linked with the SDK's own script and library as a user of the SDK
links them, in both dialects of the description. They run on whichever SDK is given, so that both can be held against
the same lines.
"""

import os
import re
import shutil
import subprocess

import pytest
from serval import build, microkit, paths
from serval.microkit import CLANG, GCC, run

FOLDER = paths.TOP / "tests" / "microkit"
PROGRAMS = ["client", "server", "deep", "parent", "child"]

EXACT_TIME = ["-icount", "shift=1,sleep=off"]  # time is instructions: nobody's slice ends because this machine is busy

# The debug console, in order. `ok` lines come from check(), the others from say().
CHILD = [
    "ok child: starts",
    "ok parent: the child's id",
    "ok parent: the fault's label",
    "ok parent: the fault's address",
    "ok parent: not a fetch",
]
EXPECTED = [
    "ok parent: init comes first",
    *CHILD, *CHILD, *CHILD,
    "parent: stops its child",
    "ok server: it is passive",
    "ok client: its name",
    "ok client: it is not passive",
    "ok client: setvar_vaddr",
    "ok client: setvar with region_paddr",
    "ok client: region_paddr of a region with a phys_addr",
    "ok client: a memory region is zero at the start",
    "ok client: a region of two large pages, too",
    "ok server: called by the client",
    "ok server: a hundred words",
    "ok deep: called by the server",
    "ok server: the deep answer's label",
    "ok client: the answer's label",
    "ok client: the answer's count",
    "ok client: the sum of a hundred words",
    "ok client: twice the sum, from a call within the call",
    "ok client: an empty answer",
    "client: notifies",
    "ok server: notified by the client",
    "ok server: what the client wrote",
    "ok client: what the server wrote before it notified",
    "ok parent: notified by the client",
    "ok client: the parent's notification",
    "client: done",
]


@pytest.fixture(scope="module")
def sdk():
    """The SDK's folder, with everything in it."""
    given = os.environ.get("MICROKIT_SDK")
    if not given:
        build.make("sdk")
    return paths.TOP / given if given else paths.CACHE / "sdk"


def image(sdk, folder, system, programs):
    return microkit.image(sdk, folder, FOLDER / system, programs, FOLDER)


def with_includes(sdk, config):
    """All that kernel/gen_config.h defines, as `#define` lines with two blanks before a value."""
    board = sdk / "board" / paths.BOARD / config
    found = subprocess.run([*CLANG[:2], "-dM", "-E", "-xc", "-", f"-I{board}/include"], check=True, text=True,
                           input="#include <kernel/gen_config.h>\n", capture_output=True).stdout
    return re.sub(r"(?m)^(#define \w+) ", r"\1  ", found)


def lines(guest):
    return [line for line in guest.text().replace("\r", "").split("\n") if line]


def dialects():
    """Each SDK reads the dialect of its version; ours reads both."""
    given = os.environ.get("MICROKIT_SDK")
    both = ["dialect_1_4.system", "dialect_2_0.system"]
    if not given:
        return both
    return both[1:] if microkit.calls_on_the_end(paths.TOP / given) else both[:1]


@pytest.mark.parametrize("system", dialects())
def test_the_interface(boot, sdk, tmp_path, system):
    guest = boot(image(sdk, tmp_path, system, PROGRAMS))
    guest.expect(r"^client: done\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    said = [line for line in lines(guest) if line.split(" ")[0] in ("ok", "FAILED") or line.split(":")[0] in PROGRAMS]
    assert said == EXPECTED


# Who runs when, as seen on 1.4.1 and 2.0.1. Of equals the one that was woken last runs first, unless an equal woke it.
ORDER = """
above: init
above: notified them all
third: init
third: by above
second: init
second: by above
first: init
first: by above
first: notified them all
second: by first
third: by first
below: init
below: by above
below: by first
first: by below
second: by below
third: by below
below: notified them all
above: notified
above: notified them all
third: by above
second: by above
first: by above
below: done
"""


def test_the_order_in_which_they_run(boot, sdk, tmp_path):
    guest = boot(image(sdk, tmp_path, "order.system", ["order"]), args=EXACT_TIME)
    guest.expect(r"^below: done\r?\n", timeout=30)
    assert [line for line in lines(guest) if line.split(":")[0] in ("above", "first", "second", "third", "below")] == \
        ORDER.strip().splitlines()


# What user level may do, as seen on 1.4.1 and 2.0.1: the instruction is carried out, or its parent gets a fault.
GOES_ON = """read_cntpct_el0 read_cntfrq_el0 read_ctr_el0 read_dczid_el0 read_tpidr_el0 write_tpidr_el0
read_tpidrro_el0 read_fpcr
clean clean_to_unification clean_and_invalidate invalidate_instructions unaligned unaligned_uncached pair_uncached
vector_uncached wait_for_interrupt wait_for_event yield""".split()
UNDEFINED = "read_midr_el1 read_currentel invalidate undefined hypervisor_call monitor_call".split()
REFUSED = {"read_cntvct_el0": 0x6234f901, "read_cntv_ctl_el0": 0x6232f907, "read_pmccntr_el0": 0x6230e51b,
           "write_daif": 0x6232d104, "breakpoint": 0xf2000007, "execute_unaligned": 0x8a000000}
ABORTS = {"read_null": (0, 0), "write_text": (0x200000, 0), "execute_memory": (0x5000000, 1),
          "execute_unmapped": (0x900000, 1), "kernel_address": (0xffffff8000000000, 0)}
UNKNOWN_SYSCALL, USER_EXCEPTION, DEBUG, VM, VCPU = 2, 3, 4, 6, 8


def outcome(words):
    """What is the same everywhere: neither addresses of code and stack, nor what a second stage of translation adds."""
    label, count, *rest = words
    assert count == len(rest)
    return {USER_EXCEPTION: lambda: (label, *rest[2:]), DEBUG: lambda: (label, *rest[1:]),
            VM: lambda: (label, *rest[1:3]), VCPU: lambda: (label, *rest),
            UNKNOWN_SYSCALL: lambda: (label, *rest[:8], rest[10] - rest[8], *rest[11:])}[label]()


def test_what_user_level_may_do(boot, sdk, tmp_path):
    guest = boot(image(sdk, tmp_path, "may.system", ["judge", "trier"]), args=EXACT_TIME)
    guest.expect(r"^trier: done\r?\n", timeout=30)
    found = dict(re.findall(r"^([a-z_0-9]+): (goes on|fault [0-9a-f ]+)\r?$", guest.text(), re.M))
    found = {k: v if v == "goes on" else outcome([int(w, 16) for w in v.split()[1:]]) for k, v in found.items()}
    flags = 0x80000040
    # 2.3 in debug: seL4's debugging interface has that instruction.
    taken = "CONFIG_HARDWARE_DEBUG_API  1" in with_includes(sdk, "debug")
    zero_line = (VCPU, 0x6212dd08) if os.environ.get("MICROKIT_SDK") else "goes on"     # the one thing that ours adds
    assert found == {
        **{name: "goes on" for name in GOES_ON},
        **{name: (USER_EXCEPTION, flags, 0x2000000, 0) for name in UNDEFINED},
        **{name: (VCPU, esr) for name, esr in REFUSED.items()},
        **({"breakpoint": (DEBUG, 3)} if taken else {}),
        **{name: (VM, *where) for name, where in ABORTS.items()},
        "zero_line": zero_line, "zero_line_uncached": zero_line,
        "unknown_call": (UNKNOWN_SYSCALL, 0, 0, 0, 0, 0, 0, 0, 77, 4, flags, 77),
    }


@pytest.mark.parametrize("compiler", [CLANG, GCC], ids=["clang", "gcc"])
def test_every_name_and_signature(sdk, tmp_path, compiler):
    """A program that names all of them compiles without a warning."""
    if not shutil.which(compiler[0]):
        pytest.skip(f"no {compiler[0]} here")
    include = sdk / "board" / paths.BOARD / "debug" / "include"
    run(*compiler, f"-I{include}", "-c", FOLDER / "names.c", "-o", "names.o", cwd=tmp_path)


OWN_NAMES = {"microkit_defer", "microkit_pd_ticks", "microkit_signal_flush", "microkit_syscall", "microkit_syscall1"}     # behind the others


def test_no_name_is_forgotten(sdk):
    """names.c has all that the SDK's header has, but SMC calls, which many SDKs leave out, and what we do not do:
    virtual machines, x86, and capabilities of other PDs."""
    header = (sdk / "board" / paths.BOARD / "debug" / "include" / "microkit.h").read_text()
    found, known = ({name for name in re.findall(r"\bmicrokit_[a-z0-9_]+", re.sub(r"(?s)/\*.*?\*/", "", text))
                     if not re.search("_vcpu|_vm_|_smc_|_x86_|_ioport|_cspace_", name)}
                    for text in (header, (FOLDER / "names.c").read_text()))
    assert found - known == (set() if os.environ.get("MICROKIT_SDK") else OWN_NAMES)


@pytest.mark.parametrize("config", ["debug", "release", "benchmark"])
def test_what_makefiles_look_up(sdk, config):
    """The examples of 2.x choose their compiler by this line, cut at its blanks."""
    header = (sdk / "board" / paths.BOARD / config / "include" / "kernel" / "gen_config.h").read_text()
    assert [line.split(" ")[3] for line in header.splitlines() if "CONFIG_SEL4_ARCH  " in line] == ["aarch64"]
    assert ("#define CONFIG_DEBUG_BUILD  1\n" in with_includes(sdk, config)) == (config == "debug")


BOARDS = {"qemu_virt_aarch64": "CONFIG_PLAT_QEMU_ARM_VIRT", "odroidc4": "CONFIG_PLAT_ODROIDC4"}


@pytest.mark.parametrize("config", ["debug", "release", "benchmark"])
def test_what_sources_of_others_use(sdk, tmp_path, config):
    include = sdk / "board" / paths.BOARD / config / "include"
    board = BOARDS.get(paths.BOARD, "CONFIG_PLAT")
    run(*CLANG, f"-I{include}", f"-DIS_DEBUG={int(config == 'debug')}", f"-DIS_BENCHMARK={int(config == 'benchmark')}",
        "-Wno-unaligned-access", "-c", FOLDER / "others.c", "-o", "others.o", cwd=tmp_path)
    assert f"#define {board} " in with_includes(sdk, config)


def test_what_a_program_sees_of_its_deferred_call(boot, sdk, tmp_path):
    guest = boot(image(sdk, tmp_path, "signal.system", ["signal", "echoes"]))
    guest.expect(r"^signal: done\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    assert [line for line in lines(guest) if line.startswith(("ok", "FAILED"))] == [
        "ok signal: nothing is deferred", "ok signal: a notification", "ok signal: an acknowledgement",
        "ok signal: notified by its peer"]


def test_a_child_that_is_stopped_goes_on(boot, sdk, tmp_path):
    """In the middle of its work, with its registers; and where it waits, for what comes."""
    guest = boot(image(sdk, tmp_path, "keeper.system", ["keeper", "kept"]))
    guest.expect(r"^kept: done\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    said = [line for line in lines(guest) if line.startswith(("ok ", "FAILED", "keeper", "kept"))]
    if os.environ.get("MICROKIT_SDK"):
        said = [line for line in said if line not in ("ok keeper: resumed", "keeper: notified again")]
    assert said == ["ok kept: notified", "ok keeper: its registers", "ok keeper: what it had in a register",
                    "keeper: lets it go on", "ok kept: goes on with its registers", "keeper: lets it wait",
                    "ok kept: notified", "kept: done"]


def test_sections_that_no_script_expects(boot, sdk, tmp_path):
    guest = boot(image(sdk, tmp_path, "sections.system", ["sections"]))
    guest.expect(r"^sections: done\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    said = [line for line in lines(guest) if line.startswith(("ok", "FAILED", "fault", "sections"))]
    assert said[:2] == ["ok sections: code", "ok sections: a constant"]
    if not os.environ.get("MICROKIT_SDK"):  # whose script has such a glob for code alone
        assert said[2:] == ["ok sections: data", "ok sections: zeros", "ok sections: what is called a constant",
                            "ok sections: a section that no script names", "sections: done"]


@pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")) and
                    microkit.is_before(paths.TOP / os.environ["MICROKIT_SDK"], 2, 2),
                    reason="this release has not all of it")
def test_what_later_releases_brought(boot, sdk, tmp_path):
    (tmp_path / "filled.bin").write_bytes(b"x" * 5000)
    guest = boot(image(sdk, tmp_path, "later.system", ["later", "idle"]))
    guest.expect(r"^later: done\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    assert [line for line in lines(guest) if line.startswith(("ok ", "FAILED", "later:"))] == [
        "ok later: setvar_id of an end",
        "ok later: setvar_id of an irq",
        "ok later: setvar_id of a child",
        "ok later: setvar_size",
        "ok later: setvar_prefill_size",
        "ok later: prefill_path",
        "later: done",
    ]


def rest(on_the_end):
    """A child that crashes; code written by one and executed by another; from 2.0 on an end that may not notify."""
    size, silent = (' setvar_size="code_size"', ' notify="false"') if on_the_end else ("", "")
    return (f"""<memory_region name="code" size="0x1000" />
<protection_domain name="writer" priority="200"><program_image path="writer.elf" />
    <map mr="code" vaddr="0x5000000" perms="rw" /></protection_domain>
<protection_domain name="rest" priority="100" stack_size="0x20000"><program_image path="rest.elf" />
    <map mr="code" vaddr="0x6000000" perms="rx"{size} />
    <protection_domain name="crasher" priority="50" id="5"><program_image path="crasher.elf" /></protection_domain>
</protection_domain>
<channel><end pd="rest" id="1"{silent} /><end pd="writer" id="1" /></channel>
""")


def test_the_rest_of_the_interface(boot, sdk, tmp_path):
    on_the_end = not os.environ.get("MICROKIT_SDK") or microkit.calls_on_the_end(sdk)
    guest = boot(made_up_image(sdk, tmp_path, rest(on_the_end), ["rest", "writer", "crasher"]))
    guest.expect(r"^rest: done\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    of_2_0 = ["ok rest: setvar_size", "0 255 4294967295"] if on_the_end else []
    said = [line for line in lines(guest) if line.startswith(("ok ", "FAILED", "0 255", "rest: "))]
    assert said == ["ok rest: executable memory", "ok rest: stack_size", *of_2_0,
                    "ok rest: the crash is a fault of memory",
                    "ok rest: at the error's number", "rest: done"]


# -- as many as there can be -------------------------------------------------------------------------------------------

CHANNELS = 62       # of one PD, and of children of one parent
PDS = 63


def domain(name, priority, program, inside="", **attributes):
    words = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return (f'<protection_domain name="{name}" priority="{priority}"{words}>'
            f'<program_image path="{program}.elf" />{inside}'
            "</protection_domain>\n")


def star(on_the_end):
    """centre and 62 spokes; odd ones have priorities from 254 down, even ones from 0 up."""
    callee = {} if on_the_end else {"pp": "true"}
    text = domain("centre", 100, "centre", **callee)
    for n in range(CHANNELS):
        above = n % 2 == 1
        text += domain(f"spoke{n}", 254 - n // 2 if above else n // 2, "spoke", **(callee if above else {}))
        calls = [' pp="true"' if on_the_end and caller else "" for caller in (above, not above)]
        text += (f'<channel><end pd="centre" id="{n}"{calls[0]} />'
                 f'<end pd="spoke{n}" id="{CHANNELS - 1 - n}"{calls[1]} /></channel>\n')
    return text


def brood():
    """A parent and 62 children."""
    return domain("root", 254, "kin", "".join(domain(f"leaf{n}", n + 1, "kin", id=n) for n in range(CHANNELS)))


def nest():
    """63 PDs, each the child of the one before."""
    inner = domain("leaf61", 192, "kin", id=61)
    for n in reversed(range(PDS - 2)):
        inner = domain(f"node{n}", 193 + (PDS - 3 - n), "kin", inner, id=n)
    return domain("root", 254, "kin", inner)


def made_up_image(sdk, folder, text, programs):
    (folder / "made.system").write_text(f"<system>\n{text}</system>\n")
    return microkit.image(sdk, folder, folder / "made.system", programs, FOLDER)


def test_sixty_two_channels_and_sixty_three_pds(boot, sdk, tmp_path):
    on_the_end = not os.environ.get("MICROKIT_SDK") or microkit.calls_on_the_end(sdk)
    text = star(on_the_end)
    assert text.count("<protection_domain") == PDS and text.count("<channel") == CHANNELS
    guest = boot(made_up_image(sdk, tmp_path, text, ["centre", "spoke"]))
    guest.expect(r"^centre: done\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    said = [line for line in lines(guest) if "centre: " in line or line.startswith("FAILED")]
    assert said == ["ok centre: answers from all above", "centre: notified by all above",
                    *["ok centre: called on the right channel"] * 31, "ok centre: called by all below", "centre: done"]


def test_sixty_two_children(boot, sdk, tmp_path):
    guest = boot(made_up_image(sdk, tmp_path, brood(), ["kin"]))
    guest.expect(r"^root: 00\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    assert [line for line in lines(guest) if line.startswith(("root:", "FAILED"))] == \
        [f"root: {n:02}" for n in reversed(range(CHANNELS))], "by priority"


def test_children_nested_as_deep_as_there_are_pds(boot, sdk, tmp_path):
    """The innermost faults; each parent that is told faults in its turn."""
    text = nest()
    assert text.count("<protection_domain") == PDS
    guest = boot(made_up_image(sdk, tmp_path, text, ["kin"]))
    guest.expect(r"^root: 00\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    assert [line for line in lines(guest) if line.startswith(("root:", "FAILED", "fault:"))] == ["root: 00"]
