"""Programs from another release of the distribution (third_party/PROGRAMS), run without being installed."""

import functools
import subprocess

import pytest

from . import paths


@functools.lru_cache(maxsize=None)
def _fetch(name):
    done = subprocess.run([paths.TOP / "third_party" / "fetch-program", name, paths.CACHE / "programs"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return done.returncode, done.stdout.strip().rpartition("\n")[2]


def folder(name):
    """Where the packages are unpacked; where they cannot be had, the test that asks is skipped and says why."""
    status, last_line = _fetch(name)
    if status == 3:
        pytest.skip(last_line)
    assert status == 0, last_line
    return paths.CACHE / "programs" / name


def find(name, program):
    """Path of a command that runs `program`, or a skip as above."""
    return folder(name) / "bin" / program
