#!/usr/bin/env python3
"""make fleet: three web servers on one private NFS server, HAProxy before them (examples/fleet/haproxy.cfg), in the
foreground; Ctrl-C ends all of it. What is served, and by which image, is as with `make run`.

    kill N      machine N ends as by a power cut
    start N     it boots again

can be typed meanwhile. HTTP_PORT is HAProxy's, HTTP_PORT + 3 its own page; machine N has HTTP_PORT + 10 N, and its status
3 behind that.
"""

import contextlib
import ctypes
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from nfs_server import are_free
from run import PORT_MAX, PR_SET_PDEATHSIG, SERVING, STATUS, TOP, Stop, as_command, build, end_qemu, http_port, qemu_extra, site, start_qemu, variable

MACHINES = (1, 2, 3)
STATUS_INSIDE = 9100
FIRST_PAGE_S = 60
CONFIGURATION = TOP / "examples" / "fleet" / "haproxy.cfg"


def ports_of(port):
    """Of each machine: its site's, none of HTTPS, its status's, and that one's in the guest."""
    ports = {n: (port + 10 * n, None, port + 10 * n + STATUS, STATUS_INSIDE) for n in MACHINES}
    needed = [port + STATUS] + [each for first, _, status, _ in ports.values() for each in (first, status)]
    taken = [each for each in needed if each > PORT_MAX or not are_free([each])]
    if taken:
        raise Stop(f"port {taken[0]} of this machine is in use; with another HTTP_PORT, all ports of the fleet are others")
    return ports


def check_variables():
    for name in ("HTTPS", "TLS_KEY", "STATUS_PORT", "WEBSITE_CONSOLE"):
        if variable(name, "0") != "0":
            raise Stop(f"{name} is for make run; what HAProxy can do for HTTPS: docs/fleet.md")


class Machine:
    """One web server. Its console's lines come with its number before them."""

    def __init__(self, number, image, ports, extra, heard):
        self.number, self.image, self.ports, self.extra, self.heard = number, image, ports, extra, heard
        self.qemu = self.control = None

    def start(self):
        if self.qemu and self.qemu.poll() is None:
            return
        self.control, theirs = socket.socketpair()
        with theirs:
            self.qemu = start_qemu(self.image, self.ports, self.extra, theirs)
        threading.Thread(target=self._show, args=(self.qemu,), daemon=True).start()

    def _show(self, qemu):
        for line in qemu.stdout:
            print(f"{self.number}| {line.decode('utf-8', 'replace').rstrip()}", flush=True)
            if SERVING.search(line):
                self.heard.put(("serves", self.number))
        self.heard.put(("ended", self.number))

    def kill(self):
        self.qemu.kill()
        self.qemu.wait()

    def end(self):
        if self.qemu and self.qemu.poll() is None:
            end_qemu(self.qemu, self.control)


def start_haproxy(port, ports, scratch):
    program = next((p for p in (shutil.which("haproxy"), "/usr/sbin/haproxy") if p and os.access(p, os.X_OK)), None)
    if not program:
        raise Stop("haproxy is missing: install the package haproxy")
    where = {"FLEET_SITE": f"127.0.0.1:{port}", "FLEET_STATS": f"127.0.0.1:{port + STATUS}", "FLEET_SOCKET": str(scratch / "haproxy.sock")}
    for n, (first, _, status, _) in ports.items():
        where |= {f"SERVAL_{n}": f"127.0.0.1:{first}", f"STATUS_{n}": str(status)}
    libc = ctypes.CDLL(None)
    return subprocess.Popen([program, "-db", "-f", CONFIGURATION], stdin=subprocess.DEVNULL, start_new_session=True,
                            env={**os.environ, **where}, preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM))


def end_haproxy(haproxy):
    haproxy.terminate()
    haproxy.wait()


def read_commands(heard):
    with contextlib.suppress(OSError, ValueError):
        for line in sys.stdin:
            heard.put(("typed", line.split()))


def obey(machines, words):
    if len(words) == 2 and words[0] in ("kill", "start") and words[1] in map(str, machines):
        getattr(machines[int(words[1])], words[0])()
    elif words:
        print("there are: kill N, start N", flush=True)


def wait_until_all_serve(machines, heard):
    waited_for = set(machines)
    while waited_for:
        what, which = heard.get()
        if what == "ended":
            raise Stop(f"machine {which} ended before it served")
        if what == "serves":
            waited_for.discard(which)


def announce(port, ports):
    deadline = time.monotonic() + FIRST_PAGE_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=FIRST_PAGE_S) as page:
                page.read()
            break
        except urllib.error.HTTPError:
            break               # somebody answers
        except OSError as error:
            if time.monotonic() > deadline:
                raise Stop(f"HAProxy does not answer: {error}") from None
            time.sleep(0.1)     # HAProxy does not say when it listens
    lines = [f"http://localhost:{port}", f"http://localhost:{port + STATUS} (HAProxy's page)"]
    lines += [f"http://localhost:{first}, status http://localhost:{status} (machine {n})" for n, (first, _, status, _) in ports.items()]
    print("\n" + "\n".join(f"    {line}" for line in lines) + "\n\n(kill N, start N; Ctrl-C ends it)", flush=True)


def go_on(machines, heard):
    while True:
        what, which = heard.get()
        if what == "typed":
            obey(machines, which)
        elif what == "ended":
            print(f"machine {which} has ended: start {which} boots it again", flush=True)
        elif what == "haproxy":
            raise Stop(f"HAProxy ended (status {which})")


def run():
    check_variables()
    cache = Path(variable("CACHE_DIR", str(TOP / "build")))
    heard = queue.Queue()       # of who tells what: (what, of whom)
    with contextlib.ExitStack() as stack:
        port = http_port()
        ports = ports_of(port)
        extra = qemu_extra()
        scratch = cache / "run" / str(port)
        scratch.mkdir(parents=True, exist_ok=True)
        variables, build_dir = site(stack, scratch, Path(variable("BUILD_DIR", "build")), port)
        build({**variables, "STATUS_PORT": str(STATUS_INSIDE)}, build_dir)
        machines = {n: Machine(n, TOP / build_dir / "webserver.img", ports[n], extra, heard) for n in MACHINES}
        for machine in machines.values():
            stack.callback(machine.end)
            machine.start()
        wait_until_all_serve(machines, heard)
        haproxy = start_haproxy(port, ports, scratch)
        stack.callback(end_haproxy, haproxy)
        threading.Thread(target=lambda: heard.put(("haproxy", haproxy.wait())), daemon=True).start()
        announce(port, ports)
        threading.Thread(target=read_commands, args=(heard,), daemon=True).start()
        go_on(machines, heard)


if __name__ == "__main__":
    sys.exit(as_command("fleet", run))
