"""The console while parts die: who died when, lines that somebody waits for, and whether the machine has begun anew."""

import re
import threading
import time

FAULT = re.compile(r"fault: PD '([^']+)' ([^;\n]*)(?:; death \d+, restarted in (\d+) ms)?")
BOOT = re.compile(r"^(?:.*\| )?Serval \S+: ", re.M)     # the greeting of serial/virt_tx.c
START_S = 0.02      # it is under way then
FATAL = re.compile(r"^kernel: .*", re.M)


class Console:
    """Reads what a Guest says, in a thread of its own. `deaths`: [(time, part, cause)]."""

    def __init__(self, guest, loop):
        self.guest, self.loop = guest, loop
        self.deaths, self.boots, self.fatal = [], 0, []
        self.last, self.notes, self.back = {}, [], {}
        self.waiting = {}
        self.ended = self.gone = False
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def close(self):
        self.gone, self.ended = self.guest.ended, True
        with self.guest.changed:
            self.guest.changed.notify_all()
        self.thread.join()

    def expected(self, part):
        """It is killed by us: connections break from now on, whenever the line about it comes."""
        self.last[part] = time.monotonic()

    def resets(self):
        """How often the machine has begun anew while we watched; QEMU ends at a reset."""
        return self.boots + self.gone

    def note(self, text):
        """What we did ourselves, into the console's log."""
        self.notes.append((time.monotonic(), text))

    def last_notes(self, count=4):
        """Of what was done, the newest first."""
        return [text for _, text in self.notes[:-count - 1:-1]]

    def events(self):
        """Lines: what was done and who died, in order."""
        rows = [*self.notes, *((when, f"died: {part}: {cause}") for when, part, cause in self.deaths)]
        return [f"{when:12.3f} {text}" for when, text in sorted(rows)]

    def died(self, part):
        """When it died last, of time.monotonic(); 0: never."""
        return self.last.get(part, 0.0)

    def is_up(self, part):
        """Whether it has been restarted since it died last, and some time ago."""
        return time.monotonic() > self.back.get(part, 0.0) + START_S

    def type(self, text):
        self.guest.send(text.encode())

    async def death(self, part):
        """True, once the supervisor has said that this part has died."""
        return await self.line(f"fault: PD '{part}'")

    async def line(self, word):
        """True, once a line with this text has come, and behind it a blank or the line's end."""
        future = self.loop.create_future()
        self.waiting[word] = future
        try:
            return await future
        finally:
            self.waiting.pop(word, None)

    def _watch(self):
        done = len(self.guest.output)
        while not self.ended:
            with self.guest.changed:
                while len(self.guest.output) == done and not self.ended and not self.guest.ended:
                    self.guest.changed.wait(1)
                end = self.guest.output.rfind(b"\n", done) + 1
                text = self.guest.output[done:end].decode("utf-8", "replace") if end > done else ""
                if not text:
                    if self.guest.ended:
                        return
                    self.guest.changed.wait(0.2)
                    continue
            done = end
            self._take(text)

    def _take(self, text):
        for match in FAULT.finditer(text):
            self.last[match[1]] = time.monotonic()
            self.back[match[1]] = time.monotonic() + int(match[3] or 0) / 1000
            self.deaths.append((time.monotonic(), match[1], match[2]))
        self.boots += len(BOOT.findall(text))
        self.fatal += FATAL.findall(text)
        for word in [word for word in list(self.waiting) if re.search(rf"{word}\s", text)]:
            self.loop.call_soon_threadsafe(self._seen, word)

    def _seen(self, word):
        future = self.waiting.get(word)
        if future and not future.done():
            future.set_result(True)
