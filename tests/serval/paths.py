"""Where things lie. The Makefile passes CACHE_DIR and QEMU in the environment; alone, its defaults hold."""

import os
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BOARD = os.environ.get("MICROKIT_BOARD") or "qemu_virt_aarch64"
CACHE = Path(os.path.abspath(os.environ.get("CACHE_DIR") or TOP / "build"))     # as make spells it: links stay
TOOL = os.environ.get("SERVAL_TOOL") or str(CACHE / "sdk" / "bin" / "microkit")
QEMU = os.environ.get("QEMU") or "qemu-system-aarch64"
FOREIGN = ("build", "__pycache__", TOP / "third_party" / "src", CACHE)   # a folder of these is not the tree's own
BOARDS = sorted(p.parent.name for p in TOP.glob("boards/*/board.py"))


def files():
    """The tree's own files, as git has them, where there is no git, too: paths from TOP."""
    for folder, folders, names in os.walk(TOP):
        here = Path(folder)
        folders[:] = [f for f in folders if not {f, here / f} & set(FOREIGN) and (f == ".ci" or not f.startswith("."))]
        yield from (str((here / name).relative_to(TOP)) for name in names if not name.endswith(".pyc"))
