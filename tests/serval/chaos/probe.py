"""When is a service back? A request that only it can answer is made anew every few milliseconds, each on a way of its
own where the one before may be stuck; the first right answer counts.

deadline    the killer keeps a deadline of the timer driver
line        a line of the killer's appears on the console
typed       the killer says what was typed on the console
page        a small page from the cache, on a connection that is kept
file        a file that nobody has asked for yet, so it comes from the NFS server
connection  a small page on a new connection
program     a page that Python makes
handshake   a small page on a new connection with TLS, whose certificate has to be signed for
"""

import asyncio
import itertools
import time

from .client import Client, Died, Garbled
from .control import Unreachable
from .secure import Secure
from .site import program_page

EVERY_S = 0.02
PATIENCE_S = 5.0            # of one attempt
UNDER_WAY = 40              # attempts at a time
GIVEN_UP_S = 60.0
SPARE = 4                   # connections kept open, for `page` and `program`


class StayedDown(Exception):
    """A service that has not come back."""


class Probe:
    def __init__(self, connections, control, console, site, secure):
        """control: one of its own, for `deadline` and `line`. secure: (connections, certificate)."""
        self.connections, self.control, self.console, self.site = connections, control, console, site
        self.secure = secure
        self.fresh, self.words = itertools.cycle(site.groups["fresh"]), itertools.count(1)
        self.idle = []

    def close(self):
        self.control.close()
        for client in self.idle:
            client.close()

    async def until_back(self, service, since_s, limit_s=GIVEN_UP_S, every_s=EVERY_S):
        """Seconds from since_s to the first right answer. every_s: between two attempts."""
        attempt, begun = getattr(self, f"_{service}"), set()
        try:
            while True:
                if len(begun) < UNDER_WAY:
                    begun.add(asyncio.create_task(attempt()))
                ended, begun = await asyncio.wait(begun, timeout=every_s, return_when=asyncio.FIRST_COMPLETED)
                if any([task.result() for task in ended]):
                    return time.monotonic() - since_s
                if ended:               # a refusal comes at once
                    await asyncio.sleep(every_s - EVERY_S)
                if time.monotonic() > since_s + limit_s:
                    raise StayedDown(f"{service}: no right answer in {limit_s:.0f} s")
        finally:
            for task in begun:
                task.cancel()
            await asyncio.gather(*begun, return_exceptions=True)

    async def _get(self, client, path, expected):
        try:
            status, _, body = await client.ask("GET", path, patience_s=PATIENCE_S)
        except (Died, Garbled):
            return False
        return status == 200 and body == expected

    async def _kept(self, path, expected):
        client = self.idle.pop() if self.idle else Client(self.connections)
        right = await self._get(client, path, expected)
        if right and len(self.idle) < SPARE:
            self.idle.append(client)
        else:
            client.close()
        return right

    async def _page(self):
        path = self.site.groups["small"][0]
        return await self._kept(path, self.site.bodies[path])

    async def _file(self):
        path = next(self.fresh)
        return await self._kept(path, self.site.bodies[path])

    async def _program(self):
        return await self._kept("/api/page/7", program_page(7))

    async def _connection(self):
        return await self._anew(Client(self.connections))

    async def _handshake(self):
        connections, authority = self.secure
        return await self._anew(Client(connections, Secure(authority)))

    async def _anew(self, client):
        path = self.site.groups["small"][0]
        right = await self._get(client, path, self.site.bodies[path])
        client.close()
        return right

    async def _deadline(self):
        try:
            return (await self.control.ask("GET", "/deadline"))[0] == 200
        except Unreachable:
            return False

    async def _line(self):
        return await self._said(lambda word: self.control.ask("POST", f"/say/{word}"))

    async def _typed(self):
        async def typed(word):
            self.console.type(f"\nsay {word}\n")
        return await self._said(typed)

    async def _said(self, ask):
        word = f"still_here_{next(self.words)}"
        seen = asyncio.create_task(self.console.line(word))
        try:
            await ask(word)
            return await asyncio.wait_for(seen, PATIENCE_S)
        except (asyncio.TimeoutError, Unreachable):
            return False
        finally:
            seen.cancel()
