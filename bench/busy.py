"""Files while Python computes: the same file, on the same connections, quiet and while a handler computes, in turns.

    results = busy.measure_all(serval, plan, root)      # a dict for the results' JSON (bench/bench.py)

What is counted lies wholly within the time that the handler computes: a window in which it ended is measured again.
"""

import http.client
import threading

import measure
import site_files
from machines import Running
from measure import Cell

CELL = Cell("1 KiB", 16)
QUIET = "quiet"
LONGER_S = 2        # than the window: what is before it and behind it
LONGEST_S = 60      # who has not measured a window in that time has no machine to measure on


class BusyError(Exception):
    """One line that says what was not to be had."""


class Computing:
    """A handler that computes for so many seconds, in the way that site_files.COMPUTES names, while the block runs."""

    def __init__(self, running, target, how, seconds):
        self.running, self.how = running, how
        self.address = running.reach(target)
        self.path = site_files.compute_path(how, seconds)
        self.answer = None

    def __enter__(self):
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()
        self.running.guest.expect(f"computes: {self.how}")
        return self

    def __exit__(self, kind, *_):
        self.thread.join()
        if kind is None and self.answer != (200, b"done"):
            raise BusyError(f"the handler that computes was answered {self.answer}")

    def _ask(self):
        connection = http.client.HTTPConnection(*self.address, timeout=measure.PATIENCE_S + LONGEST_S)
        try:
            connection.request("GET", self.path)
            response = connection.getresponse()
            self.answer = (response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.answer = repr(error)
        finally:
            connection.close()

    def goes_on(self):
        return self.thread.is_alive()


def load(running, target, seconds, root):
    path = site_files.path(CELL.size)
    return measure.load(running, target, path, "--seconds", seconds, *measure.shape(CELL), root=root)


def load_while_it_computes(running, target, how, seconds, root):
    """One run that the computing outlasts."""
    computes = seconds + LONGER_S
    while computes <= LONGEST_S:
        with Computing(running, target, how, round(computes + 0.5)) as computing:
            run = load(running, target, seconds, root)
            lasted = computing.goes_on()
        if lasted:
            return run
        computes *= 2
    raise BusyError(f"no window of {seconds} s lay within {LONGEST_S} s of computing ({how})")


def measure_all(machine, plan, root):
    """{how: merged}: "quiet", and each way to compute."""
    target = "Serval"
    runs = {how: [] for how in (QUIET, *site_files.COMPUTES)}
    with Running(machine) as running:
        running.wait_ready()
        load(running, target, plan["seconds"], root)
        for _ in range(plan["rounds"]):
            for how, runs_of in runs.items():
                runs_of.append(load(running, target, plan["seconds"], root) if how == QUIET else
                               load_while_it_computes(running, target, how, plan["seconds"], root))
    return {how: measure.merge(runs_of) for how, runs_of in runs.items()}
