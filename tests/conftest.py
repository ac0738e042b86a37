"""The test run: fixtures for all, and the one line that a machine reads at the very end."""

import contextlib
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

pytest.register_assert_rewrite("serval.siterules")

from serval import beside, build  # noqa: E402
from serval.qemu import Guest  # noqa: E402

# The files that take a minute and more on two processors. They are begun first: at the end nobody waits long for another.
LONG = """lint nfs_troubles gcc fileio webserver https variables python nfs_under_load proofs unit nfs_errors time trace make_run
          example_webserver nfs_away python_memory restart_site restart_files build waiting static bodies busy_python nfs_server fuzz
          app_reload fs_clients kernel npcm845 isolation isolation_webserver https_load front odroidc4 python_files""".split()


# A shell lets what it runs in the background ignore Ctrl-C, and so would all that a test starts and ends by it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what the consoles of its guests said."""
    report = (yield).get_result()
    if report.failed:
        for guest in getattr(item, "serval_guests", ()):
            report.sections.append((f"console of {guest.image}", guest.text()[-20000:]))


@pytest.fixture
def boot(request, tmp_path):
    """boot("echo", forwards, config="debug", VARIABLE=...): builds the example and boots it; ended after the test."""
    guests = request.node.serval_guests = []

    def start(name, forwards=None, *, config="release", console="pipe", args=(), **variables):
        image = name if isinstance(name, Path) else build.system(name, config, **variables)
        guest = Guest(image, forwards, console=console, args=args, log=tmp_path / f"console{len(guests)}.log")
        guests.append(guest)
        return guest.__enter__()

    yield start
    for guest in guests:
        guest.close()


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """The fixtures that it needs build in its turn, too. Waiting for the others is no part of a test's time."""
    with beside.test(alone=bool(item.get_closest_marker("alone"))), \
            build.turn() if item.get_closest_marker("makes") else contextlib.nullcontext():
        yield


def pytest_collection_modifyitems(items):
    """Within a file the order stays."""
    places = {f"test_{name}": place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONG)))


class Needs:
    """What the chosen tests need beside systems, which are built as they are asked for: the goals in their marks
    `needs(GOAL, ..)`. One make builds them all; where that fails, each test builds its own and tells what make said."""

    def __init__(self):
        self.built = True

    @staticmethod
    def of(item):
        return [str(goal) for mark in item.iter_markers("needs") for goal in mark.args]

    def pytest_collection_finish(self, session):
        goals = list(dict.fromkeys(goal for item in session.items for goal in self.of(item)))
        if goals and not session.config.option.collectonly:
            self.built = build.make_all(goals)

    def pytest_runtest_setup(self, item):
        if not self.built and self.of(item):
            build.make(*self.of(item))


class Tally:
    """Counts outcomes and prints `N passed, M failed[, K skipped]` as the last line of all; and each failure at once, so that
    a run which is ended from outside has told what it saw."""

    def __init__(self, config):
        self.config, self.failed, self.skipped, self.passed = config, set(), set(), set()

    def say(self, line):
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.write_line(line)

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.add(report.nodeid)
            crash = getattr(report.longrepr, "reprcrash", None)
            self.say(f"\nFAILED {report.nodeid} ({report.duration:.0f} s): "
                     f"{(crash.message if crash else report.longreprtext)[:300]}")
        elif report.skipped:
            self.skipped.add(report.nodeid)
        elif report.when == "call":
            self.passed.add(report.nodeid)

    def line(self):
        passed = self.passed - self.failed
        text = f"{len(passed)} passed, {len(self.failed)} failed"
        return text + (f", {len(self.skipped)} skipped" if self.skipped else "")


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(goal, ..): what make has to have built before the test")
    config.addinivalue_line("markers", "alone: what it sees depends on how fast things are, so no other test runs meanwhile")
    config.addinivalue_line("markers", "makes: calls make by itself, so nobody else builds meanwhile")
    config.pluginmanager.register(Needs())
    config.serval_tally = Tally(config)
    config.pluginmanager.register(config.serval_tally)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and not config.option.collectonly:
        config.serval_tally.say(config.serval_tally.line())
