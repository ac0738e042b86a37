#!/usr/bin/env python3
"""make soak: Serval under load for long, and what may not grow by it.

    make soak [SOAK_CONNECTIONS=10000] [SOAK_MINUTES=60] [BENCH_NET=user|tap]

Connections one after another; then minutes of load of several kinds; then 512 connections that stay open while another
client is served. What must be as before, once TIME_WAIT is over: instructions per request and per idle second, lwIP's
pools (read from the guest's memory), the interpreter's heap and the front's gauges (the route /bench/vitals of
bench/site_files.py). Ends with 1 if not.
"""

import argparse
import contextlib
import http.client
import json
import os
import resource
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "mk" / "run"), str(TOP / "bench")]

import child  # noqa: E402
import measure  # noqa: E402
import network  # noqa: E402
import pools  # noqa: E402
import site_files  # noqa: E402
from machines import Running, Serval  # noqa: E402
from measure import Cell  # noqa: E402
from nfs_server import NfsServer  # noqa: E402

REST_S = 65             # TIME_WAIT lasts 60 (net/ip/lwipopts.h)
WARM_UP = 300
ROUND_S = 5
IDLE_READINGS = 6       # of 10 s: a lease's or a cache's timer comes into some of them, and must not look like growth
HELD = 512
HELD_PATH = "/index.html"
LOADS = [Cell("1 KiB", 16, True), Cell("1 KiB", 16), Cell("10 KiB", 64), Cell("1 MiB", 4), Cell("10 MiB", 2)]
# Of what the front counts: what there is now, not what there has been.
GAUGES = ["connections", "app_requests", "cache_entries", "cache_blocks", "cache_memory", "python_heap"]
# How much more there may be than before: a part of it, and a number. The collector takes whatever looks like a pointer
# for one, and one block of a file is 64 KiB; a leak of one object for each of 10,000 connections is more than this.
MAY_GROW = {"instructions per request": (0.03, 0), "instructions per idle second": (0.1, 1000),
            "python_heap": (0, 256 << 10)}


def say(what):
    print(f"[{time.strftime('%H:%M:%S')}] {what}", file=sys.stderr, flush=True)


def vitals_route(running):
    """What the application tells of itself; its gauges only."""
    host, port = running.reach("Serval")
    connection = http.client.HTTPConnection(host, port, timeout=measure.PATIENCE_S)
    with contextlib.closing(connection):
        connection.request("GET", "/bench/vitals", headers={"Connection": "close"})
        told = json.loads(connection.getresponse().read())
    return {name: told[name] for name in GAUGES}


def vitals(running, scratch, root):
    """All that must not grow, after a rest. Asked in the same order each time."""
    time.sleep(REST_S)
    readings = [measure.idle_rate(running) for _ in range(IDLE_READINGS)]
    idle = {name: sum(reading.get(name, 0) for reading in readings) / IDLE_READINGS for name in readings[0]}
    free = pools.free(running.guest, running.machine.image, scratch / "memory")
    request = measure.per_request(running, "Serval", site_files.path("1 KiB"), 200, "--close", idle=idle, root=root)
    return {"instructions per request": request.get("total", 0), "instructions per idle second": sum(idle.values()),
            **free, **vitals_route(running)}


class Soak:
    def __init__(self, running, scratch, root):
        self.running, self.scratch, self.root = running, scratch, root
        self.errors = Counter()
        self.answers = 0

    def load(self, cell, *more):
        run = measure.load(self.running, "Serval", site_files.path(cell.size), *more, *measure.shape(cell),
                           root=self.root)
        self.errors.update(run["errors"])
        self.errors["not through"] += run["unfinished"]
        self.answers += run["answers"]
        return run

    def warm_up(self):
        """Every file once, so that caches and heap have what they keep."""
        for cell in LOADS:
            self.load(cell, "--seconds", 2)
        self.load(Cell("1 KiB", 1, True), "--requests", WARM_UP)
        measure.load(self.running, "Serval", HELD_PATH, "--requests", 1, root=self.root)

    def sequential(self, count):
        run = self.load(Cell("1 KiB", 1, True), "--requests", count)
        say(f"{run['answers']} of {count} connections, one after another, answered in {run['seconds']:.0f} s")
        self.errors["missing"] += count - run["answers"] - sum(run["errors"].values())

    def under_load(self, minutes):
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            runs = {cell: self.load(cell, "--seconds", ROUND_S) for cell in LOADS}
            say("; ".join(f"{cell}: {run['answers'] / run['seconds']:.1f}/s" for cell, run in runs.items()))

    def held(self, count):
        """`count` connections open, each after an answer if the server keeps them, while another client is served."""
        with contextlib.ExitStack() as stack:
            refused = 0
            for _ in range(count):
                try:
                    sock = stack.enter_context(socket.create_connection(self.running.reach("Serval"), timeout=10))
                    sock.sendall(f"HEAD {HELD_PATH} HTTP/1.1\r\nHost: held\r\n\r\n".encode())
                    refused += not sock.recv(4096).startswith(b"HTTP/1.")
                except OSError:
                    refused += 1
            run = self.load(Cell("1 KiB"), "--requests", 100)
            say(f"{count - refused} of {count} connections held, another client got {run['answers']} answers in "
                f"{run['seconds']:.1f} s")
            self.errors["not served beside held connections"] += 100 - run["answers"]
            self.errors["held connections refused"] += refused


def compare(before, after):
    """[(name, before, after, whether it has not grown)]; of what is free, whether it has not shrunk."""
    rows = []
    for name, value in before.items():
        part, number = MAY_GROW.get(name, (0, 0))
        growth = (value - after[name]) if ", free " in name else (after[name] - value)
        rows.append((name, value, after[name], growth <= part * value + number))
    return rows


def soak(given):
    with network.NETWORKS[given.net]() as net, tempfile.TemporaryDirectory(prefix="serval-soak-") as folder:
        scratch = Path(folder)
        root = site_files.make(scratch / "export")
        with NfsServer(scratch / "export", scratch / "nfs", read_only=True, address=net.server_address) as server, \
                Running(Serval(net, server, site_files.FOLDER), counted=True) as running:
            running.wait_ready()
            run = Soak(running, scratch, root)
            run.warm_up()
            before = vitals(running, scratch, root)
            run.sequential(given.connections)
            run.under_load(given.minutes)
            run.held(given.held)
            return run, compare(before, vitals(running, scratch, root))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", choices=[*network.NETWORKS, "auto"], default="auto")
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--held", type=int, default=HELD)
    given = parser.parse_args()
    if given.net == "tap" and not os.environ.get("BENCH_INSIDE"):
        lack = network.tap_lacks()
        if lack:
            sys.exit(f"make soak: BENCH_NET=tap is not possible here: {lack}")
        sys.exit(child.run(["unshare", "--net", sys.executable, *sys.argv], env={**os.environ, "BENCH_INSIDE": "1"}))
    given.net = given.net.replace("auto", "user")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    run, rows = soak(given)
    errors = +run.errors
    for name, before, after, flat in rows:
        print(f"{'ok  ' if flat else 'GREW'} {name}: {before:,.0f} before, {after:,.0f} after")
    print(f"{run.answers} answers were right, errors: {dict(errors) or 'none'}")
    sys.exit(0 if all(flat for *_, flat in rows) and not errors else 1)


if __name__ == "__main__":
    child.unwind_when_told()
    main()
