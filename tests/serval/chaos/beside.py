"""Several machines beside each other, each in a process of its own: what a run waits for, others can use."""

import os
import signal
import subprocess
import sys


def run(seed, out, count, minutes):
    """Random faults on so many machines; each has a folder and a seed of its own. The exit statuses."""
    children = [_start(f"{seed}-{number}", out / f"machine{number}", minutes) for number in range(1, count + 1)]
    try:
        return [child.wait() for child in children]
    except BaseException:
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            child.wait()
        raise


def _start(seed, out, minutes):
    out.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"CHAOS_SEED": seed, "CHAOS_OUT": str(out), "CHAOS_MACHINES": "1",
                                "CHAOS_HALVES": "faults", "CHAOS_MINUTES": f"{minutes:g}"}
    with open(out / "said.txt", "wb") as said:
        return subprocess.Popen([sys.executable, "-m", "serval.chaos.run"], stdin=subprocess.DEVNULL, stdout=said,
                                stderr=subprocess.STDOUT, env=environment)
