"""make chaos: both halves under load, the report, the picture. Ends with 1 when something is not as it must be."""

import asyncio
import collections
import os
import random
import sys
import time
from pathlib import Path

from .. import paths
from ..gdb import GdbError
from . import beside, histogram, report, totals, vitals
from .control import Control, Unreachable
from .faults import Faults
from .kills import Kills
from .load import Load, Tally
from .machine import Machine
from .parts import KILLED, NOT_YET
from .probe import Probe, StayedDown
from .spent import Spent
from .watch import Console

sys.path.append(str(paths.TOP / "bench"))

import child  # noqa: E402
import network  # noqa: E402

WARM_UP_S = 3.0
SECURE_EACH_OF_FAULTS = 8   # all handshakes are made anew when a part of three has died: the CPU is to be the faults'
MEMORIES_MOST = 12  # of machines that needed help: 16 MiB each
SWITCH_S = 0.0002   # the guest stands still while the thread that damages it waits for its turn


def say(what):
    print(f"[{time.strftime('%H:%M:%S')}] {what}", file=sys.stderr, flush=True)


class Outcome:
    """tallies: title -> Tally of a half. downs: what stayed down, in words, each with the last faults before it.
    deaths: part -> how often; resets, fatal: of the machine; events: lines, in order, written to the folder `out` after
    each life of it; spent: of the faults' time; memories: how many were kept."""

    def __init__(self, seed, out=None):
        self.seed, self.out = seed, out
        self.tallies, self.kills, self.seen, self.growth, self.downs = {}, None, [], [], []
        self.deaths, self.resets, self.fatal, self.events = collections.Counter(), 0, [], []
        self.spent, self.memories = Spent(), 0

    def take(self, console):
        self.deaths.update(part for _, part, _ in console.deaths)
        self.resets += console.resets()
        self.fatal += console.fatal
        self.events += console.events()
        if self.out:
            (self.out / "events.txt").write_text("\n".join(self.events) + "\n")

    def lines(self):
        yield f"seed {self.seed}"
        for title, tally in self.tallies.items():
            yield from report.requests(title, tally)
        if self.kills:
            yield from report.kills(self.kills)
        if self.seen:
            yield from report.faults(self.seen)
            yield from report.spent(self.spent.seconds)
        yield from report.deaths(self)
        yield from report.growth(self.growth)
        yield from (f"NOT WELL: {line}" for line in report.verdict(self))

    def well(self):
        return not list(report.verdict(self))

    def picture(self):
        return histogram.svg(f"Time to service, seed {self.seed}", self.kills.times, self.kills.quiet)


class Chaos:
    """One life of the machine; what is seen goes into the outcome, which may have seen others."""

    def __init__(self, machine, outcome, parts=KILLED):
        self.machine, self.outcome, self.parts = machine, outcome, list(parts)
        self.seed = f"{outcome.seed} {machine.boots}"
        self.console = Console(machine.guest, asyncio.get_running_loop())
        self.control = Control(machine.connections("chaos"), self.console)
        self.probe = Probe(machine.connections("http"), Control(machine.connections("chaos"), self.console),
                           self.console, machine.site, self._secure())

    def _secure(self):
        return self.machine.connections("https"), self.machine.authority

    def close(self):
        self.probe.close()
        self.control.close()
        self.console.close()
        self.outcome.take(self.console)

    def keep_memory(self):
        if self.outcome.memories < MEMORIES_MOST:
            self.outcome.memories += 1
            self.console.note(f"its memory: {self.machine.keep_memory(self.outcome.memories)}")

    async def half(self, title, work, seconds, meant=lambda *_: None, **more):
        """The load, and beside it what hurts. False: the machine stayed down."""
        tally = self.outcome.tallies.setdefault(title, Tally())
        load = Load(self.machine.connections("http"), self.machine.site, f"{self.seed} {title}", tally,
                    died=self.console.died, meant=meant, note=self.console.note, secure=self._secure(), **more)
        load.start()
        with self.outcome.spent.on("warm up"):
            await asyncio.sleep(WARM_UP_S)
        try:
            await work.run(seconds)
            down = ""
        except (StayedDown, Unreachable, GdbError, OSError) as error:
            down = str(error) or type(error).__name__
            self.console.note(f"stayed down: {down}")
            if isinstance(error, (StayedDown, Unreachable)) and work is not self.outcome.kills:
                self.console.note(f"who runs: {await work.who_runs()}")
                self.keep_memory()
            self.outcome.downs.append("; ".join([down, *self.console.last_notes()]))
        with self.outcome.spent.on("the load ends"):
            await load.stop(at_once=bool(down))
        for line in report.requests(title, tally):
            say(line)
        return not down

    async def kills(self, seconds):
        self.outcome.kills = Kills(self.control, self.probe, self.console, self.seed, self.parts)
        return await self.half("kills", self.outcome.kills, seconds)

    async def faults(self, seconds):
        work = Faults(self.machine, self.control, self.probe, self.console, self.seed, self.outcome.seen, self.parts,
                      self.outcome.spent, self.keep_memory)
        return await self.half("faults", work, seconds, work.meant, secure_each=SECURE_EACH_OF_FAULTS)


async def first_half(machine, outcome, minutes):
    """False: the machine stayed down, so that there is nothing to compare."""
    before = await vitals.read(machine)
    chaos = Chaos(machine, outcome)
    try:
        up = await chaos.kills(60 * minutes)
    finally:
        chaos.close()
    if up:
        outcome.growth = vitals.compare(before, await vitals.read(machine))
    return up


async def second_half(machine, outcome, minutes, up):
    """A machine that stays down is booted anew; each counts."""
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        if not up:
            with outcome.spent.on("boot"):
                machine.end()
                machine.start()
        chaos = Chaos(machine, outcome)
        try:
            up = await chaos.faults(end - time.monotonic())
        finally:
            chaos.close()


async def both_halves(machine, outcome, minutes, which):
    up = True
    if which != "faults":
        up = await first_half(machine, outcome, minutes)
    if which != "kills":
        await second_half(machine, outcome, minutes, up)


def write(outcome, out):
    text = "\n".join(outcome.lines()) + "\n"
    (out / "report.txt").write_text(text)
    for title, tally in outcome.tallies.items():
        for number, (_, answer, expected) in enumerate(tally.wrong):
            (out / f"wrong-{title}-{number}.bin").write_bytes(answer)
            (out / f"wrong-{title}-{number}.expected").write_bytes(expected)
    if outcome.kills:
        (out / "back.svg").write_text(outcome.picture())
    print(f"{text}\n{out}: report.txt, back.svg, events.txt, console.log")


def variable(name, default=""):
    return os.environ.get(name) or default


def on_tap():
    lacks = variable("CHAOS_NET", "user") == "tap" and network.tap_lacks()
    if lacks:
        sys.exit(f"make chaos: CHAOS_NET=tap is not possible here: {lacks}")
    return variable("CHAOS_NET", "user") == "tap"


def one(seed, minutes, which, out, sums):
    """A machine with both halves, or one of them."""
    outcome, begun = Outcome(seed, out), time.monotonic()
    with Machine(log=out / "console.log", counted=which != "faults", on_tap=on_tap()) as machine:
        try:
            asyncio.run(both_halves(machine, outcome, minutes, which))
        finally:
            if outcome.seen:
                seconds = time.monotonic() - begun if which == "faults" else 60 * minutes
                totals.add(sums, [totals.row(outcome, seconds, machine.boots, variable("CHAOS_NET", "user"))])
            write(outcome, out)
    return outcome.well()


def several(seed, minutes, which, out, sums, count):
    """Kills on one machine alone, since times are taken there; faults on several."""
    well = which == "faults" or one(seed, minutes, "kills", out, sums)
    if which == "kills":
        return well
    before = len(totals.read(sums))
    statuses = beside.run(seed, out, count, minutes)
    print("\n".join(totals.lines(totals.read(sums)[before:])))
    return well and not any(statuses)


def main():
    sys.setswitchinterval(SWITCH_S)
    seed = variable("CHAOS_SEED") or str(random.SystemRandom().randrange(1 << 32))
    minutes, count = float(variable("CHAOS_MINUTES", "10")), int(variable("CHAOS_MACHINES", "1"))
    which = variable("CHAOS_HALVES", "both")
    top = Path(variable("BUILD_DIR", "build")) / "chaos"
    out, sums = Path(variable("CHAOS_OUT", str(top))), top / "totals.txt"
    out.mkdir(parents=True, exist_ok=True)
    say(f"CHAOS_SEED={seed}, {minutes:g} minutes each half; left alone: {', '.join(sorted(NOT_YET)) or 'nobody'}")
    if count > 1:
        well = several(seed, minutes, which, out, sums, count)
    else:
        well = one(seed, minutes, which, out, sums)
    if "CHAOS_OUT" not in os.environ and sums.exists():
        print(f"\n{sums}, all runs there:\n" + "\n".join(totals.lines(totals.read(sums))))
    return 0 if well else 1


if __name__ == "__main__":
    child.unwind_when_told()
    sys.exit(main())
