"""The two halves of chaos: one part killed each second in turn; then random faults, one after another."""

import asyncio
import random
import sys
import time
from typing import NamedTuple

from .. import paths
from .damage import Damage
from .parts import KILLED, PARTS
from .probe import StayedDown

sys.path.insert(0, str(paths.TOP))

from debug.system import System  # noqa: E402

EVERY_S = 1.0
QUIET_EACH = 4              # so many kills between two looks at how long the request takes with nobody dead
FAULT_SHOWS_S = 0.1         # in which who was hurt dies, if it does;
LOOP_SHOWS_S = 1.5          # who spins
BACK_BY_ITSELF_S = 5.0      # else it is killed, as a person would
DIED, NOTHING, BY_HAND = "died, was back", "nothing seen", "back by hand"
SERVICES = ("deadline", "line", "typed", "page", "file", "program")


class Seen(NamedTuple):
    fault: object
    what: str               # DIED, NOTHING, BY_HAND
    seconds: float


class Kills:
    """times: part -> seconds until its service was back; quiet: until an answer, with nobody dead. refused: how often
    it was dead already."""

    def __init__(self, control, probe, console, seed, parts=KILLED):
        self.control, self.probe, self.console = control, probe, console
        self.rng = random.Random(f"{seed} kills")
        self.parts = list(parts)
        self.times = {part: [] for part in self.parts}
        self.quiet = {part: [] for part in self.parts}
        self.refused = 0

    async def run(self, seconds):
        end, turn = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            if turn % len(self.parts) == 0:
                self.rng.shuffle(self.parts)
            part = self.parts[turn % len(self.parts)]
            next_s = time.monotonic() + EVERY_S
            await self._one(part)
            if turn % QUIET_EACH == QUIET_EACH - 1:
                await self._quiet(self.parts[turn // QUIET_EACH % len(self.parts)])
            await asyncio.sleep(max(next_s - time.monotonic(), 0))
            turn += 1

    async def _quiet(self, part):
        self.quiet[part].append(await self.probe.until_back(PARTS[part], time.monotonic()))

    async def _one(self, part):
        """The killer's own answer may be what is lost with the part: the console's line tells as well."""
        begun = time.monotonic()
        self.console.expected(part)
        dead = asyncio.create_task(self.console.death(part))
        killed = asyncio.create_task(self.control.kill(part))
        await asyncio.wait((dead, killed), return_when=asyncio.FIRST_COMPLETED)
        if killed.done() and not killed.result():
            self.refused += 1
        else:
            self.times[part].append(await self.probe.until_back(PARTS[part], begun))
        dead.cancel()
        await killed


class Faults:
    """seen: what became of each, a list of Seen that grows."""

    def __init__(self, machine, control, probe, console, seed, seen, parts=KILLED):
        self.control, self.probe, self.console = control, probe, console
        self.parts = list(parts)
        self.rng = random.Random(f"{seed} faults")
        self.damage = Damage(machine.guest, System(machine.image), self.rng)
        self.seen = seen

    async def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self._one(self.rng.choice(self.parts))

    async def _one(self, part):
        loop, begun, deaths = asyncio.get_running_loop(), time.monotonic(), len(self.console.deaths)
        fault = await loop.run_in_executor(None, self.damage.one, part)
        self.console.note(f"fault made: {fault.part}: {fault.kind}: {fault.words}")
        await self._wait_for_death(deaths, LOOP_SHOWS_S if fault.kind == "loop" else FAULT_SHOWS_S)
        await loop.run_in_executor(None, self.damage.put_back)
        what = DIED if len(self.console.deaths) > deaths else NOTHING
        try:
            await self._all_back(BACK_BY_ITSELF_S)
        except StayedDown as missing:
            what = BY_HAND
            self.console.note(f"by itself it is not back: {missing}")
            await self._by_hand(part)
        self.seen.append(Seen(fault, what, time.monotonic() - begun))

    async def _wait_for_death(self, deaths, limit_s):
        end = time.monotonic() + limit_s
        while len(self.console.deaths) == deaths and time.monotonic() < end:
            await asyncio.sleep(0.02)

    async def _all_back(self, limit_s):
        now = time.monotonic()
        results = await asyncio.gather(*[self.probe.until_back(service, now, limit_s) for service in SERVICES],
                                       return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _by_hand(self, part):
        """Who was hurt is killed; then everybody, one after another."""
        for other in [part, *[name for name in self.parts if name != part]]:
            await self.control.kill(other)
            try:
                return await self._all_back(BACK_BY_ITSELF_S)
            except StayedDown as missing:
                self.console.note(f"{other} was killed, and still: {missing}")
        await self._all_back(60.0)
        return None
