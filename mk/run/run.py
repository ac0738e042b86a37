#!/usr/bin/env python3
"""make run: the web server from nothing to a page, in the foreground; Ctrl-C ends it and all that it started.

Without NFS_SERVER a private NFS server exports the demo site, or SITE, a folder of the user's own, which is made where
there is none; the image for that is built in BUILD_DIR/run/PORT. With NFS_SERVER, or with WEBSITE_FILES, which needs no server, the image is the one of `make webserver`. What the user gave comes
in the environment (mk/goals.mk) and so gets to the inner make, too. With HTTPS=1 and no TLS_KEY it has a key and a
certificate of its own, kept beside the private server's things: one that is told to believe the certificate does so next
time, too.
"""

import contextlib
import ctypes
import hashlib
import json
import os
import re
import shlex
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

from demo_files import make_demo_files
from nfs_server import NfsServer, NfsServerError, are_free, check_path
from qemu import extra_arguments

TOP = Path(__file__).resolve().parents[2]
sys.path.append(str(TOP))

from compose import ComposeError, self_signed  # noqa: E402

HOST_SEEN_BY_GUEST = "10.0.2.2"
FIRST_ADDRESS = 15              # of QEMU's DHCP: 10.0.2.15
SERVING = re.compile(rb"(?:Starting async server on|serving http://)[^\n]*\n")    # Python's words, and the front's
PR_SET_PDEATHSIG = 1
PORT_MAX = 65535
ENDING_S = 30                   # for what was told to end; then it is killed
STATUS = 3                      # its port, behind HTTP_PORT, where STATUS_PORT does not say another
KILLER = 2                      # its port, behind HTTP_PORT: between the two is HTTPS, if nothing else is said
CERTIFICATE_S = 300 * 86400      # it is good for 365 days
OF_A_SERVER = ("NFS_SERVER", "NFS_DIRECTORY", "NFS_PORT", "MOUNT_PORT")     # which one; the others go with any


class Stop(Exception):
    """Ends the run with one line."""


def variable(name, default=""):
    return os.environ.get(name) or default


def http_port():
    port = int(variable("HTTP_PORT"))
    if variable("CHAOS") == "1" and not are_free([port + KILLER]):
        raise Stop(f"port {port + KILLER} of this machine is in use; with CHAOS=1 parts are killed by that one: "
                   f"HTTP_PORT + {KILLER}")
    if not are_free([port]):
        raise Stop(f"port {port} of this machine is in use; choose another, for example: make run HTTP_PORT={port + 1}")
    return port


def https_port(port):
    """None: there is no HTTPS."""
    if variable("HTTPS") != "1" and not variable("TLS_KEY"):
        return None
    https = int(variable("HTTPS_PORT"))
    if https == port or (variable("CHAOS") == "1" and https == port + KILLER):
        raise Stop(f"HTTPS_PORT={https} is a port of HTTP_PORT={port} already; choose another")
    if not are_free([https]):
        raise Stop(f"port {https} of this machine is in use; choose another, for example: make run HTTPS_PORT={https + 1}")
    return https


def status_port(port, https):
    """0: there is none. That port leads to the same of the guest's."""
    if variable("STATUS_PORT") == "0" or (not variable("STATUS_PORT") and port + STATUS > PORT_MAX):
        return 0
    status = int(variable("STATUS_PORT", str(port + STATUS)))
    taken = status in (port, https) or (variable("CHAOS") == "1" and status == port + KILLER)
    if not variable("STATUS_PORT") and (taken or not are_free([status])):
        print(f"port {status} of this machine is in use: no status (STATUS_PORT=PORT gives it another)", flush=True)
        return 0
    if taken:
        raise Stop(f"STATUS_PORT={status} is another one's already; choose another")
    if not are_free([status]):
        raise Stop(f"port {status} of this machine is in use; choose another, for example: make run STATUS_PORT={status + 1}")
    return status


def certificate(scratch):
    """What the user has not given of HTTPS. A certificate of ours is made anew before it ends, and for another key."""
    if variable("TLS_CERT") or variable("TLS_CERT_FILE"):
        return {}
    scratch.mkdir(parents=True, exist_ok=True)
    key = Path(variable("TLS_KEY", str(scratch / "https.key")))
    try:
        of = hashlib.sha256(key.read_bytes()).hexdigest()[:16] if variable("TLS_KEY") else "own"
    except OSError as error:
        raise Stop(f"TLS_KEY='{key}': {error.strerror}") from None
    chain = scratch / f"https-{of}.pem"
    if not key.exists() or (chain.exists() and time.time() - chain.stat().st_mtime > CERTIFICATE_S):
        chain.unlink(missing_ok=True)
    try:
        self_signed.main(key, chain, "localhost", "127.0.0.1")
    except (ComposeError, UnicodeDecodeError) as error:
        raise Stop(f"TLS_KEY='{key}' {error}") from None
    print(f"certificate of its own: {chain} (browsers warn until they are told to believe it)", flush=True)
    return {"TLS_KEY": str(key), "TLS_CERT_FILE": str(chain)}


def new_site(folder, below):
    """A site to begin with, its pages in the folder `below`, whole or not at all; where there is anything in the folder,
    that is the site."""
    if folder.is_dir() and any(folder.iterdir()):
        return
    there = folder.is_dir()         # a mount point, perhaps: then another folder cannot take its place
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = (folder / f".{os.getpid()}") if there else folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        shutil.copytree(TOP / "examples" / "webserver" / "new", fresh)
        pages = fresh.joinpath(*(part for part in below.split("/") if part not in ("", "..")))
        pages.mkdir(parents=True, exist_ok=True)
        for page in ("index.html", "style.css"):
            (fresh / page).rename(pages / page)
        if there:
            for name in os.listdir(fresh):
                (fresh / name).rename(folder / name)
            fresh.rmdir()
        else:
            fresh.rename(folder)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    print(f"a new site: {folder} (its README.md tells what is what)", flush=True)


def exported():
    """The folder, the site's below it, whether the guest may only read."""
    if not variable("SITE"):
        folder = TOP / "examples" / "webserver"
        make_demo_files(folder / "site")
        return folder, variable("WEBSITE_DIR", "site"), True
    folder, below = Path(os.path.abspath(os.path.expanduser(variable("SITE")))), variable("WEBSITE_DIR", ".")
    if os.path.exists(folder) and not folder.is_dir():
        raise Stop(f"SITE='{variable('SITE')}' is no folder")
    check_path(folder)
    try:
        new_site(folder, below)
    except OSError as error:
        raise Stop(f"SITE='{variable('SITE')}' cannot be {'read or filled' if os.path.exists(folder) else 'made'}: "
                   f"{error.strerror or error}") from None
    return folder, below, False


def private_server(stack, scratch):
    """Exports the demo site, or the user's. The ports of the last run are taken again, so that the image need not be built anew. Runs
    at the same time differ in the port they serve on, and so in what they keep."""
    folder, below, read_only = exported()
    scratch.mkdir(parents=True, exist_ok=True)
    memory = scratch / "ports.json"
    ports = None
    with contextlib.suppress(OSError, ValueError, TypeError):
        ports = [int(port) for port in json.loads(memory.read_text())][:4]
    server = stack.enter_context(NfsServer(folder, scratch, read_only=read_only, ports=ports))
    memory.write_text(json.dumps(server.ports))
    return {"NFS_SERVER": HOST_SEEN_BY_GUEST, "NFS_DIRECTORY": str(server.directory),
            "WEBSITE_DIR": below, "NFS_PORT": str(server.nfs_port),
            "MOUNT_PORT": str(server.mount_port)}


def site(stack, scratch, build_dir, port):
    """What the environment does not say of the site, and where its image is built: what serves the private server's
    is not the user's own."""
    of_a_server = [name for name in OF_A_SERVER if variable(name)]
    other = next((name for name in [*of_a_server, "WEBSITE_FILES"] if variable(name)), None)
    if variable("SITE") and other:
        raise Stop(f"SITE and {other}: the site's files come from one of them")
    if "NFS_SERVER" in of_a_server or variable("WEBSITE_FILES"):
        return {}, build_dir
    if of_a_server:
        raise Stop(f"{', '.join(of_a_server)} without NFS_SERVER: give all of an NFS server, or nothing for a private "
                   "one")
    return private_server(stack, scratch), build_dir / "run" / str(port)


def build(variables, build_dir):
    command = [variable("SERVAL_MAKE", "make"), "--no-print-directory", f"-j{os.cpu_count() or 1}", "webserver",
               f"BUILD_DIR={build_dir}", *[f"{k}={v}" for k, v in variables.items()]]
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    # In a session of its own Ctrl-C does not reach it: each of its tools in Python would say where it was.
    with subprocess.Popen(command, cwd=TOP, stdin=subprocess.DEVNULL, env=environment, start_new_session=True) as make:
        try:
            status = make.wait()
        except KeyboardInterrupt:
            os.killpg(make.pid, signal.SIGTERM)
            make.wait()             # it removes what is half made; another Ctrl-C does not wait for that
            raise
    if status:
        raise Stop("the web server was not built; the lines above say why")


def forwards(port, https, status=0, status_inside=0):
    """QEMU's DHCP gives addresses in the order of asking: with CHAOS=1 the part that kills others is the first, then
    comes the NFS component, where there is one, then the web server."""
    killer = variable("CHAOS") == "1"
    web = FIRST_ADDRESS + killer + (not variable("WEBSITE_FILES"))
    words = f",hostfwd=tcp:127.0.0.1:{port}-10.0.2.{web}:80"
    words += f",hostfwd=tcp:127.0.0.1:{https}-10.0.2.{web}:443" if https else ""
    words += f",hostfwd=tcp:127.0.0.1:{status}-10.0.2.{web}:{status_inside or status}" if status else ""
    return words + (f",hostfwd=tcp:127.0.0.1:{port + KILLER}-10.0.2.{FIRST_ADDRESS}:80" if killer else "")


def qemu_extra():
    try:
        return extra_arguments(variable("QEMU_EXTRA"))
    except ValueError as error:
        raise Stop(error) from None


def start_qemu(image, ports, extra, control):
    """ports: of HTTP, HTTPS, status, and that one's in the guest where it is another."""
    machine = shlex.split((TOP / "boards" / variable("MICROKIT_BOARD") / "qemu.args").read_text(), comments=True)
    boot = [word.replace("@IMAGE@", str(image)) for word in shlex.split(os.environ["SERVAL_BOOT"])]
    command = [variable("QEMU", "qemu-system-aarch64"), *machine, "-serial", "stdio", *boot,
               "-netdev", f"user,id=net0{forwards(*ports)}",
               "-chardev", f"socket,id=control,fd={control.fileno()}", "-mon", "chardev=control,mode=control", *extra]
    libc = ctypes.CDLL(None)
    # In a session of its own Ctrl-C does not reach it: it would say so. It ends when we do.
    typed = subprocess.PIPE if variable("WEBSITE_CONSOLE") == "1" else subprocess.DEVNULL
    return subprocess.Popen(command, stdin=typed, stdout=subprocess.PIPE, start_new_session=True,
                            pass_fds=[control.fileno()],
                            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM))


def end_qemu(qemu, control):
    """Asks it to end: a signal would make it say that it got one."""
    with contextlib.suppress(OSError):
        control.sendall(b'{"execute": "qmp_capabilities"}{"execute": "quit"}')
    try:
        qemu.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        qemu.kill()
        qemu.wait()


def announce(port, https, status=0):
    """Asks for the first page, then says where it is."""
    address = f"http://localhost:{port}"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
            page.read()
        more = f"\n    https://localhost:{https}" if https else ""
        more += f"\n    {address}/chaos/" if variable("CHAOS") == "1" else ""
        more += f"\n    http://localhost:{status} (status)" if status else ""
        print(f"\n    {address}{more}\n\n(Ctrl-C ends it)", flush=True)
    except urllib.error.HTTPError as error:
        print(f"\n    {address} answers, but its first page is: {error.code} {error.reason}\n", flush=True)
    except OSError as error:
        print(f"\nThe web server has started, but {address} does not answer: {error}\n", flush=True)


def pass_typed(qemu):
    """Line by line: our own terminal lets them be mended. What is typed after QEMU's end goes nowhere."""
    with contextlib.suppress(OSError, ValueError):
        for line in sys.stdin:
            qemu.stdin.write(line.replace("\n", "\r").encode())
            qemu.stdin.flush()
        print("make console: nothing more is typed; Ctrl-C ends it", flush=True)


def show_console(qemu, ports):
    """Passes the console on until QEMU ends; tells the address once the server serves."""
    seen, told = b"", False
    if qemu.stdin:
        threading.Thread(target=pass_typed, args=(qemu,), daemon=True).start()
    while chunk := qemu.stdout.read1(4096):
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
        seen = (seen + chunk)[-8192:]
        if not told and SERVING.search(seen):
            told = True
            threading.Thread(target=announce, args=ports, daemon=True).start()
    return qemu.wait()


def run():
    cache = Path(variable("CACHE_DIR", str(TOP / "build")))
    with contextlib.ExitStack() as stack:
        port = http_port()
        https = https_port(port)
        ports = port, https, status_port(port, https)
        extra = qemu_extra()
        scratch = cache / "run" / str(port)
        variables, build_dir = site(stack, scratch, Path(variable("BUILD_DIR", "build")), port)
        if ports[1]:
            variables |= certificate(scratch)
        variables["STATUS_PORT"] = str(ports[2])
        build(variables, build_dir)
        ours, theirs = socket.socketpair()
        with theirs:
            qemu = start_qemu(TOP / build_dir / "webserver.img", ports, extra, theirs)
        stack.callback(end_qemu, qemu, ours)
        status = show_console(qemu, ports)
        raise Stop(f"QEMU ended (status {status})")


def what_failed(error):
    """An OSError as one line."""
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def told_to_end(number, _):
    raise KeyboardInterrupt(number)


def as_command(name, work):
    """The status of `make NAME`: what stops it is one line, and who ends it finds no fault."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, told_to_end)
    try:
        return work()
    except (Stop, NfsServerError) as error:
        print(f"make {name}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"make {name}: {what_failed(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 0


if __name__ == "__main__":
    sys.exit(as_command("run", run))
