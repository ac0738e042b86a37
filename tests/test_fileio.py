"""The file service's conformance program on both servers, and NFS servers that refuse, vanish, hang and lie.

The guest is given the address of a relay (class Relay) where a test wants to disturb what passes; else Ganesha's own.
"""

import contextlib
import os
import re
import struct
import sys
import zlib

import pytest
from serval import build
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.relay import END, Relay

SIZE = 3 * 1024 * 1024 + 1234
PASS = r"fileio: pass (\d+): ([^\r\n]*)[\r\n]"


def large_bytes():
    return b"".join(struct.pack(">QQ", i, i * 0x9E3779B97F4A7C15 % 2**64) for i in range(SIZE // 16 + 1))[:SIZE]


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    top = tmp_path_factory.mktemp("files")
    top.chmod(0o777)
    (top / "large.bin").write_bytes(large_bytes())
    return top


@pytest.fixture(scope="module")
def expected():
    return f"{SIZE} bytes, crc {zlib.crc32(large_bytes()):08x}"


def reader(nfs_port, mount_port, server="10.0.2.2"):
    """The variables of a guest that reads the file as often as anyone wants to see."""
    return dict(NFS_SERVER=server, NFS_DIRECTORY="/export", NFS_PORT=nfs_port, MOUNT_PORT=mount_port, LARGE_FILE="/large.bin",
                CONFORMANCE="no", PASSES=1000000)


def boot_nfs(boot, *ports, **options):
    return boot("fileio_nfs", **reader(*ports, **options))


def expect_passes(guest, expected, upto):
    """Every pass up to this one has the right bytes. A pass that failed fails the test."""
    while True:
        _, number, text = guest.expect(PASS)
        assert text.strip() == expected, f"pass {number}"
        if int(number) >= upto:
            return


def last_pass(guest):
    return max((int(number) for number, _ in re.findall(PASS, guest.text())), default=0)


# -- conformance -------------------------------------------------------------------------------------------------------

def expect_conformance(guest):
    _, passed, failed = guest.expect(r"fileio: (\d+) passed, (\d+) failed")
    assert failed == "0", guest.text()
    assert int(passed) > 1000


def test_conformance_in_memory(boot):
    guest = boot("fileio_mem")
    expect_conformance(guest)
    guest.expect("fileio: done")


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's private NFS server only reads")
def test_conformance_on_nfs(boot, export, expected, tmp_path):
    before = sorted(os.listdir(export))
    with NfsServer(export, tmp_path / "nfs") as server:
        guest = boot("fileio_nfs", **{**reader(server.nfs_port, server.mount_port), "CONFORMANCE": "yes", "PASSES": 1})
        guest.expect(r"NFS 10\.0\.2\.2:.*: mounted")
        expect_conformance(guest)
        expect_passes(guest, expected, 1)
        guest.expect("fileio: done")
    assert sorted(os.listdir(export)) == before


# -- a server that refuses ---------------------------------------------------------------------------------------------

def test_no_such_export_then_there_is(boot, export, expected, tmp_path):
    """One line says what is wrong; when it is put right on the server, the mount succeeds by itself. Ganesha answers
    "permission denied" for what it does not export; Linux "no such file"."""
    other = tmp_path / "other"
    other.mkdir()
    with NfsServer(other, tmp_path / "nfs", name="/other") as server:
        guest = boot_nfs(boot, server.nfs_port, server.mount_port)
        guest.expect(r"NFS 10\.0\.2\.2:.*: refused: "
                     r"(permission denied; is that directory exported|there is no such export)")
        ports = server.ports
    with NfsServer(export, tmp_path / "nfs", ports=ports):
        guest.expect(r"NFS 10\.0\.2\.2:.*: mounted")
        expect_passes(guest, expected, 1)
        assert guest.text().count("refused") == 1


def test_insecure_port_is_refused_in_words(boot, export, tmp_path):
    """QEMU's user network sends from an ordinary port of the host: a server that wants reserved ones refuses it."""
    with NfsServer(export, tmp_path / "nfs", privileged_port=True) as server:
        guest = boot_nfs(boot, server.nfs_port, server.mount_port)
        guest.expect(r"NFS 10\.0\.2\.2:.*: .*insecure")


def test_server_comes_later(boot, export, expected, tmp_path):
    with NfsServer(export, tmp_path / "nfs") as server:
        ports = server.ports
    guest = boot_nfs(boot, ports[0], ports[1])
    guest.expect(r"NFS 10\.0\.2\.2:.*: the mount service does not answer")
    with NfsServer(export, tmp_path / "nfs", ports=ports):
        guest.expect(r"NFS 10\.0\.2\.2:.*: mounted")
        expect_passes(guest, expected, 1)


def test_name_that_nobody_knows(boot, export):
    guest = boot_nfs(boot, 1, 1, server="no-such-host.invalid")
    guest.expect(r"NFS no-such-host\.invalid:.*: out of reach: ")


# QEMU runs this for each connection to 10.0.2.100: a port as argument: the rest of the world is that port of ours;
# none: it is the portmapper itself (RFC 1833 section 3: GETPORT of version 2).
PORTMAPPER = """
import os, socket, struct, sys, threading
def pump(source, sink):
    while data := source(65536):
        sink(data)
    os._exit(0)
if len(sys.argv) > 1:
    sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    threading.Thread(target=pump, args=(sock.recv, lambda data: os.write(1, data)), daemon=True).start()
    pump(lambda size: os.read(0, size), sock.sendall)
while marker := sys.stdin.buffer.read(4):
    call = sys.stdin.buffer.read(struct.unpack(">I", marker)[0] & 0x7fffffff)
    program, version, protocol, _ = struct.unpack(">4I", call[-16:])
    port = {ports}.get(program, 0) if (version, protocol) == (3, 6) else 0
    os.write(1, struct.pack(">I", 0x80000000 | 28) + call[:4] + struct.pack(">6I", 1, 0, 0, 0, 0, port))
"""


def boot_with_portmapper(request, export, expected, tmp_path, server, ports):
    """A guest whose NFS server is 10.0.2.100, where a portmapper tells the `ports`: program -> port."""
    script = tmp_path / "portmapper.py"
    script.write_text(PORTMAPPER.replace("{ports}", str(ports)))
    command = f"{sys.executable} {script}"
    netdev = "user," + ",".join([f"guestfwd=tcp:10.0.2.100:111-cmd:{command}", *[
        f"guestfwd=tcp:10.0.2.100:{port}-cmd:{command} {port}" for port in (server.nfs_port, server.mount_port)]])
    image = build.system("fileio_nfs", NFS_SERVER="10.0.2.100", NFS_DIRECTORY=server.directory, LARGE_FILE="/large.bin",
                         CONFORMANCE="no", PASSES=1)
    guest = Guest(image, netdev=netdev, log=tmp_path / "console.log")
    request.node.serval_guests = [guest]
    return guest


def test_portmapper_is_asked(request, export, expected, tmp_path):
    """Without ports in the description the server's portmapper says them."""
    with NfsServer(export, tmp_path / "nfs") as server:
        ports = {100003: server.nfs_port, 100005: server.mount_port}
        with boot_with_portmapper(request, export, expected, tmp_path, server, ports) as guest:
            guest.expect(r"NFS 10\.0\.2\.100:.*: mounted")
            expect_passes(guest, expected, 1)


def test_portmapper_that_knows_no_nfs(request, export, expected, tmp_path):
    with NfsServer(export, tmp_path / "nfs") as server:
        with boot_with_portmapper(request, export, expected, tmp_path, server, {100005: server.mount_port}) as guest:
            guest.expect(r"NFS 10\.0\.2\.100:.*: refused: the server runs no NFS version 3")


# -- a server that goes away -------------------------------------------------------------------------------------------

def test_killed_and_restarted_while_reading(boot, export, expected, tmp_path):
    """Reads wait for the server and go on; no pass sees an error or a wrong byte. The file stays open meanwhile."""
    with NfsServer(export, tmp_path / "nfs") as server:
        guest = boot_nfs(boot, server.nfs_port, server.mount_port)
        expect_passes(guest, expected, 5)
        for at in (15, 30):
            server.kill()
            server.start()
            expect_passes(guest, expected, at)


def test_hangs_while_reading(boot, export, expected, tmp_path):
    """A server that is silent for longer than the component waits for an answer: a new connection, the same files."""
    with NfsServer(export, tmp_path / "nfs") as server:
        guest = boot_nfs(boot, server.nfs_port, server.mount_port)
        expect_passes(guest, expected, 3)
        server.pause()
        guest.expect(r"NFS 10\.0\.2\.2:.*: .*no answer")
        server.resume()
        guest.expect(r"NFS 10\.0\.2\.2:.*: mounted")
        expect_passes(guest, expected, 20)


# -- a server that lies ------------------------------------------------------------------------------------------------

def marked(body):
    return struct.pack(">I", 0x80000000 | len(body)) + body


def every(count, change):
    """Spoils one reply in `count`, by a fixed list without a rhythm,
    so that no request is hit each time it is made again."""
    return lambda record, number: change(record) if zlib.crc32(b"%d" % number) % count == 0 else record


SPOILED = {
    # name: (change, whether reads must still succeed because the component asks again)
    "closes": (every(7, lambda record: END), True),
    "half a reply, then the end": (every(7, lambda record: record[: len(record) // 2] + END), True),
    "an endless record": (every(9, lambda record: b"\xff\xff\xff\xff" + record), True),
    "a record of nothing": (every(5, lambda record: marked(b"") + record), None),
    "short reply": (every(5, lambda record: marked(record[4 : 4 + len(record) // 3 // 4 * 4])), None),
    "ends after the header": (every(5, lambda record: marked(record[4:28])), None),
    "huge length inside": (every(5, lambda record: marked(record[4:28] + b"\xff" * (len(record) - 28))), None),
    "all ones": (every(5, lambda record: marked(record[4:8] + b"\xff" * (len(record) - 8))), None),
    "wrong transaction": (every(5, lambda record: marked(b"\x55\x55\x55\x55" + record[8:]) + record), True),
    "twice": (every(2, lambda record: record + record), True),
    "in fragments": (every(1, lambda record: b"".join(
        struct.pack(">I", (0x80000000 if i + 99 >= len(record) else 0) | len(record[i : i + 99])) + record[i : i + 99]
        for i in range(4, len(record), 99))), True),
    "authentication refused": (every(9, lambda record: marked(record[4:8] + struct.pack(">IIII", 1, 1, 1, 5))), None),
    "lost": (every(40, lambda record: b""), True),
    "not now": (every(50, lambda record: marked(record[4:28] + struct.pack(">II", 10008, 0))), True),
}


class Disturbed:
    """A guest that reads all the time, and a relay on the way to its server."""

    def __init__(self, export, scratch):
        self.scratch = scratch
        self.stack = contextlib.ExitStack()
        self.server = self.stack.enter_context(NfsServer(export, scratch / "nfs"))
        self.relay = self.stack.enter_context(Relay(self.server.nfs_port))
        self.guest = None

    def _booted(self):
        image = build.system("fileio_nfs", **reader(self.relay.port, self.server.mount_port))
        return self.stack.enter_context(Guest(image, log=self.scratch / "console.log"))

    @contextlib.contextmanager
    def reading(self, request):
        """The guest: one for all, but where a test has failed on it."""
        guest, self.guest = self.guest or self._booted(), None
        request.node.serval_guests = [guest]
        yield guest
        self.guest = guest


@pytest.fixture(scope="module")
def disturbed(export, tmp_path_factory):
    disturbed = Disturbed(export, tmp_path_factory.mktemp("disturbed"))
    with disturbed.stack:
        yield disturbed


@pytest.mark.parametrize("name", SPOILED)
def test_server_that_lies(request, disturbed, expected, name):
    """Whatever the server says, the component lives; a file that can be read at all is right;
    with an honest server all is well."""
    change, must_succeed = SPOILED[name]
    relay = disturbed.relay
    with disturbed.reading(request) as guest:
        expect_passes(guest, expected, 2 + last_pass(guest))
        relay.spoil = change
        start = relay.number
        for _ in range(4):
            _, number, text = guest.expect(PASS)
            assert text.strip() == expected or (not must_succeed and ": status" in text), f"pass {number}: {text}"
        assert relay.number > start
        relay.spoil = None
        honest = last_pass(guest) + 2       # the console may be ahead of what was read here, and a pass under way spoiled
        while int(number) < honest:
            _, number, _ = guest.expect(PASS)
        expect_passes(guest, expected, honest + 2)
        assert "fault" not in guest.text()
