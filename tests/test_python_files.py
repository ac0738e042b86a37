"""Python's files on an NFS server: what is imported, read, written and listed is all of it, whatever its size and name;
what ends midway leaves nothing behind."""

import functools
import os
import subprocess

import pytest

from serval import build, paths
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.repl import Repl

MPY_CROSS = paths.CACHE / "obj/host/mpy-cross/mpy-cross"
BUFFERS = (64, 255, 256, 4096, 8192, 16384, 65536)      # of anybody on the way
SIZES = sorted({size + more for size in BUFFERS for more in (-1, 0, 1)} | {3 * 8192, 40_000, 1 << 20})

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's private NFS server only reads")


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def server(export, tmp_path_factory):
    with NfsServer(export, tmp_path_factory.mktemp("nfs")) as running:
        yield running


@pytest.fixture(scope="module")
def prompt(server, tmp_path_factory):
    image = build.system("python_nfs", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                         NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
    with Guest(image, log=tmp_path_factory.mktemp("python_nfs") / "console.log") as guest:
        guest.expect(r"NFS 10\.0\.2\.2:.*: mounted")
        guest.send(b"\r")
        yield Repl(guest)


@pytest.fixture
def repl(request, prompt):
    """A fresh interpreter for each test."""
    request.node.serval_guests = [prompt.guest]
    prompt.soft_reset()
    return prompt


# -- modules -----------------------------------------------------------------------------------------------------------


def source_of(size):
    """A module of `size` bytes whose last line sets `end`."""
    last = f"\nend = {size}\n"
    return "begin = 1\n" + ("# " + "x" * 97 + "\n") * (size // 100 + 1), last


def write_source(path, size):
    text, last = source_of(size)
    path.write_text(text[:size - len(last)] + last)
    assert path.stat().st_size == size


@functools.cache
def bytecode_of(data_size, scratch):
    source = scratch / "compiled.py"
    source.write_text(f"data = {'d' * data_size!r}\nend = len(data)\n")
    subprocess.run([MPY_CROSS, "-X", "heapsize=64m", "-s", source.name, "-o", scratch / "compiled.mpy", source], check=True)
    return (scratch / "compiled.mpy").read_bytes()


def write_bytecode(path, size, scratch):
    """A module of exactly `size` bytes: a long string in it takes what is left."""
    count = size - len(bytecode_of(size, scratch)) + size
    for data_size in range(count - 3, count + 4):       # its length has one byte per seven bits
        code = bytecode_of(data_size, scratch)
        if len(code) == size:
            path.write_bytes(code)
            return data_size
    raise AssertionError(f"no bytecode of {size} bytes")


def test_source_of_every_size(repl, export):
    for size in SIZES:
        write_source(export / f"source{size}.py", size)
    assert repl.run(f"""
import gc, sys
for size in {SIZES}:
    module = __import__('source%d' % size)
    print(size, getattr(module, 'end', 'cut'))
    del sys.modules['source%d' % size], module
""") == "".join(f"{size} {size}\n" for size in SIZES)


def test_where_modules_lie(repl, export):
    """In the order that docs/python.md gives: a fuller module of the site's takes the place of an everyday one."""
    (export / "lib" / "package").mkdir(parents=True)
    (export / "lib" / "library.py").write_text("of = 'lib'")
    (export / "lib" / "package" / "__init__.py").write_text("from .part import of")
    (export / "lib" / "package" / "part.py").write_text("of = 'part'")
    (export / "lib" / "functools.py").write_text("of = 'lib'")
    (export / "lib" / "asyncio.py").write_text("of = 'lib'")
    assert repl.run("""
import asyncio, functools, library, os, package, sys
print(sys.path, library.of, package.of, functools.of, hasattr(asyncio, 'of'))
os.mkdir('/elsewhere')
os.chdir('/elsewhere')
sys.modules.pop('library')
import library
print(library.of)
""") == "['.frozen', '', '/lib', '.frozen/_lib'] lib part lib False\nlib\n"


def test_bytecode_of_every_size(repl, export, tmp_path):
    sizes = [size for size in SIZES if size > 200]
    ends = [write_bytecode(export / f"bytecode{size}.mpy", size, tmp_path) for size in sizes]
    assert repl.run(f"""
import sys
for size in {sizes}:
    module = __import__('bytecode%d' % size)
    print(size, module.end)
    del sys.modules['bytecode%d' % size], module
""") == "".join(f"{size} {end}\n" for size, end in zip(sizes, ends))


def test_bytecode_that_is_cut(repl, export, tmp_path):
    """A part of a file, as an upload under way leaves it, is an error, not a loop."""
    code = bytecode_of(20_000, tmp_path)
    sizes = [*range(0, 60, 7), 8192, 19_000, len(code) - 1]
    for size in sizes:
        (export / f"cut{size}.mpy").write_bytes(code[:size])
    assert repl.run(f"""
for size in {sizes}:
    try: __import__('cut%d' % size)
    except ValueError as e: print(size, 'refused')
""") == "".join(f"{size} refused\n" for size in sizes)


# -- reading and writing -----------------------------------------------------------------------------------------------


def test_reads_are_short_at_the_end_only(repl, export):
    """Whatever was read before, and however long the file: as much as was asked for."""
    data = os.urandom(200_000)
    (export / "data.bin").write_bytes(data)
    assert repl.run("""
import asyncio, fs_async
data = open('/data.bin', 'rb').read()
def check(got, at, size):
    if got != data[at:at + size]: print('wrong', at, size, len(got))
sizes = [1, 2, 100, 4095, 8191, 8192, 8193, 16384, 65535, 65536, 65537, 131073, 250000]
with open('/data.bin', 'rb') as f:
    for first in sizes:
        for second in sizes:
            f.seek(0)
            check(f.read(first), 0, first)
            check(f.read(second), first, second)
    buffer = bytearray(100000)
    f.seek(8000)
    print(f.readinto(buffer), buffer == data[8000:108000], f.readinto(buffer), f.tell(), f.read(1))
async def main():
    f = await fs_async.open('/data.bin')
    for at in 0, 1, 8191, 65535, 199999, 200000, 300000:
        for size in sizes + [1 << 40]:
            check(await f.pread(size, at), at, size)
    check(await f.read(3), 0, 3)
    check(await f.read(-1), 3, 200000)
    print(await f.readinto(buffer, 150000))
asyncio.run(main())
print(len(data))
""") == "100000 True 92000 200000 b''\n50000\n200000\n"


def test_what_is_appended_goes_to_the_end(repl, export):
    """... as it is then, by fs_async and open: also of what others have written since, and in several commands."""
    (export / "log").write_bytes(b"one\n")
    assert repl.run("""
import asyncio, fs_async
async def main():
    f = await fs_async.open('/log', 'a')
    print(await f.write(b'two\\n'))
    with open('/log', 'a') as g: g.write('three\\n')
    print(await f.write(b'x' * 100000), await f.write(''), await f.write('end'))
    await f.pwrite(b'O', 0)
    await f.close()
    f = await fs_async.open('/begun', 'a+')
    print(await f.write('ab'), await f.pread(9, 0), await f.write('c'), await f.read(9), await f.pread(9, 0))
    await f.close()
asyncio.run(main())
""") == "4\n100000 0 3\n2 b'ab' 1 b'' b'abc'\n"
    assert (export / "log").read_bytes() == b"One\ntwo\nthree\n" + b"x" * 100000 + b"end"
    assert (export / "begun").read_bytes() == b"abc"


def test_a_buffer_that_shrinks(repl, export):
    """What is behind its end is not written."""
    assert repl.run("""
import asyncio, fs_async
async def main():
    f = await fs_async.open('/d', 'w')
    data = bytearray(200000)
    task = asyncio.create_task(f.write(data))
    await asyncio.sleep(0)
    data[:] = b''
    try: print(await task)
    except ValueError as e: print(e)
asyncio.run(main())
""") == "buffer has shrunk\n"
    assert not (export / "d").read_bytes().strip(b"\0")


# -- what ends midway --------------------------------------------------------------------------------------------------

MIDWAY = """
import asyncio, fs_async, gc, micropython, os, time
try: os.mkdir('/midway')
except OSError: pass
with open('/midway/file', 'w') as f: f.write('x' * 100000)
class Locked:
    # awaits `operation`; at its turn number `at` there is no memory
    def __init__(self, operation, at): self.operation, self.at = operation, at
    def __iter__(self): return self
    def __next__(self):
        self.at -= 1
        if self.at: return self.operation.send(None)
        micropython.heap_lock()
        try: return self.operation.send(None)
        finally: micropython.heap_unlock()
async def locked(operation, at):
    try: return await Locked(operation, at)
    except MemoryError: return 'no memory'
async def cancelled(operation, after):
    task = asyncio.create_task(awaited(operation))
    await asyncio.sleep(0)
    if after: time.sleep_ms(after)      # the server answers meanwhile
    task.cancel()
    try: await task
    except asyncio.CancelledError: pass
async def awaited(operation): return await operation
async def everything(end):
    f = await fs_async.open('/midway/file', 'r+')
    buffer = bytearray(70000)
    async def one(make):
        await end(make())
    await one(lambda: fs_async.open('/midway/file'))
    await one(lambda: fs_async.stat('/midway/file'))
    await one(lambda: f.read(90000))
    await one(lambda: f.readinto(buffer))
    await one(lambda: f.pwrite(b'x' * 70000, 0))
    await one(lambda: fs_async.listdir('/midway'))
    await one(lambda: fs_async.ilistdir('/midway').__anext__())
    await one(lambda: fs_async.rename('/midway/file', '/midway/file'))
    await end(f.close())
async def check():
    f = await fs_async.open('/midway/file')
    print(len(await asyncio.wait_for(f.read(-1), 20)), await asyncio.wait_for(fs_async.listdir('/midway'), 20))
    await f.close()
"""


@pytest.mark.parametrize("end", [
    "lambda operation: cancelled(operation, 0)",
    "lambda operation: cancelled(operation, 3)",
    "lambda operation: locked(operation, 1)",
    "lambda operation: locked(operation, 2)",
    "lambda operation: locked(operation, 3)",
])
def test_what_ends_midway_leaves_nothing(repl, end):
    """Cancelled before and after the server's answer, or out of memory at any turn: 300 times, of 5 places for operations
    and 256 for open files."""
    assert repl.run(MIDWAY + f"""
async def main():
    for i in range(300):
        try: await everything({end})
        except OSError as e: print(i, repr(e)); break
    await check()
asyncio.run(main())
gc.collect()
""") == "100000 ['file']\n"


def test_closes_that_nobody_waits_for(repl):
    assert repl.run(MIDWAY + """
async def main():
    for i in range(600):
        f = await fs_async.open('/midway/file')
        f.close()
        if i % 20 == 0: gc.collect()
    await check()
asyncio.run(main())
""") == "100000 ['file']\n"


def test_buffers_of_cancelled_operations_are_free(repl):
    """The server's late answer goes nowhere: other objects lie where the buffers were."""
    assert repl.run(MIDWAY + """
async def main():
    f = await fs_async.open('/midway/file', 'r+')
    for i in range(100):
        for make in lambda: f.readinto(bytearray(60000)), lambda: f.pwrite(bytearray(60000), 0), lambda: f.pread(60000, 0):
            await cancelled(make(), 0)
        gc.collect()
        mine = [bytearray(b'm' * 60000) for _ in range(20)]
        await asyncio.sleep_ms(2)
        if any(m != b'm' * 60000 for m in mine): print('overwritten')
    await f.close()
    await check()
asyncio.run(main())
""") == "100000 ['file']\n"


# -- directories -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large_directory(export):
    folder = export / "large"
    folder.mkdir()
    for i in range(20_000):
        (folder / f"{i:05}{'x' * 60}").touch()
    return folder


def test_a_large_directory_one_by_one(repl, large_directory):
    assert repl.run("""
import asyncio, fs_async, gc, os
def seen(names, name):
    number = int(name[:5])
    names[number // 8] |= 1 << number % 8
async def by_await(names):
    most = 0
    count = 0
    async for name, kind, _ in fs_async.ilistdir('/large'):
        seen(names, name)
        count += 1
        if count % 1000 == 0:
            gc.collect()
            most = max(most, gc.mem_alloc())
    return count, most
def by_os(names):
    most = 0
    count = 0
    for name, kind, _ in os.ilistdir('/large'):
        seen(names, name)
        count += 1
        if count % 1000 == 0:
            gc.collect()
            most = max(most, gc.mem_alloc())
    return count, most
for each in lambda names: asyncio.run(by_await(names)), by_os:
    names = bytearray(2500)
    gc.collect()
    before = gc.mem_alloc()
    count, most = each(names)
    print(count, all(b == 255 for b in names), most - before < 30000)
""", timeout=300) == "20000 True True\n20000 True True\n"


def test_what_a_listing_held_is_free_after_it(repl, large_directory):
    """... at once, while asyncio goes on with other things, and after an error, too."""
    assert repl.run("""
import asyncio, fs_async, gc
async def names(): return len(await fs_async.listdir('/large'))
async def main():
    await asyncio.sleep(0)
    gc.collect()
    before = gc.mem_alloc()
    print(await names())
    await asyncio.sleep(0)
    gc.collect()
    print(gc.mem_alloc() - before < 20000)
asyncio.run(main())
""", timeout=300) == "20000\nTrue\n"


def test_a_listing_that_is_left(repl):
    """Left in its middle, closed, read by two, or cancelled: no directory stays open, and no entry is lost silently."""
    assert repl.run(MIDWAY + """
async def left():
    async for entry in fs_async.ilistdir('/'): return entry
async def main():
    for i in range(600):
        await left()
        listing = fs_async.ilistdir('/')
        await listing.__anext__()
        listing.close()
        if i % 20 == 0: gc.collect()
    try: await listing.__anext__()
    except OSError as e: print(e.errno)
    listing = fs_async.ilistdir('/midway')
    await cancelled(listing.__anext__(), 3)
    try: await listing.__anext__()
    except OSError as e: print(e.errno)
    listing = fs_async.ilistdir('/midway')
    first = asyncio.create_task(awaited(listing.__anext__()))
    await asyncio.sleep(0)
    try: await listing.__anext__()
    except RuntimeError as e: print(e)
    print(await first)
    for i in range(2):
        try: await listing.__anext__()
        except StopAsyncIteration: print('end')
    try: await fs_async.ilistdir('/none').__anext__()
    except OSError as e: print(e.errno)
    try: list(fs_async.ilistdir('/midway'))
    except TypeError as e: print(e)
    await check()
asyncio.run(main())
""") == "9\n9\nlisting is being read\n('file', 32768, 0)\nend\nend\n2\nuse async for\n100000 ['file']\n"


def test_a_listing_that_is_closed_while_it_is_read(repl):
    """Before its directory is opened, meanwhile, and while entries are on their way: it ends, and nothing stays open."""
    assert repl.run(MIDWAY + """
async def closed(listing, turns):
    operation = listing.__anext__()
    if turns == 0: listing.close()
    task = asyncio.create_task(awaited(operation))
    for _ in range(turns): await asyncio.sleep(0)
    listing.close()
    try: return await asyncio.wait_for(task, 20)
    except OSError as e: return e.errno
async def main():
    seen = set()
    for i in range(300):
        for turns in 0, 1: seen.add(await closed(fs_async.ilistdir('/midway'), turns))
        listing = fs_async.ilistdir('/midway')
        await listing.__anext__()
        seen.add(await closed(listing, 1))
    print(seen)
    await check()
asyncio.run(main())
""") == "{9}\n100000 ['file']\n"


def test_names_that_are_no_utf8(repl, export):
    """They are listed as bytes, and taken back; the others are as ever."""
    folder = os.fsencode(export / "names")
    os.mkdir(folder)
    for name in (b"plain", "gr\u00fc\u00df".encode(), b"lat\xfcn", b"\xff\xfe"):
        with open(folder + b"/" + name, "wb") as file:
            file.write(name)
    assert repl.run("""
import asyncio, fs_async, os
def show(names): print(sorted(map(repr, names)))
show(os.listdir('/names'))
show(name for name, *_ in os.ilistdir('/names'))
show(os.listdir(b'/names'))
for name in os.listdir(b'/names'):
    if open(b'/names/' + name, 'rb').read() != name: print('wrong', name)
os.rename(b'/names/\\xff\\xfe', b'/names/\\xfd')
print(os.stat(b'/names/\\xfd')[6])
os.remove(b'/names/\\xfd')
os.mkdir(b'/names/\\xfa')
os.chdir(b'/names/\\xfa')
print(os.getcwd(), os.listdir('..').count(b'\\xfa'))
os.chdir('/')
os.rmdir(b'/names/\\xfa')
async def main():
    show(await fs_async.listdir('/names'))
    show(await fs_async.listdir(b'names'))
    async for name, *_ in fs_async.ilistdir('/names'):
        if isinstance(name, bytes):
            f = await fs_async.open(b'names/' + name)
            print(await f.read(), (await fs_async.stat(b'/names/' + name))[6])
            await f.close()
            await fs_async.rename(b'/names/' + name, b'/names/\\xf0')
            await fs_async.remove(b'/names/\\xf0')
    try: await fs_async.open('/names/pl\\0ain')
    except ValueError as e: print(e)
asyncio.run(main())
""") == (
        """["'gr\\\\xfc\\\\xdf'", "'plain'", "b'\\\\xff\\\\xfe'", "b'lat\\\\xfcn'"]\n""" * 2 +
        """["b'\\\\xff\\\\xfe'", "b'gr\\\\xc3\\\\xbc\\\\xc3\\\\x9f'", "b'lat\\\\xfcn'", "b'plain'"]\n""" +
        "2\nb'/names/\\xfa' 1\n" +
        """["'gr\\\\xfc\\\\xdf'", "'plain'", "b'lat\\\\xfcn'"]\n""" +
        """["b'gr\\\\xc3\\\\xbc\\\\xc3\\\\x9f'", "b'lat\\\\xfcn'", "b'plain'"]\n""" +
        "b'lat\\xfcn' 5\nembedded null\n")


def test_errors_have_their_names(repl, export):
    (export / "folder").mkdir(exist_ok=True)
    (export / "folder" / "inside").touch()
    assert repl.run("""
import errno, os
def error(f, *a):
    try: f(*a)
    except OSError as e: print(errno.errorcode[e.errno], e)
error(open, '/none')
error(open, '/folder/inside/deeper')
error(os.rmdir, '/folder')
error(os.stat, '/' + 'x' * 300)
error(os.mkdir, '/folder')
error(open, '/folder')
print(errno.EROFS, errno.ELOOP, errno.ENOSPC, errno.ESTALE)
""") == ("ENOENT [Errno 2] ENOENT\nENOTDIR [Errno 20] ENOTDIR\nENOTEMPTY [Errno 39] ENOTEMPTY\n"
         "ENAMETOOLONG [Errno 36] ENAMETOOLONG\nEEXIST [Errno 17] EEXIST\nEISDIR [Errno 21] EISDIR\n"
         "30 40 28 116\n")


def test_modes_that_are_none(repl, export):
    """"rw" is none, or it would empty the file."""
    (export / "kept").write_text("kept")
    assert repl.run("""
import asyncio, fs_async
def wrong(run):
    try: run()
    except ValueError as e: print(e)
for mode in ('rw', 'wr', 'ax', 'q', 'r w'):
    wrong(lambda: open('/kept', mode))
    wrong(lambda: asyncio.run(fs_async.open('/kept', mode)))
print(open('/kept').read(), open('/kept', '').read(), open('/kept', 'r+b').read())
""") == "invalid mode\n" * 10 + "kept kept b'kept'\n"
    assert (export / "kept").read_text() == "kept"
