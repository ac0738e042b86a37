"""The second half of chaos: random faults, many a second, in several parts at once.

What each came to is told by who died soon after it. Whether all is well is told by the load, whose requests go on and
are compared all the time, and by one question after another to each service. While one has not answered for a while,
those that it needs are spared; if that does not help, everybody is; and then it is helped as a person would: parts are
killed, who is missing in what does not answer first.
"""

import asyncio
import collections
import random
import sys
import time

from .. import paths
from .control import Unreachable
from .damage import PUT_BACK_S, Damage
from .parts import KILLED, PARTS, UNWATCHED
from .probe import StayedDown
from .spent import Spent

sys.path.insert(0, str(paths.TOP))

from debug.system import System  # noqa: E402

FAULTS_S = 64.0             # as many a second are tried
AT_ONCE = (1, 2, 3, 5, 8, 13)   # parts that are hurt while the guest stands still once
DEATH_SHOWS_S = 0.6         # in which who was hurt dies, if it does, also who spins
SPINS_S = 1.0               # so long who spins and has no watchdog is left alone
LOOK_S = 0.01
RUNS_LOOKS = 40
ASK_S = 0.3                 # between two questions to a service; one that may be lost is asked anew, without haste: the
AGAIN_S = 0.4               # console takes a line after the other
SILENT_S = 1.5              # who is needed by a service that has not answered for so long is spared,
SPARED_S = 2.0              # and if it has still not answered, everybody,
BACK_BY_ITSELF_S = 8.0      # for so long. A lost window comes anew after 1, 2, 4 s; who is still to be restarted: longer
WAITED_MOST_S = 12.0        # but not for ever for one that dies again and again
HELPED_S = 1.5              # after a kill,
ALL_HELPED_S = 30.0         # after that of all: nothing more can be done, and this machine may have no CPU for a handshake
FAIR = 2                    # nobody has had more than so many times the faults of another, and some
SOME = 20
DIED, NOTHING, BY_HAND = "died, was back", "nothing seen", "back by hand"
MAKING, SPARING = "faults to all", "faults to those who are not spared"      # of the time
SETTLING, HELPING, LEARNING = "nobody is hurt", "help by hand", "where parts run is learned"
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
    """seen: a list of Seen that grows. spent: of the time. keep(): what is kept of a machine that needs help."""

    def __init__(self, machine, control, probe, console, seed, seen, parts=KILLED, spent=None, keep=lambda: None):
        self.control, self.probe, self.console = control, probe, console
        self.parts, self.keep = list(parts), keep
        self.rng = random.Random(f"{seed} faults")
        self.machine, self.damage = machine, None       # once there is a load: where parts run is learned
        self.seen, self.spent = seen, spent or Spent()
        self.first = len(seen)                      # of this life
        self.hurt = collections.Counter(one.fault.part for one in seen)
        self.told = len(console.deaths)             # deaths that have been looked at
        self.spinning = {}                          # part without a watchdog -> its Seen
        self.answered = {}                          # service -> when
        self.silent = {}                            # service -> since when those that it needs are spared

    async def run(self, seconds):
        begun = time.monotonic()
        with self.spent.on(LEARNING):
            system = System(self.machine.image)
            self.damage = await self._outside(Damage, self.machine.guest, system, self.rng, self.parts)
        now = time.monotonic()
        self.answered = dict.fromkeys(SERVICES, now)
        asking = [asyncio.create_task(self._ask(service)) for service in SERVICES]
        try:
            await self._make(begun + seconds)
            await self._settle()
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _make(self, end):
        due = now = time.monotonic()
        while now < end:
            with self.spent.on(SPARING if self.silent else MAKING):
                await self._look_at_deaths()
                await self._spare(now)
                if now >= due:
                    made = await self._hurt(now, self.rng.choice(AT_ONCE))
                    due = max(due + made / FAULTS_S, now)
                await asyncio.sleep(LOOK_S)
            if any(now > self._patient(service, since, SPARED_S) for service, since in self.silent.items()):
                await self._settle()
                self.silent.clear()
            now = time.monotonic()

    async def _hurt(self, now, at_once):
        """How many faults were made."""
        spared = {part for service in self.silent for part in NEEDS[service]}
        spared |= set(self.spinning)
        up = [part for part in self._fair() if part not in spared and self.console.is_up(part)]
        made = await self._outside(self.damage.some, self.rng.sample(up, min(at_once, len(up))))
        for fault in made:
            self.console.note(f"fault made: {fault.part}: {fault.kind}: {fault.words}")
            self.seen.append(Seen(fault, now))
            self.hurt[fault.part] += 1
            if fault.kind == "loop" and fault.part in UNWATCHED:
                self.spinning[fault.part] = self.seen[-1]
        return len(made)

    def _fair(self):
        """Who has not had far more than the others."""
        most = FAIR * min(self.hurt[part] for part in self.parts) + SOME
        return [part for part in self.parts if self.hurt[part] <= most]

    async def _outside(self, work, *arguments):
        return await asyncio.get_running_loop().run_in_executor(None, work, *arguments)

    def meant(self, _path, body, expected):
        """Which words that were scribbled over are what is wrong with a body; None: it is something else."""
        return self.damage and self.damage.scribbles.explain(body, expected)

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
                await self._kill(part)

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

    async def _spare(self, now):
        """Those that are needed by who is silent, until it has answered since."""
        self.silent = {service: since for service, since in self.silent.items() if self.answered[service] < since}
        new = [service for service in SERVICES
               if service not in self.silent and now - self.answered[service] > SILENT_S]
        if new:
            await self._outside(self.damage.put_back, {part for service in new for part in NEEDS[service]})
            self.silent |= dict.fromkeys(new, now)

    def _patient(self, service, since, seconds):
        """Until when a service is waited for: so long from then on, or since one that it needs was restarted."""
        restarted = max(self.console.back.get(part, 0.0) for part in NEEDS[service])
        return min(max(since, restarted), since + max(WAITED_MOST_S - seconds, 0)) + seconds

    async def _settle(self):
        """All that can be put back is put back, and every service has answered since."""
        with self.spent.on(SETTLING):
            await self._outside(self.damage.put_back, set(self.parts))
            since = time.monotonic()
            missing = await self._missing(since, since)
        if missing:
            self.console.note(f"by itself it is not back: {missing}; who runs: {await self.who_runs()}")
            await self._outside(self.keep)
            with self.spent.on(HELPING):
                await self._by_hand(since, missing)

    async def _missing(self, since, begun, limit_s=BACK_BY_ITSELF_S):
        """The services that have not answered since then, a while after `begun`."""
        while True:
            late = [service for service, when in self.answered.items() if when < since]
            if all(time.monotonic() > self._patient(service, begun, limit_s) for service in late):
                return late
            await self._look_at_deaths()
            await asyncio.sleep(LOOK_S)

    async def _by_hand(self, since, missing):
        """Who is missing in what does not answer, and not in what does; of these whoever was hurt last first; in the end
        all others at once."""
        hurt = {part: n for n, part in enumerate(one.fault.part for one in self.seen[self.first:])}
        left = list(self.parts)
        while left:
            part = max(left, key=lambda part: (suspicion(part, missing), hurt.get(part, -1)))
            killed = [part] if suspicion(part, missing) > 0 else left
            left = [part for part in left if part not in killed]
            for part in killed:
                await self._kill(part)
            still = await self._missing(since, time.monotonic(), HELPED_S if left else ALL_HELPED_S)
            if set(still) != set(missing):
                self._helped(killed, set(missing) - set(still))
            if not still:
                return
            self.console.note(f"{', '.join(killed)} was killed, and still: {still}")
            missing = still
        raise StayedDown(f"{', '.join(missing)}: nothing helped")

    async def _kill(self, part):
        """Who spins is ended from outside, which takes no time. To kill anybody else may take many seconds, in which nothing
        that only a test could mend is to stay as it is. Where the console is what is dead nothing tells that it has been
        done; what was killed in vain is seen by what does not come back."""
        await self._outside(self.damage.put_back, set(self.parts))
        if part in UNWATCHED and await self._outside(self.damage.end, part):
            return
        try:
            await self.control.kill(part)
        except Unreachable as error:
            if not await self._outside(self.damage.end, part):
                self.console.note(f"whether {part} was killed is not known: {error}")

    def _helped(self, killed, services):
        """The last fault that they had is the one that nobody noticed."""
        one = next((one for one in reversed(self.seen[self.first:]) if one.fault.part in killed), None)
        if one:
            one.what = BY_HAND
        self.console.note(f"{', '.join(killed)} was killed, and back are: {', '.join(sorted(services))}; the last fault: "
                          f"{one.fault.words if one else 'none'}")


def suspicion(part, missing):
    """Of each service that needs it: one that does not answer says more than one that does."""
    return sum(2 if service in missing else -1 for service, needs in NEEDS.items() if part in needs)
