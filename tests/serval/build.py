"""Builds a system for a test, with its own BUILD_DIR, once per set of variables in a test run. Tests run beside each
other, in processes of their own; objects lie in one cache, so one of them builds at a time."""

import contextlib
import functools
import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from . import beside, paths


STDERR = 2      # where a process of several that run tests is heard


class BuildError(AssertionError):
    pass


def _command(targets, variables):
    return ["make", "-C", str(paths.TOP), "-j", str(os.cpu_count() or 1), "--no-print-directory",
            f"CACHE_DIR={paths.CACHE}", *[f"{k}={v}" for k, v in variables.items()], *map(str, targets)]


def _environment():
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}


class _Turn:
    depth = 0       # of turns within a turn, in this process


@contextlib.contextmanager
def turn():
    """Nobody else builds meanwhile. May be taken again by who has it."""
    with contextlib.nullcontext() if _Turn.depth else beside.locked("build"):
        _Turn.depth += 1
        try:
            yield
        finally:
            _Turn.depth -= 1


def make(*targets, **variables):
    """Runs make at the top of the tree. Returns the finished process; a failure raises with what make said."""
    command = _command(targets, variables)
    with turn():
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", env=_environment(), check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done


def make_all(targets):
    """Runs make for as many of the targets as can be made, before everyone's eyes. Returns whether all were."""
    with turn():
        return subprocess.run(_command(["--keep-going", *targets], {}), stdin=subprocess.DEVNULL, stdout=STDERR,
                              env=_environment(), check=False).returncode == 0


def need_board(board):
    """Skips the test where MICROKIT_SDK names an SDK without that board: an official one has its own list."""
    given = os.environ.get("MICROKIT_SDK")
    if given and not (paths.TOP / given / "board" / board).is_dir():
        pytest.skip(f"the SDK has no board {board}")


@functools.lru_cache(maxsize=None)
def _system(name, variables):
    words = [Path(os.environ.get("MICROKIT_SDK") or "own").name, name, *[f"{k}-{v}" for k, v in variables]]
    # Different words may look alike as a name; the image of one would be replaced by the other's.
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(words))
    build_dir = paths.CACHE / "test" / f"{plain[:160]}-{hashlib.sha256(repr(words).encode()).hexdigest()[:8]}"
    make(name, BUILD_DIR=build_dir, **dict(variables))
    image = build_dir / f"{name}.img"
    if not image.is_file():
        raise BuildError(f"make {name} succeeded without making {image}")
    return image


def system(name, config="release", **variables) -> Path:
    """The image of examples/NAME, built with these make variables. Its report and .system lie beside it."""
    need_board(variables.get("MICROKIT_BOARD", paths.BOARD))
    return _system(
        name, tuple(sorted({"MICROKIT_CONFIG": config, **{k: str(v) for k, v in variables.items()}}.items())))
