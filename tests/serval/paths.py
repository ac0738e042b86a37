"""Where things lie. The Makefile passes CACHE_DIR and QEMU in the environment; alone, its defaults hold."""

import os
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BOARD = os.environ.get("MICROKIT_BOARD") or "qemu_virt_aarch64"
CACHE = Path(os.path.abspath(os.environ.get("CACHE_DIR") or TOP / "build"))     # as make spells it: links stay
TOOL = os.environ.get("SERVAL_TOOL") or str(CACHE / "sdk" / "bin" / "microkit")
QEMU = os.environ.get("QEMU") or "qemu-system-aarch64"
BOARDS = sorted(p.parent.name for p in TOP.glob("boards/*/board.py"))
