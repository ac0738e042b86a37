"""Several processes run tests: who goes on when, and which of them this is."""

import contextlib
import fcntl
import os

from . import paths

NUMBER = int((os.environ.get("PYTEST_XDIST_WORKER") or "gw0")[2:])
COUNT = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT") or 1)


@contextlib.contextmanager
def locked(name, how=fcntl.LOCK_EX):
    """The lock of that name, of all processes with this CACHE_DIR."""
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    with open(paths.CACHE / f"tests.{name}.lock", "ab") as lock:
        fcntl.flock(lock, how)
        yield


@contextlib.contextmanager
def test(alone):
    """While a test runs: beside others, or with nobody else. Who wants to be alone holds the door, or others would take
    each other's places for ever."""
    with contextlib.ExitStack() as stack:
        with locked("door"):
            stack.enter_context(locked("test", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        yield
