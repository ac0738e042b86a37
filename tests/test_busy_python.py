"""A program that computes at length cannot delay files. Answers are counted in windows of the same length, quiet and
busy in turns, in one boot; what is said to who waits for the program is looked at by the guest's own clock, which runs
ahead of ours while it computes (-icount)."""

import concurrent.futures
import contextlib
import email.utils
import json
import re
import subprocess
import time

import pytest
from serval import bench_load, build
from serval.http import Answer, Kept, endpoint, get, head_of, receive_all
from serval.qemu import Guest

PATIENCE_S = 60     # http/conn/limits.h
BODY_S = 30         # http/conn/limits.h
LATE_S = 5          # its clocks are looked at now and then
SLOTS = 64          # http/conn/limits.h
WAITING = SLOTS + 16
WINDOW_S = 0.4
CONNECTIONS = 16
SLOWER = 1.5        # no more than that: of 9820 answers in a second 6547
TRIES = 20          # pairs of windows, one behind the other, until it is so in one: others work here, too
COMPUTES_S = 2      # of the guest: the window lies in it, which is looked at
FAST_CLOCK = ["-icount", "shift=6,sleep=on"]    # 64 ns an instruction: while it computes an hour is some minutes
FILE = bytes(range(256)) * 4
APP = r"""
import asyncio
import gc
import re
import time
from microdot import Request

Request.max_content_length = 1 << 20
order = []
released = asyncio.Event()

async def say(*what):
    print(*what)
    await asyncio.sleep(0.02)           # then it is said; a call of C would keep it

def until(seconds):
    end = time.ticks_add(time.ticks_ms(), 1000 * seconds)
    return lambda: time.ticks_diff(end, time.ticks_ms()) > 0

def loop(goes_on):
    while goes_on():
        pass

def regex(goes_on):
    text = "a" * 135
    while goes_on():
        re.match("a*a*a*a*b", text)

def sort(goes_on):
    while goes_on():
        list(range(8500)).sort()

def memory(goes_on):
    hoard = []
    while goes_on():
        try:
            while True:
                hoard.append(bytearray(2000))
        except MemoryError:
            hoard.clear()
            gc.collect()

def one_call(work):
    begin = time.ticks_ms()
    done = iter((True, False))
    work(lambda: next(done))
    return time.ticks_diff(time.ticks_ms(), begin)

def routes(app):
    @app.get("/api/busy/<how>/<int:seconds>")
    async def busy(request, how, seconds):
        await say("busy:", how)
        {"loop": loop, "regex": regex, "sort": sort, "memory": memory}[how](until(seconds))
        return "done"

    @app.get("/api/call/<how>")
    async def call(request, how):
        return str(one_call({"regex": regex, "sort": sort}[how]))

    @app.get("/api/spin")
    async def spin(request):
        await say("busy: for ever")
        while True:
            pass

    @app.post("/api/reads/<int:seconds>")
    async def reads(request, seconds):
        await say("busy: before it reads")
        loop(until(seconds))
        count = 0
        while block := await request.stream.read(4096):
            count += len(block)
        return str(count)

    @app.get("/api/order/<int:number>")
    async def ordered(request, number):
        order.append(number)
        return "in order"

    @app.get("/api/order")
    async def told(request):
        was = list(order)
        order.clear()
        return {"order": was}

    @app.get("/api/accepted")
    async def accepted(request):
        print("accepted")
        await released.wait()
        return "late"

    @app.get("/api/hello")
    async def hello(request):
        return "hello"
"""


@pytest.fixture(scope="module")
def top(tmp_path_factory):
    top = tmp_path_factory.mktemp("files")
    (top / "www").mkdir()
    (top / "app.py").write_text(APP)
    (top / "www" / "file.bin").write_bytes(FILE)
    return top


def booted(top, log, *args):
    image = build.system("webserver", WEBSITE_FILES=top, WEBSITE_DIR="www")
    return Guest(image, {"http": ("tcp", "10.0.2.15", 80)}, log=log, args=args)


def ready(guest):
    guest.expect(r"Starting async server on 0\.0\.0\.0:80")
    assert get(guest.port("http"), "/file.bin").body == FILE


@pytest.fixture(scope="module")
def started(top, tmp_path_factory):
    with booted(top, tmp_path_factory.mktemp("busy") / "console.log") as guest:
        ready(guest)
        yield guest


@pytest.fixture
def guest(request, started):
    request.node.serval_guests = [started]
    return started


@pytest.fixture(scope="module")
def load_program(tmp_path_factory):
    return bench_load.compiled(tmp_path_factory.mktemp("load"))


def answers(load_program, guest, root):
    """How many answers of the file come in a window; each is whole."""
    host, port = endpoint(guest.port("http"))
    command = [load_program, "--host", host, "--port", port, "--path", "/file.bin", "--root", root, "--seconds",
               WINDOW_S, "--connections", CONNECTIONS, "--timeout", 30]
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert result["errors"] == {} and result["unfinished"] == 0, result
    return result["answers"]


def answers_while_it_computes(load_program, guest, root, how):
    """The same while a handler computes, from before the window to behind it; its own answer comes, too."""
    seconds = COMPUTES_S
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        while True:
            busy = pool.submit(get, guest.port("http"), f"/api/busy/{how}/{seconds}")
            guest.expect(f"busy: {how}")
            count = answers(load_program, guest, root)
            lasted = not busy.done()
            assert busy.result().body == b"done"
            if lasted:
                return count
            seconds *= 2            # this machine was slow
            assert seconds < 30, f"{count} answers took longer than {seconds // 2} s of computing"


@pytest.mark.alone
@pytest.mark.parametrize("how", ["loop", "regex", "sort", "memory"])
def test_files_go_on(guest, load_program, top, how):
    if how in ("regex", "sort"):    # one call of C that nothing of Python interrupts
        assert int(get(guest.port("http"), f"/api/call/{how}").body) > 500
    quiet, busy = [], []
    while not any(slow * SLOWER >= fast for fast, slow in zip(quiet, busy)):
        assert len(busy) < TRIES, f"quiet {quiet}, while it computes {busy} answers in {WINDOW_S} s"
        quiet.append(answers(load_program, guest, top / "www"))
        busy.append(answers_while_it_computes(load_program, guest, top / "www", how))
    assert get(guest.port("http"), "/api/hello").body == b"hello"


# -- who waits for the program -----------------------------------------------------------------------------------------

def date(answer):
    """The guest's clock, as of that answer."""
    return email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()


def computes(guest):
    """Once a second of the guest is over since it said so, it does."""
    with guest.connect() as sock:
        kept = Kept(sock)
        begin = date(kept.ask("/file.bin"))
        while date(kept.ask("/file.bin")) < begin + 2:
            pass


class Waiting:
    """Requests for the program, one connection each, which the front has got in this order."""

    def __init__(self, guest, paths_of):
        self.guest, self.paths, self.stack = guest, paths_of, contextlib.ExitStack()
        self.socks, self.sent = [], []

    def __enter__(self):
        with self.stack:
            kept = Kept(self.stack.enter_context(self.guest.connect()))
            for path in self.paths:
                sock = self.stack.enter_context(self.guest.connect(timeout=120))
                sock.sendall(head_of(path, Connection="close"))
                answer = kept.ask("/file.bin")      # what was sent before is there now
                assert answer.body == FILE
                self.socks.append(sock)
                self.sent.append(date(answer))
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def answers(self):
        return [Answer(receive_all(sock)) for sock in self.socks]


def test_answered_in_order(guest):
    """While it computes they wait: those in the ring, and behind them those for which there is no place."""
    for seconds in (5, 20, 80):     # of which all that is asked has to lie in one
        get(guest.port("http"), "/api/order")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            busy = pool.submit(get, guest.port("http"), f"/api/busy/loop/{seconds}")
            guest.expect("busy: loop")
            with Waiting(guest, [f"/api/order/{i}" for i in range(WAITING)]) as waiting:
                lasted = not busy.done()
                assert {a.body for a in waiting.answers()} == {b"in order"}
            assert busy.result().body == b"done"
        if lasted:
            break
    assert lasted, "this machine is too slow"
    assert json.loads(get(guest.port("http"), "/api/order").body)["order"] == list(range(WAITING))


def late(answer, sent):
    """By how much of the guest's time it came after the patience was over."""
    return date(answer) - sent - PATIENCE_S


@pytest.fixture
def fast(request, top, tmp_path):
    with booted(top, tmp_path / "console.log", *FAST_CLOCK) as guest:
        request.node.serval_guests = [guest]
        ready(guest)
        yield guest


def test_who_waits_too_long_is_told(fast):
    """503 where nobody has begun, 504 where somebody has; then, when it has ended, all is as before."""
    with Waiting(fast, ["/api/accepted"] * 2) as accepted:
        fast.expect("accepted")
        fast.expect("accepted")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            busy = pool.submit(get, fast.port("http"), f"/api/busy/loop/{2 * PATIENCE_S}")
            fast.expect("busy: loop")
            computes(fast)
            with Waiting(fast, [f"/api/order/{i}" for i in range(WAITING)]) as waiting:
                refused = waiting.answers()
            told = accepted.answers()
            assert busy.result().status == 504      # it has not begun its answer in time, either
    assert {a.status for a in refused} == {503} and {a.status for a in told} == {504}
    assert all(int(a.headers["retry-after"]) > 0 for a in refused)
    for answer, sent in [*zip(refused, waiting.sent), *zip(told, accepted.sent)]:
        assert -1 <= late(answer, sent) <= LATE_S, (answer.status, late(answer, sent))
    deadline = time.monotonic() + 120
    while get(fast.port("http"), "/api/hello").status != 200:
        assert time.monotonic() < deadline
    assert get(fast.port("http"), "/api/order").status == 200


def test_a_body_that_is_not_read(fast):
    """It is not the client that is late: no 408, however long the program computes before it reads."""
    body = bytes(500_000)       # more than what is between the two
    with fast.connect(timeout=120) as sock, concurrent.futures.ThreadPoolExecutor(1) as pool:
        sock.sendall(head_of(f"/api/reads/{BODY_S + 15}", "POST", Connection="close", Content_Length=str(len(body))))
        fast.expect("busy: before it reads")
        sent = pool.submit(sock.sendall, body)
        answer = Answer(receive_all(sock))
        sent.result()
    assert (answer.status, answer.body) == (200, b"%d" % len(body))


def test_a_handler_that_never_returns(fast):
    """Files are served for ever; who asks the program is told, again and again."""
    with Waiting(fast, ["/api/spin"]) as spin:
        fast.expect("busy: for ever")
        computes(fast)
        for _ in range(2):
            with Waiting(fast, ["/api/hello"] * 3) as waiting:
                assert [a.status for a in waiting.answers()] == [503] * 3
        assert [a.status for a in spin.answers()] == [504]
    assert get(fast.port("http"), "/file.bin").body == FILE
    for dead in ("fault", "assert", "refuses", "stopped"):
        assert not re.search(dead, fast.text())
