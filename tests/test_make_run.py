"""make run as a person uses it: the demo site in a browser, Ctrl-C, nothing left behind;
and what it says when it cannot."""

import contextlib
import importlib
import json
import os
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from serval import browser, build, paths
from serval.http import curl
from serval.ports import free_port
from serval.qemu import needs_machine

pytestmark = [needs_machine, pytest.mark.makes]
START_S = 400


def make_run(*variables):
    environment = {k: v for k, v in os.environ.items()
                   if not k.startswith(("MAKE", "MFLAGS", "SERVAL_", "NFS_", "WEBSITE_"))}
    return subprocess.Popen(["make", "-C", paths.TOP, "--no-print-directory", "run", f"CACHE_DIR={paths.CACHE}",
                             f"BUILD_DIR={paths.CACHE / 'test' / 'make-run'}", *variables], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, start_new_session=True)


def read_until(process, pattern, timeout):
    """What the process printed up to the pattern; fails with it when the process ends or the time is over."""
    text, deadline = "", time.monotonic() + timeout
    while not re.search(pattern, text, re.M):
        left = max(deadline - time.monotonic(), 0)
        readable = select.select([process.stdout], [], [], left)[0]
        chunk = process.stdout.read1(65536) if readable else b""
        if not chunk:
            pytest.fail(f"waiting for {pattern!r}, make run said:\n{text[-6000:]}")
        text += chunk.decode("utf-8", "replace")
    return text


def descendants(pid):
    """The process and all below it; threads come and go meanwhile."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            below = children.read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in below:
            found += descendants(int(child))
    return found


class Terminal:
    """A command in a terminal of its own, started by an interactive shell's rules: it has the foreground."""

    def __init__(self, *command):
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith(("MAKE", "MFLAGS", "SERVAL_", "NFS_", "WEBSITE_", "HTTP_"))}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], [str(word) for word in command], environment)
        self.text = ""

    def read(self, pattern=None, timeout=START_S):
        """Reads up to the pattern; without one until the terminal is closed by the last process in it."""
        deadline = time.monotonic() + timeout
        while pattern is None or not re.search(pattern, self.text, re.M):
            if not select.select([self.fd], [], [], max(deadline - time.monotonic(), 0))[0]:
                pytest.fail(f"waiting for {pattern!r}:\n{self.text[-6000:]}")
            try:
                self.text += os.read(self.fd, 65536).decode("utf-8", "replace")
            except OSError:
                assert pattern is None, f"waiting for {pattern!r}:\n{self.text[-6000:]}"
                return

    def press_ctrl_c(self):
        """What is printed from then on, and the status as a shell would say it: minus the signal's number."""
        before = len(self.text)
        os.write(self.fd, b"\x03")
        self.read(timeout=60)
        return self.text[before:].replace("\r", "").replace("^C", ""), os.waitstatus_to_exitcode(self.wait())

    def wait(self):
        status, self.pid = os.waitpid(self.pid, 0)[1], None
        return status

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        os.close(self.fd)


@contextlib.contextmanager
def serving(port, *variables):
    """make run up to the page's address: what it printed; ended by Ctrl-C."""
    process = make_run(f"HTTP_PORT={port}", *variables)
    try:
        yield read_until(process, rf"^ *http://localhost:{port}\r?$", START_S)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
        process.stdout.close()


@contextlib.contextmanager
def in_a_terminal(*command):
    terminal = Terminal(*command)
    try:
        yield terminal
    finally:
        terminal.close()


STEP = re.compile(r"^  [A-Z]+\t", re.M)


def serve_and_interrupt(folder, out, port, *words):
    """make run up to its last word and Ctrl-C; what it printed before."""
    with in_a_terminal("make", "-C", folder, "--no-print-directory", "run", f"CACHE_DIR={paths.CACHE}",
                       f"BUILD_DIR={out}", f"HTTP_PORT={port}", *words) as terminal:
        terminal.read(rf"^ *http://localhost:{port}\r?$[\s\S]*^\(Ctrl-C ends it\)\r?\n")
        printed, watches = terminal.text, [os.pidfd_open(pid) for pid in descendants(terminal.pid)]
        assert len(watches) >= 3 + (not words), "make, run.py, QEMU, Ganesha"
        words, status = terminal.press_ctrl_c()
        ended = [watch for watch in watches if select.select([watch], [], [], 30)[0]]
        assert len(ended) == len(watches), f"{len(watches) - len(ended)} of {len(watches)} processes outlived Ctrl-C"
        assert words.strip("\n") == ""
        assert status == -signal.SIGINT     # 130 in a shell, which ends a script, too
    return printed


def test_ctrl_c_in_a_terminal_and_no_work_in_turn(tmp_path, port):
    """make run and make webserver, with variables of its own, in turn: each finds what it had built."""
    def make_webserver():
        return build.make("webserver", BUILD_DIR=tmp_path, NFS_SERVER="10.0.2.2", NFS_DIRECTORY="/srv").stdout

    assert STEP.search(serve_and_interrupt(paths.TOP, tmp_path, port))
    assert STEP.search(make_webserver())
    image = (tmp_path / "webserver.img").read_bytes()
    assert not STEP.search(serve_and_interrupt(paths.TOP / "examples" / "webserver", tmp_path, port))
    assert not STEP.search(make_webserver())
    assert (tmp_path / "webserver.img").read_bytes() == image


def test_a_site_in_the_image_without_python(tmp_path, port):
    """From the example's own folder, whose path is meant from there: no server is started."""
    printed = serve_and_interrupt(paths.TOP / "examples" / "webserver", tmp_path, port, "APPLICATION=none",
                                  "WEBSITE_FILES=site")
    assert re.search(r"serving http://10\.0\.2\.15/ from /\r?$", printed, re.M)
    assert re.search(r"^  LD\t.*/http\.elf", printed, re.M) and not re.search(r"micropython|nfs\.elf", printed)


def test_https_with_a_certificate_of_its_own(tmp_path, port):
    """Both addresses are told; who believes the certificate gets the page; it is the same one the next time."""
    https = free_port()
    words = ("HTTPS=1", f"HTTPS_PORT={https}", "APPLICATION=none", "WEBSITE_FILES=examples/webserver/site")
    process = make_run(f"HTTP_PORT={port}", f"BUILD_DIR={tmp_path}", *words)
    try:
        printed = read_until(process, rf"^ *https://localhost:{https}\r?$", START_S)
        certificate = re.search(r"certificate of its own: (\S+\.pem)", printed)[1]
        context = ssl.create_default_context(cafile=certificate)
        with urllib.request.urlopen(f"https://localhost:{https}/", context=context, timeout=30) as page:
            assert b"A web server that is its own operating system" in page.read()
        with pytest.raises(urllib.error.URLError, match="self.signed certificate"):
            urllib.request.urlopen(f"https://localhost:{https}/", timeout=30)
        before = Path(certificate).read_bytes()
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
        process.stdout.close()
    assert f"certificate of its own: {certificate}" in serve_and_interrupt(paths.TOP, tmp_path, port, *words)
    assert Path(certificate).read_bytes() == before


@pytest.mark.parametrize("words, port", [
    ((), 5558), (("STATUS_PORT=0",), 0), (("STATUS_PORT=7000",), 7000), (("STATUS_PORT=5556",), None),
    (("CHAOS=1", "STATUS_PORT=5557"), None),
])
def test_where_the_status_is(words, port, monkeypatch):
    """None: it cannot be there."""
    sys.path[:0] = [str(paths.TOP), str(paths.TOP / "mk" / "run")]
    run = importlib.import_module("run")
    monkeypatch.setattr(run, "are_free", lambda ports: True)
    for word in words:
        monkeypatch.setenv(*word.split("="))
    if port is None:
        with pytest.raises(run.Stop):
            run.status_port(5555, 5556)
    else:
        assert run.status_port(5555, 5556) == port
        assert run.status_port(5555, 5558) == (port if words else 0), "HTTPS has said first where it is"


@pytest.mark.parametrize("words, message", [
    (("HTTPS_PORT=5555",), "HTTPS_PORT=5555 is a port of HTTP_PORT=5555 already"),
    (("CHAOS=1", "HTTPS_PORT=5557"), "HTTPS_PORT=5557 is a port of HTTP_PORT=5555 already"),
    (("TLS_KEY=/nowhere",), "TLS_KEY='/nowhere': No such file or directory"),
])
def test_https_that_cannot_be(words, message, monkeypatch):
    sys.path[:0] = [str(paths.TOP), str(paths.TOP / "mk" / "run")]
    run = importlib.import_module("run")
    for word in ("HTTPS=1", "HTTPS_PORT=5556", *words):
        monkeypatch.setenv(*word.split("="))
    with pytest.raises((run.Stop, OSError)) as error:
        run.https_port(5555)
        run.certificate(paths.TOP / "build" / "run")
    assert message in (str(error.value) if isinstance(error.value, run.Stop) else run.what_failed(error.value))


def end_while_it_is_built(terminal):
    """Leaves nothing that is half built, and no process. No tool says where it was."""
    watches = [os.pidfd_open(pid) for pid in descendants(terminal.pid)]
    words, status = terminal.press_ctrl_c()
    ended = [watch for watch in watches if select.select([watch], [], [], 30)[0]]
    assert len(ended) == len(watches) and status == -signal.SIGINT
    assert "Traceback" not in words and "mk/goals.mk" not in words      # the inner make names what it left


def building(tmp_path):
    return in_a_terminal("make", "-C", paths.TOP, "--no-print-directory", "run", f"CACHE_DIR={paths.CACHE}",
                         f"BUILD_DIR={tmp_path}", f"HTTP_PORT={free_port()}")


def test_ctrl_c_while_it_is_built(tmp_path):
    with building(tmp_path) as terminal:
        terminal.read(r"^  LD\t.*elf")
        end_while_it_is_built(terminal)
        assert not list(tmp_path.rglob("webserver.img"))


def catches_ctrl_c(pid):
    """Whether it is a tool in Python that has begun."""
    with contextlib.suppress(OSError):
        status, arguments = (Path(f"/proc/{pid}/{name}").read_text() for name in ("status", "cmdline"))
        caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.M)[1], 16)
        return "examples/webserver/system.py" in arguments.split("\0") and bool(caught >> (signal.SIGINT - 1) & 1)
    return False


def test_ctrl_c_while_a_tool_in_python_runs(tmp_path):
    with building(tmp_path) as terminal:
        terminal.read(r"^  COMPOSE\t")
        while not any(catches_ctrl_c(pid) for pid in descendants(terminal.pid)) and not any(tmp_path.rglob("webserver.mk")):
            pass    # until it is there, or has ended unseen
        end_while_it_is_built(terminal)


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def status_port():
    return free_port()


@pytest.fixture(scope="module")
def running(port, status_port):
    """make run, up and announced. Afterwards Ctrl-C, and everything it started has to end."""
    process = make_run(f"HTTP_PORT={port}", f"STATUS_PORT={status_port}")
    try:
        read_until(process, rf"^ *http://localhost:{port}\r?$", START_S)
        watches = [os.pidfd_open(pid) for pid in descendants(process.pid)]
        yield f"http://localhost:{port}"
        assert process.poll() is None, "make run ended by itself"
        os.killpg(process.pid, signal.SIGINT)
        ended = {watch for watch in watches if select.select([watch], [], [], 30)[0]}
        assert ended == set(watches), f"{len(watches) - len(ended)} of {len(watches)} processes outlived Ctrl-C"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def test_front_page_in_a_browser(running):
    page = browser.dom(running + "/")
    assert "A web server that is its own operating system" in page
    assert re.search(r'id="live-server">Serval<', page), "the page's script did not get the server's headers"
    assert re.search(r'id="live-latency">[0-9.]+ ms<', page)


def test_front_page_is_not_blank(running, tmp_path):
    colours = browser.screenshot(running + "/", tmp_path / "page.png").colours()
    pixels = sum(colours.values())
    assert len(colours) > 100
    assert max(colours.values()) < 0.9 * pixels
    coat = sum(n for (r, g, b), n in colours.items() if r > 190 and 130 < g < 190 and b < 110)
    assert coat > 20000, "the picture of the coat is missing"


def test_dark_is_another_picture(running, tmp_path):
    colours = browser.screenshot(running + "/request", tmp_path / "dark.png", height=900, dark=True).colours()
    assert max(colours, key=colours.get) < bytes((64, 64, 64))


@pytest.fixture(scope="module")
def broken(port):
    """make run CHAOS=1 HTTPS=1, beside the other one."""
    own = free_port()
    process = make_run(f"HTTP_PORT={own}", "CHAOS=1", "HTTPS=1", f"HTTPS_PORT={free_port()}")
    try:
        read_until(process, rf"^ *http://localhost:{own}/chaos/\r?$", START_S)
        yield f"http://localhost:{own}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
        process.stdout.close()


PARTS = 13
PRESS = "document.querySelector('[data-part={}]').dispatchEvent(new Event('click'))"


def test_a_button_kills_a_part_and_the_clock_goes_on(broken):
    with browser.Page(broken + "/chaos/") as page:
        assert page.until("document.querySelectorAll('[data-part][tabindex]').length") == PARTS
        assert page.evaluate("document.getElementById('absent').hidden")
        for part in ("eth_driver", "timer_driver", "entropy", "tls", "keys", "serial_virt_tx"):
            before = page.evaluate("Number(document.getElementById('answered').textContent)")
            page.evaluate(PRESS.format(part))
            page.until(f"document.querySelector('[data-part={part}] .count').textContent === 'died once'")
            page.until(f"Number(document.getElementById('answered').textContent) > {before + 5}")
        assert page.evaluate("document.getElementById('lost').textContent") == "0"
        assert page.evaluate("document.getElementById('said').textContent") == "serial_virt_tx has died."


def test_where_nothing_can_be_killed_the_page_says_so(running):
    with browser.Page(running + "/chaos/") as page:
        page.until("!document.getElementById('absent').hidden")
        assert page.evaluate("document.querySelectorAll('[data-part][tabindex]').length") == 0


@pytest.mark.parametrize("path", ["/", "/request", "/domains/", "/rules", "/files/", "/chaos/"])
def test_every_link_leads_somewhere(running, path):
    page = curl(running + path).body.decode()
    links = set(re.findall(r'(?:href|src)="(/[^"]*)"', page))
    assert len(links) > 5
    meant_to_fail = {"/nothing-here", "/%2e%2e/webserver.py"}
    for link in links:
        expected = (404,) if link in meant_to_fail else (200, 301)
        assert curl(running + link, "-I").status in expected, link


def test_status_route(running):
    answer = curl(running + "/api/status")
    assert answer.status == 200 and b'"version": "1.25.0"' in answer.body


def test_what_python_counts(running, status_port):
    def counts():
        parts = json.loads(curl(f"http://localhost:{status_port}/status.json").body)["parts"]
        return next(part for part in parts if part["name"] == "micropython")["counts"]

    before = counts()
    assert curl(running + "/api/status").status == 200
    after = counts()
    assert after["requests"] == before["requests"] + 1 and after["answers_whole"] > 0
    assert after["starts"] == 1 and after["heap_bytes"] > 1 << 20 and after["heap_used_bytes"] < after["heap_bytes"]


def test_a_second_one_beside_it(running):
    other = free_port()
    with serving(other):
        assert curl(f"http://localhost:{other}/").status == curl(running + "/").status == 200


def test_a_site_of_ones_own(tmp_path):
    """The folder is made, with a program that answers and is not shown; what is changed there is served; nobody writes to
    a folder that has something in it."""
    port = free_port()
    site, address = tmp_path / "my site", f"http://localhost:{port}"
    with serving(port, f"SITE={site}") as printed:
        assert f"a new site: {site}" in printed
        assert {path.name for path in site.iterdir()} == {"index.html", "style.css", "app.py", "README.md"}
        assert b"<h1>My site</h1>" in curl(address + "/").body
        assert curl(address + "/style.css").headers["content-type"].startswith("text/css")
        assert curl(address + "/api/hello?name=you").body == b'{"hello": "you"}'
        assert curl(address + "/app.py").status == curl(address + "/app").status == 404
        (site / "about.html").write_text("about me")
        assert curl(address + "/about").body == b"about me"
        (site / "README.md").unlink()
    with serving(port, f"SITE={site}") as printed:
        assert "a new site" not in printed and not (site / "README.md").exists()
        assert curl(address + "/about").body == b"about me"


@pytest.mark.parametrize(("below", "pages"), [(".", "."), ("", "."), ("www", "www"), ("/a/./b", "a/b")])
@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
def test_a_new_site_in_a_folder_of_its_own(tmp_path, below, pages, there):
    """One that is there stays the folder that it is: it may be a mount point."""
    if there:
        (tmp_path / "site").mkdir()
        before = (tmp_path / "site").stat().st_ino
    program = "import sys; sys.path.insert(0, 'mk/run'); import run; run.new_site(run.Path(sys.argv[1]), sys.argv[2])"
    subprocess.run([sys.executable, "-c", program, tmp_path / "site", below], cwd=paths.TOP, check=True)
    assert {path.name for path in (tmp_path / "site" / pages).iterdir() if path.is_file()} >= {"index.html", "style.css"}
    assert {path.name for path in (tmp_path / "site").iterdir() if path.suffix in (".py", ".md")} == {"app.py", "README.md"}
    assert not there or (tmp_path / "site").stat().st_ino == before
    assert not [path for path in [*tmp_path.iterdir(), *(tmp_path / "site").iterdir()] if path.name.startswith(".")]
    if pages != ".":
        assert not (tmp_path / "site" / "index.html").exists()


def test_a_site_of_a_name_that_cannot_be_exported(tmp_path):
    """... is not made."""
    process = make_run(f"SITE={tmp_path}/a \"site\"", f"HTTP_PORT={free_port()}")
    text = process.communicate(timeout=START_S)[0].decode()
    assert process.returncode != 0 and not list(tmp_path.iterdir())
    assert re.search(r"^make run: .*a double quote or a line's end in its path cannot be told to NFS-Ganesha", text, re.M)


def test_port_in_use_is_one_line():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        process = make_run(f"HTTP_PORT={sock.getsockname()[1]}")
        text = process.communicate(timeout=START_S)[0].decode()
        assert process.returncode != 0
        assert re.search(rf"^make run: port {sock.getsockname()[1]} of this machine is in use", text, re.M)


@pytest.mark.parametrize("variables, line", [
    (["HTTP_PORT=web"], "*** HTTP_PORT='web' is no port"),
    (["NFS_DIRECTORY=/srv"], "make run: NFS_DIRECTORY without NFS_SERVER"),
    (["NFS_PORT=2049", "WEBSITE_FRESH_MS=100"], "make run: NFS_PORT without NFS_SERVER"),
    (["SITE=Makefile"], "make run: SITE='Makefile' is no folder"),
    (["SITE=Makefile/site"], "make run: SITE='Makefile/site' cannot be made: "),
    (["SITE=/proc/site"], "make run: SITE='/proc/site' cannot be made: "),
    (["SITE=examples", "NFS_SERVER=10.0.2.2"], "make run: SITE and NFS_SERVER: the site's files come from one of them"),
    (["SITE=examples", "WEBSITE_FILES=examples"], "make run: SITE and WEBSITE_FILES: the site's files come from one of them"),
    (["WEBSITE_FRESH_MS=soon"], "WEBSITE_FRESH_MS='soon' is no number from 0 to 3600000"),
])
def test_wrong_variables_are_one_line(variables, line):
    process = make_run(*variables)
    text = process.communicate(timeout=START_S)[0].decode()
    assert process.returncode != 0 and line in text
    assert "Traceback" not in text
