"""queues.py: asyncio.Queue and its kin, which MicroPython's asyncio lacks."""

from .event import Event


class QueueEmpty(Exception):
    pass


class QueueFull(Exception):
    pass


class Queue:
    """In order; maxsize 0: as long as the memory lasts."""

    def __init__(self, maxsize=0):
        self.maxsize = maxsize
        self._items = []
        self._changed, self._all_done = Event(), Event()
        self._all_done.set()
        self._unfinished = 0

    def _put(self, item):
        self._items.append(item)

    def _get(self):
        return self._items.pop(0)

    def qsize(self):
        return len(self._items)

    def empty(self):
        return not self._items

    def full(self):
        return 0 < self.maxsize <= len(self._items)

    def _tell(self):
        """Who waits looks again."""
        self._changed.set()
        self._changed = Event()

    def put_nowait(self, item):
        if self.full():
            raise QueueFull
        self._put(item)
        self._unfinished += 1
        self._all_done.clear()
        self._tell()

    def get_nowait(self):
        if not self._items:
            raise QueueEmpty
        item = self._get()
        self._tell()
        return item

    async def put(self, item):
        while self.full():
            await self._changed.wait()
        self.put_nowait(item)

    async def get(self):
        while not self._items:
            await self._changed.wait()
        return self.get_nowait()

    def task_done(self):
        if self._unfinished == 0:
            raise ValueError("task_done() called too many times")
        self._unfinished -= 1
        if self._unfinished == 0:
            self._all_done.set()

    async def join(self):
        await self._all_done.wait()


class LifoQueue(Queue):
    def _get(self):
        return self._items.pop()


class PriorityQueue(Queue):
    """The smallest item first."""

    def _get(self):
        at = min(range(len(self._items)), key=lambda i: self._items[i])
        return self._items.pop(at)
