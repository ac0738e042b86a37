"""The first half of chaos: one part killed each second in turn."""

import asyncio
import random
import time

from .parts import KILLED, PARTS

EVERY_S = 1.0
QUIET_EACH = 4              # so many kills between two looks at how long the request takes with nobody dead


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
