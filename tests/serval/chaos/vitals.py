"""What must be after hours of dying as it was before: memory, counts, instructions per request. Read at rest."""

import asyncio
import json
import sys

from .. import paths
from .client import Client

sys.path.append(str(paths.TOP / "bench"))

import pools  # noqa: E402

TIME_WAIT_S = 65            # 60 of lwIP's, and some
REQUESTS = 300
# Of what the front counts: what there is now, not what there has been.
GAUGES = ("connections", "app_requests", "python_heap")
# How much more there may be than before: a part of it, and a number. The collector takes whatever looks like a pointer
# for one.
MAY_GROW = {"instructions per request": (0.03, 0), "python_heap": (0, 256 << 10)}


async def read(machine, rest_s=TIME_WAIT_S):
    """name -> number. `free ..` are what there is left of."""
    await asyncio.sleep(rest_s)
    client = Client(machine.connections("http"))
    path = machine.site.groups["small"][0]
    found = {}
    if machine.counting:
        await client.ask("GET", path)
        before = machine.counting.read()
        for _ in range(REQUESTS):
            await client.ask("GET", path)
        found["instructions per request"] = (machine.counting.read() - before).total() // REQUESTS
    _, _, told = await client.ask("GET", "/api/vitals")
    found |= {name: json.loads(told)[name] for name in GAUGES}
    client.close()
    await asyncio.sleep(min(rest_s, 1))             # who closes first waits, and that is we
    with machine.guest.gdb.standing_still():        # QMP's stop would be told to the debugger, too
        return found | pools.lengths(machine.guest, machine.image, machine.scratch / "memory")


def compare(before, after):
    """[(name, before, after, whether it has not grown)]; of what is free, whether it has not shrunk."""
    rows = []
    for name, value in before.items():
        part, number = MAY_GROW.get(name, (0, 0))
        growth = value - after[name] if ", free " in name else after[name] - value
        rows.append((name, value, after[name], growth <= part * value + number))
    return rows
