"""What is served in a measurement: incompressible files of five sizes, files to be read once, a page, routes in
Python, some of which compute."""

import os

SIZES = {"1 KiB": 1 << 10, "10 KiB": 10 << 10, "100 KiB": 100 << 10, "1 MiB": 1 << 20, "10 MiB": 10 << 20}
COLD = {"1 KiB": 400, "1 MiB": 24}      # files of each size that nobody has read yet
FOLDER = "site"
# Pages that Python makes: what each has to be, whoever makes it.
PAGES = {"hello": b"hello",
         "table": b"".join(b"<tr><td>%d<td>%d\n" % (n, n * n % 97) for n in range(100))}
PAGES_FOLDER = "pages"
# Ways to compute that let nobody else of the program run, by name: "loop" is one of Python, "call" long calls of C,
# "memory" takes all that there is, again and again.
COMPUTES = ("loop", "call", "memory")
# What /bench/vitals tells is what bench/soak.py holds flat; the counters of the native front where there is one.
APP = '''\
import asyncio
import gc
import time

numbers = list(range(8000))


def loop(_):
    pass


def call(_):
    numbers.sort()                  # in order already: a quicksort's worst case


def memory(hoard):
    try:
        while True:
            hoard.append(bytearray(2000))
    except MemoryError:
        hoard.clear()


def front():
    try:
        from _website import counters
        return counters()
    except (ImportError, AttributeError):
        return {}


def routes(app):
    @app.get("/bench/hello")
    async def hello(request):
        return "hello"

    @app.get("/bench/table")
    async def table(request):
        rows = ["<tr><td>%d<td>%d\\n" % (n, n * n % 97) for n in range(100)]
        return "".join(rows), {"Content-Type": "text/html"}

    @app.get("/bench/compute/<how>/<int:seconds>")
    async def compute(request, how, seconds):
        print("computes:", how)
        await asyncio.sleep(0.02)       # then it is said; a call of C would keep it
        step, hoard, end = globals()[how], [], time.time() + seconds
        while time.time() < end:
            step(hoard)
        return "done"

    @app.get("/bench/vitals")
    async def vitals(request):
        gc.collect()
        return dict(front(), python_heap=gc.mem_alloc())
'''


def path(what):
    """Of a size or of a page."""
    return f"/bench/{SIZES[what]}.bin" if what in SIZES else f"/bench/{what}"


def compute_path(how, seconds):
    return f"/bench/compute/{how}/{seconds}"


def cold_path(size):
    """% stands for a number below COLD[size] (bench/load.c)."""
    return f"/cold/{SIZES[size]}-%.bin"


def make_pages(scratch):
    """Returns the folder of what the pages of Python have to be: for the load generator alone, no server has it."""
    folder = scratch / PAGES_FOLDER / "bench"
    folder.mkdir(parents=True)
    for name, body in PAGES.items():
        (folder / name).write_bytes(body)
    return folder.parent


def make(export):
    """Returns the site's folder below `export`."""
    site = export / FOLDER
    for folder in ("bench", "cold"):
        (site / folder).mkdir(parents=True)
    (export / "app.py").write_text(APP)
    (site / "index.html").write_text("<!doctype html><title>measured</title>")
    for size, length in SIZES.items():
        (site / path(size)[1:]).write_bytes(os.urandom(length))
    for size, count in COLD.items():
        for number in range(count):
            (site / cold_path(size)[1:].replace("%", str(number))).write_bytes(os.urandom(SIZES[size]))
    return site
