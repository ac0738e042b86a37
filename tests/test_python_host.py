"""python/host: an app.py on this machine's Python, under Microdot's test client, as people's own tests have it."""

import ast
import asyncio
import errno
import gzip
import re
import sys

import pytest

from serval import paths

MICRODOT = paths.TOP / "third_party" / "src" / "microdot"
APP = """
import asyncio, time
import fs_async, website
from microdot import Microdot, Request
Request.max_content_length = 1 << 20
app = Microdot()
started = time.ticks_ms()

@app.get("/api/hello")
async def hello(request):
    await asyncio.sleep_ms(1)
    return {"hello": request.args.get("name", "world"), "main": __name__, "secure": request.scheme == "https"}

@app.put("/notes/<name>")
async def put(request, name):
    file = await fs_async.open("/notes/" + name, "w")
    try:
        await file.write(request.body)
    finally:
        await file.close()
    return "", 201

@app.get("/private")
async def private(request):
    return website.file("/internal/a.txt", headers={"X-A": "b"})
"""
ENDS = {
    "run": "app.run()\n1 / 0\n", "guarded": "if __name__ == '__main__':\n    app.run(port=80, debug=True)\n", "not run": "",
    "loop": "async def main():\n    server = asyncio.create_task(app.start_server())\n    await asyncio.sleep(100)\n"
            "asyncio.run(main())\n",
    "mounted": "website.mount(app, '/internal/', '/private', internal=True)\napp.run()\n",
}


@pytest.fixture
def host(monkeypatch):
    monkeypatch.syspath_prepend(str(MICRODOT))
    monkeypatch.syspath_prepend(str(paths.TOP / "python" / "host"))
    for name in ("website", "fs_async", "serval_host"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import serval_host
    from microdot import Request
    monkeypatch.setattr(Request, "max_content_length", Request.max_content_length)     # what a program sets is undone
    yield serval_host
    serval_host._forget_modules()
    for name in ("website", "fs_async", "serval_host"):     # others have modules of these names, too
        sys.modules.pop(name, None)


@pytest.fixture
def export(tmp_path):
    for folder in ("notes", "private", "internal"):
        (tmp_path / folder).mkdir()
    (tmp_path / "private" / "a.txt").write_text("mounted")
    (tmp_path / "internal" / "a.txt").write_text("as it lies")
    return tmp_path


def client(host, export, text):
    (export / "app.py").write_text(text)
    from microdot.test_client import TestClient
    return TestClient(host.load(export / "app.py"))


@pytest.mark.parametrize("end", ENDS)
def test_a_program(host, export, end):
    asked = client(host, export, APP + ENDS[end])

    async def main():
        answer = await asked.get("/api/hello?name=you")
        assert answer.json == {"hello": "you", "main": "__main__", "secure": False}
        assert (await asked.put("/notes/one", body=b"text")).status_code == 201
        assert (export / "notes" / "one").read_bytes() == b"text"
        answer = await asked.get("/private")
        assert answer.body == (b"mounted" if end == "mounted" else b"as it lies")
        assert answer.headers["X-A"] == "b" and answer.headers["Content-Type"] == "text/plain"
        assert (await asked.get("/none")).status_code == 404

    asyncio.run(main())


def test_routes_and_modules_of_its_own(host, export):
    """The next program's modules of the same names are its own."""
    for text in ("one", "two"):
        folder = export / text
        folder.mkdir()
        (folder / "texts.py").write_text(f"TEXT = {text!r}\n")
        asked = client(host, folder, "import texts\ndef routes(app):\n    app.get('/')(lambda request: texts.TEXT)\n")
        assert asyncio.run(asked.get("/")).text == text


@pytest.mark.parametrize("text, said", [
    ("x = 1\n", "no routes"), ("from microdot import Microdot\na, b = Microdot(), Microdot()\n", "several applications")])
def test_no_application(host, export, text, said):
    with pytest.raises(host.AppError, match=said):
        client(host, export, text)
    with pytest.raises(ZeroDivisionError):
        client(host, export, "1 / 0\n")


@pytest.mark.parametrize("said, error, what", [
    ("'/a', '/x'", ValueError, "prefix must begin and end"), ("5, '/x'", ValueError, "prefix: 5 is no text"),
    ("'/a/', '/x/../y'", ValueError, "folder must not have"), ("'/', '/', cashe={}", TypeError, "'cashe'"),
    ("'/', '/', cache={'*.pdf': -1}", ValueError, r"cache\['\*.pdf'\]: -1"), ("'/', '/', hide='*.bak'", ValueError, "hide: "),
    ("'/', '/', host='http://a'", ValueError, "host: "), ("'/', '/', internal='no'", ValueError, "internal: 'no'"),
    ("'/', '/', users={'a:b': 'c'}", ValueError, "users: 'a:b'"), ("'/', '/', fallback='../x'", ValueError, "fallback: ")])
def test_what_the_guest_refuses(host, export, said, error, what):
    with pytest.raises(error, match=what):
        client(host, export, f"{APP}website.mount(app, {said})\n")


@pytest.mark.parametrize("said, what", [
    ("'www/a'", "path must begin"), ("'/a', status=204", "status 204 has no body"),
    ("'/a', content_type='text/plain\\r\\nX: y'", "content_type must not have control characters")])
def test_a_file_that_the_guest_refuses(host, export, said, what):
    with pytest.raises(ValueError, match=what):
        client(host, export, f"{APP}website.file({said})\n")


def test_what_a_mount_is_told(host, export):
    client(host, export, APP + "website.mount(app, '/', '/www', users={'a': 'b'}, host='example.org')\n")
    import website
    assert [mount[1:] for mount in website.mounts] == [("/", "/www", {
        "users": {"a": "b"}, "host": "example.org", "port": 80, "precompressed": True, "internal": False})]


def test_one_application_has_the_site(host, export):
    with pytest.raises(ValueError, match="another application"):
        client(host, export, APP + "website.attach(app)\nwebsite.mount(Microdot(), '/', '/www')\n")


def test_modules_of_lib(host, export):
    """Behind those beside the program; those of another program are not seen."""
    (export / "lib").mkdir(exist_ok=True)
    (export / "lib" / "of_lib.py").write_text("WHERE = 'lib'\n")
    client(host, export, APP + "import of_lib\nassert of_lib.WHERE == 'lib'\n")
    (export / "of_lib.py").write_text("WHERE = 'beside'\n")
    client(host, export, APP + "import of_lib\nassert of_lib.WHERE == 'beside'\n")


def test_a_host_without_a_label(host, export):
    with pytest.raises(ValueError, match="host: 'a..b' is no name of one"):
        client(host, export, APP + "website.mount(app, '/', '/www', host='a..b')\n")


def test_one_mount_too_many(host, export):
    with pytest.raises(ValueError, match="one mount too many"):
        client(host, export, APP + "for n in range(17):\n    website.mount(app, '/%d/' % n, '/www')\n")


def test_the_last_mount_of_a_prefix(host, export):
    client(host, export, APP + "website.mount(app, '/', '/www')\nwebsite.mount(app, '/', '/other')\n"
                               "website.mount(app, '/', '/third', host='example.org')\n")
    import website
    assert [mount[2] for mount in website.mounts] == ["/other", "/third"]


def test_the_demos_own(host):
    """As docs/python.md has it."""
    from microdot.test_client import TestClient
    app = host.load(paths.TOP / "examples" / "webserver" / "app.py")
    answer = asyncio.run(TestClient(app).get("/api/status"))
    assert answer.status_code == 200 and set(answer.json) >= {"uptime_s", "heap_free"}


def test_sessions_without_pyjwt(host, export, monkeypatch):
    monkeypatch.delitem(sys.modules, "jwt", raising=False)
    asked = client(host, export, """
from microdot import Microdot
from microdot.session import Session, with_session
app = Microdot()
Session(app, secret_key="secret")
@app.get("/")
@with_session
async def index(request, session):
    session["n"] = session.get("n", 0) + 1
    session.save()
    return str(session["n"])
""")

    async def main():
        return [(await asked.get("/")).text for _ in range(3)]

    assert asyncio.run(main()) == ["1", "2", "3"]


def test_answers_that_are_compressed(host, export):
    text = APP + "website.compress(app, least=50)\n@app.get('/rows')\nasync def rows(request):\n    return 'row ' * 99\n"
    text += "@app.get('/lists')\nasync def lists(request):\n    return 'row ' * 99, {'Vary': ['Cookie', 'Origin'], 'ETag': 5}\n"
    asked = client(host, export, text)
    for accept, coding in (("br, gzip", "gzip"), ("gzip;q=0", None), ("br", None)):
        answer = asyncio.run(asked.get("/rows", headers={"Accept-Encoding": accept}))
        assert (answer.headers.get("Content-Encoding"), answer.headers["Vary"]) == (coding, "Accept-Encoding")
        assert (gzip.decompress(answer.body) if coding else answer.body) == b"row " * 99
    answer = asyncio.run(asked.get("/lists", headers={"Accept-Encoding": "gzip"}))
    assert answer.headers["Vary"] == "Cookie, Origin, Accept-Encoding" and gzip.decompress(answer.body) == b"row " * 99
    with pytest.raises(ValueError, match="least must be bytes, 0 or more: None"):
        client(host, export, APP + "website.compress(app, least=None)\n")


def test_files(host, export):
    host.load(paths.TOP / "examples" / "webserver" / "app.py", root=export)
    import fs_async

    async def main():
        data = bytes(range(256)) * 300
        file = await fs_async.open("/notes/data", "w")
        assert await file.write(data) == len(data)
        await file.close()
        file = await fs_async.open("notes/data", "r+")
        assert await file.read(3) == data[:3] and await file.pread(2, 70000) == data[70000:70002]
        assert await file.read() == data[3:] and await file.read(1) == b""
        buffer = bytearray(10)
        assert await file.readinto(buffer, 5) == 10 and buffer == data[5:15]
        await file.pwrite(b"xx", 0)
        assert file.stat()[6] == len(data) and await file.pread(3, 0) == b"xx" + data[2:3]
        await file.close()
        await file.close()
        with pytest.raises(OSError):
            await file.read(1)
        for end in (b"1", b"2"):
            file = await fs_async.open("/log", "a")
            await file.write(end)
            await file.close()
        assert (export / "log").read_bytes() == b"12"
        before = await fs_async.version("/log")
        (export / "log").write_text("13")
        assert await fs_async.version("/log") != before
        await fs_async.mkdir("/folder")
        await fs_async.rename("/log", "/folder/log")
        assert await fs_async.listdir("/folder") == ["log"] and await fs_async.listdir(b"/folder") == [b"log"]
        assert [entry async for entry in fs_async.ilistdir("/folder")] == [("log", 0x8000, 0)]
        assert (await fs_async.stat("/folder"))[0] == 0x4000 and (await fs_async.stat("/../../folder/log"))[6] == 2
        for what, number in ((fs_async.open("/none"), errno.ENOENT), (fs_async.rmdir("/folder"), errno.ENOTEMPTY),
                             (fs_async.open("/folder"), errno.EISDIR), (fs_async.open("/folder/log", "x"), errno.EEXIST)):
            with pytest.raises(OSError) as raised:
                await what
            assert raised.value.errno == number
        await fs_async.remove("/folder/log")
        await fs_async.rmdir("/folder")
        for wrong in (fs_async.open("/a", "rw"), fs_async.open("/a", "q"), fs_async.open("/a\0b")):
            with pytest.raises(ValueError):
                await wrong

    asyncio.run(main())


def names_of(path):
    return {node.name for node in ast.parse(path.read_text()).body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_")}


def test_the_stand_ins_have_all_that_there_is():
    """Each function that programs call, of both modules."""
    host = paths.TOP / "python" / "host"
    inner = {"claim", "handle", "failure_page", "traceback_of"}     # for webserver.py and tests
    assert names_of(paths.TOP / "python" / "website.py") - inner <= names_of(host / "website.py")
    module = (paths.TOP / "python" / "modfs_async.c").read_text()
    table = module[module.index("fs_async_module_table"):]
    assert set(re.findall(r"MP_QSTR_(\w+)\), MP_ROM_PTR", table)) <= names_of(host / "fs_async.py")
