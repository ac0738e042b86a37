#!/usr/bin/env python3
"""make bench: Serval beside Linux with nginx and with Python, on the same emulated machine, in the same run.

    make bench [BENCH=quick|pages|busy|tls] [BENCH_NET=user|tap|both]    report.md, plots, results as JSON, in build/bench
    make figures                                                Serval alone, a short form
    make figures APPLICATION=none                               the web server without Python

docs/benchmarks.md tells what is measured and how to read it.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "mk" / "run"), str(TOP / "bench")]

import busy  # noqa: E402
import child  # noqa: E402
import measure  # noqa: E402
import network  # noqa: E402
import pages  # noqa: E402
import report  # noqa: E402
import secured  # noqa: E402
import site_files  # noqa: E402
from machines import NGINX, PYTHON, TLS, Linux, Serval  # noqa: E402
from measure import Cell  # noqa: E402
from nfs_server import NfsServer, NfsServerError  # noqa: E402
from peer import Peer, PeerError  # noqa: E402
from peer_python import PythonPeer  # noqa: E402
from peer_tls import Identity, TlsPeer  # noqa: E402
from serval import paths  # noqa: E402

PROGRAMS, LINUX = paths.CACHE / "programs", paths.CACHE / "bench" / "linux"
SMALL = ["1 KiB", "10 KiB", "100 KiB"]
PAGES_COUNTED = [Cell("hello"), Cell("hello", 16), Cell("hello", 1, True), Cell("table")]
PAGES_TIMED = [Cell("hello"), Cell("hello", 16), Cell("hello", 16, True), Cell("table")]
TLS_COUNTED = [Cell("1 KiB", 1, True), Cell("1 KiB", 1, True, True), Cell("1 KiB"), Cell("1 MiB")]
TLS_TIMED = [Cell("1 KiB", 16, True), Cell("1 KiB", 16, True, True), Cell("1 KiB"), Cell("1 KiB", 64), Cell("10 MiB")]
FULL = {
    "boots": 3, "rounds": 3, "seconds": 1.0,
    "times": [Cell(size, n, close) for size in [*SMALL, "1 MiB"] for close in (False, True) for n in (1, 16, 64)]
    + [Cell("10 MiB", 1), Cell("10 MiB", 1, True), Cell("10 MiB", 16)],
    "counts": [Cell("1 KiB", 16), Cell("1 KiB", 16, True)]
    + [Cell(size, 1, close) for size in site_files.SIZES for close in (False, True)],
    "pages": {"rounds": 5, "seconds": 2.0, "times": PAGES_TIMED, "counts": PAGES_COUNTED},
    "busy": {"rounds": 5, "seconds": 1.0},
    "tls": {"boots": 3, "rounds": 3, "seconds": 1.0, "times": TLS_TIMED, "counts": TLS_COUNTED},
}
QUICK = {
    "boots": 1, "rounds": 2, "seconds": 0.7,
    "times": [Cell("1 KiB"), Cell("1 KiB", 16), Cell("1 KiB", 64), Cell("1 KiB", 1, True), Cell("1 KiB", 16, True),
              Cell("10 KiB", 16), Cell("100 KiB", 16), Cell("1 MiB"), Cell("10 MiB")],
    "counts": [Cell("1 KiB"), Cell("1 KiB", 16), Cell("1 KiB", 1, True), Cell("10 KiB"), Cell("1 MiB")],
    "pages": {"rounds": 2, "seconds": 1.0, "times": PAGES_TIMED, "counts": PAGES_COUNTED},
    "busy": {"rounds": 2, "seconds": 0.7},
    "tls": {"boots": 1, "rounds": 2, "seconds": 0.7, "times": TLS_TIMED, "counts": TLS_COUNTED},
}
PLANS = {"full": FULL, "quick": QUICK, "pages": {"pages": FULL["pages"]}, "busy": {"busy": FULL["busy"]},
         "tls": {"tls": FULL["tls"]}}


def say(what):
    print(f"[{time.strftime('%H:%M:%S')}] {what}", file=sys.stderr, flush=True)


def measure_files(net, server, serval, plan, peer, root):
    """Of the files of a site."""
    results = {}
    say(f"{net.title}: boots")
    alone = {"Serval": serval}
    if peer:
        alone |= {target: Linux(net, server, peer, {target: setup}) for target, setup in NGINX.items()}
    results["machines"] = measure.boots(alone, plan["boots"])
    both = [serval] + ([Linux(net, server, peer, NGINX)] if peer else [])
    say(f"{net.title}: time, {len(plan['times'])} cells")
    results["times"] = measure.times(both, plan["times"], plan["rounds"], plan["seconds"], root)
    say(f"{net.title}: instructions")
    results["counts"] = {}
    for machine in both:
        results["counts"] |= measure.counts(machine, plan["counts"], root)
    return results


def measure_pages(net, server, serval, plan, peer, root):
    """Of pages that Python makes."""
    say(f"{net.title}: pages from Python, {len(plan['times'])} cells")
    alone = {"Serval": serval}
    if peer:
        alone |= {target: Linux(net, server, peer, {target: setup}) for target, setup in PYTHON.items()}
    both = [serval] + ([Linux(net, server, peer, PYTHON)] if peer else [])
    return pages.measure_all(both, alone, plan, root)


def measure_tls(net, server, plan, with_peer, results, root):
    """Of files over HTTPS. root: of the site, beside what the servers are."""
    say(f"{net.title}: HTTPS")
    identity = Identity(root.parent.parent / "identity")
    both = [Serval(net, server, site_files.FOLDER, identity)]
    if with_peer:
        peer = TlsPeer(PROGRAMS, LINUX, identity)
        both.append(Linux(net, server, peer, TLS))
        results["versions"] |= peer.versions
    results["tls"] = secured.measure_all(both, plan, root, identity)
    results["tls"]["others"] = secured.others(both[0], plan, root, identity)


def measure_network(name, plan, peers):
    """All results on one network; `peers`: for files and for pages; without them Serval alone."""
    begin = time.monotonic()
    with network.NETWORKS[name]() as net, tempfile.TemporaryDirectory(prefix="serval-bench-") as scratch:
        export = Path(scratch, "export")
        site, made = site_files.make(export), site_files.make_pages(Path(scratch))
        with NfsServer(export, Path(scratch, "nfs"), read_only=True, address=net.server_address) as server:
            serval = Serval(net, server, site_files.FOLDER) if set(plan) - {"tls"} else None
            results = {"network": net.title, "load": os.getloadavg()[0], "versions": {}}
            for peer in peers:
                results["versions"] |= peer.versions
            files, python = peers or (None, None)
            if "times" in plan:
                results |= measure_files(net, server, serval, plan, files, site)
            if "pages" in plan and serval.application == "python":
                results["pages"] = measure_pages(net, server, serval, plan["pages"], python, made)
            if "busy" in plan and serval.application == "python":
                say(f"{net.title}: files while Python computes")
                results["busy"] = busy.measure_all(serval, plan["busy"], site)
            if "tls" in plan:
                measure_tls(net, server, plan["tls"], bool(peers), results, site)
    results["seconds"] = time.monotonic() - begin
    return results


def run_child(name, out):
    """Measures one network in a process of its own, the tap devices in a network namespace of its own."""
    prefix = ["unshare", "--net"] if name == "tap" else []
    command = [*prefix, sys.executable, __file__, *sys.argv[1:], "--only", name, "--out", str(out)]
    if child.run(command):
        raise SystemExit(1)


def wanted_networks(choice):
    """BENCH_NET says which; without it all that can be had here."""
    lack = None if choice == "user" else network.tap_lacks()
    if choice in ("tap", "both") and lack:
        raise SystemExit(f"make bench: BENCH_NET={choice} is not possible here: {lack}")
    if choice == "auto" and lack:
        say(f"no second table with tap devices: {lack}")
    return [n for n in network.NETWORKS if choice in ("both", n) or (choice == "auto" and (n == "user" or not lack))]


def both_peers():
    return Peer(PROGRAMS, LINUX), PythonPeer(PROGRAMS, LINUX)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plan", choices=PLANS, default="full")
    parser.add_argument("--net", choices=["user", "tap", "both", "auto"], default="auto")
    parser.add_argument("--alone", action="store_true", help="Serval without its peers")
    parser.add_argument("--only", choices=network.NETWORKS, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("BUILD_DIR") or "build") / "bench")
    return parser.parse_args()


def main():
    given = arguments()
    if given.only:
        plan = PLANS[given.plan]
        alone = given.alone or not {"times", "pages", "tls"} & set(plan)
        results = measure_network(given.only, plan, () if alone else both_peers())
        (given.out / f"{given.only}.json").write_text(json.dumps(results, indent=1))
        return
    networks = wanted_networks(given.net)
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    for name in networks:
        run_child(name, out)
    print(report.write(out, [json.loads((out / f"{name}.json").read_text()) for name in networks]))


if __name__ == "__main__":
    child.unwind_when_told()
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (PeerError, NfsServerError, network.NetworkError, pages.PageError, busy.BusyError,
            secured.SecuredError) as error:
        sys.exit(f"make bench: {error}")
