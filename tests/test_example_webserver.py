"""examples/webserver by hand: `make` and `make qemu` in its folder, boots without an NFS server, `-kernel`."""

import os
import re
import select
import subprocess
import time

import pytest
from serval import build, paths
from serval.http import GENEROUS_S, get
from serval.nfs import NfsServer
from serval.ports import free_port
from serval.qemu import Guest, needs_machine
from serval.siterules import make_site

pytestmark = pytest.mark.makes
OFFICIAL = bool(os.environ.get("MICROKIT_SDK"))
WEB_ADDRESS = "10.0.2.16"
SERVING = r"Starting async server on 0\.0\.0\.0:80\.\.\.\r?$"


def make_command(*words):
    environment = {k: v for k, v in os.environ.items()
                   if not k.startswith(("MAKE", "MFLAGS", "SERVAL_", "NFS_", "WEBSITE_", "MOUNT_", "HTTP_",
                                        "BUILD_DIR"))}
    command = ["make", "-C", str(paths.TOP / "examples" / "webserver"), "--no-print-directory",
               f"CACHE_DIR={paths.CACHE}", *words]
    return command, environment


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """A site, and an NFS server for it that has not been started: its ports are known and closed."""
    top = make_site(tmp_path_factory.mktemp("export"))
    (top / "app.py").write_text("def routes(app):\n    @app.get('/api/late')\n    async def late(request):\n"
                                "        return 'late'\n")
    server = NfsServer(top, tmp_path_factory.mktemp("nfs"), name=None)
    server.start()
    server.stop()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def built(export, tmp_path_factory):
    """make in examples/webserver, outputs elsewhere. Returns (words for make, its build folder)."""
    out = tmp_path_factory.mktemp("build")
    words = [f"BUILD_DIR={out}", "NFS_SERVER=10.0.2.2", f"NFS_DIRECTORY={export.directory}", "WEBSITE_DIR=/www/",
             f"NFS_PORT={export.nfs_port}", f"MOUNT_PORT={export.mount_port}"]
    command, environment = make_command(*words)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment,
                          timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return words, out


def test_make_leaves_image_and_report(built):
    assert (built[1] / "webserver.img").stat().st_size > 100_000
    if not OFFICIAL:    # whose tool stores zeros, too
        assert (built[1] / "webserver.img").stat().st_size < 2_000_000
    report = (built[1] / "report.txt").read_text()
    for pd in ("eth_driver", "net_virt_rx", "net_virt_tx", "nfs", "micropython", "timer_driver", "serial_driver"):
        assert pd in report


class Foreground:
    """`make qemu` with what it prints."""

    def __init__(self, words, stdin):
        command, environment = make_command(*words, "qemu")
        self.process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env=environment)
        self.text = ""

    def wait_for(self, pattern, timeout=GENEROUS_S):
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.text, re.M):
            ready = select.select([self.process.stdout], [], [], max(deadline - time.monotonic(), 0))[0]
            chunk = self.process.stdout.read1(65536) if ready else b""
            assert chunk, f"waiting for {pattern!r}, make qemu said:\n{self.text[-4000:]}"
            self.text += chunk.decode("utf-8", "replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.stdout.close()
        self.process.wait(30)
        if self.process.stdin:
            self.process.stdin.close()


@needs_machine
def test_qemu_from_dev_null_and_the_mount_heals(built, export):
    """Booted while there is no NFS server: it serves, says why there are no files, and finds them when they come."""
    port = free_port()
    with Foreground([*built[0], f"HTTP_PORT={port}", "QEMU_EXTRA=-name extra"], subprocess.DEVNULL) as qemu:
        qemu.wait_for(rf"IP address for netif e0 is: {WEB_ADDRESS}\r?$")
        qemu.wait_for(SERVING)
        assert re.search(r"nfs\|.*10\.0\.2\.2", qemu.text), "no word about the NFS server that is not there"
        answer = get(port, "/about")
        assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
        export.start()
        try:
            qemu.wait_for(r"nfs\|.*mounted\r?$")
            deadline = time.monotonic() + GENEROUS_S
            while (answer := get(port, "/about")).status == 503 and time.monotonic() < deadline:
                time.sleep(float(answer.headers["retry-after"]))
            assert answer.status == 200 and answer.body == b"about"
            while (answer := get(port, "/api/late")).status == 503 and time.monotonic() < deadline:
                time.sleep(1)
            assert answer.status == 200 and answer.body == b"late"
        finally:
            export.stop()


@needs_machine
def test_ctrl_a_x_quits(built):
    with Foreground([*built[0], f"HTTP_PORT={free_port()}"], subprocess.PIPE) as qemu:
        qemu.wait_for(r"DHCP request finished, IP address for netif e0 is: 10\.0\.2\.15\r?$")
        qemu.process.stdin.write(b"\x01x")
        qemu.process.stdin.flush()
        while qemu.process.stdout.read1(65536):
            pass
        assert qemu.process.wait(30) == 0


@pytest.mark.skipif(OFFICIAL, reason="our own loader: official images are no Linux kernels")
def test_the_same_image_as_a_kernel(built, export):
    export.start()
    try:
        with Guest(None, {"http": ("tcp", WEB_ADDRESS, 80)}, args=["-kernel", built[1] / "webserver.img"]) as guest:
            guest.expect(SERVING)
            assert get(guest.port("http"), "/").body == b"start"
    finally:
        export.stop()


@pytest.mark.parametrize("folder, path, body", [(".", "/www/about", b"about"), ("www/sub", "/", b"sub")])
def test_website_dir(export, folder, path, body):
    export.start()
    try:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=export.directory, WEBSITE_DIR=folder,
                             NFS_PORT=export.nfs_port, MOUNT_PORT=export.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}) as guest:
            guest.expect(SERVING)
            assert get(guest.port("http"), path).body == body
            assert get(guest.port("http"), "/../secret.txt").status == 404
    finally:
        export.stop()


def test_a_site_with_odd_characters_in_its_path(tmp_path_factory):
    """From make through compose, the NFS component and the interpreter to the server. Its configuration has no form for
    a double quote."""
    top = tmp_path_factory.mktemp("odd") / "a#b 'c' $d %e &f ;g ü (h) `i`"
    folder = "w#w 'x' $y \"z\" \\ %25 &ü"
    (top / folder).mkdir(parents=True)
    (top / folder / "index.html").write_text("odd")
    with NfsServer(top, tmp_path_factory.mktemp("nfs"), name=None) as server:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=top, WEBSITE_DIR=folder,
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}) as guest:
            guest.expect(SERVING)
            assert get(guest.port("http"), "/").body == b"odd"


def test_a_missing_folder_is_said(export):
    export.start()
    try:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=export.directory, WEBSITE_DIR="nowhere",
                             NFS_PORT=export.nfs_port, MOUNT_PORT=export.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}) as guest:
            guest.expect(r"webserver: WEBSITE_DIR 'nowhere' cannot be read")
            guest.expect(SERVING)
            deadline = time.monotonic() + GENEROUS_S
            while (answer := get(guest.port("http"), "/")).status == 503 and time.monotonic() < deadline:
                time.sleep(float(answer.headers["retry-after"]))    # app.py has not been read yet
            assert answer.status == 404
    finally:
        export.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
def test_asked_as_a_user_and_seldom(tmp_path_factory):
    """A site that only its owner may read, on an export that believes who asks."""
    top = make_site(tmp_path_factory.mktemp("owned"))
    for path in (top / "www" / "about.html", top / "www" / "note.txt"):
        path.chmod(0o400)
    top.chmod(0o755)
    os.chown(top / "www" / "about.html", 1234, 0)
    with NfsServer(top, tmp_path_factory.mktemp("nfs")) as server:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                             NFS_UID=1234, NFS_GID=1234, WEBSITE_FRESH_MS=3600000,
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}) as guest:
            guest.expect(SERVING)
            assert get(guest.port("http"), "/about").body == b"about"
            assert get(guest.port("http"), "/note.txt").status == 403
            (top / "www" / "index.html").write_text("edited")
            assert get(guest.port("http"), "/index.html").body == b"edited"
            (top / "www" / "index.html").write_text("edited again")
            time.sleep(3)       # longer than it holds by default
            assert get(guest.port("http"), "/index.html").body == b"edited"


@pytest.mark.parametrize("words, line", [
    ([], r"NFS_SERVER is not set"),
    (["NFS_SERVER=10.0.2.2"], r"NFS_DIRECTORY is not set"),
    (["NFS_SERVER=localhost", "NFS_DIRECTORY=/srv"], r"NFS_SERVER='localhost' is the guest itself; .* 10\.0\.2\.2"),
    (["NFS_SERVER=no/name", "NFS_DIRECTORY=/srv"], r"NFS_SERVER='no/name' is neither an address nor a name"),
    (["NFS_SERVER=999.1.2.3", "NFS_DIRECTORY=/srv"], r"NFS_SERVER='999\.1\.2\.3' is no IPv4 address"),
    (["NFS_SERVER=10.0.2", "NFS_DIRECTORY=/srv"], r"NFS_SERVER='10\.0\.2' is no IPv4 address"),
    (["NFS_SERVER=10.0.2.2", "NFS_DIRECTORY=/srv", "WEBSITE_FRESH_MS=2s"],
     r"WEBSITE_FRESH_MS='2s' is no number from 0 to 3600000"),
    (["NFS_SERVER=10.0.2.2", "NFS_DIRECTORY=/srv", "NFS_UID=www"], r"NFS_UID='www' is no number from 0 to 4294967294"),
    (["NFS_SERVER=10.0.2.2", "NFS_DIRECTORY=/srv", "NFS_GID=4294967295"],
     r"NFS_GID='4294967295' is no number from 0 to 4294967294"),
    (["NFS_SERVER=10.0.2.2", "NFS_DIRECTORY=srv"], r"NFS_DIRECTORY='srv' is not absolute"),
    (["NFS_SERVER=10.0.2.2", "NFS_DIRECTORY=/srv", "NFS_PORT=2049"], r"NFS_PORT and MOUNT_PORT go together"),
    (["NFS_SERVER=10.0.2.2", "NFS_DIRECTORY=/srv", "NFS_PORT=x", "MOUNT_PORT=1"], r"NFS_PORT='x' is no port"),
    (["NFS_SERVER=10.0.2.2", "NFS_DIRECTORY=/srv", "WEBSITE_DIR=../etc"],
     r"WEBSITE_DIR='\.\./etc' leaves NFS_DIRECTORY"),
])
def test_a_wrong_variable_is_one_line(tmp_path, words, line):
    command, environment = make_command(f"BUILD_DIR={tmp_path}", *words)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment,
                          timeout=300, check=False)
    assert done.returncode != 0
    said = [text for text in (done.stdout + done.stderr).splitlines() if re.search(line, text)]
    assert len(said) == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
