"""Python's files on an NFS server: what is imported, read, written and listed is all of it, whatever its size and name;
what ends midway leaves nothing behind."""

import functools
import os
import subprocess

import pytest

from serval import build, paths
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.repl import PythonError, Repl

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
    subprocess.run([MPY_CROSS, "-X", "heapsize=64m", "-o", scratch / "compiled.mpy", source], check=True)
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
