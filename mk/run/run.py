#!/usr/bin/env python3
"""make run: the web server from nothing to a page, in the foreground; Ctrl-C ends it and all that it started.

Without NFS_SERVER a private NFS server exports the demo site. The variables come from the environment (mk/goals.mk).
"""

import contextlib
import ctypes
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

from demo_files import make_demo_files
from nfs_server import NfsServer, NfsServerError, are_free

TOP = Path(__file__).resolve().parents[2]
HOST_SEEN_BY_GUEST = "10.0.2.2"
GUEST_ADDRESS = "10.0.2.16"     # the second to ask QEMU's DHCP: the NFS component comes first
SERVING = b"Starting async server on"
PR_SET_PDEATHSIG = 1


class Stop(Exception):
    """Ends the run with one line."""


def variable(name, default=""):
    return os.environ.get(name) or default


def http_port():
    text = variable("HTTP_PORT", "5555")
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise Stop(f"HTTP_PORT='{text}' is no port: a number from 1 to 65535")
    if not are_free([int(text)]):
        raise Stop(f"port {text} of this machine is in use; choose another, for example: "
                   f"make run HTTP_PORT={int(text) + 1}")
    return int(text)


def private_server(stack, cache, port):
    """Exports the demo site. The ports of the last run are taken again, so that the image need not be built anew. Runs
    at the same time differ in the port they serve on, and so in what they keep."""
    folder = TOP / "examples" / "webserver"
    make_demo_files(folder / "site")
    scratch = cache / "run" / str(port)
    scratch.mkdir(parents=True, exist_ok=True)
    memory = scratch / "ports.json"
    ports = None
    with contextlib.suppress(OSError, ValueError):
        ports = json.loads(memory.read_text())
    server = stack.enter_context(NfsServer(folder, scratch, read_only=True, ports=ports))
    memory.write_text(json.dumps(server.ports))
    return {"NFS_SERVER": HOST_SEEN_BY_GUEST, "NFS_DIRECTORY": str(server.directory), "WEBSITE_DIR": "site",
            "NFS_PORT": str(server.nfs_port), "MOUNT_PORT": str(server.mount_port)}


def site_variables(stack, cache, port):
    names = ("NFS_SERVER", "NFS_DIRECTORY", "WEBSITE_DIR", "NFS_PORT", "MOUNT_PORT", "NFS_UID", "NFS_GID",
             "WEBSITE_FRESH_MS")
    given = {name: variable(name) for name in names if variable(name)}
    if "NFS_SERVER" in given:
        return given
    if given:
        raise Stop(f"{', '.join(given)} without NFS_SERVER: give all of an NFS server, or nothing for a private one")
    return private_server(stack, cache, port)


def build(variables, build_dir):
    command = [variable("SERVAL_MAKE", "make"), "--no-print-directory", f"-j{os.cpu_count() or 1}", "webserver",
               f"BUILD_DIR={build_dir}", *[f"{k}={v}" for k, v in variables.items()]]
    for name in ("CACHE_DIR", "MICROKIT_SDK", "MICROKIT_BOARD", "MICROKIT_CONFIG", "QEMU"):
        if variable(name):
            command.append(f"{name}={variable(name)}")
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    if subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, env=environment, check=False).returncode:
        raise Stop("the web server was not built; the lines above say why")


def start_qemu(image, port):
    machine = shlex.split((TOP / "boards" / variable("MICROKIT_BOARD", "qemu_virt_aarch64") / "qemu.args").read_text(),
                          comments=True)
    boot = [*shlex.split(variable("QEMU_BOOT")), str(image)] if variable("QEMU_BOOT") else \
        ["-device", f"loader,file={image},addr=0x70000000,cpu-num=0"]
    command = [variable("QEMU", "qemu-system-aarch64"), *machine, "-serial", "stdio", *boot,
               "-netdev", f"user,id=net0,hostfwd=tcp:127.0.0.1:{port}-{GUEST_ADDRESS}:80",
               *shlex.split(variable("QEMU_EXTRA"))]
    libc = ctypes.CDLL(None)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM))


def announce(port):
    """Asks for the first page, then says where it is."""
    address = f"http://localhost:{port}"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
            page.read()
        print(f"\n    {address}\n\n(Ctrl-C ends it)", flush=True)
    except urllib.error.HTTPError as error:
        print(f"\n    {address} answers, but its first page is: {error.code} {error.reason}\n", flush=True)
    except OSError as error:
        print(f"\nThe web server has started, but {address} does not answer: {error}\n", flush=True)


def show_console(qemu, port):
    """Passes the console on until QEMU ends; tells the address once the server serves."""
    seen, told = b"", False
    while chunk := qemu.stdout.read1(4096):
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
        seen = (seen + chunk)[-8192:]
        if not told and SERVING in seen and b"\n" in seen[seen.rindex(SERVING):]:
            told = True
            threading.Thread(target=announce, args=(port,), daemon=True).start()
    return qemu.wait()


def run():
    cache = Path(variable("CACHE_DIR", str(TOP / "build"))).resolve()
    build_dir = variable("BUILD_DIR", "build")
    with contextlib.ExitStack() as stack:
        port = http_port()
        build(site_variables(stack, cache, port), build_dir)
        qemu = start_qemu(TOP / build_dir / "webserver.img", port)
        stack.callback(qemu.wait)
        stack.callback(qemu.terminate)
        status = show_console(qemu, port)
        raise Stop(f"QEMU ended (status {status})")


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        run()
    except (Stop, NfsServerError) as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"make run: {error.filename} is missing", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 0


if __name__ == "__main__":
    sys.exit(main())
