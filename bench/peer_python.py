"""The same machine with Python besides: Debian's CPython and uvicorn, Debian's MicroPython (its unix port), and
Microdot from PyPI, the same files that Serval's image has.

    peer = PythonPeer(programs, scratch)        # all else as peer.Peer

Its initramfs is its own, so that what stands for Linux with nginx holds nothing that nginx does not need.
"""

import re

from peer import DIRECTORY, FILE, OURS, PROGRAM, TOP, Peer, fetch, only, version

CPYTHON, MICROPYTHON = "python-arm64", "micropython-arm64"      # in third_party/PROGRAMS
MICRODOT = TOP / "third_party" / "src" / "microdot" / "microdot"
LIB = "usr/lib/aarch64-linux-gnu"
STDLIB = "usr/lib/python3.11"
PACKAGES = "usr/lib/python3/dist-packages"
FOLDERS = ["python", "python/microdot", "python/micropython"]
CPYTHON_LIBRARIES = ["libexpat.so.1", "libm.so.6", "libhttp_parser.so.2.9", "libuv.so.1"]
# MicroPython is of a later release, which the tree's own interpreter comes from, too: it has that release's libraries.
MICROPYTHON_LIBRARIES = ["ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libffi.so.8", "libmbedcrypto.so.16",
                         "libmbedtls.so.21", "libmbedx509.so.7"]
NOT_NEEDED = re.compile(r"/(test|unittest|lib2to3|distutils|pydoc_data|__pycache__|[^/]*\.egg-info)/")


def library(name, *roots):
    folders = [root / folder for root in roots for folder in (LIB, LIB[len("usr/"):])]
    return next(folder / name for folder in folders if (folder / name).exists())


def add_tree(archive, root, top):
    """A folder with all that lies in it."""
    paths = [path for path in sorted((root / top).rglob("*"))
             if path.exists() and not NOT_NEEDED.search(f"/{path.relative_to(root)}/")]
    parents = {parent for path in paths for parent in path.relative_to(root).parents if str(parent) != "."}
    for folder in sorted(map(str, parents)):
        archive.add(folder, DIRECTORY)
    for path in paths:
        if path.is_file():
            archive.add(str(path.relative_to(root)), FILE, path.read_bytes())


class PythonPeer(Peer):
    initrd_name = "initrd-python.gz"

    def __init__(self, programs, scratch):
        self.cpython, self.micropython = fetch(CPYTHON, programs), fetch(MICROPYTHON, programs)
        super().__init__(programs, scratch)
        uvicorn = only(self.cpython / PACKAGES, "uvicorn-*.egg-info").name
        self.versions |= {
            "CPython": version(self.cpython / "usr/bin/python3.11", rb"\0(3\.11\.[0-9]+\+?)\0"),
            "uvicorn": uvicorn.removeprefix("uvicorn-").removesuffix(".egg-info"),
            "MicroPython": version(self.micropython / "usr/bin/micropython", rb"MicroPython v([0-9.]+)")}

    def add_more(self, archive, root):
        for folder in FOLDERS:
            archive.add(folder, DIRECTORY)
        archive.add("usr/bin/python3.11", PROGRAM, (self.cpython / "usr/bin/python3.11").read_bytes())
        for name in CPYTHON_LIBRARIES:
            archive.add(f"lib/aarch64-linux-gnu/{name}", PROGRAM, library(name, self.cpython, root).read_bytes())
        for folder in (STDLIB, PACKAGES):
            add_tree(archive, self.cpython, folder)
        archive.add("python/micropython/micropython", PROGRAM, (self.micropython / "usr/bin/micropython").read_bytes())
        for name in MICROPYTHON_LIBRARIES:
            archive.add(f"python/micropython/{name}", PROGRAM, library(name, self.micropython).read_bytes())
        for path in sorted(MICRODOT.glob("*.py")):
            archive.add(f"python/microdot/{path.name}", FILE, path.read_bytes())
        archive.add("python/serve.py", FILE, (OURS / "serve.py").read_bytes())
