#!/usr/bin/env python3
"""The web server's figures on QEMU, through Microdot: requests per second, instructions per request, boot, idle.

    make figures          builds the release image for a private NFS server and measures it; some two minutes

Wall-clock figures depend on the machine and on what else it does; instruction counts do not.
"""

import concurrent.futures
import http.client
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "mk" / "run"), str(TOP / "bench")]

from count import Counting, total  # noqa: E402
from nfs_server import NfsServer  # noqa: E402
from serval import build  # noqa: E402
from serval.qemu import Guest  # noqa: E402

# QEMU's user network accepts with a backlog of 1: of a burst, the host itself retries some for up to two minutes before
# the guest hears of them. Patience tells those from connections that the guest broke.
PATIENCE_S = 150
ADDRESS = ("tcp", "10.0.2.16", 80)
PROBE_S = 0.02
SETTLE_S = 20           # probes from before the guest was there still reach it, as QEMU sends their SYN again and again
PROBE_TIMEOUT_S = 0.2   # QEMU accepts on the host before the guest is there; such a probe is answered by nobody


def get(port, path, timeout=60):
    """(status, bytes) of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def first_page(guest):
    """Seconds from QEMU's start to the first 200, probed each 20 ms."""
    while True:
        try:
            if get(guest.port("http"), "/", timeout=PROBE_TIMEOUT_S)[0] == 200:
                return time.monotonic() - guest.started
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(PROBE_S)


def sequential(port, path, count):
    begin = time.monotonic()
    for _ in range(count):
        status, _ = get(port, path)
        assert status == 200, status
    return count / (time.monotonic() - begin)


def parallel(port, path, workers, seconds):
    """(requests per second, Counter of failures) with `workers` connections open all the time."""
    end = time.monotonic() + seconds

    def work():
        good, bad = 0, Counter()
        while time.monotonic() < end:
            try:
                status, _ = get(port, path, PATIENCE_S)
                good += status == 200 and time.monotonic() < end
                bad[str(status)] += status != 200
            except (OSError, http.client.HTTPException) as error:
                bad[repr(error)] += 1
        return good, bad

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = [f.result() for f in [pool.submit(work) for _ in range(workers)]]
    return sum(g for g, _ in results) / seconds, +sum((b for _, b in results), Counter())


def split(figures, by=1):
    rows = sorted(figures.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {value / by:,.0f}" for name, value in rows if value / by >= 1)


def wall_clock(image):
    with Guest(image, {"http": ADDRESS}) as guest:
        print(f"boot to the first 200: {first_page(guest):.2f} s")
        port = guest.port("http")
        print(f"1 KiB, one after another: {sequential(port, '/bench/1k.bin', 300):.0f} requests/s")
        rate, bad = parallel(port, "/bench/1k.bin", 64, 10)
        print(f"1 KiB, 64 connections: {rate:.0f} requests/s, {bad.total()} failed {dict(bad) or ''}")
        begin = time.monotonic()
        _, body = get(port, "/bench/10m.bin")
        print(f"{len(body) / 2**20:.0f} MiB: {len(body) / 1e6 / (time.monotonic() - begin):.1f} MB/s")


def instructions(image, report):
    with tempfile.TemporaryDirectory() as scratch, Counting(report, scratch) as counting, \
            Guest(image, {"http": ADDRESS}, args=counting.qemu_args) as guest:
        first_page(guest)
        boot = counting.read()
        print(f"instructions from reset to the first 200: {total(boot):,} ({split(boot)})")
        port = guest.port("http")
        sequential(port, "/bench/1k.bin", 20)
        time.sleep(SETTLE_S)
        before = counting.read()
        begin = time.monotonic()
        time.sleep(10)
        idle = counting.read() - before
        seconds = time.monotonic() - begin
        print(f"idle: {total(idle) / seconds:,.0f} instructions/s ({split(idle, seconds)})")
        for path, count in (("/bench/1k.bin", 100), ("/bench/10k.bin", 50), ("/bench/1m.bin", 5)):
            before = counting.read()
            sequential(port, path, count)
            time.sleep(0.3)
            used = counting.read() - before
            print(f"{path}: {total(used) / count:,.0f} instructions per request ({split(used, count)})")


FILES = {"1k.bin": 1 << 10, "10k.bin": 10 << 10, "1m.bin": 1 << 20, "10m.bin": 10 << 20}


def make_site(folder):
    """The bytes are incompressible and differ from file to file."""
    bench = folder / "site" / "bench"
    bench.mkdir(parents=True)
    (folder / "site" / "index.html").write_text("<!doctype html><title>figures</title>")
    for name, size in FILES.items():
        (bench / name).write_bytes(os.urandom(size))


def main():
    with tempfile.TemporaryDirectory() as scratch:
        make_site(Path(scratch, "export"))
        with NfsServer(Path(scratch, "export"), Path(scratch, "run"), read_only=True) as server:
            image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="site",
                                 NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
            print(f"image: {image.stat().st_size:,} bytes")
            wall_clock(image)
            instructions(image, image.with_suffix(".report.txt"))


if __name__ == "__main__":
    main()
