"""Prompts: of the interpreter that serves, on the serial line; and MicroPython's own tool at the other one."""

import os
import random
import re
import signal
import subprocess
import sys

import pytest

from serval import build, paths
from serval.http import get
from serval.nfs import NfsServer
from serval.ports import free_port
from serval.qemu import Guest
from serval.terminal import Terminal

WEB_ADDRESS = "10.0.2.16"
STARTS = r"Starting async server on 0\.0\.0\.0:80\.\.\.\r?$"
APP = """
import asyncio
from microdot import Microdot
app = Microdot()
count = 0

@app.get("/api/count")
async def counts(request):
    return str(count)

app.run()
"""


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    top = tmp_path_factory.mktemp("export")
    (top / "app.py").write_text(APP)
    with NfsServer(top, tmp_path_factory.mktemp("nfs")) as server:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_CONSOLE=1,
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}, log=tmp_path_factory.mktemp("log") / "console.log") as guest:
            guest.expect(STARTS)
            yield guest


@pytest.fixture
def guest(request, booted):
    request.node.serval_guests = [booted]
    return booted


def typed(guest, text, *answers):
    """What is typed is shown as it was understood, then what it says."""
    guest.send(text.encode() + b"\r")
    for answer in answers:
        guest.expect(answer)


def test_a_prompt_beside_the_server(guest):
    typed(guest, "1 + 1", r">>> 1 \+ 1\r?$", r"\| \S*2\r?$")
    typed(guest, "app", "Microdot object")
    typed(guest, "count = 7", ">>> count = 7")
    assert get(guest.port("http"), "/api/count").body == b"7"
    typed(guest, "await asyncio.sleep_ms(5)", ">>> await")
    typed(guest, "for i in range(2):", r">>> for i in range\(2\):")
    typed(guest, "    print('turn', i)", r"\.\.\.     print")
    typed(guest, "", "turn 0", "turn 1")
    typed(guest, "{}['none']", 'File "<console>", line 1', "KeyError: none")
    typed(guest, "(", "SyntaxError")
    typed(guest, "import gc; gc.mem_free() > 0", r"\| \S*True\r?$")
    typed(guest, "help()", "Each line runs beside the requests")
    typed(guest, "async def later():", r">>> async def")
    typed(guest, "    await asyncio.sleep_ms(100); return 40 + 2", r"\.\.\. ")
    typed(guest, "", "")
    typed(guest, "asyncio.run(later())", r"\| \S*42\r?$")
    typed(guest, "'gr\u00fc\u00dfe' + 'x\x7f'", "gr\u00fc\u00dfe")
    assert get(guest.port("http"), "/api/count").body == b"7"


def test_what_would_end_it_does_not(guest):
    guest.send(b"\x03\x04\x01")
    typed(guest, "", "")
    typed(guest, "raise KeyError", "KeyError")
    typed(guest, "raise SystemExit", "SystemExit")
    typed(guest, "'" + "x" * 5000 + "'", "SyntaxError")      # all that is too long of a line is not there
    typed(guest, "'still here'", "'still here'")
    assert get(guest.port("http"), "/api/count").status == 200 and "starts again" not in guest.text()


def test_without_it_nothing_is_read(tmp_path):
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "app.py").write_text(APP)
    image = build.system("webserver", WEBSITE_FILES=tmp_path / "top")
    with Guest(image, {"http": ("tcp", "10.0.2.15", 80)}, log=tmp_path / "console.log") as guest:
        guest.expect(STARTS)
        guest.send(b"1 + 1\r")
        assert get(guest.port("http"), "/api/count").body == b"0"
        assert ">>>" not in guest.text()


@pytest.mark.makes
def test_make_console():
    """At a terminal: a line that is typed, its answer, and Ctrl-C for the end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "SERVAL_", "NFS_", "WEBSITE_"))}
    port = free_port()
    terminal = Terminal(["make", "-C", paths.TOP, "--no-print-directory", "console", f"CACHE_DIR={paths.CACHE}",
                         f"BUILD_DIR={paths.CACHE / 'test' / 'make-console'}", f"HTTP_PORT={port}"], environment)
    terminal.expect(r"Ctrl-C ends it", timeout=600)
    terminal.type(b"6 * 7\n")
    terminal.expect(r">>> 6 \* 7")
    terminal.expect(r"\| \S*42")
    terminal.type(b"\x03")
    assert terminal.end() == -signal.SIGINT


def mpremote(guest, *words):
    done = subprocess.run([sys.executable, "-m", "mpremote", "connect", guest.terminal, *words],
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.replace("\r", "")


def test_mpremote(tmp_path):
    """exec, eval, run of a local file, its file commands, and files that it mounts."""
    (tmp_path / "local.py").write_text("import sys\nprint('local on', sys.platform)\n")
    with Guest(build.system("python"), console="pty", log=tmp_path / "console.log") as guest:
        assert mpremote(guest, "exec", "print(6 * 7)") == "42\n"
        assert mpremote(guest, "eval", "6 * 7") == "42\n"
        assert mpremote(guest, "run", str(tmp_path / "local.py")) == "local on serval\n"
        assert re.search(r"\d+ hello\.py", mpremote(guest, "fs", "ls"))
        assert "A module" in mpremote(guest, "fs", "cat", ":hello.py")
        mpremote(guest, "fs", "cp", ":hello.py", str(tmp_path / "copy.py"))
        assert (tmp_path / "copy.py").read_bytes() == (paths.TOP / "examples/python/files/hello.py").read_bytes()
        mpremote(guest, "fs", "cp", str(tmp_path / "local.py"), ":sent.py")
        assert mpremote(guest, "exec", "import sent") == "local on serval\n"
        (tmp_path / "large").write_bytes(data := random.Random(4).randbytes(20_000))
        mpremote(guest, "fs", "cp", str(tmp_path / "large"), ":large")
        mpremote(guest, "fs", "cp", ":large", str(tmp_path / "back"))
        assert (tmp_path / "back").read_bytes() == data
        mpremote(guest, "fs", "rm", ":sent.py")
        assert "sent.py" not in mpremote(guest, "fs", "ls")
        assert mpremote(guest, "soft-reset", "exec", "print('anew')") == "anew\n"
