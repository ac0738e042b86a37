"""The console, deadlines, a waiting worker, an assertion:
a system of serial, timer and lib alone (tests/systems/base)."""

import os
import re

import pytest

COLOUR = re.compile(r"\x1b\[\d*m")
TALKERS = ("ann", "bob", "max")
LINES = 100
# The end of what each says of itself, to the end of its line: after these there is only what is typed.
LAST_WORDS = [*[rf"{name}\| \S*line {LINES} of .*\.\r?\n" for name in TALKERS],
              r"keeper\| .* deadlines kept, .* us late\r?\n",
              r"worker\| .*sum is right after .* waits\r?\n", r"supervisor\| .*child 0 has stopped, 5\r?\n",
              r"asserter\| .*assertion failed: .*\n"]
if not os.environ.get("MICROKIT_SDK"):
    LAST_WORDS.append(r"fault: PD 'asserter'[^|]* spsr 0x\w+\r?\n")


@pytest.fixture(params=["release", "debug"])
def base(boot, request):
    return boot("base", config=request.param)


def plain(guest):
    return COLOUR.sub("", guest.text()).replace("\r", "")


def test_lines_of_many_clients_stay_whole(base):
    """Every line of each, in order, none mixed, none lost, though each fills its ring many times over."""
    base.expect_all([rf"{name}\| \S*line {LINES} of {LINES} a{{{LINES}}}\." for name in TALKERS])
    said = [line for line in plain(base).split("\n") if "line " in line]
    for name in TALKERS:
        mine = [line for line in said if line.startswith(f"{name}| ")]
        assert mine == [f"{name}| line {n} of {LINES} {'a' * n}." for n in range(1, LINES + 1)]
    assert len(said) == LINES * len(TALKERS)


def test_each_client_has_its_colour(base):
    base.expect_all([rf"{name}\| \S*line {LINES} of" for name in TALKERS])
    colours = {name: set(re.findall(rf"\x1b\[(\d+)m{name}\| \x1b\[0m", base.text())) for name in TALKERS}
    assert all(len(c) == 1 for c in colours.values())
    assert len(set.union(*colours.values())) == len(TALKERS)


def test_deadlines(base):
    assert base.expect(r"keeper\| \x1b\[0m(\d+ deadlines kept|deadline test failed.*)")[1] == "50 deadlines kept"


def test_worker_waits_inside_calls(base):
    assert base.expect(r"worker\| \x1b\[0m(sum is .*|worker test failed.*) after")[1] == "sum is right"


def test_assertion_stops_its_own_pd_and_names_itself(base):
    said = [r"asserter\| \S*assertion failed: one == 2, init\(\) at tests/systems/base/asserter\.c:\d+"]
    if not os.environ.get("MICROKIT_SDK"):  # the official SDK tells of faults in debug only, in words of its own
        said.append(r"fault: PD 'asserter'.* brk.* pc 0x[0-9a-f]+")
    base.expect_all(said)
    base.expect(r"keeper\| \S*50 deadlines kept")
    assert "after" not in [line.split("| ")[-1] for line in plain(base).split("\n")]


def test_input_comes_back_byte_for_byte(base):
    """More than all rings on the way hold, so that each has to wait for the next."""
    base.expect_all(LAST_WORDS)
    text = "".join(f"typed {n:05d}.\n" for n in range(3000))
    base.mark = len(base.output)
    start = base.mark
    base.send(text.encode())
    base.expect(r"typed 02999\.\n")
    assert base.output[start:].decode().replace("\r", "") == text


def test_restart_finds_memory_as_new(base):
    """Four ways to die; each time the parent gets the fault and starts the child anew,
    whose statics are as at first."""
    for start in range(1, 6):
        said = base.expect(r"phoenix\| \x1b\[0m(start [^\r\n]*)\r?\n")[1]
        assert said == f"start {start}, kept {start}, memory as new, name phoenix"
        base.expect(rf"supervisor\| \x1b\[0mchild 0 has stopped, {start}")
    assert "start 6" not in base.text()
