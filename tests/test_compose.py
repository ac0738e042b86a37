"""compose: what comes out of a description, and the exact message for each mistake in one."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import textwrap

import pytest
from serval import build, paths

sys.path.insert(0, str(paths.TOP))

from compose import board, c  # noqa: E402
from compose.c import Expr, Ptr  # noqa: E402
from compose.errors import ComposeError  # noqa: E402

BOARD = "qemu_virt_aarch64"     # whichever is tested: the messages name it
FACTS = runpy.run_path(str(paths.TOP / "boards" / BOARD / "board.py"))
DMA_BASE, DMA_END = FACTS["DMA"][0], sum(FACTS["DMA"])
DTB = paths.CACHE / "boards" / f"{BOARD}.dtb"


@pytest.fixture(scope="module", autouse=True)
def device_tree():
    build.make(DTB, MICROKIT_BOARD=BOARD)


def compose(tmp_path, text, *args, board=BOARD):
    """Runs a description whose first three lines are given; returns the finished process."""
    script = tmp_path / "sys.py"
    script.write_text("from compose import System, Ptr, Expr\ns = System.from_args()\n"
                      "a = s.pd('a', program='p', priority=10)\n"
                      + textwrap.dedent(text) + "\ns.write()\n")
    return subprocess.run([sys.executable, str(script), "--name", "sys", "--board", board, "--dtb", str(DTB),
                           "--output", str(tmp_path / "out"), *args],
                          cwd=paths.TOP, text=True, capture_output=True, check=False,
                          env={**os.environ, "PYTHONPATH": f"{paths.TOP}:{paths.TOP}/third_party/src/python"})


def written(tmp_path, name):
    return (tmp_path / "out" / name).read_text()


# A system with a supervisor; {} are its rules, of which ALL are enough. One line, whose last call is where the mistake is.
SUPERVISED = ("from compose.serial import Serial; from compose.supervisor import Rule, Supervisor; serial = Serial(s); "
              "ALL = {{pd.name: Rule() for pd in s.pds}}; Supervisor(s, serial, {})")
MISTAKES = {
    "unknown_device": ("a.device('floppy')",
                       "unknown device 'floppy'; board qemu_virt_aarch64 has: rtc, timer, uart, virtio_net, virtio_rng"),
    "device_without_registers": ("a.device('timer')", "PD 'a': device 'timer' has no registers to map"),
    "device_without_interrupt": ("a.device_irq('/memory@40000000')",
                                 "PD 'a': device '/memory@40000000' has no interrupt"),
    "node_missing": ("a.device('/nothing@0')",
                     "device '/nothing@0': board qemu_virt_aarch64's device tree has no node /nothing@0"),
    "no_driver": ("s.board.driver('sound')",
                  "board qemu_virt_aarch64 has no driver for 'sound'; it has: entropy, net, serial, timer"),
    "pd_twice": ("s.pd('a', program='p', priority=1)", "there are two PDs named 'a'"),
    "pd_name": ("s.pd('a b', program='p', priority=1)", "'a b' is no name for a PD: letters, digits, '_', '-', '.'"),
    "pd_name_long": (f"s.pd('{'x' * 64}', program='p', priority=1)",
                     f"PD name '{'x' * 64}' has 64 characters; SDK 2.0.1 takes 63"),
    "priority_high": ("s.pd('b', program='p', priority=255)", "PD 'b': priority 255 is not in 0..254"),
    "priority_negative": ("s.pd('b', program='p', priority=-1)", "PD 'b': priority -1 is not in 0..254"),
    "too_many_pds": ("for i in range(63): s.pd(f'p{i}', program='p', priority=1)",
                     "PD 'p62' is one too many: 63 is all there can be"),
    "budget_alone": ("s.pd('b', program='p', priority=1, budget_us=5)", "PD 'b': budget_us and period_us go together"),
    "budget_over_period": ("s.pd('b', program='p', priority=1, budget_us=6, period_us=5)",
                           "PD 'b': budget of 6 us is not in 1..5, its period"),
    "stack_size": ("s.pd('b', program='p', priority=1, stack=100)",
                   "PD 'b': stack size 0x64 is not a multiple of 0x1000 up to 16 MiB"),
    "heap_size": ("s.pd('b', program='p', priority=1, heap=1 << 32)",
                  "PD 'b': heap of 0x100000000 bytes is not in 0..0x10000000"),
    "region_twice": ("s.region('r', 1); s.region('r', 1)", "there are two regions named 'r'"),
    "region_empty": ("s.region('r', 0)", "region 'r': size 0 is not positive"),
    "region_page_size": ("s.region('r', 1, page_size=0x10000)",
                         "region 'r': page size 0x10000; there are: 0x1000, 0x200000"),
    "region_dma_and_phys": ("s.region('r', 1, dma=True, phys=0x1000)", "region 'r': either dma or phys, not both"),
    "region_phys_unaligned": ("s.region('r', 1, phys=0x1234)",
                              "region 'r': physical address 0x1234 is not a multiple of its page size 0x1000"),
    "region_phys_overlap": ("s.region('r', 0x2000, phys=0x1000); s.region('q', 1, phys=0x2000)",
                            "region 'q' at 0x2000 overlaps region 'r' at 0x1000"),
    "dma_window_full": ("s.region('r', 0x7000000, dma=True); s.region('q', 0x2000000, dma=True)",
                        "region 'q': 0x2000000 bytes do not fit what is left of the board's DMA window, "
                        f"{DMA_BASE + 0x7000000:#x}..{DMA_END:#x}"),
    "map_what": ("a.map('r')", "PD 'a': map() wants a region, not 'r'"),
    "map_twice": ("r = s.region('r', 1); a.map(r); a.map(r)", "PD 'a' maps region 'r' twice"),
    "map_permissions": ("a.map(s.region('r', 1), 'w')", "PD 'a': permissions 'w' of region 'r'; there are: r, rw, rx"),
    "map_unaligned": ("a.map(s.region('r', 0x200000), vaddr=0x20001000)",
                      "PD 'a': address 0x20001000 of region 'r' is not a multiple of its page size 0x200000"),
    "map_null": ("a.map(s.region('r', 1), vaddr=0)", "PD 'a': region 'r' at 0x0 lies outside 0x1000..0x7000000000"),
    "map_overlap": ("a.map(s.region('r', 0x3000), vaddr=0x30000000); a.map(s.region('q', 1), vaddr=0x30002000)",
                    "PD 'a': region 'q' at 0x30002000..0x30003000 overlaps region 'r' at 0x30000000..0x30003000"),
    "irq_unknown": ("a.irq(288)", "PD 'a': interrupt 288 does not exist; board qemu_virt_aarch64 has 16..287"),
    "irq_trigger": ("a.irq(40, 'rising')", "PD 'a': trigger 'rising' of interrupt 40; there are: level, edge"),
    "irq_twice": ("a.irq(40); s.pd('b', program='p', priority=1).irq(40)",
                  "PD 'b': interrupt 40 belongs to PD 'a' already"),
    "channel_to_itself": ("s.channel(a, a)", "PD 'a': a channel to itself"),
    "channel_pp": ("s.channel(a, s.pd('b', program='p', priority=1), pp='x')",
                   "channel 'a'-'b': pp is 'x'; there are: 'a', 'b', None"),
    "channel_pp_priority": ("s.channel(a, s.pd('b', program='p', priority=10), pp='a')",
                            "channel 'a'-'b': 'a' (priority 10) calls 'b' (priority 10), "
                            "whose priority must be higher"),
    "channels_used_up": ("b = s.pd('b', program='p', priority=1)\nfor i in range(63): s.channel(a, b)",
                         "PD 'a' has used up its 62 channels"),
    "child_of_itself": ("a.child(a)", "PD 'a' cannot be a child of 'a', which is itself or its own descendant"),
    "child_circle": ("b = s.pd('b', program='p', priority=1); a.child(b); b.child(a)",
                     "PD 'a' cannot be a child of 'b', which is itself or its own descendant"),
    "child_twice": ("b = s.pd('b', program='p', priority=1); a.child(b); a.child(b)",
                    "PD 'b' is a child of 'a' already"),
    "config_symbol": ("a.config('h.h', 'struct s', 'a-b', {})", "PD 'a': 'a-b' is no name of a C object"),
    "config_twice": ("a.config('h.h', 'struct s', 'x', {}); a.config('h.h', 'struct s', 'x', {})",
                     "PD 'a': configuration 'x' is given twice"),
    "config_not_dict": ("a.config('h.h', 'struct s', 'x', [1])", "PD 'a': configuration 'x' is a list, not a dict"),
    "supervisor_no_rule": (SUPERVISED.format("{'p1': Rule()}"), "PD 'a' has no restart rule"),
    "supervisor_rule_for_nobody": (SUPERVISED.format("ALL | {'ghost': Rule()}"),
                                   "there is a restart rule for 'ghost', and no such PD without a parent"),
    "supervisor_group_of_nobody": (SUPERVISED.format("ALL | {'a': Rule(group='ghost')}"),
                                   "PD 'a': its rule's group names 'ghost', and no such PD without a parent is there"),
    "supervisor_half_a_group": ("a.restarts_with.append(s.pd('b', program='p', priority=1))\n"
                                + SUPERVISED.format("ALL"),
                                "PD 'a': its rule's group has not 'b', "
                                "which knows what it had lent and must restart with it"),
    "supervisor_pause": (SUPERVISED.format("ALL | {'a': Rule(pause_ms=0)}"),
                         "PD 'a': pause_ms of its rule is 0; 1 to 3600000 it may be"),
    "supervisor_watchdog": (SUPERVISED.format("ALL | {'a': Rule(watchdog_ms=0)}"),
                            "PD 'a': watchdog_ms of its rule is 0; 1 to 3600000 or None it may be"),
    "supervisor_reset": (SUPERVISED.format("ALL | {'a': Rule(reset_after=0)}"),
                         "PD 'a': reset_after of its rule is 0; a number of deaths or None it may be"),
    "supervisor_pauses": (SUPERVISED.format("ALL | {'a': Rule(pause_ms=20, pause_max_ms=10)}"),
                          "PD 'a': pause_max_ms of its rule, 10, is below pause_ms, 20"),
    "chaos_many_parts": ("from compose.chaos import Chaos; from compose.net import Net; from compose.serial import Serial\n"
                         "from compose.supervisor import Rule, Supervisor; from compose.timer import Timer\n"
                         "t, c, n = Timer(s), Serial(s), Net(s); k = Chaos(s, c, t, n, mac='52:54:01:00:00:13')\n"
                         "[s.pd(f'x{i}', program='p', priority=1) for i in range(23)]\n"
                         "rules = {pd.name: Rule(group=[other.name for other in pd.restarts_with]) for pd in s.pds}\n"
                         "k.kills_by(Supervisor(s, c, rules, killer=k.pd))",
                         "PD 'chaos': 32 parts to kill are more than 30"),
    "timer_below": ("from compose.timer import Timer; Timer(s).client(s.pd('b', program='p', priority=200))",
                    "PD 'b' (priority 200) is a client of 'timer_driver' (priority 200), whose priority must be higher"),
    "supervisor_watched_twice": (SUPERVISED.format("ALL").replace("Supervisor(s", "p = Supervisor(s", 1)
                                 + "\nb = s.pd('b', program='p', priority=1)\np.watched_by(b)\np.watched_by(b)",
                                 "PD 'b': the supervisor is watched by another one already"),
    "supervisor_below": ("s.pd('b', program='p', priority=253)\n" + SUPERVISED.format("ALL"),
                         "PD 'b' has priority 253; beside a supervisor 252 is the highest"),
    "variable_unknown": ("s.var('NFS_SERVER')",
                         "variable 'NFS_SERVER' is not handed over: mk/variables.mk has to declare it, and the "
                         "description to name it in double quotes; there are: EMPTY"),
    "variable_empty": ("s.var('EMPTY')", "variable EMPTY is not set"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(tmp_path, name):
    text, message = MISTAKES[name]
    done = compose(tmp_path, text, "--set", "EMPTY=")
    line = 3 + len(text.splitlines())
    assert done.returncode == 1
    assert done.stderr == f"{os.path.relpath(tmp_path / 'sys.py', paths.TOP)}:{line}: error: {message}\n"
    assert not (tmp_path / "out").exists()


BAD_FACTS = {
    "LOAD": (r"^LOAD = .*$", "", "boards/x/board.py has no LOAD (docs/porting.md)"),
    "reg": (r'("uart": \{)', r'\1"reg": 1, ',
            "device tree: /pl011@9000000: it has 1 register blocks; block 1 is wanted for 'uart'"),
    "interrupt": (r'("uart": \{)', r'\1"interrupt": 1, ',
                  "device tree: /pl011@9000000: it has 1 interrupts; number 1 is wanted"),
    "gic": (r"^GIC = .*$", 'GIC = "/pl011@9000000"', "device tree: /pl011@9000000: a GIC has two register blocks that "
            "the CPU can reach"),
}


@pytest.mark.parametrize("what", BAD_FACTS)
def test_a_board_of_ones_own_with_a_mistake(monkeypatch, tmp_path, what):
    """What somebody meets who brings it to another machine."""
    old, new, message = BAD_FACTS[what]
    facts, count = re.subn(old, new, (paths.TOP / "boards" / BOARD / "board.py").read_text(), count=1, flags=re.M)
    assert count == 1
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "board.py").write_text(facts)
    monkeypatch.setattr(board, "BOARDS", str(tmp_path))
    with pytest.raises(ComposeError) as raised:
        made = board.Board("x", str(DTB))
        made.device("uart")
        made.conf()
    assert str(raised.value) == message


@pytest.mark.parametrize("spoil", ["missing", "empty", "cut", "text", "dts"])
def test_a_device_tree_that_cannot_be_read_is_one_line(tmp_path, spoil):
    tree = tmp_path / ("tree.dts" if spoil == "dts" else "tree.dtb")
    if spoil != "missing":
        tree.write_bytes({"empty": b"", "cut": DTB.read_bytes()[:1000], "text": b"no tree", "dts": b"/ { \xff };"}[spoil])
    done = compose(tmp_path, "", "--dtb", str(tree))
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    assert f": error: device tree {tree}" in done.stderr


@pytest.mark.parametrize("kind, message", [
    ("nowhere", "PD 'memfs': '{0}/x' is neither a file nor a folder, or a link that leads nowhere"),
    ("fifo", "PD 'memfs': '{0}/x' is neither a file nor a folder, or a link that leads nowhere"),
    ("no UTF-8", "PD 'memfs': the name '/\\xff' is not UTF-8"),
])
def test_a_file_that_no_image_can_have(tmp_path, kind, message):
    folder = tmp_path / "files"
    folder.mkdir()
    if kind == "nowhere":
        (folder / "x").symlink_to("nothing")
    elif kind == "fifo":
        os.mkfifo(folder / "x")
    else:
        open(os.fsencode(folder) + b"/\xff", "wb").close()
    done = compose(tmp_path, f"from compose.fs import MemFs\nMemFs(s, directory={str(folder)!r})")
    assert (done.returncode, done.stderr.split(": error: ")[-1]) == (1, message.format(folder) + "\n")


def test_mistake_in_a_value_names_it(tmp_path):
    done = compose(tmp_path, "a.config('h.h', 'struct s', 'x', {'l': [{'f': 1.5}]})")
    assert done.returncode == 1
    assert done.stderr.endswith("error: x.l[0].f: a float (1.5) has no C form; there are dict, list, int, bool, str, "
                                "bytes, Ptr, Expr\n")


def test_unknown_board(tmp_path):
    done = compose(tmp_path, "", board="toaster")
    assert done.returncode == 1
    assert done.stderr.endswith(f"sys.py:2: error: unknown board 'toaster'; there are: {', '.join(paths.BOARDS)}\n")


PAIR = "b = s.pd('b', program='q', priority=20, passive=True)\ns.channel(a, b, pp='a')"


def test_dialect_1_puts_pp_on_the_callee(tmp_path):
    assert compose(tmp_path, PAIR, "--dialect", "1.4.1").returncode == 0
    text = written(tmp_path, "sys.system")
    assert '<protection_domain name="b" priority="20" passive="true" stack_size="0x2000" pp="true">' in text
    assert '<end pd="a" id="0" />' in text


def test_dialect_2_puts_pp_on_the_calling_end(tmp_path):
    assert compose(tmp_path, PAIR, "--dialect", "2.0.1").returncode == 0
    text = written(tmp_path, "sys.system")
    assert '<protection_domain name="b" priority="20" passive="true" stack_size="0x2000">' in text
    assert '<end pd="a" id="0" pp="true" />' in text and '<end pd="b" id="0" />' in text


@pytest.mark.parametrize("dialect", ["1.4.1", "2.0.1", "2.3.0"])
def test_the_last_resort_wants_programs_that_may_call_the_firmware(tmp_path, dialect):
    done = compose(tmp_path, SUPERVISED.format("ALL | {'a': Rule(reset_after=3)}"), "--dialect", dialect, "--official-sdk")
    if dialect == "2.3.0":
        assert done.returncode == 0
        assert re.search(r'name="supervisor"[^>]* smc="true"', written(tmp_path, "sys.system"))
    else:
        assert done.stderr.endswith(f"PD 'a': reset_after of its rule is 3, and programs of SDK {dialect} may not call "
                                    "firmware that resets it\n")


def test_dialect_1_has_shorter_names(tmp_path):
    done = compose(tmp_path, "s.pd('a_name_of_17_char', program='p', priority=1)", "--dialect", "1.4.1")
    assert done.stderr.endswith("error: PD name 'a_name_of_17_char' has 17 characters; SDK 1.4.1 takes 16\n")


def test_guard_page_follows_each_mapping(tmp_path):
    assert compose(tmp_path, "v = [a.map(s.region(f'r{i}', n)) for i, n in enumerate((1, 0x200000, 0x3000, 1))]\n"
                             "a.config('h.h', 'struct s', 'v', {'v': v})").returncode == 0
    assert ".v = {0x20000000, 0x20200000, 0x20401000, 0x20405000}," in written(tmp_path, "a.config.c")


def test_a_large_region_begins_at_a_large_page(tmp_path):
    """Also one that does not end at such: our image tool maps in large pages what fills them."""
    assert compose(tmp_path, "sizes = (1, 0x201000, 1)\n"
                             "r = [s.region(f'r{i}', n, dma=True) for i, n in enumerate(sizes)]\n"
                             "v = [a.map(x) for x in r]\n"
                             "a.config('h.h', 'struct s', 'v', {'v': v, 'p': [x.phys for x in r]})").returncode == 0
    config = written(tmp_path, "a.config.c")
    places = ", ".join(c.number(DMA_BASE + offset) for offset in (0, 0x200000, 0x401000))
    assert ".v = {0x20000000, 0x20200000, 0x20402000}," in config
    assert f".p = {{{places}}}," in config
    assert 'size="0x201000" page_size="0x1000"' in written(tmp_path, "sys.system")


def test_regions_of_a_small_program_lie_behind_it_as_long_as_there_is_room(tmp_path):
    assert compose(tmp_path, "c = s.pd('c', program='p', priority=1, small=True)\n"
                             "sizes = (1, 0x100000, 0x200000, 0x3000, 0x40000, 1)\n"
                             "v = [c.map(s.region(f'r{i}', n)) for i, n in enumerate(sizes)]\n"
                             "c.config('h.h', 'struct s', 'v', {'v': v})").returncode == 0
    assert ".v = {0x280000, 0x282000, 0x20000000, 0x383000, 0x20201000, 0x387000}," in written(tmp_path, "c.config.c")


def test_device_address_is_that_of_its_registers(tmp_path):
    assert compose(tmp_path, "a.config('h.h', 'struct s', 'v', {'v': Ptr(a.device('virtio_net')), "
                             "'irq': a.device_irq('virtio_net')})"
                   ).returncode == 0
    assert ".v = (void *)0x20000e00," in written(tmp_path, "a.config.c")
    text = written(tmp_path, "sys.system")
    assert '<memory_region name="virtio_net" size="0x1000" page_size="0x1000" phys_addr="0xa003000" />' in text
    assert '<irq irq="79" id="0" trigger="edge" />' in text
    assert 'cached="false"' in text


def test_timer_is_the_physical_one(tmp_path):
    assert compose(tmp_path, "a.device_irq('timer')").returncode == 0
    assert '<irq irq="30" id="0" trigger="level" />' in written(tmp_path, "sys.system")


def test_dma_regions_lie_in_the_window(tmp_path):
    assert compose(tmp_path, "r = [s.region(f'r{i}', n, dma=True) for i, n in enumerate((1, 0x200000))]\n"
                             "a.config('h.h', 'struct s', 'v', {'v': [x.phys for x in r]})").returncode == 0
    assert f".v = {{{c.number(DMA_BASE)}, {c.number(DMA_BASE + 0x200000)}}}," in written(tmp_path, "a.config.c")


def test_unchanged_files_are_not_rewritten(tmp_path):
    text = "a.config('h.h', 'struct s', 'v', {'v': 1})"
    assert compose(tmp_path, text).returncode == 0
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()}
    assert compose(tmp_path, text + "\ns.pd('b', program='q', priority=1)").returncode == 0
    changed = {p.name for p in (tmp_path / "out").iterdir() if before.get(p.name) != p.stat().st_mtime_ns}
    assert changed == {"b.config.c", "sys.system", "sys.mk"}


def test_child_stands_in_its_parent(tmp_path):
    assert compose(tmp_path, "n = a.child(s.pd('b', program='q', priority=1))\n"
                             "a.config('h.h', 'struct s', 'v', {'n': n})").returncode == 0
    text = written(tmp_path, "sys.system")
    parent, child, end = (text.index(t) for t in ('<protection_domain name="a"', '<protection_domain name="b" id="0"',
                                                  "</protection_domain>"))
    assert parent < child < end and text.count('name="b"') == 1
    assert ".n = 0," in written(tmp_path, "a.config.c")


def test_heap_is_given_to_the_linker(tmp_path):
    assert compose(tmp_path, "s.pd('b', program='q', priority=1, heap=0x4000)").returncode == 0
    text = written(tmp_path, "sys.mk")
    assert "$(eval $(call pd_instance,sys,a,p))\n" in text
    assert "$(eval $(call pd_instance,sys,b,q,--defsym=pd_heap_size=0x4000))\n" in text


@pytest.mark.parametrize("value, text", [
    (0, "0"), (-1, "-1"), (4095, "4095"), (4096, "0x1000"),
    (1 << 31, "0x80000000ul"), ((1 << 64) - 1, "0xfffffffffffffffful"),
    (True, "true"), (Ptr(0x1000), "(void *)0x1000"),
    (Expr("A | B"), "A | B"), (b"\x00\xff", "{0x00, 0xff}"), ([], "{}"),
    ({}, "{}"), ([1, [2, 3]], "{1, {2, 3}}"), ('a"b\\c\n?', '"a\\"b\\\\c\\012\\077"'),
    ("\u00e9\x01" + "1", '"\\303\\251\\0011"'),
    ({"x": {"y": 1}}, "{\n    .x = {\n        .y = 1,\n    },\n}"),
])
def test_c_form(value, text):
    assert c.initialiser(value, "v") == text


@pytest.mark.parametrize("value", [1 << 64, -(1 << 63) - 1, None, 1.0, {"a b": 1}, {1: 1}])
def test_no_c_form(value):
    with pytest.raises(ComposeError):
        c.initialiser(value, "v")


@pytest.mark.skipif(not shutil.which("clang"), reason="no compiler")
def test_compiler_accepts_what_is_written(tmp_path):
    (tmp_path / "h.h").write_text("struct s { unsigned long n; void *p; const char *t; unsigned char m[6]; "
                                  "struct { int x; } l[3]; };\nextern const struct s v;\n")
    text = ("a.config('h.h', 'struct s', 'v', {'n': 1 << 63, 'p': Ptr(0x1000), 't': '\"\\\\?\\x01', "
            "'m': bytes(range(6)), 'l': [{'x': -5}, {'x': 6}]})")
    assert compose(tmp_path, text).returncode == 0
    subprocess.run(["clang", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers",
                    f"-I{tmp_path}", "-fsyntax-only", str(tmp_path / "out" / "a.config.c")], check=True)


def test_picture_needs_no_variables(tmp_path):
    assert compose(tmp_path, "s.pd(s.var('EMPTY'), program='q', priority=1)",
                   "--set", "EMPTY=", "--picture").returncode == 0
    assert '"EMPTY" [shape=box' in written(tmp_path, "sys.dot")


@pytest.mark.skipif(not shutil.which("dot"), reason="no Graphviz")
def test_graphviz_accepts_the_picture(tmp_path):
    assert compose(tmp_path, PAIR + "\nr = s.region('r<&>', 1)\na.map(r, 'r'); b.map(r, 'rw'); b.device('uart')",
                   "--picture").returncode == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["sys.dot"]
    done = subprocess.run(["dot", "-Tsvg", str(tmp_path / "out" / "sys.dot")], capture_output=True, text=True,
                          check=True)
    assert done.stderr == "" and "r&lt;&amp;&gt;" in done.stdout
