"""The kernel by what programs see of it: calls, budgets, slices, children, interrupts (tests/kernel).

Time is counted in instructions (-icount), so shares do not depend on what else this machine does.
"""

import os
import re
import subprocess

import pytest
from serval import build, paths
from serval.microkit import calls_on_the_end
from serval.qemu import Guest

OFFICIAL = bool(os.environ.get("MICROKIT_SDK"))
OLD = OFFICIAL and not calls_on_the_end(paths.TOP / os.environ["MICROKIT_SDK"])
# The others run on any SDK, in exact time: budgets, slices and queues are the same.
ours = pytest.mark.skipif(OFFICIAL, reason="what our kernel and loader add, or say in other words")

EXACT_TIME = ["-icount", "shift=1,sleep=off"]
PATIENCE_S = 600    # their seconds are many instructions, for which a machine that has much else to do needs minutes
ENTRIES = {
    "EL2, by the loader device": [],
    "EL1, by the loader device": ["-M", "virt,virtualization=off"],
    "a CPU without performance counters": ["-cpu", "cortex-a53,pmu=off"],
}
# Which of them is last depends on a few of the client's periods: 2.3.0 comes to another order than the others.
CALLS_END = ("client: done", "middle: deep answers [0-9]+", "background: done")


def lines_of(boot, name, *last, args=EXACT_TIME):
    """What is said until each of `last` has been, in whatever order."""
    guest = boot(f"kernel_{name}", config="debug", args=args)
    guest.expect_all([line.replace("\n", r"\r?\n") + r"\r?\n" for line in last], timeout=PATIENCE_S)
    lines = guest.text().replace("\r", "").split("\n")
    return [line for line in lines if line and not line.startswith(("  ", "qemu-system"))]


def of(lines, who):
    return [line.split(": ", 1)[1] for line in lines if line.startswith(who + ": ")]


def numbers(lines):
    """What each line ends with, by what comes before it."""
    return {m[1]: int(m[2]) for m in (re.fullmatch(r"(.*) (\d+)", line) for line in lines) if m}


def test_a_call_returns_what_the_server_says_and_runs_on_the_right_time(boot):
    lines = lines_of(boot, "calls", *CALLS_END)
    assert [line for line in lines if line.endswith(": init")][:4] == \
        ["deep: init", "middle: init", "active: init", "client: init"], "by priority"
    client = of(lines, "client")
    assert client[1:7] == ["words right 0", "label 0", "words right 5", "label 5", "words right 120", "label 120"]
    share = numbers(client)
    assert 98 <= share["share of client"] <= 101, "a tenth of the time, in 0.1 %"
    assert 98 <= share["share of deep"] <= 101, "a passive server runs on its caller's time, through another one"
    assert share["share of active"] >= 990, "an active server runs on its own"
    if not OLD:  # whose library asks the kernel, which answers with an error
        assert share["on a channel for notifications"] == 0, "refused: an empty answer"
    assert 880 <= numbers(of(lines, "background"))["share"] <= 905, "who has no limit gets the rest"


def test_a_notified_passive_server_runs_on_the_context_bound_to_it(boot):
    middle = of(lines_of(boot, "calls", *CALLS_END), "middle")
    assert middle[:2] == ["init", "notified on 40"]
    assert numbers(middle)["share"] >= 990
    assert middle[3] == "deep answers 221"


def test_equals_share_by_their_slices_and_keep_their_registers(boot):
    lines = lines_of(boot, "equals", "one: done")
    for who, low, high in (("one", 240, 260), ("two", 240, 260), ("twice", 490, 510)):
        said = numbers(of(lines, who))
        assert said["registers lost"] == 0
        assert low <= said["share"] <= high, who


def test_equals_that_block_often_take_turns_too(boot):
    """What each used of its slice is not forgotten when it waits, or the one whose answer came last has all the time."""
    asked = numbers(of(lines_of(boot, "turns", "server: two [0-9]+"), "server"))
    assert asked["one"] + asked["two"] == 20000
    assert 9000 < asked["one"] < 11000


def test_callers_of_a_busy_server_are_served_by_priority(boot):
    lines = lines_of(boot, "equals", "one: done")
    assert of(lines, "server") == ["called on 3", "called on 2", "called on 1"]
    answered = [line for line in lines if line.endswith("answered")]
    assert answered == ["high: answered", "mid: answered", "low: answered"]


PARENT = [
    "init",
    "faulty label 3", "faulty words 5",
    "faulty label 2", "faulty words 13", "number 1234",
    "faulty label 6", "faulty words 4", "address 20481", "is fetch 0",
    "faulty label 6", "faulty words 4", "address 20482", "is fetch 0",
    "endless stopped",
    "left alone 4",
    "server label 6", "server words 4",
]


def test_a_parent_handles_the_faults_of_its_children(boot):
    lines = lines_of(boot, "children", "parent: server words 4" if OFFICIAL else "client: done")
    assert of(lines, "faulty") == ["start 1", "behind the instruction", "told 4711", "start 2"]
    assert of(lines, "grandchild") == [], "stopped before it ran"
    assert of(lines, "left") == ["init"]
    assert "fault:" not in "\n".join(lines), "a fault that a parent gets is not printed"
    if OFFICIAL:
        assert (of(lines, "parent"), of(lines, "endless")) == (PARENT, ["start 1"])
        return      # whoever calls a server that is restarted waits for ever there
    assert of(lines, "client") == ["no reply", "reply 77", "done"], "the server was restarted in the first call"
    assert of(lines, "parent") == [*PARENT, "client asks on 1", "endless stopped"]
    assert of(lines, "endless") == ["start 1", "start 2"], "stopped each time before it goes on"


@ours
def test_a_server_that_dies_takes_nobody_along(boot):
    """Who is being served, who waits, who calls later: all learn of it. The official kernel lets them wait."""
    lines = lines_of(boot, "deaths", "second: done")
    assert [line.split(",")[0] for line in lines if line.startswith("fault: ")] == [
        "fault: PD 'active' brk", "fault: PD 'passive' brk"]
    calls = ["active: no reply", "active again: no reply", "passive: no reply", "passive again: no reply"]
    assert of(lines, "first") == calls
    assert of(lines, "second") == [*calls, "done"]


def test_an_interrupt_comes_once_for_each_acknowledgement(boot):
    lines = lines_of(boot, "timer", "idler: done\ntimer: notified on 0")
    # Of two deferred calls the second makes the first one happen; on the official kernel the first is lost.
    notified = ["notified on 0"] if OFFICIAL else ["notified on 0"] * 2
    assert of(lines, "timer") == [f"interrupt {n}" for n in range(1, 6)] + notified
    assert [line for line in lines if line.startswith(("timer: notified", "idler: done"))] == \
        [f"timer: {line}" for line in notified[1:]] + ["idler: done", "timer: notified on 0"]


def test_benchmark_tells_who_uses_the_cpu(boot):
    """A second: who spins has the tenth that is its budget, idling the rest, and all of it together is the whole."""
    guest = boot("kernel_utilisation", config="benchmark", args=EXACT_TIME)
    guest.expect(r"reader: done\r?\n")
    rows = re.findall(r"^(\w+): (\w+) (\d+)\r?$", guest.text(), re.M)
    found = {column: {who: int(value) for who, of, value in rows if of == column}
             for column in ("time", "schedules", "kernel", "entries", "ticks")}
    if OFFICIAL:    # counts cycles, a nanosecond each in QEMU, and they stand still in a hypervisor and while it idles
        assert 0.09 <= found["time"]["spinner"] / 1e9 <= 0.101
        return
    ticks = found.pop("ticks")
    assert 0.99 <= ticks["spinner"] / found["time"]["spinner"] <= 1.01 and 0 < ticks["quiet"] < 2 * found["time"]["quiet"]
    for column, values in found.items():
        assert values.keys() == {"reader", "spinner", "quiet", "idle", "total"}
        assert sum(values.values()) == 2 * values["total"], column
    shares = {who: time / found["time"]["total"] for who, time in found["time"].items()}
    assert 0.999 <= shares["spinner"] / 0.1 <= 1.001 and 0.899 <= shares["idle"] <= 0.9
    assert 0.99 <= found["time"]["total"] / 62_500_000 <= 1.01, "a second"
    assert found["entries"]["quiet"] == found["schedules"]["quiet"] == 10
    assert all(0 < found["kernel"][who] < found["time"][who] for who in found["kernel"])


@ours
def test_what_benchmark_counts_is_not_in_the_others():
    build.make("sdk")
    elves = {config: paths.CACHE / "sdk" / "board" / paths.BOARD / config / "elf" / "kernel.elf"
             for config in ("debug", "release", "benchmark")}
    text = {config: subprocess.run(["llvm-nm", elf], check=True, text=True, capture_output=True).stdout
            for config, elf in elves.items()}
    assert "utilisation" in text["benchmark"]
    assert "utilisation" not in text["release"] + text["debug"]


@pytest.mark.parametrize("config", ["debug", "release", "benchmark"])
@pytest.mark.parametrize("how", ENTRIES)
def test_the_image_boots(boot, how, config):
    if OFFICIAL and how.startswith("EL1"):
        pytest.skip("the official kernel of this board is a hypervisor: it starts at EL2 only")
    guest = boot("hello", config=config, args=ENTRIES[how])
    guest.expect(r"adder says 42\r?\n")
    guest.expect(r"greeter\| .*notified on channel 1\r?\n")


@ours
@pytest.mark.parametrize("virtualization", ["on", "off"])
@pytest.mark.parametrize("address", [None, 0x48000000, 0x6fff0000, 0x70001000])
def test_the_image_may_lie_anywhere(boot, address, virtualization):
    """As a Linux kernel, at another address, and where its own place overlaps on either side."""
    image = build.system("hello", "debug")
    how = (["-kernel", str(image)] if address is None
           else ["-device", f"loader,file={image},addr={address:#x},cpu-num=0"])
    with Guest(None, args=[*how, "-M", f"virt,virtualization={virtualization}"]) as guest:
        guest.expect(r"adder says 42\r?\n")


@ours
@pytest.mark.parametrize("virtualization", ["on", "off"])
def test_the_image_starts_from_a_boot_loader_that_has_translation_and_caches_on(boot, virtualization):
    """Elsewhere than where it belongs, in memory that is not zero."""
    firmware, image = build.system("kernel_firmware"), build.system("hello")
    with Guest(None, args=["-device", f"loader,file={firmware},addr=0x44000000,cpu-num=0",
                           "-device", f"loader,file={image},addr=0x48000000,force-raw=on",
                           "-M", f"virt,virtualization={virtualization}"]) as guest:
        guest.expect(r"adder says 42\r?\n")


def flip_magic(image):
    image[image.index((0x314c4156524553aa).to_bytes(8, "little"))] ^= 1
    return image


def flip_a_bit_of_the_last_page(image):
    image[-1000] ^= 0x10
    return image


def cut_a_page(image):
    return image[:-4096]


def cut_to_a_third(image):
    return image[:len(image) // 3]


def swap_two_pages(image):
    """What a lost and a repeated block of a transfer look like: every byte is there, at another place."""
    image[0x8000:0x9000], image[0x9000:0xa000] = image[0x9000:0xa000], image[0x8000:0x9000]
    assert image[0x8000:0x9000] != image[0x9000:0xa000]
    return image


CORRUPT = r"the image is corrupt or not all of it is here: its checksum is wrong"
BROKEN = {
    flip_magic: r"no image: its header is not one",
    flip_a_bit_of_the_last_page: CORRUPT,
    swap_two_pages: CORRUPT,
    cut_a_page: CORRUPT,
    cut_to_a_third: CORRUPT,
}


@ours
@pytest.mark.parametrize("how", BROKEN, ids=lambda how: how.__name__)
def test_a_broken_image_is_refused_with_one_line(boot, tmp_path, how):
    broken = tmp_path / "broken.img"
    broken.write_bytes(how(bytearray(build.system("hello", "debug").read_bytes())))
    guest = boot(broken)
    guest.expect(rf"loader: {BROKEN[how]}\r?\n")
    assert guest.text().count("\n") == 2, "one line, after an empty one"
