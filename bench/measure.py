"""The measurements. Each returns plain dicts that go into the results' JSON (bench/bench.py), by target and cell.

A cell is a size, a number of connections, and whether each request has a connection of its own. Probes of the machines
take turns, so that what else this machine does hits all of them.
"""

import http.client
import json
import os
import statistics
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import site_files
from count import total
from machines import Running

PROBE_S = 0.02
PROBE_TIMEOUT_S = 0.2   # QEMU accepts on the host before the guest is there; such a probe is answered by nobody
TLS_PROBE_S = 0.05      # at least; later each twentieth of the time that has gone by: who is slow to start is slow to
TLS_PROBE_TIMEOUT_S = 3     # make the handshakes of probes that nobody waits for any more, too
PATIENCE_S = 60
IDLE_S = 10
LEAST_S = {"1 MiB": 1.5, "10 MiB": 3.0}     # a round; a few answers have to fit in it
SETTLE_S = 3            # until what is still under way after the start is over
WARM_UP = 20
REQUESTS = {"1 KiB": 200, "10 KiB": 100, "100 KiB": 40, "1 MiB": 8, "10 MiB": 2}
COLD_REQUESTS = {"1 KiB": 150, "1 MiB": 10}
# With the load generator's own fields and a path of 15 characters a head of 560 bytes, as browsers send them.
BROWSER_FIELDS = "".join(line + "\r\n" for line in (
    "Upgrade-Insecure-Requests: 1",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-User: ?1",
    "Sec-Fetch-Dest: document",
    "Referer: http://localhost:5555/bench/page/index.html",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-US,en;q=0.9"))


class Cell(NamedTuple):
    size: str
    connections: int = 1
    close: bool = False
    resume: bool = False    # of TLS: each connection resumes a session

    def __str__(self):
        how = "resumed" if self.resume else "close" if self.close else "keep-alive"
        return f"{self.size}, {how}, {self.connections}"


def load_program():
    return Path(os.environ["BENCH_LOAD"])


def load_command(running, target, path, *more, root=None):
    host, port = running.reach(target)
    command = [load_program(), "--host", host, "--port", str(port), "--path", path, "--timeout", str(PATIENCE_S),
               *map(str, more)]
    return [*command, "--root", root] if root else command


def load(running, target, path, *more, root=None):
    """One run of bench/load.c; its JSON."""
    command = load_command(running, target, path, *more, root=root)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def shape(cell):
    return ["--connections", cell.connections, *(["--close"] if cell.close else []),
            *(["--resume"] if cell.resume else [])]


# -- boot ------------------------------------------------------------------------------------------------------------


def is_served(host, port, context):
    """context: of TLS, or None."""
    connection = (http.client.HTTPSConnection(host, port, timeout=TLS_PROBE_TIMEOUT_S, context=context) if context else
                  http.client.HTTPConnection(host, port, timeout=PROBE_TIMEOUT_S))
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def first_page(running, target, context=None):
    """Seconds from QEMU's start to the first 200. A probe each 20 ms (TLS_PROBE_S over TLS), whatever has become of those before."""
    host, port = running.reach(target)
    served = threading.Event()

    def probe():
        if is_served(host, port, context):
            served.set()

    while not served.wait(max(TLS_PROBE_S, running.age() / 20) if context else PROBE_S):
        if running.age() > PATIENCE_S:
            raise RuntimeError(f"{target} does not answer; the console said\n{running.guest.text()[-2000:]}")
        threading.Thread(target=probe, daemon=True).start()
    return running.age()


def boots(machines, count, context=None):
    """machines: target -> a machine with it alone; context: of TLS. Of each: {"boot": median, "boots": all, "image", "memory": bytes}"""
    results = {target: {"boots": [], "image": machine.image_bytes()} for target, machine in machines.items()}
    for _ in range(count):
        for target, machine in machines.items():
            with Running(machine) as running:
                results[target]["boots"].append(first_page(running, target, context))
                running.wait_ready()
                results[target]["memory"] = machine.memory_bytes(running.guest)
    for result in results.values():
        result["boot"] = statistics.median(result["boots"])
    return results


# -- time ------------------------------------------------------------------------------------------------------------


def merge(runs):
    """One cell of one target: medians of the rounds' rates; the latencies of all of them."""
    histogram = Counter()
    for run in runs:
        histogram.update(dict(map(tuple, run["latencies_us"])))
    errors = sum((Counter(run["errors"]) for run in runs), Counter())
    return {"requests_per_s": statistics.median(run["answers"] / run["seconds"] for run in runs),
            "bytes_per_s": statistics.median(run["bytes"] / run["seconds"] for run in runs),
            "answers": sum(run["answers"] for run in runs),
            "p50_us": quantile(histogram, 0.5), "p99_us": quantile(histogram, 0.99),
            "max_us": max(histogram, default=None),
            "errors": dict(errors), "unfinished": sum(run["unfinished"] for run in runs),
            "closes": sum(run["reconnects"] for run in runs) > sum(run["answers"] for run in runs) / 2}


def quantile(histogram, fraction):
    wanted, seen = fraction * sum(histogram.values()), 0
    for value, count in sorted(histogram.items()):
        seen += count
        if seen >= wanted:
            return value
    return None


def cold_times(running, target, index, root):
    """Each file once, on one connection. Targets on one machine have files of their own: index says which."""
    return {f"{size}, cold": merge([load(running, target, site_files.cold_path(size), "--requests", requests, "--cold",
                                         "--first", requests * index, root=root)])
            for size, requests in COLD_REQUESTS.items()}


def times(machines, cells, rounds, seconds, root):
    """{target: {cell: merged}}; the machines run side by side."""
    with Running(machines[0]) as first, (Running(machines[1]) if machines[1:] else Nothing()) as second:
        pairs = [(running, target) for running in (first, second) if running for target in running.targets]
        for running in filter(None, (first, second)):
            running.wait_ready()
        results = {target: cold_times(running, target, index, root) for running in (first, second) if running
                   for index, target in enumerate(running.targets)}
        for target, merged in in_turns(pairs, cells, rounds, seconds, root).items():
            results[target] |= merged
        return results


def in_turns(pairs, cells, rounds, seconds, root, how=()):
    """{target: {cell: merged}} of (running, target). how: more for bench/load.c."""
    results = {target: {} for _, target in pairs}
    for cell in cells:
        runs = {target: [] for _, target in pairs}
        for _ in range(rounds):
            for running, target in pairs:
                window = max(seconds, LEAST_S.get(cell.size, 0))
                more = ["--seconds", window, *shape(cell), *how]
                runs[target].append(load(running, target, site_files.path(cell.size), *more, root=root))
        for target, all_runs in runs.items():
            results[target][str(cell)] = merge(all_runs)
    return results


class Nothing:
    def __enter__(self):
        return None

    def __exit__(self, *_):
        pass


# -- instructions ----------------------------------------------------------------------------------------------------


def idle_rate(running):
    """Instructions per second of a guest that nobody talks to, by owner."""
    time.sleep(SETTLE_S)
    before, begin = running.counting.read(), time.monotonic()
    time.sleep(IDLE_S)
    figures, seconds = running.counting.read() - before, time.monotonic() - begin
    return {name: value / seconds for name, value in figures.items()}


def per_request(running, target, path, requests, *more, idle, root=None):
    """{owner: instructions per request}, net of what the guest does when idle."""
    run = load(running, target, path, "--requests", requests, "--counters", running.counting.out, *more, root=root)
    if run["errors"] or not run["answers"]:
        return {"errors": run["errors"] or {"no answer": 1}}
    figures = running.counting.figures(run["counters"])
    split = {name: max(value - idle.get(name, 0) * run["counted_seconds"], 0) / run["answers"]
             for name, value in figures.items()}
    return {"split": {name: value for name, value in split.items() if value >= 0.5}, "total": sum(split.values())}


def counts_of(running, target, cells, root, first_cold):
    """Idle first, then cold, as long as it is that, then warm."""
    idle = idle_rate(running)
    results = {"idle": {"split": idle, "total": sum(idle.values())}, "cold": {}, "cells": {}}
    load(running, target, "/index.html", "--requests", WARM_UP, root=root)
    for size, requests in COLD_REQUESTS.items():
        results["cold"][size] = per_request(running, target, site_files.cold_path(size), requests, "--cold", "--first",
                                            first_cold[size], idle=idle, root=root)
    for cell in cells:
        requests = REQUESTS[cell.size] * (2 if cell.connections > 1 else 1)
        path = site_files.path(cell.size)
        load(running, target, path, "--requests", max(requests // 10, 1), *shape(cell), root=root)
        results["cells"][str(cell)] = per_request(running, target, path, requests, *shape(cell), idle=idle, root=root)
    return results


def counts(machine, cells, root):
    """{target: {"boot": .., "idle": .., "cold": .., "cells": ..}}, instructions by owner."""
    with Running(machine, counted=True) as running:
        running.wait_ready()
        booted = running.counting.read()
        results = {}
        for index, target in enumerate(running.targets):
            first_cold = {size: requests * index for size, requests in COLD_REQUESTS.items()}
            results[target] = counts_of(running, target, cells, root, first_cold)
            results[target]["boot"] = {"split": dict(booted), "total": total(booted)}
            if machine.kind == "serval" and machine.application == "python":
                idle = results[target]["idle"]["split"]
                results[target]["hello"] = per_request(running, target, "/bench/hello", 100, idle=idle)
        return results
