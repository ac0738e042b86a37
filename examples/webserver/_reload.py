"""_reload.py: a changed app.py takes effect, and so does a change of what it has imported from the export.

A request that comes when the last look was WEBSITE_FRESH_MS ago waits for the next one, for 0.1 s at most. Who asks
for no route is no such request: the front tells of those for which the site has nothing, and it is looked seldom, too,
where the front has been asked for something meanwhile. A file that does not compile is not taken: the console says
why, once, and what runs goes on. Else no request is taken any more: what comes waits for the next program; those under
way have some seconds to end; then the program may end by itself, and the interpreter begins anew.

A program that does not come back to its event loop, since it computes for ever or waits in the middle of a call, is looked
after all the same: it is interrupted for that, and where there is a change it ends at once.

A full heap does not end the watch, since a change may be what mends it: what finds no memory is done again later, or left
out. A file that finds no memory to be compiled in is taken: the next program begins with an empty heap.
"""

import asyncio
import errno
import gc
import os
import sys
import time

import _website
import fs_async
import website

FRESH_LEAST_MS = 50     # as the front's
SLOW_MS = 100           # a look that takes longer is not waited for
TAKE_MS = 2000          # nor is what becomes of a change that was found
SETTLE_MS = 50          # a file that has changed in this time is being written
GONE_MS = 1000          # one that is not there for so long has gone; some editors take a moment
SETTLE_TURNS = 100
DRAIN_MS = 3000         # for requests that are under way
TURN_MS = 20
END_MS = 1000           # for the program to end by itself
SELDOM_MS = 10_000
BUSY_MS = 4000          # who has not been in the event loop for so long; more than DRAIN_MS
MARK = b"\xef\xbb\xbf"     # before UTF-8, of some editors; the importer leaves it out, too


async def version_of(path):
    """What changes when the file does; None: it is not there. Raises OSError where that is not known."""
    try:
        return await fs_async.version(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            return None
        raise


async def settled(path, version):
    """Its version when it has not been written for a moment."""
    for _ in range(SETTLE_TURNS):
        await asyncio.sleep_ms(GONE_MS if version is None else SETTLE_MS)
        before, version = version, await version_of(path)
        if version == before:
            break
    return version


def mistake_in(text, path):
    """Why it does not compile; None: it does."""
    try:
        compile(str(text[len(MARK):] if text.startswith(MARK) else text, "utf-8"), path, "exec")
    except (SyntaxError, UnicodeError) as error:
        return website.traceback_of(error)


async def does_not_compile(path):
    """Why not; None: it does."""
    try:
        file = await fs_async.open(path)
        text = await file.read()
        await file.close()
        return mistake_in(text, path)
    except MemoryError:
        return None
    except OSError as error:
        if error.errno != errno.EISDIR:
            raise
        return "it is a folder\n"
    finally:
        text = None
        gc.collect()


def seconds_of(path):
    """As version_of(), without waiting in the event loop, and with times in seconds."""
    stat = os.stat(path)
    return stat[1], stat[6], stat[8], stat[9]


class Watch:
    def __init__(self, fresh_ms, always):
        """always: also where nobody asks for anything."""
        self.fresh_ms = max(fresh_ms, FRESH_LEAST_MS)
        self.seldom_ms = self.fresh_ms if always else max(SELDOM_MS, self.fresh_ms)
        self.always = always
        self.versions, self.refused = {}, {}
        self.looking, self.found, self.looked = False, False, asyncio.Event()
        self.leaving = False

    async def before(self, *paths):
        """What is known of these at the start."""
        for path in paths:
            try:
                if path not in self.versions:
                    self.versions[path] = await version_of(path)
            except OSError:
                pass

    def look_at_busy(self, _):
        """What it finds is a file that is there, is whole, and has another second."""
        try:
            path = self.leaving or self.has_other_seconds()
        except (OSError, MemoryError):
            return
        if path:
            if not self.leaving:
                print("webserver: %s has changed, and the program is busy: it is ended, and begins anew" % path[1:])
            _website.begin_anew()

    def has_other_seconds(self):
        for path in self.paths():
            version = self.versions.get(path)
            now = seconds_of(path) if version else None
            if now and now != version[:2] + (version[2] // 10**9, version[3] // 10**9):
                time.sleep_ms(SETTLE_MS)
                if seconds_of(path) == now and self.refused.get(path) != now and self.compiles(path, now):
                    return path

    def compiles(self, path, version):
        try:
            with open(path, "rb") as file:
                why = mistake_in(file.read(), path) if path.endswith(".py") else None
        except MemoryError:
            return True
        if why:
            self.refuse(path, version, why)
        return not why

    def watch_busy(self):
        """From now on."""
        _website.when_busy(BUSY_MS, self.look_at_busy)

    async def begin(self):
        """The site is served from now on."""
        try:
            await asyncio.wait_for_ms(self.before(*self.paths()), END_MS)
        except asyncio.TimeoutError:
            pass
        website.look, website.finish = self.look, self.drain
        _website.look_every(self.fresh_ms)
        asyncio.create_task(self.look_seldom())

    # -- looking -------------------------------------------------------------------------------------------------------

    async def look_seldom(self):
        asked = None
        while not self.leaving:
            try:
                requests = self.always or _website.requests()
                if self.always or requests != asked:
                    asked = requests
                    await self.look()
            except MemoryError:
                gc.collect()
            await asyncio.sleep_ms(self.seldom_ms)

    async def look(self):
        if not self.looking:
            asyncio.create_task(self.look_once())
            self.looking, self.found = True, False
            self.looked.clear()
        if not await self.has_looked(SLOW_MS) and self.found:
            await self.has_looked(TAKE_MS)

    async def has_looked(self, within_ms):
        try:
            await asyncio.wait_for_ms(self.looked.wait(), within_ms)
            return True
        except asyncio.TimeoutError:
            return False

    async def look_once(self):
        try:
            path = await self.changed()
            if path and not self.leaving:
                print("webserver: %s has changed: the application begins anew" % (path[1:] or "the top of the export"))
                asyncio.create_task(self.leave())
                self.leaving = True
                _website.serve(False)
        except OSError:         # the files are away
            pass
        except MemoryError:
            gc.collect()
        finally:
            self.looking = False
            self.looked.set()

    def paths(self):
        paths = list(self.versions)
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if path and not _website.is_frozen(path):
                path = path if path[0] == "/" else "/" + path
                if path not in self.versions:
                    paths.append(path)
        return paths

    async def changed(self):
        """The path of a file that has changed and can be taken, or None."""
        found = None
        for path in self.paths():
            version = await version_of(path)
            if path not in self.versions:
                self.versions[path] = version       # it has been imported since the last look
            elif version != self.versions[path] and await self.can_be_taken(path, version):
                found = path
        return found

    async def can_be_taken(self, path, version):
        if self.refused.get(path, ()) == version:
            return False
        self.found = True
        version = await settled(path, version)
        if version == self.versions[path]:
            return False
        why = await does_not_compile(path) if version and path.endswith(".py") else None
        if why:
            self.refuse(path, version, why)
        return not why

    def refuse(self, path, version, why):
        self.refused[path] = version
        print("webserver: %s has changed and does not compile; what was before goes on:\n%s" % (path[1:], why), end="")

    # -- leaving -------------------------------------------------------------------------------------------------------

    async def drain(self):
        """Before the server ends."""
        left_ms = DRAIN_MS if self.leaving else 0
        while left_ms > 0 and _website.under_way():
            await asyncio.sleep_ms(TURN_MS)
            left_ms -= TURN_MS
            self.watch_busy()   # a loop that always has something to do turns all the same

    async def settled_program(self):
        await settled("/app.py", await version_of("/app.py"))

    async def leave(self):
        try:
            await self.drain()
            await asyncio.sleep_ms(END_MS)
            await asyncio.wait_for_ms(self.settled_program(), TAKE_MS)     # the files may be away by now
        finally:
            _website.begin_anew()
