"""All of Microdot: its own tests in the guest, and programs with each of its extensions, with real clients."""

import ast
import gzip
import hashlib
import hmac
import json
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import time

import pytest

from serval import build, paths
from serval.http import GENEROUS_S, Answer, curl, get, head_of
from serval.nfs import NfsServer
from serval.qemu import Guest
from serval.repl import Repl

SDISTS = paths.TOP / "third_party/src/sdists"
SUITE = SDISTS / "microdot-2.7.0" / "tests"
APPS = paths.TOP / "tests" / "apps"
WEB_ADDRESS = "10.0.2.16"
STARTS = r"Starting async server on 0\.0\.0\.0:80\.\.\.\r?$"
# Of its tests these are of what MicroPython has no use for: other servers, Jinja.
NOT_OURS = {"test_asgi", "test_wsgi", "test_jinja"}
MODULES = ("microdot", "multidict", "request", "response", "urlencode", "url_pattern", "multipart", "websocket", "sse", "cors",
           "utemplate", "session", "auth", "login", "csrf", "end2end")
SKIPS_ITSELF = {"websocket": 1, "end2end": 2}       # on MicroPython
# There is no loopback here: to `localhost` it goes by this machine, which sends it back.
LOCALHOST = """
import socket, sys
class near: pass
for name in dir(socket): setattr(near, name, getattr(socket, name))
def getaddrinfo(host, port, *rest):
    host, port = {'localhost': ('10.0.2.2', %d), '127.0.0.1': ('0.0.0.0', port)}.get(host, (host, port))
    return socket.getaddrinfo(host, port, *rest)
near.getaddrinfo = getaddrinfo
sys.modules['socket'] = near
"""


# -- its own tests -----------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def prompt(tmp_path_factory):
    top = tmp_path_factory.mktemp("suite")
    shutil.copytree(SUITE, top / "tests")
    (top / "tests" / "__init__.py").write_text("")      # it would import them all
    with NfsServer(top, tmp_path_factory.mktemp("nfs")) as server:
        image = build.system("python_nfs", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        with Guest(image, {"end2end": ("tcp", "10.0.2.16", 5678)},
                   log=tmp_path_factory.mktemp("log") / "console.log") as guest:
            guest.expect(r"NFS 10\.0\.2\.2:.*: mounted")
            guest.send(b"\r")
            yield Repl(guest)


def count_of(module):
    tree = ast.parse((SUITE / f"test_{module}.py").read_text())
    return sum(isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test")
               for cls in tree.body if isinstance(cls, ast.ClassDef) for node in cls.body)


@pytest.mark.needs(SDISTS / "unpacked")
@pytest.mark.parametrize("module", MODULES)
def test_its_own_suite(request, prompt, module):
    request.node.serval_guests = [prompt.guest]
    prompt.soft_reset()
    near = LOCALHOST % prompt.guest.port("end2end") if module == "end2end" else ""
    said = prompt.run(f"{near}import unittest\nunittest.main('tests.test_{module}')\n", timeout=300)
    ran, result = re.search(r"Ran (\d+) tests", said), re.search(r"^(OK|FAILED) \(.*skipped=(\d+)\)", said, re.M)
    assert result and result[1] == "OK", said
    assert int(ran[1]) == count_of(module), said
    assert int(result[2]) == SKIPS_ITSELF.get(module, 0), said


@pytest.mark.needs(SDISTS / "unpacked")
def test_no_module_of_it_is_left_out():
    assert {path.stem for path in SUITE.glob("test_*.py")} - NOT_OURS == {f"test_{module}" for module in MODULES}


# -- programs ----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def export(tmp_path_factory):
    top = tmp_path_factory.mktemp("export")
    (top / "www").mkdir()
    (top / "written").mkdir()
    (top / "written").chmod(0o777)
    shutil.copytree(APPS / "templates" / "templates", top / "templates")
    shutil.copytree(APPS / "static" / "static", top / "static")
    shutil.copy(APPS / "static" / "inner.py", top)
    (top / "static" / "page.css").write_text("a { b: c }")
    (top / "static" / "page.css.gz").write_bytes(gzip.compress(b"a { b: c }"))
    (top / "static" / "large.bin").write_bytes(random.Random(1).randbytes(300_000))
    return top


@pytest.fixture(scope="module")
def booted(export, tmp_path_factory):
    with NfsServer(export, tmp_path_factory.mktemp("nfs")) as server:
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, WEBSITE_DIR="www",
                             NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port, WEBSITE_DEBUG=1, WEBSITE_FRESH_MS=200)
        with Guest(image, {"http": ("tcp", WEB_ADDRESS, 80)}, log=tmp_path_factory.mktemp("log") / "console.log") as guest:
            guest.expect(STARTS)
            yield guest


@pytest.fixture
def program(request, booted, export):
    """program(name): tests/apps/name is the site's; the guest."""
    request.node.serval_guests = [booted]

    def start(name):
        path = APPS / name / "app.py" if (APPS / name).is_dir() else APPS / f"{name}.py"
        shutil.copy(path, export / "app.py.new")
        os.replace(export / "app.py.new", export / "app.py")
        booted.expect(STARTS)
        return booted

    return start


def asked(guest, path, *args):
    return curl(guest.url(path), *args)


def test_basic_auth(program):
    guest = program("basic_auth")
    answer = asked(guest, "/")
    assert answer.status == 401 and answer.headers["www-authenticate"] == 'Basic realm="the engine", charset="UTF-8"'
    assert asked(guest, "/", "-u", "ada:wrong").status == asked(guest, "/", "-u", "nobody:x").status == 401
    begin = time.monotonic()
    assert asked(guest, "/", "-u", "ada:lovelace").body == b"hello ada"
    assert time.monotonic() - begin < 10        # some milliseconds on a machine that has nothing else to do


def test_token_auth(program):
    guest = program("token_auth")
    assert asked(guest, "/who").status == asked(guest, "/who", "-H", "Authorization: Bearer none").status == 403
    assert json.loads(asked(guest, "/who", "-H", "Authorization: Bearer sesame").body) == {"who": "ali"}
    assert json.loads(asked(guest, "/anybody").body) == {"who": None}
    assert json.loads(asked(guest, "/anybody", "-H", "Authorization: Bearer sesame").body) == {"who": "ali"}


def test_sessions(program, tmp_path):
    guest = program("sessions")
    jar = ("-b", tmp_path / "jar", "-c", tmp_path / "jar")
    answers = [asked(guest, "/", *jar) for _ in range(3)]
    assert [answer.body for answer in answers] == [b"visit 1", b"visit 2", b"visit 3"]
    cookie = answers[0].headers["set-cookie"]
    assert "HttpOnly" in cookie and "Max-Age=3600" in cookie and answers[0].headers["vary"] == "Cookie"
    assert asked(guest, "/").body == b"visit 1"
    head, payload, signature = re.search(r"session=([^;]*)", cookie)[1].split(".")
    forged = "eyJ2aXNpdHMiOiA5OX0"
    assert asked(guest, "/", "-b", f"session={head}.{forged}.{signature}").body == b"visit 1"
    assert asked(guest, "/", "-b", f"session={head}.{payload}.{signature}").body == b"visit 2"
    assert asked(guest, "/forget", "-X", "POST", *jar).status == 302
    assert asked(guest, "/", *jar).body == b"visit 1"


def test_login(program, tmp_path):
    guest = program("login")
    jar = ("-b", tmp_path / "jar", "-c", tmp_path / "jar")
    answer = asked(guest, "/secret", *jar)
    assert answer.status == 302 and answer.headers["location"].startswith("/login?next=/secret")
    assert asked(guest, "/login", *jar).headers["content-type"].startswith("text/html")
    for form in ("name=ada&password=hopper", "name=nobody&password=x"):
        assert asked(guest, "/login", *jar, "-d", form).headers["location"] == "/login"
    answer = asked(guest, "/login?next=/secret", *jar, "-d", "name=ada&password=lovelace")
    assert answer.status == 302 and answer.headers["location"] == "/secret"
    assert asked(guest, "/", *jar).body == b"hello ada" and asked(guest, "/secret", *jar).body == b"a secret of ada"
    assert asked(guest, "/logout", *jar, "-X", "POST").status == 302
    assert asked(guest, "/", *jar).status == 302


def test_login_that_is_remembered(program, tmp_path):
    """The session has gone, the other cookie not: known, but not fresh."""
    guest = program("login")
    made = asked_all(guest, "/login", "-d", "name=grace&password=hopper&remember=on")
    remembered = re.search(r"_remember=([^;\r]*)", made)[1]
    cookie = ("-b", f"_remember={remembered}", "-c", tmp_path / "jar")
    assert asked_all(guest, "/", *cookie).endswith("hello grace")
    assert asked(guest, "/secret", "-b", tmp_path / "jar").status == 302


def asked_all(guest, path, *args):
    """As text: of an answer that has a field twice."""
    return subprocess.run(["curl", "-s", "-i", "--noproxy", "*", *args, guest.url(path)], capture_output=True, text=True,
                          check=True).stdout


def test_cors_and_csrf(program):
    guest = program("cors_csrf")
    answer = asked(guest, "/balance", "-H", "Origin: https://example.org")
    assert answer.headers["access-control-allow-origin"] == "https://example.org"
    assert answer.headers["access-control-allow-credentials"] == "true" and "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-origin" not in asked(guest, "/balance", "-H", "Origin: https://evil.example").headers
    answer = asked(guest, "/pay", "-X", "OPTIONS", "-H", "Origin: https://example.org", "-H",
                   "Access-Control-Request-Method: POST")
    assert answer.headers["access-control-max-age"] == "600"
    assert asked(guest, "/pay", "-d", "amount=1", "-H", "Sec-Fetch-Site: cross-site", "-H",
                 "Origin: https://evil.example").status == 403
    assert json.loads(asked(guest, "/pay", "-d", "amount=2", "-H", "Sec-Fetch-Site: same-origin").body) == {"balance": 98}
    assert json.loads(asked(guest, "/pay", "-d", "amount=3", "-H", "Origin: https://example.org").body) == {"balance": 95}


def test_uploads(program, tmp_path, export):
    guest = program("uploads")
    small, large = b"few bytes", random.Random(2).randbytes(200_000)
    for name, data in (("small", small), ("large", large)):
        (tmp_path / name).write_bytes(data)
    answer = json.loads(asked(guest, "/form", "-F", "text=a \u00e4 b", "-F", f"one=@{tmp_path}/small;type=text/plain",
                              "-F", f"two=@{tmp_path}/small;filename=other.bin").body)
    told = [len(small), hashlib.sha256(small).hexdigest()]
    assert answer == {"text": "a \u00e4 b", "one": ["small", "text/plain", *told],
                      "two": ["other.bin", "application/octet-stream", *told]}
    answer = asked(guest, "/raw/data", "-T", tmp_path / "large")
    assert answer.status == 201 and json.loads(answer.body) == {"size": len(large)}
    asked(guest, "/plain", "--data-binary", f"@{tmp_path}/large", "-H", 'Content-Disposition: attachment; filename="other"')
    if os.geteuid() == 0:
        for name in ("data", "other"):
            assert (export / "written" / name).read_bytes() == large


def test_events_and_streams(program):
    guest = program("events")
    answer = get(guest.port("http"), "/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = answer.body.decode().strip().split("\n\n")
    assert [set(block.split("\n")) for block in blocks[:3]] == [
        {"event: count", f"id: {i}", 'data: {"n": %d}' % i} for i in range(3)]
    assert blocks[3] == "data: that is all"
    answer = get(guest.port("http"), "/frames/3")
    assert answer.headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
    assert re.findall(rb"frame (\d)", answer.body) == [b"2", b"1", b"0"]
    for path, mark, left in ("/forever", b"data: on", ["events"]), ("/frames/1000000", b"\nframe", ["events", "frames"]):
        with guest.connect() as sock:
            sock.sendall(head_of(path))
            data = b""
            while data.count(mark) < 3:
                data += sock.recv(1000)
        wait_until_left(guest, left)


def wait_until_left(guest, who):
    deadline = time.monotonic() + GENEROUS_S
    while (left := json.loads(get(guest.port("http"), "/left").body)["left"]) != who:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


class WebSocket:
    """A client's end (RFC 6455), as far as this test needs it."""

    def __init__(self, guest, path):
        self.sock = guest.connect()
        self.sock.sendall(head_of(path, Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Version=13,
                                  Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ=="))
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            self.data += self.sock.recv(1000)
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        self.answer = Answer(head + b"\r\n\r\n")

    def send(self, payload, opcode=1):
        mask = b"\x11\x22\x33\x44"
        size = (bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload)))
        self.sock.sendall(bytes([0x80 | opcode]) + size + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(payload)))

    def exactly(self, count):
        while len(self.data) < count:
            part = self.sock.recv(1 << 16)
            assert part, "closed"
            self.data += part
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def receive(self):
        first, size = self.exactly(2)
        size = struct.unpack(">H", self.exactly(2))[0] if size == 126 else size
        return first & 15, self.exactly(size)


def test_websocket(program):
    guest = program("events")
    ws = WebSocket(guest, "/echo")
    assert ws.answer.status == 101 and ws.answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    for payload in (b"hello", "gr\u00fc\u00dfe".encode(), b"x" * 5000):
        ws.send(payload)
        assert ws.receive() == (1, payload)
    ws.send(b"\0\1\2", opcode=2)
    assert ws.receive() == (2, b"\0\1\2")
    ws.send(b"ping", opcode=9)
    assert ws.receive() == (10, b"ping")
    ws.send(b"end")
    assert ws.receive()[0] == 8
    other = WebSocket(guest, "/echo")
    other.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    other.sock.close()
    ws.sock.close()
    assert get(guest.port("http"), "/events").status == 200


def test_templates(program, export):
    guest = program("templates")
    assert asked(guest, "/").body == b'<!doctype html><title>a page</title>\n<form method="post"><input name="name"></form>\n'
    assert b"<p>Hello, <b>&lt;you&gt;</b></p>" in asked(guest, "/", "-d", "name=%3Cyou%3E").body
    for path in ("parts", "later"):
        answer = asked(guest, "/" + path)
        assert f"<b>{path}</b>".encode() in answer.body and answer.headers["content-type"].startswith("text/html")
    assert asked(guest, "/table").body.count(b"<tr>") == 4 and b"<td>3<td>9" in asked(guest, "/table").body
    (export / "templates" / "head.html").write_text("{% args title %}\n<!doctype html><title>changed: {{ title }}</title>\n")
    assert b"<title>changed: a page" in asked(guest, "/").body


def test_static_files_an_inner_application_and_an_end(program, export):
    guest = program("static")
    assert asked(guest, "/").body == b"<h1>a static page</h1>\n"
    answer = asked(guest, "/static/page.css")
    assert answer.headers["content-type"].startswith("text/css") and answer.headers["cache-control"] == "max-age=60"
    assert asked(guest, "/static/large.bin").body == (export / "static" / "large.bin").read_bytes()
    assert asked(guest, "/static/../app.py").status == 404
    assert asked(guest, "/inner/7/name").body == b"name 7 of /inner, seen"
    assert asked(guest, "/inner").body == b"/inner itself" and asked(guest, "/inner/x/name").status == 404
    answer = asked(guest, "/packed/page.css", "-H", "Accept-Encoding: gzip")
    assert answer.headers["content-type"].startswith("text/css") and answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"a { b: c }"
    assert asked(guest, "/stop").body == b"that is all"
    guest.expect(STARTS)
    assert asked(guest, "/inner").body == b"/inner itself"


# -- what else is in the image -----------------------------------------------------------------------------------------

EVERYDAY = """
import asyncio, base64, collections, contextlib, datetime, functools, hashlib, hmac, html, itertools, jwt, logging, time, typing
from __future__ import annotations
from typing import Optional, List
def typed(a: Optional[int] = None) -> List[str]: return []
d = collections.defaultdict(list); d['a'].append(1); print(d['a'], d['b'], collections.Counter('abca').most_common(1), collections.deque((), 2))
print(datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc) + datetime.timedelta(days=366, microseconds=1))
print(datetime.date(2024, 1, 1) != datetime.date(2024, 1, 2), datetime.date(2024, 1, 1) in {datetime.date(2024, 1, 1): 1})
print(datetime.datetime.fromtimestamp(1700000000, datetime.UTC).strftime('%a %d %b %Y %H:%M:%S %z'))
print(abs(datetime.datetime.now().timestamp() - time.time()) < 5)
@functools.lru_cache(2)
def square(n): print('called', n); return n * n
print(square(3), square(3), functools.reduce(lambda a, b: a + b, range(5)), functools.partial(max, 5)(1))
@functools.wraps(square)
def wrapped(): pass
print(list(itertools.islice(itertools.chain('ab', itertools.count(1)), 4)), list(itertools.permutations('ab')), list(itertools.zip_longest('a', 'bc')))
print([(k, list(g)) for k, g in itertools.groupby('aab')], list(itertools.accumulate([1, 2, 3])), list(itertools.chain.from_iterable(['a', 'b'])))
print(base64.urlsafe_b64encode(b'\\xff\\xfe'), base64.b32decode('MFRGG==='), html.escape('<a>'), html.unescape('&lt;&#65;'))
print(hmac.new(b'k', b'm', 'sha256').hexdigest()[:16], jwt.decode(jwt.encode({'a': 1}, 'k'), 'k', algorithms=['HS256']))
@contextlib.contextmanager
def around(): yield 1
with around() as x, contextlib.suppress(KeyError): {}[x]
logging.basicConfig(level=logging.INFO)
logging.getLogger('a.b').info('%d of %s', 1, 'x')
async def main():
    from asyncio.queues import Queue
    queue = Queue(1)
    async def put():
        for i in range(3): await queue.put(i)
    task = asyncio.create_task(put())
    got = []
    while len(got) < 3: got.append(await queue.get())
    print(got, queue.empty())
asyncio.run(main())
print(hashlib.pbkdf2_hmac('sha256', b'passwd', b'salt', 1, 64).hex()[:32], hashlib.pbkdf2_hmac('sha1', b'password', b'salt', 4096).hex())
for wrong in ('md5', b'p', b's', 1), ('sha1', b'p', b's', 0), ('sha1', b'p', b's', 1, 0):
    try: hashlib.pbkdf2_hmac(*wrong)
    except ValueError as e: print(e)
"""
SAID = """[1] [] [('a', 2)] <deque>
2025-03-01 12:30:00.000001+00:00
True True
Tue 14 Nov 2023 22:13:20 +0000
True
called 3
9 9 10 5
['a', 'b', 1, 2] [('a', 'b'), ('b', 'a')] [('a', 'b'), (None, 'c')]
[('a', ['a', 'a']), ('b', ['b'])] [1, 3, 6] ['a', 'b']
b'__4=' b'abc' &lt;a&gt; <A
"""


@pytest.mark.needs(SDISTS / "unpacked")
def test_everyday_modules(request, prompt):
    request.node.serval_guests = [prompt.guest]
    prompt.soft_reset()
    said = prompt.run(EVERYDAY)
    tag = hmac.new(b"k", b"m", "sha256").hexdigest()[:16]
    lines = said.splitlines()
    assert lines[:10] == SAID.splitlines()
    assert lines[10:] == [f"{tag} {{'a': 1}}", "INFO:a.b:1 of x", "[0, 1, 2] True",
                          "55ac046e56e3089fec1691c22544b605 4b007901b765489abead49d926f721d065a429c1",
                          "unsupported hash type", "iteration value must be positive", "key length must be positive"]
