"""compose/supervisor.py: the supervisor: parent of every other PD, which restarts what has died.

    Supervisor(s, serial, {                     # after all other PDs are there: one row for each
        "timer_driver": Rule(),
        "eth_driver": Rule(),
        "net_virt_tx": Rule(group=["eth_driver"]),              # when it dies, these are restarted as well
        "http": Rule(settled_ms=5000, pause_ms=50, pause_max_ms=60_000),
    })

A PD that has run for settled_ms restarts at once. One that dies before that waits pause_ms, then twice as long each
time, up to pause_max_ms, for ever. A PD that runs and takes no event for watchdog_ms dies, too; a PD that runs a user's
program has None there.
"""

from .c import Ptr
from .errors import ComposeError

HEADER = "supervisor/config.h"
CHILDREN_MAX = 62       # SUPERVISOR_CHILDREN_MAX
NOTES_SIZE = 0x1000     # struct supervisor_notes
PRIORITY = 254          # above all: whoever runs, a fault is looked at first
MS_MAX = 3_600_000
WATCHDOG_MS = 300       # noticed within 400 ms: the kernel looks each 100 ms
PAUSE_WATCHDOG_MS = 500     # twice LIFE_MS of supervisor/supervisor.c

# The pause PD spins so long in each period: half a per cent of the CPU while something waits for its restart, and none
# otherwise; a restart is late by a period at most.
PAUSE_BUDGET_US = 50
PAUSE_PERIOD_US = 10_000
# seL4's way into a program costs a part of the program's budget: under emulation, on a busy machine, all of so small a
# one, and then nobody was restarted after a pause, ever. So a twentieth of the CPU there, while something waits.
PAUSE_BUDGET_OFFICIAL_US = 500
PAUSE = "supervisor_time"
STACK = 0x1000


class Rule:
    """watchdog_ms: it dies when it has run for about so long without taking an event (docs/kernel.md); None: never.
    reset_after: so many deaths in a row, each before it had settled, and the machine is reset; None: never."""

    def __init__(self, group=(), settled_ms=1000, pause_ms=10, pause_max_ms=10_000, watchdog_ms=WATCHDOG_MS,
                 reset_after=None):
        self.group = [group] if isinstance(group, str) else list(group)
        self.settled_ms, self.pause_ms, self.pause_max_ms = settled_ms, pause_ms, pause_max_ms
        self.watchdog_ms, self.reset_after = watchdog_ms, reset_after


class Supervisor:
    """killer: a PD that may ask for the death of any other, for tests; its channel is self.to_supervisor.
    watched_by(): a PD may ask how busy each is."""

    def __init__(self, system, serial, rules, killer=None):
        self.system, self.rules = system, dict(rules)
        if any(pd.priority >= PRIORITY - 1 for pd in system.pds):
            highest = max(system.pds, key=lambda pd: pd.priority)
            raise ComposeError(f"PD '{highest.name}' has priority {highest.priority}; beside a supervisor "
                               f"{PRIORITY - 2} is the highest")
        children = [pd for pd in system.pds if pd.parent is None]
        self._check(children)
        program = "supervisor" if system.calls_firmware() else "supervisor_without_reset"
        self.pd = system.pd("supervisor", program=program, priority=PRIORITY, stack=STACK, small=True)
        self.pause = system.pd(PAUSE, program="supervisor_pause", priority=PRIORITY - 1, stack=STACK, small=True,
                               budget_us=PAUSE_BUDGET_OFFICIAL_US if system.board.official_sdk else PAUSE_BUDGET_US,
                               period_us=PAUSE_PERIOD_US)
        self.rules[self.pause.name] = Rule(pause_ms=0, pause_max_ms=0, watchdog_ms=PAUSE_WATCHDOG_MS)
        children.append(self.pause)
        self.numbers = {pd.name: self.pd.child(pd) for pd in children}
        for pd in children:
            watchdog_ms = self.rules[pd.name].watchdog_ms
            pd.watchdog_us = watchdog_ms and watchdog_ms * 1000
        serial.client(self.pd, tx_capacity=2048)     # one page
        self._configure(children, killer)

    def _check(self, children):
        names = {pd.name for pd in children}
        for pd in children:
            if pd.name not in self.rules:
                raise ComposeError(f"PD '{pd.name}' has no restart rule")
            missing = [other.name for other in pd.restarts_with if other.name not in self.rules[pd.name].group]
            if missing:
                raise ComposeError(f"PD '{pd.name}': its rule's group has not '{missing[0]}', "
                                   "which knows what it had lent and must restart with it")
        for name, rule in self.rules.items():
            if name not in names:
                raise ComposeError(f"there is a restart rule for '{name}', and no such PD without a parent")
            for other in rule.group:
                if other not in names:
                    raise ComposeError(f"PD '{name}': its rule's group names '{other}', and no such PD "
                                       "without a parent is there")
            for field in ("settled_ms", "pause_ms", "pause_max_ms"):
                value = getattr(rule, field)
                if not isinstance(value, int) or not 0 < value <= MS_MAX:
                    raise ComposeError(f"PD '{name}': {field} of its rule is {value}; 1 to {MS_MAX} it may be")
            if rule.watchdog_ms is not None and not (isinstance(rule.watchdog_ms, int)
                                                     and 0 < rule.watchdog_ms <= MS_MAX):
                raise ComposeError(f"PD '{name}': watchdog_ms of its rule is {rule.watchdog_ms!r}; 1 to {MS_MAX} or "
                                   "None it may be")
            if rule.reset_after is not None:
                self._check_reset(name, rule.reset_after)
            if rule.pause_max_ms < rule.pause_ms:
                raise ComposeError(f"PD '{name}': pause_max_ms of its rule, {rule.pause_max_ms}, "
                                   f"is below pause_ms, {rule.pause_ms}")
        if len(children) >= CHILDREN_MAX:
            raise ComposeError(f"{len(children)} PDs are too many for a supervisor: {CHILDREN_MAX - 1} it can have")

    def _check_reset(self, name, deaths):
        if not isinstance(deaths, int) or not 0 < deaths < 1 << 32:
            raise ComposeError(f"PD '{name}': reset_after of its rule is {deaths!r}; a number of deaths or None it may be")
        board = self.system.board
        may_call = self.system.calls_firmware()
        if not may_call or not board.takes_smc():
            why = f"board {board.name} has no" if may_call else f"programs of SDK {self.system.dialect} may not call"
            raise ComposeError(f"PD '{name}': reset_after of its rule is {deaths}, and {why} firmware that resets it")

    def _configure(self, children, killer):
        notes = self.notes = self.system.region("supervisor_notes", NOTES_SIZE)
        config = {"notes": Ptr(self.pd.map(notes, "rw")), "pause_child": self.numbers[PAUSE],
                  "has_killer": killer is not None, "has_watcher": False}
        if killer is not None:
            config["killer"], self.to_supervisor = self.system.channel(self.pd, killer, pp="b")
        rows = [self._row(pd) for pd in children]
        self.config = config | {"child_count": len(rows), "children": rows}
        self.pd.config(HEADER, "struct supervisor_config", "supervisor_config", self.config)
        self.pause.config(HEADER, "struct supervisor_pause_config", "supervisor_pause_config",
                          {"notes": Ptr(self.pause.map(notes, "r"))})

    def watched_by(self, pd):
        """The channel by which it asks."""
        if self.config["has_watcher"]:
            raise ComposeError(f"PD '{pd.name}': the supervisor is watched by another one already")
        self.config["watcher"], channel = self.system.channel(self.pd, pd, pp="b")
        self.config["has_watcher"] = True
        return channel

    def _row(self, pd):
        rule = self.rules[pd.name]
        group = sum(1 << self.numbers[name] for name in {pd.name, *rule.group})
        self.pd.smc |= rule.reset_after is not None
        return {"name": pd.name, "group": group, "settled_ms": rule.settled_ms, "pause_ms": rule.pause_ms,
                "pause_max_ms": rule.pause_max_ms, "reset_after": rule.reset_after or 0}
