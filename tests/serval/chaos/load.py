"""64 clients that ask for files and pages, and compare every answer.

    load = Load(connections, site, seed, Tally())
    load.start(); ...; await load.stop()
    load.tally.count["right"], load.tally.share_right()

A request is one for its client, however often it was sent. One whose connection died with the front is made once more
for each of the front's deaths, of which one may strike what was made anew for the last; and so is one for the program
that was refused because the program had died under it. `again` counts both apart.
"""

import asyncio
import collections
import random
import time

from .client import DOWN_S, Client, Died, Garbled, Unshaken
from .secure import Secure
from .site import UPLOADS, program_page
from .verdict import HONEST, Verdict, judge

CLIENTS = 64
# Between two requests of a client, at most. Files go before Python's pages (the front's priority is higher), so clients
# that ask for as much as they can would starve those: all pause longer while the program's answers take long.
PAUSE_S, PAUSE_MOST_S = 0.1, 5.0
SLOW_S, QUICK_S = 1.0, 0.3
PATIENCE_S = 10.0       # for an answer; where the connection may have died with the front, SILENT_S
SILENT_S = 3.0
LOOK_S = 0.5            # between two looks at whether the front has died under a request
FRONT, PROGRAM = "http", "micropython"
SHAKERS = ("tls", "keys")       # a handshake under way may die with them; nothing else may
SECURE_EACH = 3                 # every third client speaks TLS, where it is not said otherwise; it
RENEWS, RESUMES = 0.1, 0.5  # has a new connection for this part of its requests, and resumes with this part of them
AFTER_S = 0.5           # a refusal says Retry-After: 2; a program that was killed is back before that
FORMER = 4              # of each client's uploads are known, to tell an old one from anything else
KEPT_MOST = 30          # wrong answers
TOLD_MOST = 50          # of what went wrong, in words
MIX = {"small": 46, "middle": 18, "large": 3, "cold": 10, "page": 14, "echo": 5, "upload": 4}
OF_PROGRAM = ("page", "echo", "upload")
UPLOAD_BYTES, ECHO_BYTES = (1000, 40_000), (1, 16_000)


class Tally:
    """count: right, refused, lost, old, wrong; again: requests that were made twice, by who had died; told: what went
    wrong, in words; wrong: (path, what came, what had to); secure: what became of requests over TLS; handshakes: of
    which kind."""

    def __init__(self):
        self.count, self.groups = collections.Counter(), collections.Counter()
        self.again, self.reasons = collections.Counter(), collections.Counter()
        self.secure, self.handshakes = collections.Counter(), collections.Counter()
        self.told, self.wrong = [], []

    def add(self, group, outcome, reason=""):
        self.count[outcome] += 1
        self.groups[group, outcome] += 1
        if outcome != "right":
            self.reasons[f"{outcome}, {group}: {reason}"] += 1

    def tell(self, text):
        if len(self.told) < TOLD_MOST:
            self.told.append(text)

    def keep(self, path, answer, expected):
        if len(self.wrong) < KEPT_MOST:
            self.wrong.append((path, answer, expected))

    def total(self):
        return sum(self.count.values())

    def share_right(self):
        return self.count["right"] / max(self.total(), 1)


class Load:
    """died(part): when it died last, of time.monotonic(); believed of broken connections and of refusals.
    meant(path, body, expected): asked about a body that is not right; what was meant to damage it, or None. note(text):
    what went wrong, at once. secure: (connections, certificate) for those who speak TLS."""

    def __init__(self, connections, site, seed, tally, died=lambda part: 0.0, meant=lambda *_: None,
                 note=lambda text: None, secure=None, secure_each=SECURE_EACH):
        self.connections, self.site, self.seed, self.secure = connections, site, seed, secure
        self.secure_each = secure_each
        self.died, self.meant, self.note = died, meant, note
        self.tally = tally
        self.tasks, self.pause_s = [], 4 * PAUSE_S
        self.former = collections.defaultdict(lambda: collections.deque(maxlen=FORMER))     # path -> bodies
        self.began_s = time.monotonic()

    def start(self):
        self.began_s = time.monotonic()
        self.ended = False
        self.tasks = [asyncio.create_task(self._run(n)) for n in range(CLIENTS)]

    async def stop(self, at_once=False):
        """Each ends the request that it has begun. at_once: of those nothing is expected any more."""
        self.ended = True
        for task in self.tasks if at_once else ():
            task.cancel()
        for result in await asyncio.gather(*self.tasks, return_exceptions=at_once):
            if isinstance(result, Exception):
                raise result

    def _client(self, number):
        if not self.secure or number % self.secure_each:
            return Client(self.connections)
        connections, authority = self.secure
        return Client(connections, Secure(authority, self.tally.handshakes))

    async def _run(self, number):
        rng = random.Random(f"{self.seed} client {number}")
        client = self._client(number)
        uploaded, name = {}, str(number)
        await asyncio.sleep(rng.random() * self.pause_s)
        while not self.ended:
            group = rng.choices(list(MIX), MIX.values())[0]
            if client.secure and rng.random() < RENEWS:
                client.renew(rng.random() < RESUMES)
            for request in self._requests(rng, name, group, uploaded):
                begun = time.monotonic()
                outcome = await self._one(client, group, *request)
                self._pace(group, time.monotonic() - begun)
                if client.secure:
                    self.tally.secure[outcome] += 1
                if group == "upload" and request[0] == "PUT":
                    uploaded.clear()
                    if outcome == "right" and not client.asked_again:
                        uploaded[request[1]] = request[2]
                    else:           # it may be stored later, or empty the file later: nobody knows what is there
                        name = f"{name.split('-')[0]}-{int(name.partition('-')[2] or 0) + 1}"
            await asyncio.sleep(rng.random() * self.pause_s)
        client.close()

    def _pace(self, group, took_s):
        if group not in OF_PROGRAM:
            return
        if took_s > SLOW_S:
            self.pause_s = min(1.3 * self.pause_s, PAUSE_MOST_S)
        elif took_s < QUICK_S:
            self.pause_s = max(0.97 * self.pause_s, PAUSE_S)

    def _requests(self, rng, name, group, uploaded):
        """(method, path, body, what the answer has to be), one or two."""
        if group == "page":
            n = rng.randrange(100_000)
            yield "GET", f"/api/page/{n}", b"", program_page(n)
        elif group == "echo":
            body = rng.randbytes(rng.randint(*ECHO_BYTES))
            yield "POST", "/api/echo", body, body
        elif group == "upload":
            body = rng.randbytes(rng.randint(*UPLOAD_BYTES))
            yield "PUT", f"/api/put/{name}.bin", body, b"stored"
            self.former[f"/{UPLOADS}/{name}.bin"].append(body)
            if uploaded:            # what was not confirmed, or asked for twice, is not known
                yield "GET", f"/{UPLOADS}/{name}.bin", b"", body
        else:
            path = rng.choice(self.site.groups[group])
            yield "GET", path, b"", self.site.bodies[path]

    async def _one(self, client, group, method, path, body, expected):
        """Once more for each death of those that may have died under it. What was asked for first may go on: its
        program does not end with the connection."""
        excused = {}
        while True:
            client.asked_again = bool(excused)
            begun = time.monotonic()
            try:
                status, _, answer = await self._ask(client, method, path, body)
            except Garbled as error:
                return self._ended(group, "wrong", path, f"no HTTP: {error}", begun)
            except Died as error:
                may_be = (FRONT, *SHAKERS) if isinstance(error, Unshaken) else (FRONT,)
                if not any(self._again(excused, part, client.used_s) for part in may_be):
                    return self._ended(group, "lost", path, str(error), begun)
                continue
            if status not in HONEST or group not in OF_PROGRAM or not self._again(excused, PROGRAM, begun - DOWN_S):
                return self._judged(group, path, status, answer, expected)
            await asyncio.sleep(AFTER_S)

    async def _ask(self, client, method, path, body):
        """Of a connection on which nothing can come any more a client learns by silence: one that was opened before the
        front died, and has not been seen alive since."""
        begun = time.monotonic()
        asked = asyncio.ensure_future(client.ask(method, path, body, PATIENCE_S))
        try:
            while not (await asyncio.wait({asked}, timeout=LOOK_S))[0]:
                died = self.died(FRONT)
                if client.is_open() and died >= client.alive_s and time.monotonic() > max(begun, died) + SILENT_S:
                    raise Died("silent")
            return asked.result()
        finally:
            if not asked.done():
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)

    def _again(self, excused, part, since_s):
        """Whether this one has died since then, and it is the first time that this death excuses the request."""
        died = self.died(part)
        if died < max(since_s, excused.get(part, 0)) or died == excused.get(part):
            return False
        excused[part] = died
        self.tally.again[part] += 1
        return True

    def _judged(self, group, path, status, answer, expected):
        verdict, reason = judge(status, answer, expected)
        outcome = {Verdict.RIGHT: "right", Verdict.REFUSED: "refused", Verdict.FAILED: "lost"}.get(verdict, "wrong")
        if outcome == "wrong" and status == 200 and (meant := self.meant(path, answer, expected)):
            outcome, reason = "got through", meant
        if outcome == "wrong" and status == 200 and answer in self.former[path]:
            outcome = "old"
        if outcome == "wrong":
            self.tally.keep(path, answer, expected)
        if outcome == "right":
            self.tally.add(group, outcome)
            return outcome
        return self._ended(group, outcome, path, reason, None)

    def _ended(self, group, outcome, path, reason, begun):
        self.tally.add(group, outcome, reason.split(",")[0])
        now = time.monotonic()
        waited = f" after {now - begun:.1f} s" if begun else ""
        if outcome not in ("refused", "lost"):
            self.note(f"{outcome}: {path}: {reason}{waited}")
        if outcome != "refused":
            self.tally.tell(f"{now - self.began_s:.1f} s: {outcome} {path}: {reason}{waited}")
        return outcome
