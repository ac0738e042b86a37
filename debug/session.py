#!/usr/bin/env python3
"""session.py IMAGE KERNEL GDB_ARGS EXTRA PROGRAM ARGUMENTS..: QEMU, standing still, and gdb attached to it.

PROGRAM ARGUMENTS and EXTRA (QEMU_EXTRA) as for mk/run/qemu.py; GDB_ARGS, quoted as for a shell, go to gdb behind our
own. The guest's console is on standard output, between gdb's words; gdb's command `type` types to it. QEMU ends with gdb.
"""

import contextlib
import ctypes
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
GDB = "gdb-multiarch" if shutil.which("gdb-multiarch") or not shutil.which("gdb") else "gdb"    # elsewhere it reads AArch64, too
PR_SET_PDEATHSIG = 1
CONSOLE = ["-chardev", "stdio,id=console,mux=off,signal=off", "-serial", "chardev:console"]


def words(name, text):
    try:
        return shlex.split(text)
    except ValueError as error:
        sys.exit(f"gdb: {name}='{text}': {error}")


def start_qemu(command, listener):
    """Away from the terminal: Ctrl-C is gdb's. It ends when we do."""
    libc = ctypes.CDLL(None)
    debugger = ["-S", "-chardev", f"socket,id=gdb,fd={listener.fileno()},server=on,wait=off", "-gdb", "chardev:gdb"]
    return subprocess.Popen([*command, *debugger, *CONSOLE], stdin=subprocess.PIPE, start_new_session=True,
                            pass_fds=[listener.fileno()],
                            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM))


def wait_for(gdb, terminal):
    """gdb's exit status. A terminal that goes away takes gdb along: waiting for the guest, gdb would not notice."""
    watch = select.poll()
    watch.register(terminal, 0)                         # POLLHUP comes unasked
    watch.register(os.pidfd_open(gdb.pid), select.POLLIN)
    for fd, _ in watch.poll():
        if fd == terminal:
            gdb.kill()
    return gdb.wait()


def run_gdb(image, kernel, path, keyboard, arguments):
    """gdb in the foreground of the terminal, if there is one: Ctrl-C stops the guest and reaches nobody else."""
    command = [GDB, "-nx", "-q", "-x", str(TOP / "debug" / "pds.py"), *arguments]
    environment = {**os.environ, "SERVAL_IMAGE": str(image), "SERVAL_KERNEL": str(kernel), "SERVAL_STUB": path,
                   "SERVAL_KEYBOARD": str(keyboard)}
    terminal = sys.stdin.fileno() if sys.stdin.isatty() else None
    if terminal is None:
        return subprocess.run(command, env=environment, pass_fds=[keyboard], check=False).returncode
    with subprocess.Popen(command, env=environment, pass_fds=[keyboard], preexec_fn=lambda: os.setpgid(0, 0)) as gdb:
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)   # or giving the terminal away and taking it back would stop us
        os.tcsetpgrp(terminal, gdb.pid)
        status = wait_for(gdb, terminal)
    with contextlib.suppress(OSError):
        os.tcsetpgrp(terminal, os.getpgrp())
    return status


def main():
    image, kernel, gdb_args, extra, *command = sys.argv[1:]
    arguments, more = words("GDB_ARGS", gdb_args), words("QEMU_EXTRA", extra)
    with tempfile.TemporaryDirectory(prefix="serval-") as scratch, socket.socket(socket.AF_UNIX) as listener:
        path = f"{scratch}/gdb"
        listener.bind(path)
        listener.listen(1)
        try:
            qemu = start_qemu([*command, *more], listener)
        except OSError as error:
            sys.exit(f"gdb: {command[0]}: {error.strerror}")
        listener.close()            # QEMU's alone now: when it has ended gdb is refused
        try:
            status = run_gdb(image, kernel, path, qemu.stdin.fileno(), arguments)
        except OSError as error:
            sys.exit(f"gdb: {GDB}: {error.strerror}")
        finally:
            qemu.kill()             # without a word of its own
            qemu.wait()
    sys.exit(status)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:       # without a terminal to give to gdb
        sys.exit(130)
