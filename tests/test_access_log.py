"""The access log (http/access/): the same line on the console, in a file on the export, and at a syslog server."""

import re
import socket
import time

import pytest
from serval import build
from serval.http import GENEROUS_S, exchange
from serval.nfs import NfsServer
from serval.qemu import Guest

LINE = re.compile(r'(\S+) - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "(.*)" (\d{3}) (\d+) "(.*)" "(.*)" \d+\.\d{6}$')
FORGED = b'x" 200 1 "\\'
REQUESTS = {
    b"GET /page.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\nReferer: http://x/\r\nUser-Agent: me (1)\r\n\r\n":
        ("GET /page.html HTTP/1.1", "200", "1024", "http://x/", "me (1)"),
    b"GET /none?\"a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: " + FORGED + b"\r\n\r\n":
        ("GET /none?\\x22a HTTP/1.1", "404", None, "-", r"x\x22 200 1 \x22\x5C"),
    b"nonsense\r\n\r\n": ("-", "400", None, "-", "-"),
}


def fields(line):
    match = LINE.search(line)
    assert match, line
    return match.groups()[1:]


def lines_below(folder, count):
    """When there are so many: they are written after a second."""
    end = time.monotonic() + GENEROUS_S
    while True:
        found = [line for file in sorted(folder.iterdir()) for line in file.read_text().splitlines()]
        if len(found) >= count:
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """(the guest, its console's lines, messages of syslog, lines of the file)"""
    top = tmp_path_factory.mktemp("export")
    for name in ("www", "logs"):
        (top / name).mkdir()
        (top / name).chmod(0o777)
    (top / "www" / "page.html").write_bytes(bytes(1024))
    with NfsServer(top, tmp_path_factory.mktemp("nfs")) as server, socket.socket(type=socket.SOCK_DGRAM) as syslog:
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(GENEROUS_S)
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, NFS_PORT=server.nfs_port,
                             MOUNT_PORT=server.mount_port, WEBSITE_DIR="www", APPLICATION="none", ACCESS_LOG_CONSOLE=1,
                             ACCESS_LOG_FILE="/logs/access-%Y.log", ACCESS_LOG_SYSLOG=f"10.0.2.2:{syslog.getsockname()[1]}")
        with Guest(image, {"http": ("tcp", "10.0.2.16", 80)}) as guest:
            guest.expect("serving http://")
            for request in REQUESTS:
                exchange(guest.port("http"), request)
            messages = [syslog.recv(2000).decode() for _ in REQUESTS]
            lines = lines_below(top / "logs", len(REQUESTS))
            assert re.fullmatch(r"access-20\d\d\.log", next((top / "logs").iterdir()).name)
            yield guest, messages, lines


@pytest.fixture
def said(request, logs):
    request.node.serval_guests = [logs[0]]
    return logs


def test_each_request_has_its_line(said):
    *_, lines = said
    assert len(lines) == len(REQUESTS)
    for line, (request, status, size, referer, agent) in zip(lines, REQUESTS.values()):
        found = fields(line)
        assert (found[0], found[1], found[3], found[4]) == (request, status, referer, agent)
        assert size in (None, found[2])


def test_everywhere_it_is_the_same(said):
    guest, messages, lines = said
    console = guest.output.decode(errors="replace")
    for message, line in zip(messages, lines):
        head = re.match(r"<190>1 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ \S+ serval - access - ", message)
        assert head and message[head.end():] == line
        assert line in console
