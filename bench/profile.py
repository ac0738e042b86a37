#!/usr/bin/env python3
"""make profile: where a warm request's instructions go, function by function.

    make profile [PROFILE_PATH=/bench/1024.bin] [PROFILE_REQUESTS=200] [PROFILE_CLOSE=1]

The plugin counts by ranges of physical addresses (bench/insncount.c); here each range is a function of a protection
domain's program, or of the kernel.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "mk" / "run"), str(TOP / "bench")]

import child  # noqa: E402
import count  # noqa: E402
import measure  # noqa: E402
import network  # noqa: E402
import site_files  # noqa: E402
from machines import Running, Serval  # noqa: E402
from nfs_server import NfsServer  # noqa: E402
from serval import paths  # noqa: E402

SHOWN = 40
KERNEL = paths.CACHE / "sdk" / "board" / paths.BOARD / "release" / "elf" / "kernel.elf"
SYMBOL = re.compile(r"^([0-9a-f]+) ([0-9a-f]+) [tTwW] (\S+)$", re.M)
TEXT = re.compile(r"^\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+(\d+) KiB\s+r-x\s+normal\s+'([^']+)' text$", re.M)


def symbols(elf):
    """[(address, size, name)] of its functions."""
    command = ["llvm-nm", "--print-size", "--defined-only", elf]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [(int(address, 16), int(size, 16), name) for address, size, name in SYMBOL.findall(done.stdout)]


def functions(elf, va, pa, size):
    """[(pa, size, name)] of the functions in a program's text, which lies at va and pa; of several names one."""
    found = {address: (pa + address - va, length, name) for address, length, name in symbols(elf)
             if va <= address < va + size and length}
    return [found[address] for address in sorted(found)]


def lowest_page(elf):
    """Where a program's text begins: its lowest function, less what is not a page."""
    return min(address for address, _, _ in symbols(elf)) & ~0xFFF


def texts(image):
    """[(elf, va, pa, size, owner)] of all programs of an image, and of the kernel."""
    report = image.with_suffix(".report.txt").read_text()
    found = [(image.parent / image.stem / f"{pd}.elf", int(va, 16), int(pa, 16), int(kib) << 10, pd)
             for va, pa, kib, pd in TEXT.findall(report)]
    if KERNEL.is_file():
        found += [(KERNEL, lowest_page(KERNEL), pa, size, owner) for pa, size, owner in count.text_ranges(report)
                  if owner == "kernel"]
    return found


def ranges(image):
    """Of all functions of an image; then each program's text as a whole, for what is in no function."""
    fine = [(at, size, f"{owner}:{name}") for elf, va, pa, length, owner in texts(image)
            for at, size, name in functions(elf, va, pa, length)]
    coarse = count.text_ranges(image.with_suffix(".report.txt").read_text())
    return fine + [(pa, size, f"{owner}:?") for pa, size, owner in coarse]


def profile(given):
    with network.UserNetwork() as net, tempfile.TemporaryDirectory(prefix="serval-profile-") as folder:
        export = Path(folder, "export")
        root = site_files.make(export)
        with NfsServer(export, Path(folder, "nfs"), read_only=True) as server:
            machine = Serval(net, server, site_files.FOLDER)
            machine.ranges = ranges(machine.image)
            with Running(machine, counted=True) as running:
                running.wait_ready()
                served = root if (root / given.path[1:]).is_file() else None
                more = ["--close"] if given.close else []
                warm = max(given.requests // 10, 1)
                measure.load(running, "Serval", given.path, "--requests", warm, *more, root=served)
                idle = measure.idle_rate(running)
                return measure.per_request(running, "Serval", given.path, given.requests, *more, idle=idle, root=served)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--path", default=site_files.path("1 KiB"))
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--close", action="store_true")
    given = parser.parse_args()
    result = profile(given)
    if "errors" in result:
        sys.exit(f"make profile: {given.path}: {result['errors']}")
    rows = sorted(result["split"].items(), key=lambda row: -row[1])
    print(f"{given.path}: {result['total']:,.0f} instructions per request")
    for name, value in rows[:SHOWN]:
        print(f"{value:12,.0f} {value / result['total']:6.1%}  {name}")
    rest = sum(value for _, value in rows[SHOWN:])
    print(f"{rest:12,.0f} {rest / result['total']:6.1%}  {len(rows[SHOWN:])} more")


if __name__ == "__main__":
    child.unwind_when_told()
    main()
