"""`make fleet`, three web servers on one NFS export behind HAProxy: one dies, one is stopped as planned, the files are away, all
under load; clients that keep their connections compare every byte."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from serval import build, paths
from serval.http import Kept, get
from serval.nfs import NfsServer, are_free
from serval.ports import free_port
from serval.qemu import GENEROUS_S, needs_machine

pytestmark = [needs_machine, pytest.mark.skipif(not (shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")), reason="haproxy is not here")]

NAMES, MACHINES = ("one", "two", "three"), 3
STATUS = 3          # its port, behind a machine's; HAProxy's page, behind the site's
START_S = 400       # with the build
CLIENTS = 6
MORE = 40           # answers that all clients together get before a test goes on
FILES = {"/index.html": b"<!doctype html><title>fleet</title>", "/small.bin": os.urandom(1024), "/large.bin": os.urandom(3 << 20)}
LOST = (AssertionError, ConnectionError)    # the end of what was to come, or a reset


def until(wanted):
    deadline = time.monotonic() + GENEROUS_S
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Fleet:
    """`make fleet`, with what it prints, until it is told to end."""

    def __init__(self, port, *variables):
        self.port, self.text, self.changed = port, "", threading.Condition()
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith(("MAKE", "MFLAGS", "SERVAL_", "NFS_", "WEBSITE_", "HTTP_"))}
        self.process = subprocess.Popen(["make", "-C", paths.TOP, "--no-print-directory", "fleet", f"CACHE_DIR={paths.CACHE}",
                                         f"BUILD_DIR={paths.CACHE / 'test' / 'fleet'}", f"HTTP_PORT={port}", *variables],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while chunk := self.process.stdout.read1(65536):
            with self.changed:
                self.text += chunk.decode("utf-8", "replace")
                self.changed.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(GENEROUS_S)
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def expect(self, pattern, since=0, timeout=GENEROUS_S):
        """Waits until it has printed that."""
        with self.changed:
            found = self.changed.wait_for(lambda: re.search(pattern, self.text[since:], re.M) or not self.reader.is_alive(), timeout)
            assert found and re.search(pattern, self.text[since:], re.M), f"waiting for {pattern!r}:\n{self.text[-6000:]}"

    def type(self, words, pattern):
        """The line is typed, and answered by what matches."""
        since = len(self.text)
        self.process.stdin.write(words.encode() + b"\n")
        self.process.stdin.flush()
        self.expect(pattern, since)

    def kill(self, number):
        """As by a power cut. When that began, and when it was dead."""
        began = time.monotonic()
        self.type(f"kill {number}", f"^machine {number} has ended")
        return began, time.monotonic()

    def start(self, number):
        self.type(f"start {number}", rf"^{number}\| .*serving http://")

    def port_of(self, number):
        return self.port + 10 * number

    def drain(self, number):
        assert get(self.port_of(number) + STATUS, "/drain", "POST").status == 200

    def connections(self, number):
        return json.loads(get(self.port_of(number) + STATUS, "/status.json").body)["connections"]

    # -- what HAProxy knows --

    def table(self):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(paths.CACHE / "run" / str(self.port) / "haproxy.sock"))
            sock.sendall(b"show stat\n")
            text = b"".join(iter(lambda: sock.recv(65536), b"")).decode().removeprefix("# ")
        return {row["svname"]: row for row in csv.DictReader(text.splitlines()) if row["pxname"] == "servals"}

    def states(self):
        table = self.table()
        return [table[name]["status"] for name in NAMES]

    def asked(self, name):
        """How many requests it has had."""
        return int(self.table()[name]["stot"])


class Client(threading.Thread):
    """Asks for one file after another on a connection that is kept. answers: those that were right; lost: began, ended, why."""

    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.port, self.number, self.ends = port, number, threading.Event()
        self.answers, self.wrong, self.lost = 0, [], []

    def run(self):
        files, kept = list(FILES.items()), None
        while not self.ends.is_set():
            self.number += 1
            path, content = files[self.number % len(files)]
            kept = kept or Kept(socket.create_connection(("127.0.0.1", self.port), GENEROUS_S))
            began = time.monotonic()
            try:
                answer = kept.ask(path)
            except LOST as error:
                self.lost.append((began, time.monotonic(), repr(error)[:200]))
                kept = kept.sock.close()
                continue
            if (answer.status, answer.body) == (200, content):
                self.answers += 1
            else:
                self.wrong.append((path, answer.status, len(answer.body)))
            if answer.headers.get("connection") == "close":
                kept = kept.sock.close()


class Load:
    """CLIENTS of them, as long as it lasts."""

    def __init__(self, port):
        self.clients = [Client(port, n) for n in range(CLIENTS)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        self.more()
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.ends.set()
        for client in self.clients:
            client.join(GENEROUS_S)

    def more(self):
        before = sum(client.answers for client in self.clients)
        until(lambda: sum(client.answers for client in self.clients) >= before + MORE)

    def lost(self):
        """All other answers were right."""
        assert [client.wrong for client in self.clients if client.wrong] == []
        return [lost for client in self.clients for lost in client.lost]


def base_port():
    """The site's: those of HAProxy's page, of machines and their status follow from it."""
    while True:
        port = free_port()
        if port + 10 * MACHINES + STATUS < 65536 and are_free([port + STATUS, *(port + 10 * n + m for n in range(1, MACHINES + 1) for m in (0, STATUS))]):
            return port


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("fleet")
    www = scratch / "export" / "www"
    www.mkdir(parents=True)
    for path, content in FILES.items():
        (www / path[1:]).write_bytes(content)
    with NfsServer(scratch / "export", scratch / "nfs", read_only=True) as server, contextlib.ExitStack() as stack:
        with build.turn():
            fleet = stack.enter_context(Fleet(
                base_port(), "APPLICATION=none", "NFS_SERVER=10.0.2.2", f"NFS_DIRECTORY={server.directory}", "WEBSITE_DIR=www",
                f"NFS_PORT={server.nfs_port}", f"MOUNT_PORT={server.mount_port}", "WEBSITE_FRESH_MS=200"))
            fleet.expect(rf"^ *http://localhost:{fleet.port}$", timeout=START_S)
        yield fleet, server


@pytest.fixture
def fleet(running):
    """All are asked for work."""
    until(lambda: running[0].states() == ["UP"] * MACHINES)
    return running[0]


def test_one_dies_and_comes_back(fleet):
    """Of clients that keep their connections only requests that were under way are lost: none that began later."""
    with Load(fleet.port) as load:
        assert all(fleet.asked(name) > 0 for name in NAMES)
        began, dead = fleet.kill(2)
        load.more()
        until(lambda: fleet.states() == ["UP", "DOWN", "UP"])
        load.more()
        fleet.start(2)
        until(lambda: fleet.states() == ["UP"] * MACHINES)
        before = fleet.asked("two")
        until(lambda: fleet.asked("two") > before)
        load.more()
    lost = load.lost()
    assert [one for one in lost if one[0] > dead or one[1] < began] == []
    assert len(lost) <= CLIENTS, "each client had one under way"


def test_a_planned_stop_loses_nothing(fleet):
    with Load(fleet.port) as load:
        fleet.drain(3)
        until(lambda: fleet.states() == ["UP", "UP", "DOWN"])
        until(lambda: fleet.connections(3) == 0)
        fleet.kill(3)
        load.more()
        fleet.start(3)
        until(lambda: fleet.states() == ["UP"] * MACHINES)
        load.more()
    assert load.lost() == []


def test_files_that_are_away(fleet, running):
    """No machine is well then; what is in their caches is served, as old as it is."""
    server = running[1]
    for n in range(1, MACHINES + 1):
        assert all(get(fleet.port_of(n), path).body == content for path, content in FILES.items())
    with Load(fleet.port) as load:
        server.kill()
        until(lambda: fleet.states() == ["DOWN"] * MACHINES)
        load.more()
        server.start()
        until(lambda: fleet.states() == ["UP"] * MACHINES)
    assert load.lost() == []
