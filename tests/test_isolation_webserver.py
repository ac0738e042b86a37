"""Faults in the web server's protection domains while it serves: what is lost is what the one that died had to do.

For each of them a boot. Clients load pages in parallel; after a random number of answers QEMU's debugger stub turns
every fourth instruction of that domain's text into a random one that faults, so that it dies somewhere within its work,
and again whenever the supervisor has restarted it: for good, as far as the others are concerned. All that is random is
drawn from a seed (variable SEED of the environment) and the domain's name. That the others go on is seen by answers, by
the console, and by the instructions that they execute (bench/count.py); who has died, by the supervisor's notes.
"""

import contextlib
import os
import random
import re
import socket
import struct
import sys
import threading

import pytest
from serval import build, inside, paths
from serval.http import get
from serval.nfs import NfsServer
from serval.qemu import Guest

sys.path.insert(0, str(paths.TOP / "bench"))

from count import Counting  # noqa: E402

pytestmark = pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")),
                                reason="the official kernel says nothing of a fault in release")

SEED = os.environ.get("SEED") or "4711"
CLIENTS = 4
REQUESTS_AFTER = 40     # by each client, after the fault
NFS_ADDRESS, WEB_ADDRESS, PROGRAM_ADDRESS = "10.0.2.15", "10.0.2.16", "10.0.2.17"

# An instruction that faults, with 16 bits to fill in, and what the kernel calls it.
FAULTS = [
    (lambda n: n, "undefined instruction"),                             # udf
    (lambda n: 0xd4200000 | n << 5, "brk"),
    (lambda n: 0xd4000002 | n << 5, "undefined instruction"),           # hvc
    (lambda n: 0xd61f03e0, "instruction abort, fetch from 0x0000000000000000"),         # br xzr
    (lambda n: 0xd518c000 | n & 31, "undefined instruction"),           # msr vbar_el1, xN
    (lambda n: 0xd50340df | (n & 15) << 8, "system register or instruction not allowed"),   # msr daifset, #N
]

APP = """
import asyncio

async def tick():
    number = 0
    while True:
        await asyncio.sleep_ms(50)
        number += 1
        print("tick", number)

def routes(app):
    asyncio.create_task(tick())

    @app.get("/api/alive")
    async def alive(request):
        await asyncio.sleep_ms(20)
        return "alive"

    @app.get("/api/now")
    async def now(request):
        return "now"

    @app.get("/api/computed")
    async def computed(request):
        return str(sum(number & 1 for number in range(40000)))
"""
PAGES = {"/": b"start", "/about": b"about", "/kib.bin": random.Random(1).randbytes(1024),
         "/large.bin": random.Random(2).randbytes(200_003)}
LATER = {"/later.bin": random.Random(3).randbytes(200_003)}      # by nobody before
TICK = r"tick \d+\r?$"


class Load:
    """Clients that load pages, one after the other each, until they are told how many are left.
    Who gets no answer leaves."""

    def __init__(self, port):
        self.port = port
        self.answered, self.wrong = 0, []
        self.left = None
        self.changed = threading.Condition()
        self.threads = [threading.Thread(target=self._client, args=(n,), daemon=True) for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _client(self, number):
        pages = list(PAGES.items())
        while self._another():
            number += 1
            path, body = pages[number % len(pages)]
            try:
                answer = get(self.port, path)
                right = answer.status == 200 and answer.body == body
            except (OSError, AssertionError) as error:
                answer, right = error, False
            status = getattr(answer, "status", answer)
            with self.changed:
                self.answered += 1
                if not right:
                    self.wrong.append((path, status))
                self.changed.notify_all()
            if isinstance(status, Exception):
                return

    def _another(self):
        with self.changed:
            if self.left is None:
                return True
            self.left -= 1
            return self.left >= 0

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: self.answered >= count, timeout=30)

    def finish(self, count):
        """Lets all of them together make `count` more requests, beside those under way."""
        with self.changed:
            self.left = count
        for thread in self.threads:
            thread.join()


class Notes:
    """What the supervisor has noted of who has died (supervisor/proto.h)."""

    def __init__(self, image, guest):
        report = image.with_name("webserver.report.txt").read_text()
        self.guest = guest
        self.names = {int(number): name for name, number in
                      re.findall(r"^\d+ '([^']+)': .*\n +child (\d+) of 'supervisor'", report, re.M)}
        self.at = int(re.search(r"0x\w+ +(0x\w+) .* memory region 'supervisor_notes'", report)[1], 16)

    def deaths(self):
        """Names, in order; at most the last 31."""
        with self.guest.gdb.standing_still():
            page = self.guest.gdb.read_physical(self.at, 0x1000)
        count, = struct.unpack_from("<Q", page)
        return [self.names[struct.unpack_from("<I", page, 128 + 128 * (n % 31) + 8)[0]]
                for n in range(max(0, count - 31), count)]


class Running:
    """A web server with clients at it, and what can be seen of it."""

    def __init__(self, image, guest, counting):
        self.image, self.guest, self.counting = image, guest, counting
        self.notes = Notes(image, guest)
        self.load = Load(guest.port("http"))

    def damage(self, victim, rng):
        """Every fourth instruction of its text, somewhere, faults from now on."""
        domain = next(d for d in inside.domains(self.image) if d.name == victim)
        instruction, self.cause = rng.choice(FAULTS)
        with self.guest.gdb.standing_still():
            text = bytearray(self.guest.gdb.read_physical(domain.text_pa, domain.text_size))
            for at in rng.sample(range(0, len(text), 4), len(text) // 16):
                text[at:at + 4] = instruction(rng.getrandbits(16)).to_bytes(4, "little")
            self.guest.gdb.write_physical(domain.text_pa, text)

    def stir(self):
        """Something for every one of them to do: a character typed, datagrams to ports where nobody is."""
        self.guest.send(b"x")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for station in ("nobody at nfs", "nobody at the program"):
                sock.sendto(b"x", ("127.0.0.1", self.guest.port(station)))

    def dies(self, victim):
        """Twice at least."""
        for _ in range(600):
            self.stir()
            if self.notes.deaths().count(victim) > 1:
                return
            with contextlib.suppress(AssertionError):
                self.guest.expect(TICK, timeout=0.1)
        raise AssertionError(f"{victim} does not die")

    def ran(self, *names, before=None):
        """Waits until each of them has executed something more, than `before` where that is given."""
        before = before or self.counting.read()
        waiting = set(names)
        for _ in range(600):
            self.stir()
            now = self.counting.read()
            waiting -= {name for name in waiting if now[name] > before[name]}
            if not waiting:
                return
            with contextlib.suppress(AssertionError):
                self.guest.expect(TICK, timeout=0.1)
        raise AssertionError(f"{waiting} did nothing more")


# Who does what, and what is seen of the others when it is dead.

def nothing_is_lost(running):
    running.load.finish(CLIENTS * REQUESTS_AFTER)
    assert running.load.wrong == []


def what_is_known_is_served(running):
    """Without files: pages asked for before come as they were then, and what asks for no file is answered."""
    nothing_is_lost(running)
    for _ in range(20):
        assert get(running.guest.port("http"), "/api/alive").body == b"alive"
    running.guest.expect(TICK)


def nobody_waits_for_deadlines(running):
    """It dies again and again: what needs no time is answered, by the program, which may compute, and from files that nobody has
    asked for before."""
    nothing_is_lost(running)
    port, before = running.guest.port("http"), running.counting.read()
    for _ in range(20):
        assert get(port, "/api/now").body == b"now"
    assert get(port, "/api/computed").body == b"20000"
    for path, body in LATER.items():
        assert get(port, path).body == body
    running.ran(*SITE, before=before)


def the_program_runs_on(running):
    for _ in range(5):
        running.guest.expect(TICK)


CONSOLE = ["serial_driver", "serial_virt_rx", "serial_virt_tx"]
NETWORK = ["eth_driver", "net_virt_rx", "net_virt_tx"]
SITE = ["nfs", "http", "micropython"]
# victim: what must hold, who else must be seen to run on
VICTIMS = {
    "timer_driver": (nobody_waits_for_deadlines, CONSOLE[:2] + NETWORK + SITE),
    "serial_driver": (nothing_is_lost, ["timer_driver", *NETWORK, *SITE]),
    "serial_virt_rx": (nothing_is_lost, ["timer_driver", "serial_driver", "serial_virt_tx", *NETWORK,
                                         *SITE]),
    "serial_virt_tx": (nothing_is_lost, ["timer_driver", *CONSOLE[:2], *NETWORK, *SITE]),
    "eth_driver": (the_program_runs_on, ["timer_driver", *CONSOLE, "micropython"]),
    "net_virt_rx": (the_program_runs_on, ["timer_driver", *CONSOLE, "eth_driver", "micropython"]),
    "net_virt_tx": (the_program_runs_on, ["timer_driver", *CONSOLE, "eth_driver", "net_virt_rx", "nfs", "http", "micropython"]),
    "nfs": (what_is_known_is_served, ["timer_driver", *CONSOLE, *NETWORK, "http", "micropython"]),
    "http": (the_program_runs_on, ["timer_driver", *CONSOLE, *NETWORK, "nfs", "micropython"]),
    "micropython": (nothing_is_lost, [*CONSOLE[:2], *NETWORK, "nfs", "http"]),
}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    top = tmp_path_factory.mktemp("export")
    (top / "www").mkdir()
    (top / "app.py").write_text(APP)
    for name, data in {"index.html": PAGES["/"], "about.html": PAGES["/about"], "kib.bin": PAGES["/kib.bin"],
                       "large.bin": PAGES["/large.bin"], "later.bin": LATER["/later.bin"]}.items():
        (top / "www" / name).write_bytes(data)
    with NfsServer(top, tmp_path_factory.mktemp("nfs")) as server:
        yield build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                           NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)


def test_every_domain_has_its_turn(image):
    """But the supervisor and who gives it time: they run when somebody else has died; and who gives a seed to each at its
    start (tests/test_entropy.py kills that one)."""
    assert {domain.name for domain in inside.domains(image)} == {*VICTIMS, "supervisor", "supervisor_time", "entropy"}


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_fault_costs_what_that_domain_had_to_do(request, image, tmp_path, victim):
    holds, others = VICTIMS[victim]
    rng = random.Random(f"{SEED} {victim}")
    forwards = {"http": ("tcp", WEB_ADDRESS, 80), "nobody at nfs": ("udp", NFS_ADDRESS, 9),
                "nobody at the program": ("udp", PROGRAM_ADDRESS, 9)}
    with Counting(image.with_name("webserver.report.txt"), tmp_path) as counting, \
            Guest(image, forwards, args=counting.qemu_args, log=tmp_path / "console.log", debug=True) as guest:
        request.node.serval_guests = [guest]
        guest.gdb.go_on()
        guest.expect(TICK)
        for path, body in PAGES.items():
            assert get(guest.port("http"), path).body == body
        running = Running(image, guest, counting)
        running.load.wait(rng.randrange(10, 60))
        assert running.load.wrong == []
        running.damage(victim, rng)
        running.dies(victim)
        running.ran(*others)
        holds(running)
        assert set(running.notes.deaths()) == {victim}, "nobody else"
        if victim not in CONSOLE:
            guest.expect(rf"fault: PD '{victim}' {running.cause}, pc 0x")
        assert "kernel: " not in guest.text()
