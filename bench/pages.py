"""A page from Python: the same Microdot program on Serval and on Linux.

    results = pages.measure_all(serval, linux, alone, plan, root)     # dicts for the results' JSON (bench/bench.py)

Every target has to serve the same bytes. That is looked at before anything is measured, and again at each answer that
counts: a difference ends the measurement.
"""

import http.client

import measure
import site_files
from machines import Running

REQUESTS = {"hello": 60, "table": 20}
WRONG = {"wrong bytes", "status", "headers"}    # of bench/load.c: another page than the one that was asked for


class PageError(Exception):
    """One line that says who served what."""


def body_of(running, target, page):
    host, port = running.reach(target)
    connection = http.client.HTTPConnection(host, port, timeout=measure.PATIENCE_S)
    try:
        connection.request("GET", site_files.path(page), headers={"Connection": "close"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def check(running):
    """The first answer of every target."""
    for target in running.targets:
        for page, wanted in site_files.PAGES.items():
            status, body = body_of(running, target, page)
            if (status, body) != (200, wanted):
                raise PageError(f"{target} serves another page than it should at {site_files.path(page)}: "
                                f"status {status}, {body[:80]!r}")


def check_errors(target, cell, errors):
    if WRONG & set(errors):
        raise PageError(f"{target}, {cell}: answers differ from the page: {errors}")


def ready(running):
    running.wait_ready()
    check(running)


def memory(alone):
    """{target: bytes}; each machine with that target alone, after the first pages."""
    used = {}
    for target, machine in alone.items():
        with Running(machine) as running:
            ready(running)
            used[target] = machine.memory_bytes(running.guest)
    return used


def times(machines, plan, root):
    """{target: {cell: merged}}; the machines run side by side."""
    with Running(machines[0]) as first, (Running(machines[1]) if machines[1:] else measure.Nothing()) as second:
        both = [running for running in (first, second) if running]
        for running in both:
            ready(running)
        pairs = [(running, target) for running in both for target in running.targets]
        results = measure.in_turns(pairs, plan["times"], plan["rounds"], plan["seconds"], root)
    for target, cells in results.items():
        for cell, merged in cells.items():
            check_errors(target, cell, merged["errors"])
    return results


def counts(machine, cells, root):
    """{target: {cell: instructions by owner}}"""
    results = {}
    with Running(machine, counted=True) as running:
        ready(running)
        idle = measure.idle_rate(running)
        for target in running.targets:
            results[target] = {}
            for cell in cells:
                requests, path = REQUESTS[cell.size], site_files.path(cell.size)
                how = measure.shape(cell)
                measure.load(running, target, path, "--requests", measure.WARM_UP, *how, root=root)
                counted = measure.per_request(running, target, path, requests, *how, idle=idle, root=root)
                check_errors(target, cell, counted.get("errors", {}))
                results[target][str(cell)] = counted
    return results


def measure_all(machines, alone, plan, root):
    """machines: Serval, and Linux with all of its targets; alone: target -> a machine with it alone."""
    results = {"memory": memory(alone), "times": times(machines, plan, root), "counts": {}}
    for machine in machines:
        results["counts"] |= counts(machine, plan["counts"], root)
    return results
