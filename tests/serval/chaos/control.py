"""The way to the part that kills others (chaos/chaos.c): a few requests over a connection of its own, and the console's
line when the network is what is dead."""

import asyncio
import json
import time

from .client import Client, Died, Garbled

ATTEMPT_S, AT_ALL_S = 2.0, 4.0
AGAIN_S = 0.05
TYPED_S = 3.0               # for a death after a line was typed
TYPED_MOST = 5              # lines


class Unreachable(Exception):
    """Neither network nor console leads to the killer: the machine is down for good."""


class Control:
    def __init__(self, connections, console):
        self.client, self.console = Client(connections), console
        self.lock = asyncio.Lock()

    def close(self):
        self.client.close()

    async def ask(self, method, path):
        """(status, what was answered). A request that is lost with its connection is made again: to kill what has died
        already does no harm."""
        async with self.lock:
            end = time.monotonic() + AT_ALL_S
            while True:
                try:
                    status, _, body = await self.client.ask(method, path, patience_s=ATTEMPT_S)
                    return status, json.loads(body)
                except (Died, Garbled, ValueError) as error:
                    self.client.close()
                    if time.monotonic() > end:
                        raise Unreachable(f"{method} {path}: {error}") from None
                await asyncio.sleep(AGAIN_S)

    async def kill(self, part):
        """False: it was dead already."""
        try:
            status, said = await self.ask("POST", f"/kill/{part}")
        except Unreachable as why:
            return await self.type(part, why)
        assert status in (200, 409), f"{part}: {said}"
        return status == 200

    async def type(self, part, why):
        """Kills by the console. why: there is no other way."""
        for _ in range(TYPED_MOST):
            seen = asyncio.create_task(self.console.death(part))
            self.console.type(f"\nkill {part}\n")
            try:
                return await asyncio.wait_for(seen, TYPED_S)
            except asyncio.TimeoutError:
                continue
        raise Unreachable(f"{why}; and nothing came of `kill {part}` on the console")

    async def parts(self):
        """Part -> what the supervisor has noted of it: deaths, pause_ms, pc, time_ns."""
        _, said = await self.ask("GET", "/parts")
        return {part["name"]: part for part in said["parts"]}
