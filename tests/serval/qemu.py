"""Guest: one QEMU with an image, its console watched by events, its ports forwarded, always ended.

    with Guest(image, {"echo": ("tcp", "10.0.2.15", 7)}) as guest:
        guest.expect(r"address for netif e0 is: 10\\.0\\.2\\.15")
        sock = socket.create_connection(("127.0.0.1", guest.port("echo")))
        guest.send(b"help\\r")

Nothing here sleeps: a reader thread takes console bytes as they come and wakes who waits for them. The host ports are
chosen by the kernel (a forward from port 0) and asked from QEMU afterwards, so two runs cannot collide.
"""

import contextlib
import json
import re
import shlex
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from . import paths
from .gdb import Gdb
from .http import endpoint

LOAD_ADDRESS = 0x70000000
GENEROUS_S = 120    # a wait that ends by itself only when something is wrong, also on a busy 2-core machine


def machine_args(board=paths.BOARD):
    """Path of boards/BOARD/qemu.args; there is none for a machine that QEMU does not have."""
    return paths.TOP / "boards" / board / "qemu.args"


needs_machine = pytest.mark.skipif(not machine_args().exists(), reason=f"no QEMU has a model of {paths.BOARD}")


class GuestError(AssertionError):
    """The guest did not do what was waited for; the text ends with what its console said."""


def board_args(board=paths.BOARD, without=()):
    """The machine's arguments, from boards/BOARD/qemu.args, but for these devices.
    A test that needs a machine which QEMU does not have is skipped."""
    if not machine_args(board).exists():
        pytest.skip(f"no QEMU has a model of {board}")
    words = shlex.split(machine_args(board).read_text(), comments=True)
    for n in reversed(range(len(words))):
        if words[n - 1] == "-device" and words[n].split(",")[0] in without:
            del words[n - 1:n + 1]
    return words


class Qmp:
    """QEMU's control socket: one command, one answer; events in between are dropped."""

    def __init__(self, sock):
        self.sock = sock
        self.file = sock.makefile("rw", encoding="utf-8")
        self.file.readline()                                    # the greeting
        self.command("qmp_capabilities")

    def command(self, name, /, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        for line in self.file:
            answer = json.loads(line)
            if "error" in answer:
                raise GuestError(f"QMP {name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise GuestError(f"QEMU ended during QMP {name}")

    def close(self):
        self.file.close()
        self.sock.close()


class Guest:
    """image: path of a .img (or None with args=["-kernel", ...]);
    forwards: name -> (tcp|udp, guest address, guest port).

    console="pipe": watched here (expect, send). console="pty": it is the terminal guest.terminal, for
    one client, e.g. mpremote; here the bytes only go to the log file. args: more arguments for QEMU. netdev: what the NIC
    is plugged into instead of QEMU's user network (no forwards then), e.g. serval.wire's. plug: a tap's (serval/tap.py);
    what would be forwarded is then reached at the guest's own address. program: another QEMU. debug: the guest stands
    still before its first instruction, and guest.gdb has it (serval/gdb.py). without: names of the machine's devices that
    it shall not have.
    """

    def __init__(self, image, forwards=None, *, console="pipe", args=(), log=None, board=paths.BOARD, netdev=None,
                 plug=None, program=paths.QEMU, debug=False, without=()):
        self.image = image
        self.forwards = dict(forwards or {})
        self.console = console
        self.board = board
        self.args = list(args)
        self.plug = plug
        self.netdev = plug.netdev if plug else netdev
        self.program = program
        self.debug = debug
        self.without = without
        self.log = Path(log) if log else None
        self.output = bytearray()
        self.mark = 0                       # expect() searches from here on
        self.changed = threading.Condition()
        self.ended = False
        self.ports = {}
        self.process = self.qmp = self.gdb = self.reader = None
        self.stack = contextlib.ExitStack()

    # -- life ----------------------------------------------------------------------------------------------------

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self):
        scratch = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="serval-")))
        listener = self._listen(scratch / "qmp")
        debugger = self._listen(scratch / "gdb")
        if self.log is None:
            self.log = scratch / "console.log"
        self.started = time.monotonic()
        self.process = subprocess.Popen(self._command(scratch), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.qmp = Qmp(self._accept(listener))
        self._ask_ports()
        if self.debug:
            self.gdb = Gdb(self._accept(debugger))
        else:
            self.qmp.command("cont")

    def _listen(self, path):
        listener = self.stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        listener.listen(1)
        listener.settimeout(GENEROUS_S)
        return listener

    def _command(self, scratch):
        command = [str(self.program), *board_args(self.board, self.without), "-S", "-qmp", f"unix:{scratch}/qmp"]
        if self.debug:
            command += ["-chardev", f"socket,id=gdb,path={scratch}/gdb", "-gdb", "chardev:gdb"]
        if self.console == "pty":
            command += ["-chardev", f"pty,id=console,logfile={self.log}"]
        else:
            command += ["-chardev", "stdio,id=console,mux=off,signal=off"]
        command += ["-serial", "chardev:console"]
        if self.image is not None:
            command += ["-device", f"loader,file={self.image},addr={LOAD_ADDRESS:#x},cpu-num=0"]
        net = [self.netdev or "user", "id=net0"]
        if not self.plug:
            net += [f"hostfwd={kind}:127.0.0.1:0-{addr}:{port}" for kind, addr, port in self.forwards.values()]
        return command + ["-netdev", ",".join(net), *self.args]

    def _accept(self, listener):
        """QEMU's connection; QEMU that ends before (a bad argument) is told at once by its words."""
        while True:
            try:
                listener.settimeout(0.5)
                return listener.accept()[0]
            except TimeoutError:
                if self.process.poll() is not None:
                    self.reader.join()
                    raise GuestError(f"QEMU ended with {self.process.returncode}: {self.text()}") from None
                if time.monotonic() > self.started + GENEROUS_S:
                    raise GuestError("QEMU did not open its control socket") from None

    def _ask_ports(self):
        """The host ports that the kernel chose.
        One line per forward: KIND[HOST_FORWARD] fd 127.0.0.1 PORT addr port."""
        if self.plug:
            self.ports = {name: (addr, port) for name, (_, addr, port) in self.forwards.items()}
        elif self.forwards:
            table = self.qmp.command("human-monitor-command", **{"command-line": "info usernet"})
            row = re.compile(r"(TCP|UDP)\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+(\S+)\s+(\d+)")
            found = {(k.lower(), a, int(p)): int(host) for k, host, a, p in row.findall(table)}
            self.ports = {name: found[tuple(forward)] for name, forward in self.forwards.items()}
        if self.console == "pty":
            console = next(c for c in self.qmp.command("query-chardev") if c["label"] == "console")
            self.terminal = console["filename"].removeprefix("pty:")

    def _read(self):
        with open(self.log if self.console == "pipe" else "/dev/null", "wb", buffering=0) as log:
            while chunk := self.process.stdout.read1(65536):
                log.write(chunk)
                with self.changed:
                    self.output += chunk
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def close(self):
        """Ends QEMU and all that belongs to it; may be called twice."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.reader:
            self.reader.join()
            self.process.stdin.close()
            self.process.stdout.close()
        for connection in filter(None, (self.qmp, self.gdb)):
            connection.close()
        self.qmp = self.gdb = None
        self.stack.close()

    # -- console -------------------------------------------------------------------------------------------------

    def text(self):
        """All that the console has said so far."""
        with self.changed:
            return self.output.decode("utf-8", "replace")

    def expect(self, pattern, timeout=GENEROUS_S):
        """Waits until the regular expression matches what follows the last match.

        Returns (whole match, group 1, ...) as str."""
        search = re.compile(pattern.encode(), re.M)
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                match = search.search(self.output, self.mark)
                if match:
                    self.mark = match.end()
                    return tuple((g or b"").decode("utf-8", "replace") for g in (match.group(), *match.groups()))
                left = deadline - time.monotonic()
                if self.ended or left <= 0:
                    why = "QEMU ended" if self.ended else f"nothing in {timeout} s"
                    break
                self.changed.wait(left)
        raise GuestError(f"waiting for {pattern!r}: {why}; the console said\n{self.text()[-4000:]}")

    def expect_all(self, patterns, timeout=GENEROUS_S):
        """As expect, for several patterns in whatever order they come. Returns the matches in the order given."""
        start = self.mark
        furthest = start
        matches = []
        deadline = time.monotonic() + timeout
        for pattern in patterns:
            self.mark = start
            matches.append(self.expect(pattern, max(deadline - time.monotonic(), 0.001)))
            furthest = max(furthest, self.mark)
        self.mark = furthest
        return matches

    def send(self, data):
        """Bytes for the guest's serial input (console="pipe")."""
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def wait_exit(self, timeout=GENEROUS_S):
        """QEMU's exit status, once it has ended by itself."""
        return self.process.wait(timeout)

    # -- network and machine -------------------------------------------------------------------------------------

    def port(self, name):
        """The port on 127.0.0.1 that is forwarded for this name; on a tap (the guest's address, its port)."""
        return self.ports[name]

    def url(self, path="/", name="http"):
        return "http://%s:%d%s" % (*endpoint(self.port(name)), path)

    def connect(self, name="http", timeout=GENEROUS_S):
        """A TCP connection to the guest, through QEMU's accept before this returns. QEMU's listener has a backlog of
        one: connections made all at once are retried by this machine's kernel after 1, 3, 7 .. s, and some are reset in
        the end."""
        sock = socket.create_connection(endpoint(self.port(name)), timeout=timeout)
        self.qmp.command("query-status")    # answered by the loop that accepts
        self.qmp.command("query-status")
        return sock

    def set_link(self, up):
        """Pulls the network cable, or plugs it in again."""
        self.qmp.command("set_link", name="net0", up=up)
