#!/usr/bin/env python3
"""trace.py NAME: `make NAME.trace`: boots a system that keeps a trace (lib/trace.h), and when it is told to end (Ctrl-C,
TRACE_SECONDS, or after the requests of TRACE_GET) stops the machine, reads all rings out of its memory, and leaves

    BUILD_DIR/NAME.trace.txt     every event of every PD in the order of time; its end goes to the terminal as well
    BUILD_DIR/NAME.trace.json    the same for Perfetto
    BUILD_DIR/NAME.trace.svg     a picture of it for any browser, where the events are not too many for one

The web server starts as with `make run`: with a private NFS server, unless NFS_SERVER names one. There the key Enter
throws away what has been traced so far, so that what comes next stands alone. What is typed to any other system goes to
its console.

trace.py NAME PD:FILE..: no machine: the rings are files, as a debugger or a boot loader saved them.
"""

import contextlib
import json
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import run as web
from run import Stop, variable
from trace_events import TraceError, load_map, read
from trace_svg import svg
from trace_views import perfetto, text

SHOWN_LINES = 300       # on the terminal
QUIET_S, QUIET_MOST = 0.05, 100


class Monitor:
    """QEMU's control socket (QMP): one command, one answer."""

    def __init__(self, sock):
        self.sock, self.file = sock, sock.makefile("rw", encoding="utf-8")
        self.lock = threading.Lock()
        self.file.readline()        # the greeting
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        try:
            self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
            self.file.flush()
            for line in self.file:
                answer = json.loads(line)
                if "error" in answer:
                    raise Stop(f"QEMU refuses {name}: {answer['error']['desc']}")
                if "return" in answer:
                    return answer["return"]
        except (OSError, ValueError):       # ValueError: its last line was cut off
            pass
        raise Stop("QEMU has ended, and the machine's memory with it: there is no trace")


class Machine:
    """A running QEMU whose rings can be read."""

    def __init__(self, system, control):
        self.system, self.monitor = system, Monitor(control)
        self.from_ticks = 0         # what is not later than that is not shown
        self.scratch = Path(tempfile.mkdtemp(prefix="serval-trace-"))

    def close(self):
        for pd in self.system["pds"]:
            (self.scratch / pd["name"]).unlink(missing_ok=True)
        self.scratch.rmdir()

    def look(self):
        """All that the rings have; the machine stands still meanwhile."""
        with self.monitor.lock:
            self.monitor.command("stop")
            for pd in self.system["pds"]:
                self.monitor.command("pmemsave", val=pd["address"], size=pd["size"],
                                     filename=str(self.scratch / pd["name"]))
            self.monitor.command("cont")
            return read(self.system, {pd["name"]: (self.scratch / pd["name"]).read_bytes()
                                      for pd in self.system["pds"]})

    def when_quiet(self):
        """The same, once nothing happens any more: what ends a request comes after its answer."""
        trace = self.look()
        for _ in range(QUIET_MOST):
            time.sleep(QUIET_S)
            before, trace = trace, self.look()
            if trace.last_ticks() == before.last_ticks():
                break
        return trace

    def begin_here(self):
        self.from_ticks = self.when_quiet().last_ticks()

    def result(self, quiet):
        return (self.when_quiet() if quiet else self.look()).after(self.from_ticks)


# -- what comes out ---------------------------------------------------------------------------------------------------

def leave(trace, place):
    """The files, and the end of the text on the terminal. place: BUILD_DIR/NAME."""
    lines = text(trace)
    picture = svg(trace)
    files = {".trace.txt": "\n".join([*lines, *trace.notes]) + "\n", ".trace.json": perfetto(trace),
             ".trace.svg": picture}
    for ending, content in files.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        path = place.parent / (place.name + ending)
        path.write_text(content, encoding="utf-8") if content else path.unlink(missing_ok=True)
    if len(lines) > SHOWN_LINES:
        print(f"\n(the last {SHOWN_LINES} of {len(lines)} events)")
    print("\n" + "\n".join(lines[-SHOWN_LINES:]))
    for note in trace.notes:
        print(f"  {note}")
    if not lines:
        print("No PD has left an event.")
    print(f"\n    {place}.trace.txt\n    {place}.trace.json: for https://ui.perfetto.dev")
    print(f"    {place}.trace.svg: a picture for any browser\n" if picture else
          "    (no .svg: so many events, or none, are no picture)\n", flush=True)


# -- the web server ---------------------------------------------------------------------------------------------------

def fetch(port, path):
    """One request, on a connection of its own."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    began = time.monotonic()
    try:
        with opener.open(f"http://127.0.0.1:{port}/{path.lstrip('/')}", timeout=60) as page:
            status, size = page.status, len(page.read())
    except urllib.error.HTTPError as error:
        status, size = error.code, len(error.read())
    except OSError as error:
        raise Stop(f"GET {path}: {error}") from None
    print(f"GET {path}: {status}, {size} bytes, {(time.monotonic() - began) * 1e3:.1f} ms", flush=True)


class Console:
    """Passes the machine's console on; knows when the web server serves, and when QEMU has ended."""

    def __init__(self, qemu):
        self.qemu, self.serves, self.ended = qemu, threading.Event(), False
        threading.Thread(target=self._pass_on, daemon=True).start()

    def _pass_on(self):
        seen = b""
        while chunk := self.qemu.stdout.read1(4096):
            sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
            seen = (seen + chunk)[-8192:]
            if web.SERVING.search(seen):
                self.serves.set()
        self.ended = True
        self.serves.set()

    def wait_until_it_serves(self):
        self.serves.wait()
        if self.ended:
            raise Stop(f"QEMU ended (status {self.qemu.wait()})")


def seconds():
    given = variable("TRACE_SECONDS")
    return int(given) if given else None


def paths_to_get():
    """The words of TRACE_GET."""
    try:
        return shlex.split(variable("TRACE_GET"))
    except ValueError as error:
        raise Stop(f"TRACE_GET='{variable('TRACE_GET')}': {error}") from None


def typed():
    """Lines of standard input. Unbuffered: the thread that reads it is still there when Python ends, and a buffer's lock
    in its hands would be fatal."""
    return open(0, "rb", buffering=0, closefd=False)


def on_enter(machine):
    """Each Enter: from here on."""
    with contextlib.suppress(Stop):     # QEMU has ended: who waits for that says so
        for _ in typed():
            machine.begin_here()
            print("(the trace begins here)", flush=True)


def wait_for_the_end(qemu, limit_s, begin):
    """Until Ctrl-C, or so many seconds, or QEMU's own end. A signal to us alone ends in the same way. Of what `begin` shows
    a person may have seen enough before it is through."""
    try:
        begin()
        qemu.wait(limit_s)
    except subprocess.TimeoutExpired:
        return
    except KeyboardInterrupt:
        print()
        return
    raise Stop(f"QEMU ended (status {qemu.returncode}), and the machine's memory with it: there is no trace")


def tell_and_listen(machine, ports):
    web.announce(*ports)
    print("(... and shows the trace. Enter throws away what was traced so far)", flush=True)
    threading.Thread(target=on_enter, args=(machine,), daemon=True).start()


def trace_web(build_dir):
    limit_s, gets = seconds(), paths_to_get()
    with contextlib.ExitStack() as stack:
        port = web.http_port()
        ports = port, web.https_port(port)
        extra = web.qemu_extra()
        cache = Path(variable("CACHE_DIR", str(web.TOP / "build")))
        variables, folder = web.site(stack, cache / "run" / str(port), build_dir, port)
        folder = folder / "trace"
        if ports[1]:
            variables |= web.certificate(cache / "run" / str(port))
        web.build({**variables, "TRACE": traced()}, folder)
        machine, qemu = start(stack, folder, "webserver",
                              lambda control: web.start_qemu(web.TOP / folder / "webserver.img", ports, extra, control))
        console = Console(qemu)
        console.wait_until_it_serves()
        if gets:
            machine.begin_here()
            for path in gets:
                fetch(port, path)
        else:
            wait_for_the_end(qemu, limit_s, lambda: tell_and_listen(machine, ports))
        leave(machine.result(quiet=bool(gets)), build_dir / "webserver")


def start(stack, folder, name, start_qemu):
    """QEMU, and a machine to look into."""
    system = load_map(folder / name / f"{name}.trace-map.json")
    ours, theirs = web.socket.socketpair()
    with theirs:
        qemu = start_qemu(theirs)
    stack.callback(web.end_qemu, qemu, ours)
    machine = Machine(system, ours)
    stack.callback(machine.close)
    return machine, qemu


def traced():
    given = variable("TRACE", "0")
    return given if given != "0" else "1"


# -- any other system -------------------------------------------------------------------------------------------------

def type_to(qemu):
    """What is typed, line by line, as a terminal would send it."""
    with contextlib.suppress(OSError):
        for line in typed():
            qemu.stdin.write(line.replace(b"\n", b"\r"))
            qemu.stdin.flush()


def show_and_type(qemu):
    Console(qemu)
    threading.Thread(target=type_to, args=(qemu,), daemon=True).start()


def trace_any(name, build_dir):
    limit_s = seconds()
    folder = build_dir / "trace"
    command = shlex.split(variable("SERVAL_QEMU")) + web.qemu_extra()

    def start_qemu(control):
        return subprocess.Popen([*command, "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
                                 "-chardev", f"socket,id=control,fd={control.fileno()}",
                                 "-mon", "chardev=control,mode=control"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                                pass_fds=[control.fileno()], cwd=web.TOP)

    with contextlib.ExitStack() as stack:
        machine, qemu = start(stack, folder, name, start_qemu)
        wait_for_the_end(qemu, limit_s, lambda: show_and_type(qemu))
        leave(machine.result(quiet=False), build_dir / name)


def trace_files(name, build_dir, files):
    """Rings that somebody else saved."""
    memory = {}
    for word in files:
        pd, colon, path = word.partition(":")
        if not colon:
            raise Stop(f"'{word}' is not PD:FILE")
        try:
            memory[pd] = Path(path).read_bytes()
        except OSError as error:
            raise Stop(f"{path}: {error.strerror}") from None
    system = load_map(build_dir / "trace" / name / f"{name}.trace-map.json")
    known = {pd["name"] for pd in system["pds"]}
    for pd in memory:
        if pd not in known:
            raise Stop(f"{name} has no traced PD '{pd}'; there are: {', '.join(sorted(known))}")
    system["pds"] = [pd for pd in system["pds"] if pd["name"] in memory]
    leave(read(system, memory), build_dir / name)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: trace.py NAME [PD:FILE..]")
    name, *files = sys.argv[1:]
    build_dir = Path(variable("BUILD_DIR", "build"))

    def trace():
        try:
            if files:
                trace_files(name, build_dir, files)
            elif name == "webserver":
                trace_web(build_dir)
            else:
                trace_any(name, build_dir)
        except TraceError as error:
            raise Stop(error) from None

    return web.as_command(f"{name}.trace", trace)


if __name__ == "__main__":
    sys.exit(main())
