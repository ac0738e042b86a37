"""The second half of chaos: random faults, many a second, in several parts at once.

What each came to is told by who died soon after it. Whether all is well is told by the load, whose requests go on and
are compared all the time, and by one question after another to each service. One that has not answered for a while ends
the faults until it does; if it does not, it is helped as a person would: parts are killed, who is missing in what does
not answer first.
"""

import asyncio
import collections
import random
import sys
import time

from .. import paths
from .damage import PUT_BACK_S, Damage
from .parts import KILLED, PARTS, UNWATCHED
from .probe import StayedDown

sys.path.insert(0, str(paths.TOP))

from debug.system import System  # noqa: E402

FAULTS_S = 32.0             # as many a second are tried
AT_ONCE = 2                 # while the guest stands still, each to another part
DEATH_SHOWS_S = 0.6         # in which who was hurt dies, if it does, also who spins
SPINS_S = 1.0               # so long who spins and has no watchdog is left alone
LOOK_S = 0.01
RUNS_LOOKS = 40
ASK_S = 0.3                 # between two questions to a service; one that may be lost is asked anew, without haste: the
AGAIN_S = 0.4               # console takes a line after the other
SILENT_S = 1.5              # a service that has not answered for so long is waited for,
BACK_BY_ITSELF_S = 8.0      # QEMU sends a lost window anew after 1, 2, 4 s; who is still to be restarted: longer
HELPED_S = 2.0              # after a kill
DIED, NOTHING, BY_HAND = "died, was back", "nothing seen", "back by hand"
# Service -> the parts without which it does not answer, those that are its own first.
NETWORK = ("eth_driver", "net_virt_rx", "net_virt_tx", "timer_driver")
NEEDS = {
    "deadline": ("timer_driver", *NETWORK),
    "line": ("serial_virt_tx", "serial_driver", *NETWORK),
    "typed": ("serial_virt_rx", "serial_driver", "serial_virt_tx"),
    "page": ("http", *NETWORK),
    "file": ("nfs", "http", *NETWORK),
    "program": ("micropython", "nfs", "http", *NETWORK),
    "handshake": ("tls", "keys", "http", *NETWORK),
}
SERVICES = tuple(NEEDS)


class Seen:
    """A fault, when it was made, and what came of it: DIED, NOTHING, BY_HAND."""

    def __init__(self, fault, when):
        self.fault, self.when, self.what = fault, when, NOTHING


class Faults:
    """seen: a list of Seen that grows."""

    def __init__(self, machine, control, probe, console, seed, seen, parts=KILLED):
        self.control, self.probe, self.console = control, probe, console
        self.parts = list(parts)
        self.rng = random.Random(f"{seed} faults")
        self.machine, self.damage = machine, None       # once there is a load: where parts run is learned
        self.seen = seen
        self.first = len(seen)                      # of this life
        self.told = len(console.deaths)             # deaths that have been looked at
        self.spinning = {}                          # part without a watchdog -> its Seen
        self.answered = {}                          # service -> when

    async def run(self, seconds):
        self.damage = await self._outside(Damage, self.machine.guest, System(self.machine.image), self.rng, self.parts)
        now = time.monotonic()
        self.answered = dict.fromkeys(SERVICES, now)
        asking = [asyncio.create_task(self._ask(service)) for service in SERVICES]
        try:
            await self._make(now + seconds)
            await self._settle()
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _make(self, end):
        due = time.monotonic()
        while (now := time.monotonic()) < end:
            await self._look_at_deaths()
            if now >= due:
                due = max(due + AT_ONCE / FAULTS_S, now)
                await self._hurt(now)
            if now - min(self.answered.values()) > SILENT_S:
                await self._settle()
            await asyncio.sleep(LOOK_S)

    async def _hurt(self, now):
        up = [part for part in self.parts if self.console.is_up(part) and part not in self.spinning]
        chosen = self.rng.sample(up, min(AT_ONCE, len(up)))
        for fault in await self._outside(self.damage.some, chosen):
            self.console.note(f"fault made: {fault.part}: {fault.kind}: {fault.words}")
            self.seen.append(Seen(fault, now))
            if fault.kind == "loop" and fault.part in UNWATCHED:
                self.spinning[fault.part] = self.seen[-1]

    async def _outside(self, work, *arguments):
        return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)

    def meant(self, path, body, expected):
        return self.damage is not None and self.damage.meant(path, body, expected)

    async def who_runs(self):
        """Of a machine that is down: who runs, in some looks at it; text."""
        found = collections.Counter()
        for _ in range(RUNS_LOOKS):
            found[await self._outside(self.damage.who_runs)] += 1
            await asyncio.sleep(LOOK_S)
        return ", ".join(f"{who} {count}" for who, count in found.most_common(6))

    # -- who dies ------------------------------------------------------------------------------------------------

    async def _look_at_deaths(self):
        deaths, self.told = self.console.deaths[self.told:], len(self.console.deaths)
        for when, part, _ in deaths:
            self.spinning.pop(part, None)
            if cause := self._cause(part, when):
                cause.what = DIED
        if deaths:
            await self._outside(self.damage.put_back, {part for _, part, _ in deaths})
        for part, one in list(self.spinning.items()):
            serves = self.answered[PARTS[part]] > one.when + PUT_BACK_S     # it did not come there
            if serves or time.monotonic() > one.when + SPINS_S:
                del self.spinning[part]
            if part not in self.spinning and not serves:
                one.what = BY_HAND
                await self.control.kill(part)

    def _cause(self, part, when):
        """The last fault that was made to this part, or to another, in the time in which it shows."""
        lately = []
        for one in reversed(self.seen[self.first:] if len(self.seen) < 100 else self.seen[-100:]):
            if one.when < when - DEATH_SHOWS_S:
                break
            if one.when <= when:
                lately.append(one)
        return next((one for one in lately if one.fault.part == part), lately[0] if lately else None)

    # -- whether all is well -------------------------------------------------------------------------------------

    async def _ask(self, service):
        while True:
            begun = time.monotonic()
            try:
                await self.probe.until_back(service, begun, every_s=AGAIN_S)
                self.answered[service] = begun
            except StayedDown:
                pass                                # whoever waits for it says so
            await asyncio.sleep(ASK_S)

    async def _settle(self):
        """All that can be put back is put back, and every service has answered since."""
        await self._outside(self.damage.put_back, set(self.parts))
        since = time.monotonic()
        if missing := await self._missing(since, since):
            self.console.note(f"by itself it is not back: {missing}")
            await self._by_hand(since, missing)

    async def _missing(self, since, begun, limit_s=BACK_BY_ITSELF_S):
        """The services that have not answered since then, a while after `begun`."""
        while True:
            late = [service for service, when in self.answered.items() if when < since]
            restarted = max((self.console.back.get(part, 0) for part in self.parts), default=0)
            if not late or time.monotonic() > max(begun, restarted) + limit_s:
                return late
            await self._look_at_deaths()
            await asyncio.sleep(LOOK_S)

    async def _by_hand(self, since, missing):
        """Who is missing in what does not answer, and not in what does; of these whoever was hurt last first."""
        hurt = {part: n for n, part in enumerate(one.fault.part for one in self.seen[self.first:])}
        left = list(self.parts)
        while left:
            part = max(left, key=lambda part: (suspicion(part, missing), hurt.get(part, -1)))
            left.remove(part)
            await self.control.kill(part)
            still = await self._missing(since, time.monotonic(), HELPED_S)
            if set(still) != set(missing):
                self._helped(part)
            if not still:
                return
            self.console.note(f"{part} was killed, and still: {still}")
            missing = still
        raise StayedDown(f"{', '.join(missing)}: nothing helped")

    def _helped(self, part):
        """The last fault that it had is the one that nobody noticed."""
        for one in reversed(self.seen[self.first:]):
            if one.fault.part == part:
                one.what = BY_HAND
                return


def suspicion(part, missing):
    """Of each service that needs it: one that does not answer says more than one that does."""
    return sum(2 if service in missing else -1 for service, needs in NEEDS.items() if part in needs)
