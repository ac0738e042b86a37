"""Ends well: who is told to end (SIGTERM) unwinds, so that no QEMU and no NFS server stays behind, and takes
its child along.
"""

import signal
import subprocess


def unwind_when_told():
    """SIGTERM and SIGHUP become what Ctrl-C is."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def run(command, **more):
    """The command's exit status. Interrupted, it tells the child to end and waits for it."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, **more)
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
