"""Hostile protection domains, each trying one thing (tests/isolation): every one is stopped and named, or refused, and
the bystander answers after each. The console is compared line by line.

On an official SDK, whose kernel has its own words for faults and its own system calls,
all lines but those are compared.
"""

import os
import re

import pytest

OFFICIAL = bool(os.environ.get("MICROKIT_SDK"))
OWN_CALLS = ("unknown_syscall", "strange_channels", "strange_children", "fuzzes")

HEX = "0x[0-9a-f]+"
OWN = "0x00000000002[0-9a-f]{5}"        # in the hostile program itself
STACK = "0x00000000003f[0-9a-f]{4}"


def write(address):
    return f"data abort, write to {address}"


def read(address):
    return f"data abort, read from {address}"


def fetch(address):
    return f"instruction abort, fetch from {address}"


UNDEFINED = "undefined instruction"
TRAPPED = "system register or instruction not allowed"

# In the order of tests/isolation/isolation.py.
FAULTS = {
    "writes_other": write("0x0000000030000000"),
    "reads_other": read("0x0000000030000000"),
    "writes_kernel": write("0xffffff8000000000"),
    "reads_kernel": read("0xffffff8000000000"),
    "jumps_to_kernel": fetch("0xffffff8000000000"),
    "reads_tables": read("0xffffff8010000000"),
    "reads_messages": read("0xffffff8020000000"),
    "writes_gic": write("0xffffff8030001000"),
    "reads_hole": read("0x00ff000000000000"),
    "writes_own_code": write("0x0000000000200000"),
    "writes_constant": write(OWN),
    "writes_read_only": write("0x0000000032000000"),
    "reads_past_end": read("0x0000000031001000"),
    "reads_past_ipc": read("0x00000000003ff000"),
    "writes_page_0": write("0x0000000000000000"),
    "reads_page_0": read("0x0000000000000ff8"),
    "jumps_to_0": fetch("0x0000000000000000"),
    "executes_region": fetch("0x0000000031000000"),
    "executes_data": fetch(OWN),
    "executes_stack": fetch(STACK),
    "jumps_misaligned": "misaligned pc",
    "overflows_stack": f"stack overflow, write to {STACK}",
    "writes_register": UNDEFINED,
    "masks_interrupts": TRAPPED,
    "takes_timer": TRAPPED,
    "calls_hypervisor": UNDEFINED,
    "calls_firmware": UNDEFINED,
    "invalidates": UNDEFINED,
    "unknown_syscall": "unknown system call 0x00000000005e77a1",
}

# Who comes back, with how many calls made: (300 numbers - 2 channels) x 3 + 2; 300 x 2; a million.
SURVIVORS = {"strange_channels": 896, "strange_children": 1200, "fuzzes": 1_000_000, "spins": 0}

# What the debug kernel says, once per protection domain.
WARNINGS = {
    "strange_channels": "notifies on channel 2",
    "strange_children": "stops child 0",
    "fuzzes": ".*",
}


def expected_after_each():
    """The conductor's lines alone."""
    names = ["nobody", *(name for name in (*FAULTS, *SURVIVORS) if name not in OWN_CALLS)]
    for answer, name in enumerate(names, 1):
        yield f"isolation: after {name}: bystander well, answer {answer}, calls 0"
    yield "isolation: done"


def expected_lines(config):
    if config == "debug":
        yield "kernel: 36 protection domains"
    yield "isolation: after nobody: bystander well, answer 1, calls 0"
    answer = 2
    for name, cause in FAULTS.items():
        yield f"fault: PD '{name}' {cause}, pc {HEX}, esr {HEX}, build {HEX}"
        yield f"isolation: after {name}: bystander well, answer {answer}, calls 0"
        answer += 1
    for name, calls in SURVIVORS.items():
        if config == "debug" and name in WARNINGS:
            yield f"kernel: PD '{name}' {WARNINGS[name]}, which it does not have: ignored, and so are later ones"
        yield f"isolation: after {name}: bystander well, answer {answer}, calls {calls}"
        answer += 1
        if name == "fuzzes":
            yield r"isolation: beside fuzzes: worker made [1-9]\d\d+ rounds, 0 wrong"
    yield "isolation: done"


def said(text):
    """The console's lines without empty ones and registers, which stand indented."""
    return [line for line in text.replace("\r", "").split("\n") if line and not line.startswith("  ")]


@pytest.mark.parametrize("config", ["debug", "release"])
def test_each_is_stopped_or_refused_and_the_others_run_on(boot, config):
    guest = boot("isolation", config=config)
    guest.expect("isolation: done\r?\n")
    lines = said(guest.text())
    if OFFICIAL:
        assert [line for line in lines if line.startswith("isolation: ")] == list(expected_after_each())
        return
    expected = list(expected_lines(config))
    for line, pattern in zip(lines, expected):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"
    assert len(lines) == len(expected)
    assert guest.text().count("\n  x0 ") == len(FAULTS), "each fault shows its registers"


@pytest.mark.skipif(OFFICIAL, reason="the report of our own image tool")
def test_the_report_proves_it(boot):
    """The tool's own proof, from the finished page tables, names every shared writable page of this system."""
    report = boot("isolation").image.with_name("isolation.report.txt").read_text()
    proof = report[report.index("From the finished page tables"):]
    assert "no page is writable and executable" in proof
    shared = [line.strip() for line in proof.splitlines() if line.startswith("        ")]
    names = [*FAULTS, *SURVIVORS]
    assert shared == [f"'{n}_done': written by '{n}', read by 'conductor'" for n in names] + \
        ["'work': written by 'worker', read by 'conductor'"]


@pytest.mark.skipif(OFFICIAL, reason="to 3 % our kernel only: the official one gives up to 7 % less; "
                                     "test_kernel has wider bounds")
@pytest.mark.parametrize("config", ["debug", "release"])
def test_a_budget_is_what_a_domain_gets(boot, config):
    """Over 10 s of virtual time: a spinner, a caller in a passive server, a passive one notified. In hundredths of a
    per cent, with the switches to and fro, of which the one that ends a stretch is nobody's use. QEMU counts instructions (16 ns each), so that the host's load does not
    matter."""
    guest = boot("isolation_shares", config=config, args=["-icount", "shift=4,sleep=off"])
    shares = {name: int(guest.expect(rf"shares: {name} (\d+)\n")[1]) for name in ("spinner", "caller", "server")}
    assert 985 <= shares["spinner"] <= 1030
    assert 985 <= shares["caller"] <= 1030
    assert 485 <= shares["server"] <= 515
