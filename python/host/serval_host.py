"""serval_host.py: an app.py on this machine's own Python, for its tests: no guest, no network.

    import asyncio, serval_host
    from microdot.test_client import TestClient

    def test_hello(tmp_path):
        app = serval_host.load("app.py", root=tmp_path)
        answer = asyncio.run(TestClient(app).get("/api/hello"))
        assert answer.json == {"hello": "world"}

load() runs the file as webserver.py does, as __main__, and returns the application that would have the site. `root` is
what the export is to the program: where fs_async has its files, and website its folders. Beside this file lie stand-ins
for fs_async and website; of MicroPython's additions to CPython's modules those are here that programs use most. Where
PyJWT and uTemplate are not installed, Serval's own are taken.
"""

import asyncio
import gc
import importlib.util
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICKS = 1 << 30     # ticks_ms() counts modulo this


class AppError(Exception):
    """app.py leaves nothing to be served."""


class _Started(SystemExit):
    """The program would serve from here on. asyncio lets it pass."""


def ticks_ms():
    return time.monotonic_ns() // 1_000_000 % TICKS


def ticks_us():
    return time.monotonic_ns() // 1000 % TICKS


def ticks_diff(a, b):
    return (a - b + TICKS // 2) % TICKS - TICKS // 2


def _print_exception(exc, file=sys.stdout):
    traceback.print_exception(exc, file=file)


ADDITIONS = {
    time: {"ticks_ms": ticks_ms, "ticks_us": ticks_us, "ticks_diff": ticks_diff,
           "ticks_add": lambda a, b: (a + b) % TICKS,
           "sleep_ms": lambda ms: time.sleep(ms / 1000), "sleep_us": lambda us: time.sleep(us / 1_000_000)},
    asyncio: {"sleep_ms": lambda ms: asyncio.sleep(ms / 1000),
              "wait_for_ms": lambda awaitable, ms: asyncio.wait_for(awaitable, ms / 1000)},
    gc: {"mem_alloc": lambda: 60_000, "mem_free": lambda: 1_200_000},
    sys: {"print_exception": _print_exception},
}


def install():
    """The stand-ins can be imported, and CPython's modules have MicroPython's additions. May be called again."""
    for folder in (HERE, HERE.parent / "_lib"):     # the second for what is installed nowhere else
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder)) if folder == HERE else sys.path.append(str(folder))
    for module, additions in ADDITIONS.items():
        for name, value in additions.items():
            if not hasattr(module, name):
                setattr(module, name, value)
    if not hasattr(sys.implementation, "_machine"):
        sys.implementation._machine = "CPython in the place of Serval"


def _choose(names, started):
    """As webserver.py does."""
    from microdot import Microdot
    if started:
        return started[0]
    if callable(names.get("routes")):
        app = Microdot()
        names["routes"](app)
        return app
    found = {id(value): value for value in names.values() if isinstance(value, Microdot)}
    if isinstance(names.get("app"), Microdot):
        return names["app"]
    if len(found) == 1:
        return found.popitem()[1]
    raise AppError("it has several applications, none is named app, and none is run" if found else
                   "it has no routes(app) and no Microdot application")


def _forget_modules():
    """Of the program before: this one may have others of the same names."""
    for name in _modules:
        sys.modules.pop(name, None)
    _modules.clear()
    sys.path[:] = [folder for folder in sys.path if folder not in _folders]
    _folders.clear()


_modules, _folders = [], []


def _run(path, lib):
    """lib: where modules are looked for behind the program's own folder. What the program has then, by name. Its source is read each time: of one that was written anew within a second, and is
    as long as before, Python would take what it compiled last time."""
    spec = importlib.util.spec_from_file_location("__main__", path)
    module = importlib.util.module_from_spec(spec)
    before = set(sys.modules)
    _folders.extend((str(path.parent), str(lib)))
    sys.path[:0] = _folders
    sys.modules[path.stem] = module
    try:
        exec(spec.loader.source_to_code(path.read_bytes(), path), vars(module))
    except _Started:
        pass
    finally:
        _modules.extend(name for name in {path.stem, *sys.modules} - before
                        if str(getattr(sys.modules.get(name), "__file__", None)).startswith(tuple(_folders)))
    return vars(module)


def load(path, root=None):
    """The application of the program at `path`. root: the export, by default the folder that it lies in."""
    install()
    from microdot import Microdot
    import fs_async
    import website
    path = Path(path).resolve()
    fs_async.root = Path(root or path.parent).resolve()
    website.forget()
    _forget_modules()
    started = []

    def run(app, *_, **__):
        started.append(app)
        raise _Started

    async def start_server(app, *_, **__):
        run(app)

    before = Microdot.run, Microdot.start_server
    Microdot.run, Microdot.start_server = run, start_server
    try:
        names = _run(path, fs_async.root / "lib")
    finally:
        Microdot.run, Microdot.start_server = before
    return _choose(names, started)
