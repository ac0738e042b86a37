"""app.py as people write it: a program of its own with Microdot, run as it stands; and what is said of one that fails."""

import re

import pytest

from serval import build
from serval.http import get
from serval.nfs import NfsServer
from serval.qemu import Guest

WEB_ADDRESS, OWN_ADDRESS = "10.0.2.16", "10.0.2.17"
FORWARDS = {"http": ("tcp", WEB_ADDRESS, 80), "own": ("tcp", OWN_ADDRESS, 8080)}
STARTS = r"Starting async server on 0\.0\.0\.0:80\.\.\.\r?$"
REACHED = r"address for netif e0 is: " + re.escape(WEB_ADDRESS)     # the front's; a program that fails at once is earlier
HEAD = """
import asyncio
from microdot import Microdot

{name} = Microdot()

@{name}.get("/api/hello")
async def hello(request):
    return "hello " + __name__
"""
APP = HEAD.format(name="app")
PROGRAMS = {
    "run": APP + "app.run()\nprint('never said')\n",
    "run when main": APP + "if __name__ == '__main__':\n    app.run(host='127.0.0.1', port=5000, debug=True)\n",
    "a loop of its own": APP + """
async def main():
    server = asyncio.create_task(app.start_server(port=5000))
    await asyncio.sleep_ms(10)
    print('beside it')
    await server
asyncio.run(main())
""",
    "not run": APP,
    "not run, of another name": HEAD.format(name="api"),
    "routes": """
def routes(app):
    @app.get("/api/hello")
    async def hello(request):
        return "hello " + __name__
""",
    "mounts": APP + "import website\nwebsite.mount(app, '/more/', '/more')\napp.run(port=80)\n",
    "mounts all": APP + "import website\nwebsite.mount(app, '/', '/www', headers={'X-Mine': 'yes'})\napp.run()\n",
}


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    top = tmp_path_factory.mktemp("export")
    for folder in ("www", "more"):
        (top / folder).mkdir()
        (top / folder / "page.html").write_text(f"a page of {folder}")
    with NfsServer(top, tmp_path_factory.mktemp("nfs")) as server:
        yield server


@pytest.fixture
def serve(request, export, tmp_path):
    """serve(text of app.py): a guest that serves the export with it."""
    request.node.serval_guests = guests = []

    def start(app, lines=(STARTS, REACHED), **variables):
        if app is not None:
            (export.folder / "app.py").write_text(app)
        image = build.system("webserver", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=export.directory, WEBSITE_DIR="www",
                             NFS_PORT=export.nfs_port, MOUNT_PORT=export.mount_port, **variables)
        guest = Guest(image, FORWARDS, log=tmp_path / f"console{len(guests)}.log")
        guests.append(guest)
        guest.__enter__()
        guest.expect_all(lines)
        return guest

    yield start
    for guest in guests:
        guest.close()
    (export.folder / "app.py").unlink(missing_ok=True)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_as_it_stands(serve, program):
    guest = serve(PROGRAMS[program], lines=(STARTS, REACHED, *([r"beside it"] if program == "a loop of its own" else [])))
    port = guest.port("http")
    assert get(port, "/api/hello").body == b"hello __main__"
    page = get(port, "/page")
    assert page.body == b"a page of www" and page.headers.get("x-mine") == ("yes" if program == "mounts all" else None)
    assert get(port, "/more/page").status == (200 if program == "mounts" else 404)
    assert get(port, "/none").status == 404
    assert len(re.findall("Starting async server", guest.text())) == 1 and "never said" not in guest.text()
    if program == "run when main":
        guest.expect(r"GET /api/hello 200")


@pytest.mark.parametrize("app, line", [
    ("x = 1\n", "app.py has no routes(app) and no Microdot application: only files are served"),
    ("from microdot import Microdot\na, b = Microdot(), Microdot()\n",
     "app.py has several applications, none is named app, and none is run: only files are served"),
], ids=["none", "several"])
def test_a_program_without_an_application_is_one_line(serve, app, line):
    guest = serve(app)
    assert get(guest.port("http"), "/page").body == b"a page of www"
    assert get(guest.port("http"), "/api/hello").status == 404
    said = [text for text in guest.text().splitlines() if "webserver:" in text]
    assert len(said) == 1 and line in said[0] and "Traceback" not in guest.text()


def test_a_folder_of_its_name(serve, export):
    """... is no program; where it hides one that is said."""
    (export.folder / "app").mkdir()
    try:
        guest = serve(None)
        assert get(guest.port("http"), "/page").body == b"a page of www" and guest.text().count("webserver:") == 1
        assert "webserver: there is no app.py: only files are served" in guest.text()
        guest = serve(APP)
        assert get(guest.port("http"), "/api/hello").status == 404
        assert "webserver: the folder app hides app.py, which is left out" in guest.text()
    finally:
        (export.folder / "app").rmdir()


def test_a_second_application_has_sockets(serve):
    guest = serve(APP + """
other = Microdot()
other.get('/')(lambda request: 'the other one')
async def main():
    site = asyncio.create_task(app.start_server())
    await asyncio.sleep_ms(1)
    await asyncio.gather(site, other.start_server(port=8080))
asyncio.run(main())
""", lines=(STARTS, REACHED, r"address for netif e0 is: " + re.escape(OWN_ADDRESS)))
    assert get(guest.port("http"), "/api/hello").body == b"hello __main__"
    assert get(guest.port("own"), "/").body == b"the other one"


FAILS = APP + """
@app.get("/api/fails")
async def fails(request):
    await asyncio.sleep_ms(1)
    raise ValueError("<why>")

@app.get("/api/half")
async def half(request):
    def parts():
        yield "half"
        {}["none"]
    return parts()

@app.get("/api/odd/<what>")
async def odd(request, what):
    return {"float": 1.5, "set": {1}, "object": object(), "class": Microdot, "parts": iter((0.5, "x"))}[what]

@app.get("/api/deep")
def deep(request):
    return deep(request)

app.run()
"""


def test_failures_are_named(serve):
    """Method, path, file and line, once each. Who asked sees the standard page."""
    guest = serve(FAILS)
    answer = get(guest.port("http"), "/api/fails?a=b")
    assert answer.status == 500 and b"why" not in answer.body and b"ValueError" not in answer.body
    guest.expect(r"Traceback \(most recent call last\):")
    guest.expect(r'GET /api/fails failed: ValueError: <why> \("app\.py", line 14, in fails\)\r?$')
    with pytest.raises(AssertionError):
        get(guest.port("http"), "/api/half")        # cut off
    guest.expect(r"GET /api/half failed:\r?$")
    guest.expect(r'File "app\.py", line 20, in parts\r?$')
    guest.expect(r"KeyError: none\r?$")
    for what in ("float", "set", "object", "class", "parts"):
        assert get(guest.port("http"), f"/api/odd/{what}").status == 500, what
        guest.expect(rf"GET /api/odd/{what} failed:")
    before = len(guest.text().splitlines())
    assert get(guest.port("http"), "/api/deep").status == 500
    guest.expect(r"\.\. \d+ lines more\r?$")
    guest.expect(r"GET /api/deep failed: RuntimeError: maximum recursion depth exceeded")
    assert len(guest.text().splitlines()) - before < 40
    assert get(guest.port("http"), "/api/hello").status == 200


def test_failures_in_debug_mode(serve):
    guest = serve(FAILS, WEBSITE_DEBUG=1)
    answer = get(guest.port("http"), "/api/fails")
    assert answer.status == 500 and answer.headers["content-type"] == "text/html; charset=utf-8"
    text = answer.body.decode()
    assert "GET /api/fails" in text and "ValueError: &lt;why&gt;" in text and "&quot;app.py&quot;, line 14" in text
    guest = serve("def routes(app):\n    nothing\n", WEBSITE_DEBUG=1)
    answer = get(guest.port("http"), "/api/hello")
    assert answer.status == 500 and b"NameError: name &#x27;nothing" in answer.body.replace(b"'", b"&#x27;")
    assert get(guest.port("http"), "/page").body == b"a page of www"


@pytest.mark.parametrize("app, said", [
    (APP + "1 / 0\n", r'File "app\.py", line 10, in <module>\r?\n.*ZeroDivisionError'),
    ("def routes(app):\n    app.get('/a')(lambda r: 'a')\n    nothing\n", r'File "app\.py", line 3, in routes\r?\n.*NameError'),
    (APP + "import website\nwebsite.mount(app, '/', '/more')\n1 / 0\n", r"ZeroDivisionError"),
    ("x = 1\ndef routes(app)\n    pass\n", r'File "app\.py", line 2\r?\n.*SyntaxError'),
    (APP + "import sys\nsys.exit('no key')\n", r'File "app\.py", line 11, in <module>\r?\n.*SystemExit: no key'),
], ids=["program", "routes", "mounts", "syntax", "exit"])
def test_one_that_fails_while_it_starts(serve, app, said):
    """... leaves the files served, and nothing of its own: what no file answers is told to come again."""
    guest = serve(app)
    assert "webserver: app.py is left out:" in guest.text() and re.search(said, guest.text())
    assert get(guest.port("http"), "/page").body == b"a page of www"
    for method, path in (("GET", "/api/hello"), ("GET", "/a"), ("POST", "/api/hello")):
        answer = get(guest.port("http"), path, method)
        assert answer.status == 503 and "retry-after" in answer.headers and b"<h1>" in answer.body, answer.raw
    assert "until it changes, files are served; what is no file is answered 503" in guest.text()
