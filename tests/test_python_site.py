"""A program as a front's application: what it says of its site, requests as messages and as sockets, and sockets of its
own beside. The program is given at the prompt."""

import concurrent.futures
import gzip
import hashlib
import random
import re
import socket
import threading
import urllib.error
import urllib.request

import pytest

from serval import build
from serval.http import Answer, curl, exchange, get
from serval.qemu import Guest
from serval.repl import PythonError, Repl

FRONT, OWN = "10.0.2.15", "10.0.2.16"
FORWARDS = {"http": ("tcp", FRONT, 80), "other": ("tcp", FRONT, 8080), "tcp": ("tcp", OWN, 7000)}
SITE = """
import asyncio, website
from microdot import Microdot, Request
app = Microdot()
@app.get('/route')
async def route(request):
    return 'a route'
%s
website.mount(app, '/', '/', headers={'X-Site': 'yes'}, show=['hello.py'])
async def main():
    asyncio.create_task(app.start_server(host='0.0.0.0', port=80))
    while app.server is None: await asyncio.sleep_ms(0)
    print('up')
    await asyncio.sleep(100000)
asyncio.run(main())
"""
PLAIN = """
import asyncio
async def serve(reader, writer):
    line = await reader.readline()
    length = 0
    while (field := await reader.readline()) != b'\\r\\n':
        if field.lower().startswith(b'content-length:'): length = int(field[15:])
    body = await reader.readexactly(length)
    await writer.awrite(b'HTTP/1.0 200 OK\\r\\nContent-Length: %%d\\r\\n\\r\\nplain' %% (5 + length))
    await writer.awrite(body)
    await writer.aclose()
async def main():
    await asyncio.start_server(serve, '0.0.0.0', %d)
    print('up')
    await asyncio.sleep(100000)
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def guest():
    with Guest(build.system("python_site"), FORWARDS) as running:
        yield running


@pytest.fixture(scope="module")
def raw(guest):
    guest.expect_all([r"address for netif e0 is: " + re.escape(FRONT), r"address for netif e0 is: " + re.escape(OWN)])
    guest.send(b"\r")
    return Repl(guest)


@pytest.fixture
def repl(request, raw):
    """A fresh interpreter for each test."""
    request.node.serval_guests = [raw.guest]
    raw.soft_reset()
    return raw


class Program:
    """Runs until the block ends."""

    def __init__(self, repl, text):
        self.repl, self.text = repl, text

    def __enter__(self):
        self.repl.start(self.text)
        self.repl.guest.expect("up")
        return self.repl.guest.port("http")

    def __exit__(self, *_):
        self.repl.interrupt()
        with pytest.raises(PythonError):
            self.repl.finish()
        self.repl.soft_reset()


def ask(repl, path):
    with urllib.request.urlopen(repl.guest.url() + path, timeout=60) as answer:
        return answer.read(), answer.headers.get("X-Site")


def test_a_site_outlives_its_program(repl):
    """Its files are served until the next program says otherwise, and who asks for its routes waits for that; one that
    knows nothing of the front gets all requests."""
    with Program(repl, SITE % ""):
        assert ask(repl, "route")[0] == b"a route"
        assert ask(repl, "hello.py")[0].startswith(b'"""A module') and ask(repl, "hello.py")[1] == "yes"
    assert ask(repl, "hello.py")[1] == "yes"
    waiting = []
    thread = threading.Thread(target=lambda: waiting.append(ask(repl, "route")[0]))
    thread.start()
    with Program(repl, PLAIN % 80):
        thread.join()
        assert waiting == [b"plain"]
        assert ask(repl, "hello.py") == (b"plain", None)
        assert ask(repl, "anything?a=b") == (b"plain", None)
        assert curl(repl.guest.url() + "x", "-d", "body").body == b"plainbody"
    with Program(repl, SITE % ""):
        assert ask(repl, "hello.py")[1] == "yes" and ask(repl, "route")[0] == b"a route"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(repl, "anything")


def test_the_sites_port_is_taken(repl):
    """Once. All other ports are those of an address of its own."""
    assert repl.run("""
import socket
a = socket.socket(); a.bind(('0.0.0.0', 80)); a.listen(1)
b = socket.socket(); b.bind(('0.0.0.0', 80))
try: b.listen(1)
except OSError as e: print(e.errno)
a.close(); b.listen(1); print(b.getsockname())
b.close()
c = socket.socket(); c.bind(('0.0.0.0', 8081)); c.listen(1); print(c.getsockname()[1])
""") == "98\n('0.0.0.0', 80)\n8081\n"
    with Program(repl, PLAIN % 7000):
        with socket.create_connection(("127.0.0.1", repl.guest.port("tcp")), timeout=30) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert sock.recv(1000).startswith(b"HTTP/1.0 200")


def test_what_the_front_refuses(repl):
    """The reason is an exception, and the site is what it was."""
    assert repl.run("""
import website
from microdot import Microdot
app = Microdot()
app.get('/a')(lambda request: 'a')
for i in range(20):
    try: website.mount(app, '/%d/' % i, '/', headers={'X-Site': str(i)}, show=['hello.py'])
    except ValueError as e: print(i, e); break
try: website.mount(app, '/0/', '/', headers={'X-Site': 'x' * 200}, pages='p' * 250)
except ValueError as e: print(e)
print(sorted(website.counters())[:3])
""") == ("16 one mount too many\nCache-Control and headers have 460 bytes; 384 there is room for\n['accepted', 'app_long', 'app_requests']\n")
    assert ask(repl, "0/hello.py")[1] == "0" and ask(repl, "15/hello.py")[1] == "15"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask(repl, "16/hello.py")


def test_another_port(repl):
    with Program(repl, SITE.replace("headers=", "port=8080, headers=").replace("port=80)", "port=8080)") % ""):
        assert get(repl.guest.port("other"), "/route").body == b"a route"


HANDLERS = """
Request.max_content_length = 1 << 30
@app.get('/slow')
async def slow(request):
    await asyncio.sleep(1)
    return 'slow'
@app.post('/count')
async def count(request):
    import hashlib
    n, d = 0, hashlib.sha256()
    while part := await request.stream.read(10000):
        n += len(part); d.update(part)
    return '%d %s' % (n, d.digest().hex())
@app.post('/into')
async def into(request):
    n, buffer = 0, bytearray(5000)
    while got := await request.stream.readinto(buffer): n += got
    return str(n)
@app.post('/lines')
async def lines(request):
    n = 0
    while line := await request.stream.readline(): n += 1
    return str(n)
@app.get('/raw')
async def raw(request):
    writer = request.sock[1]
    writer.write(b'HTTP/1.1 203 Mine\\r\\nX: y\\r\\n')
    await writer.drain()
    await writer.awrite(b'Transfer-Encoding: chunked\\r\\n\\r\\n3\\r\\nabc\\r\\n0\\r\\n\\r\\n')
    from microdot import Response
    return Response.already_handled
@app.get('/peer')
async def peer(request):
    return '%s %s' % (request.client_addr[0], request.sock[0].get_extra_info('peername') == request.client_addr)
@app.get('/scheme')
async def scheme(request):
    return '%s %s' % (request.scheme, request.server_name)
@app.get('/cancel')
async def cancel(request):
    raise asyncio.CancelledError
@app.get('/task')
async def task(request):
    t = asyncio.current_task()
    before = t.done()
    await asyncio.sleep(0)
    return str([before, t.done(), t is asyncio.current_task()])
@app.get('/shutdown')
async def shutdown(request):
    request.app.shutdown()
    return 'bye'
@app.get('/changed')
async def changed(request):
    with open('/t.txt', 'w') as f: f.write(request.query_string)
    return 'changed'
"""


def test_requests_as_messages(repl, tmp_path):
    data = random.Random(1).randbytes(3_000_000)
    (tmp_path / "data").write_bytes(data)
    (tmp_path / "lines").write_bytes(b"line\n" * 50000 + b"end")
    with Program(repl, SITE % HANDLERS) as port:
        url = repl.guest.url()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            slow = pool.submit(get, port, "/slow")
            assert get(port, "/route").body == b"a route" and not slow.done()
            for _ in range(19):
                assert get(port, "/route").body == b"a route"
            assert slow.result().body == b"slow"
        for how in ("", "Transfer-Encoding: chunked"):
            def send(path, name, how=how):
                answer = curl(url + path, "-H", how, "-H", "Expect:", "--data-binary", f"@{tmp_path / name}")
                return answer.body.decode()

            assert send("count", "data") == f"{len(data)} {hashlib.sha256(data).hexdigest()}"
            assert send("into", "data") == "3000000" and send("lines", "lines") == "50001"
        answer = get(port, "/raw")
        assert (answer.status, answer.reason, answer.headers["x"], answer.body) == (203, "Mine", "y", b"abc")
        assert get(port, "/peer").body == b"10.0.2.2 True" and get(port, "/scheme").body == b"http None"
        assert get(port, "/cancel").status == 503 and get(port, "/task").body == b"[False, False, True]"
        for text in ("one", "another"):
            assert get(port, "/changed?" + text).status == 200 and get(port, "/t.txt").body.decode() == text
        assert get(port, "/shutdown").body == b"bye"


def test_a_handler_of_its_own_has_text(repl):
    """An application that handles its requests otherwise gets them by sockets."""
    own = """
class Own(Microdot):
    async def handle_request(self, reader, writer):
        print(await reader.readline())
        await super().handle_request(Again(b'GET /route HTTP/1.1\\r\\n', reader), writer)
class Again:
    def __init__(self, first, rest): self.first, self.rest = first, rest
    async def readline(self):
        line, self.first = self.first, None
        return line or await self.rest.readline()
app = Own()
app.get('/route')(lambda request: 'by its own way')
"""
    with Program(repl, SITE % own) as port:
        assert get(port, "/route?x").body == b"by its own way"
        assert Answer(exchange(port, b"GET /route HTTP/1.0\r\n\r\n")).body == b"by its own way"


COMPRESSED = """
import json
from microdot import Response
website.compress(app, least=200, most=60000)
rows = json.dumps([{'id': i, 'name': 'sensor %d' % (i * 7 % 31)} for i in range(500)])
@app.get('/rows')
async def rows_(request):
    return rows, {'Content-Type': 'application/json', 'ETag': '"a"', 'Vary': 'Cookie'}
@app.get('/length')
async def length(request):
    return rows, {'Content-Type': 'text/html; charset=UTF-8', 'Content-Length': str(len(rows))}
@app.get('/picture')
async def picture(request):
    return rows.encode(), {'Content-Type': 'image/png'}
@app.get('/small')
async def small(request):
    return rows[:199]
@app.get('/large')
async def large(request):
    return (rows * 4)[:60001]
@app.get('/noise')
async def noise(request):
    import os
    return os.urandom(30000), {'Content-Type': 'text/plain'}
@app.get('/stays')
async def stays(request):
    return rows, {'Cache-Control': 'no-store, no-transform'}
@app.get('/packed')
async def packed(request):
    return rows, {'Content-Encoding': 'identity'}
@app.get('/parts')
async def parts(request):
    async def some():
        yield rows
    return some()
@app.get('/fails')
async def fails(request):
    return rows, 404
@app.get('/full')
async def full(request):
    import gc
    held, size = [], 4096
    gc.collect()
    while size >= 4096:
        try:
            held.append(bytearray(size)); size *= 2
        except MemoryError:
            size //= 2
    request.g.held = held
    return rows
"""


def test_answers_that_are_compressed(repl):
    with Program(repl, SITE % COMPRESSED) as port:
        def ask_for(path, accept="br, gzip;q=0.5", method="GET"):
            return get(port, path, method, **({} if accept is None else {"Accept-Encoding": accept}))

        plain = ask_for("/rows", None)
        assert "content-encoding" not in plain.headers and plain.headers["vary"] == "Cookie, Accept-Encoding"
        assert plain.headers["etag"] == '"a"' and len(plain.body) > 10000
        answer = ask_for("/rows")
        assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "Cookie, Accept-Encoding"
        assert answer.headers["etag"] == 'W/"a"' and int(answer.headers["content-length"]) == len(answer.body)
        assert len(answer.body) < len(plain.body) / 4 and gzip.decompress(answer.body) == plain.body
        for no in ("br", "gzip;q=0", "*;q=0", "identity", "", "nonsense;;q"):
            assert ask_for("/rows", no).body == plain.body
        head = ask_for("/rows", method="HEAD")
        assert (head.headers["content-length"], head.body) == (answer.headers["content-length"], b"")
        answer = ask_for("/length")
        assert int(answer.headers["content-length"]) == len(answer.body) and gzip.decompress(answer.body) == plain.body
        fails = ask_for("/fails")
        assert fails.status == 404 and gzip.decompress(fails.body) == plain.body
        for path, size in (("/picture", len(plain.body)), ("/small", 199), ("/large", 60001), ("/noise", 30000),
                           ("/stays", len(plain.body)), ("/packed", len(plain.body)), ("/parts", len(plain.body))):
            answer = ask_for(path)
            assert (len(answer.body), answer.headers.get("content-encoding", "identity")) == (size, "identity"), path
        assert "vary" not in ask_for("/picture").headers and ask_for("/noise").headers["vary"] == "Accept-Encoding"
        assert ask_for("/full").body == plain.body      # no room is left
        assert gzip.decompress(ask_for("/rows").body) == plain.body


@pytest.mark.parametrize("said, what", [("least=-1", "least must be bytes, 0 or more: -1"),
                                        ("most='9'", "most must be bytes, 0 or more: '9'")])
def test_what_compress_refuses(repl, said, what):
    with pytest.raises(PythonError, match=f"ValueError: {what}"):
        repl.run(f"import website\nfrom microdot import Microdot\nwebsite.compress(Microdot(), {said})\n")
