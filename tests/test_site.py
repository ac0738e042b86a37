"""The rules of the site without a guest: staticsite.py on the host's Python, files of the host below it."""

import json
import os
import subprocess
import sys

import pytest
from serval import paths
from serval.http import Answer, exchange
from serval.siterules import CASES, make_site

PROGRAM = """
import asyncio, staticsite
app = staticsite.StaticSite("www")
@app.get("/api/hello")
async def hello(request):
    return {"hello": "world"}
@app.get("/api/broken")
async def broken(request):
    return 1 // 0
async def main():
    server = await app.start_server(host="127.0.0.1", port=0, start_serving=False)
    await server.start_serving()
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    top = make_site(tmp_path_factory.mktemp("site"))
    path = [paths.TOP / "examples" / "webserver", paths.TOP / "tests" / "site", paths.TOP / "third_party" / "src" / "microdot"]
    environment = {**os.environ, "FS_ROOT": str(top), "PYTHONPATH": os.pathsep.join(map(str, path))}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, env=environment) as process:
        yield int(process.stdout.readline())
        process.kill()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(port, case):
    CASES[case](f"http://127.0.0.1:{port}")


def test_routes_of_its_own(port):
    assert json.loads(Answer(exchange(port, b"GET /api/hello HTTP/1.0\r\n\r\n")).body) == {"hello": "world"}
    assert b" 405 " in exchange(port, b"POST /api/hello HTTP/1.0\r\n\r\n").split(b"\r\n")[0]
    assert b" 500 " in exchange(port, b"GET /api/broken HTTP/1.0\r\n\r\n").split(b"\r\n")[0]


@pytest.mark.parametrize("request_bytes", [b"\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.0\r\nno colon\r\n\r\n", b"\xff\xfe\r\n\r\n"])
def test_nonsense_is_400_and_the_next_is_served(port, request_bytes):
    assert b" 400 " in exchange(port, request_bytes).split(b"\r\n")[0]
    assert b" 200 " in exchange(port, b"GET / HTTP/1.0\r\n\r\n").split(b"\r\n")[0]


def test_options_of_a_route(port):
    head = exchange(port, b"OPTIONS /api/hello HTTP/1.0\r\n\r\n")
    assert b" 204 " in head.split(b"\r\n")[0] and b"\r\nAllow: GET" in head


def test_a_body_in_chunks_is_501_and_not_lost(port):
    request = b"POST /api/hello HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
    assert b" 501 " in exchange(port, request).split(b"\r\n")[0]
