"""HTTPS: the same files over TLS 1.3 on Serval and on Linux: by handshakes, by requests, by bytes.

    results = secured.measure_all(machines, plan, root, identity)      # a dict for the results' JSON (bench/bench.py)
    others = secured.others(serval, plan, root, identity)               # of those who are served beside handshakes

Both have a certificate of P-256, exchange keys by X25519 and give tickets; the load generator offers one suite at a
time, and the processor has instructions for AES. A cell whose connections are closed is one of handshakes.
"""

import contextlib
import json
import os
import ssl
import subprocess

import measure
import site_files
from machines import Running
from measure import Cell

SUITES = {"AES-128-GCM": "TLS_AES_128_GCM_SHA256", "ChaCha20-Poly1305": "TLS_CHACHA20_POLY1305_SHA256"}
WARM_UP = 5     # handshakes
FLOOD_PER_S = 200
HELD = 1008     # connections: with those that are measured all that the server has
STANDING = Cell("1 KiB", 16)
LONGER_S = 3    # than what is measured meanwhile
QUIET, FLOOD, HOLD = "quiet", f"{FLOOD_PER_S} handshakes a second", f"{HELD} connections held"


class SecuredError(Exception):
    """One line that says what was not as it should be."""


def client(identity, suite):
    """For bench/load.c."""
    return ["--tls", identity.certificate, "--suite", SUITES[suite]]


def context_of(identity):
    context = ssl.create_default_context(cafile=identity.certificate)
    context.check_hostname = False
    return context


def check(target, cell, run):
    """What was to be resumed was, and nothing else."""
    if run["resumed"] != (run["connects"] if cell.resume else 0):
        raise SecuredError(f"{target}, {cell}: {run['resumed']} of {run['connects']} handshakes were resumed")


def count(running, target, cell, how, idle, root):
    requests, path = measure.REQUESTS[cell.size], site_files.path(cell.size)
    how = [*how, *measure.shape(cell)]
    check(target, cell, measure.load(running, target, path, "--requests", WARM_UP, *how, root=root))
    return measure.per_request(running, target, path, requests, *how, idle=idle, root=root)


def counts(machine, cells, root, identity):
    """{target: {suite: {cell: instructions by owner}}}"""
    results = {}
    with Running(machine, counted=True) as running:
        running.wait_ready()
        idle = measure.idle_rate(running)
        for target in running.targets:
            measure.load(running, target, site_files.path("1 KiB"), "--requests", measure.WARM_UP,
                         *client(identity, "AES-128-GCM"), root=root)
            results[target] = {suite: {str(cell): count(running, target, cell, client(identity, suite), idle, root)
                                       for cell in cells} for suite in SUITES}
    return results


def times(machines, plan, root, identity):
    """{target: {cell: merged}}, with AES; the machines run side by side."""
    how = client(identity, "AES-128-GCM")
    with Running(machines[0]) as first, (Running(machines[1]) if machines[1:] else measure.Nothing()) as second:
        both = [running for running in (first, second) if running]
        for running in both:
            running.wait_ready()
        pairs = [(running, target) for running in both for target in running.targets]
        return measure.in_turns(pairs, plan["times"], plan["rounds"], plan["seconds"], root, how)


@contextlib.contextmanager
def beside(running, path, *more, root):
    """Load of its own while the block runs; then its result is in the dict that this gives. Its clients compute half of each
    handshake: they have what this machine's processors leave, so that of those who are measured only the guest may
    be in the way."""
    result = {}
    command = measure.load_command(running, "TLS", path, *more, root=root)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
        os.sched_setscheduler(client.pid, os.SCHED_IDLE, os.sched_param(0))
        if client.stderr.readline().strip() != "window":
            raise SecuredError(f"the load beside did not begin: {client.stderr.read()}")
        try:
            yield result
        except BaseException:
            client.terminate()
            raise
        result |= json.loads(client.communicate()[0])


def beside_of(running, how, seconds, tls, root):
    """None of it when it is quiet."""
    path, shared = site_files.path("1 KiB"), ["--seconds", seconds + LONGER_S, *tls]
    if how == FLOOD:
        return beside(running, path, *shared, "--connections", 64, "--close", "--rate", FLOOD_PER_S, root=root)
    if how == HOLD:
        return beside(running, path, *shared, "--connections", HELD, "--rate", 1, root=root)
    return contextlib.nullcontext({})


def others(machine, plan, root, identity):
    """{target: {how: merged}} of "plain" and "TLS" on connections that stand, while others come; of the load beside
    them, {how: what it got}."""
    tls, path, seconds = client(identity, "AES-128-GCM"), site_files.path(STANDING.size), plan["seconds"]
    machine.ports = {"plain": 80, "TLS": 443}
    runs = {target: {how: [] for how in (QUIET, FLOOD, HOLD)} for target in machine.ports}
    met = {how: [] for how in (FLOOD, HOLD)}
    with Running(machine) as running:
        running.wait_ready()
        for _ in range(plan["rounds"]):
            for how in (QUIET, FLOOD, HOLD):
                with beside_of(running, how, 2 * seconds, tls, root) as result:
                    for target, more in (("plain", []), ("TLS", tls)):
                        runs[target][how].append(measure.load(running, target, path, "--seconds", seconds,
                                                              *measure.shape(STANDING), *more, root=root))
                if how != QUIET:
                    met[how].append(result)
    return {"beside": {how: measure.merge(results) for how, results in met.items()},
            **{target: {how: measure.merge(got) for how, got in of.items()} for target, of in runs.items()}}


def measure_all(machines, plan, root, identity):
    """machines: Serval, and Linux where there is one."""
    alone = {target: machine for machine in machines for target in machine.ports}
    results = {"machines": measure.boots(alone, plan["boots"], context_of(identity)),
               "times": times(machines, plan, root, identity), "counts": {}}
    for machine in machines:
        results["counts"] |= counts(machine, plan["counts"], root, identity)
    return results
