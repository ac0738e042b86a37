"""website.py without a guest: what it tells the front, and what becomes of requests that the front hands over."""

import asyncio
import re
import sys
import traceback

import pytest
from serval import paths
from serval.http import Answer

sys.path += [str(paths.TOP / "tests" / "site"), str(paths.TOP / "third_party" / "src" / "microdot"),
             str(paths.TOP / "python")]


@pytest.fixture
def front(monkeypatch):
    """The stand-in for the front; website.py as in a program that has just begun."""
    import _website
    def print_exception(exc, file=None):       # MicroPython's
        traceback.print_exception(exc, file=file)

    monkeypatch.setattr(sys, "print_exception", print_exception, raising=False)
    _website.forget()
    sys.modules.pop("website", None)
    yield _website
    sys.modules.pop("website", None)


@pytest.fixture
def website(front):
    import website as module
    return module


@pytest.fixture
def app():
    from microdot import Microdot
    return Microdot()


def handle(app, text, **how):
    import _website
    import website
    request = _website.Request(text, **how)
    asyncio.run(website.handle(app, request))
    assert request.closed
    return request


def ask(app, text, **how):
    return Answer(handle(app, text, **how).answer)


def get(app, path, method="GET"):
    return ask(app, f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())


# -- claims ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("pattern, text, exact", [
    ("/", "/", True), ("", "/", True), ("/api/hello", "/api/hello", True),
    ("api", "/api", True), ("/api/", "/api/", True),
    ("/robots.txt", "/robots.txt", True), ("/users/<int:id>", "/users/", False), ("/users/<id>/edit", "/users/", False),
    ("/<name>", "/", False), ("/files/<path:p>", "/files/", False), ("/x/<re:[a-z]+:y>", "/x/", False),
    ("/" + "a" * 79, "/" + "a" * 79, True), ("/" + "a" * 80, "/" + "a" * 19, False),
    ("/" + "ü" * 50, "/" + "ü" * 19, False),
    ("/a.*", "/a", False), ("/ab?c", "/a", False), ("/a(b|c)/d", "/", False), ("/a/b*/c", "/a/", False),
])
def test_claim(website, pattern, text, exact):
    assert website.claim(pattern) == (text, exact)


def test_routes_before_and_after_the_mount(website, front, app):
    @app.get("/before")
    async def before(request):
        return "before"

    website.mount(app, "/", "/www")
    assert front.claimed == [("/before", True, True)]

    @app.post("/after")
    async def after(request):
        return "after"

    @app.get("/after")
    async def after_too(request):
        return "after"

    assert front.claimed == [("/before", True, True), ("/after", True, True)]
    app.post("/only-post")(after)
    assert front.claimed[2] == ("/only-post", True, False)
    assert get(app, "/before").body == b"before" and get(app, "/after", "POST").body == b"after"


def test_changes_of_the_list_are_seen(website, front, app):
    website.mount(app, "/", "/www")
    for name in "abcd":
        app.get("/" + name)(lambda request: "x")
    first = app.url_map[0]

    def claimed():
        return [text for text, _, _ in front.claimed]

    assert claimed() == ["/a", "/b", "/c", "/d"]
    app.url_map.pop()
    assert claimed() == ["/a", "/b", "/c"]
    app.url_map.remove(first)
    assert claimed() == ["/b", "/c"]
    app.url_map.insert(0, first)
    assert claimed() == ["/a", "/b", "/c"]
    app.url_map.extend([first])
    assert len(app.url_map) == 4 and claimed() == ["/a", "/b", "/c"]
    app.url_map = []
    website.refresh(app)
    assert claimed() == []
    app.get("/e")(lambda request: "x")
    assert claimed() == ["/e"]
    app.url_map.clear()
    assert claimed() == []


def test_a_sub_application(website, front, app):
    from microdot import Microdot
    sub = Microdot()
    sub.get("/x/<name>")(lambda request, name: name)
    website.mount(app, "/", "/www")
    app.mount(sub, "/sub")
    assert front.claimed == [("/sub/x/", False, True)]
    assert get(app, "/sub/x/you").body == b"you"


# -- arguments ---------------------------------------------------------------------------------------------------------

def test_what_the_front_is_told(website, front, app):
    website.mount(app, "/", "www/./site/")
    website.mount(app, "/img/", "/", port=8080, pages="", others="no-store", headers={"X-A": "b", "X-C": "d"},
                  precompressed=False, internal=True)
    website.mount(app, "/x/", "/x", pages=0, others=3600, charset=None, hide=["*.bak", "/drafts/"], show=(".htaccess",), fallback="/sub/app.html",
                  users={"b": "open sesame", "a": "ü"}, host="Example.org", listing=True,
                  types={"foo": "application/x-foo", ".BAR": "text/x-bar; charset=latin1", "a/*.b?": "a/b", "x.y": "c/d"},
                  cache={"*": None, "*.pdf": 60, "img/*": website.IMMUTABLE, "*.jpg": "no-store"})
    assert front.mounts == [
        ("/", "/www/site", "", "", front.PRECOMPRESSED),
        ("/img/", "/", "X-A: b\r\nX-C: d\r\n", "pages\t\nothers\tno-store\n", front.INTERNAL),
        ("example.org/x/", "/x", "", "type\ta/*.b?\ta/b\ntype\t*.BAR\ttext/x-bar; charset=latin1\ntype\t*.foo\tapplication/x-foo\n"
         "type\tx.y\tc/d\nshow\t.htaccess\t\nhide\t*.bak\t\nhide\t/drafts/\t\n"
         "user\tYTrDvA==\nuser\tYjpvcGVuIHNlc2FtZQ==\nlisting\t\nfallback\tsub/app.html\ncharset\t\n"
         "cache\timg/*\tpublic, max-age=31536000, immutable\ncache\t*.jpg\tno-store\ncache\t*.pdf\tmax-age=60\ncache\t*\t\npages\tmax-age=0\n"
         "others\tmax-age=3600\n", front.PRECOMPRESSED)]
    assert front.ports == [80, 8080, 80] and front.not_found_flag is False


def test_words_of_cache_control(website, front, app):
    for words in ("", "no-store", "public,max-age=5", 'private="a, b", no-cache = "c"', "s-maxage=1, x_y"):
        website.mount(app, "/", "/", others=words)
        assert front.mounts[-1][3] == f"others\t{words}\n"


def test_without_a_mount(website, front, app):
    """The site is the description's."""
    @app.get("/a")
    async def a(request):
        return "a"

    website.attach(app, port=8080)
    assert front.mounts == [] and front.ports == [8080] and front.claimed == [("/a", True, True)]
    app.get("/b")(a)
    assert [claim[0] for claim in front.claimed] == ["/a", "/b"]
    website.mount(app, "/", "/www", port=8080)
    assert len(front.mounts) == 1
    for wrong in ({"port": 0}, {"port": "80"}):
        with pytest.raises(ValueError, match="port must be"):
            website.attach(app, **wrong)
    with pytest.raises(TypeError):
        website.attach("app")


@pytest.mark.parametrize("change, message", [
    ({"prefix": "img/"}, "prefix must begin and end"), ({"prefix": "/img"}, "prefix must begin and end"),
    ({"prefix": "/a//"}, "prefix must begin and end"),
    ({"prefix": "/\r\n/"}, "prefix must not have control characters"),
    ({"folder": "/a/../b"}, "folder must not have '..'"),
    ({"folder": "/" + "a" * 300}, "folder has 301 bytes; at most 255"),
    ({"folder": "/a\0"}, "folder must not have control"),
    ({"port": 0}, "port must be"), ({"port": 65536}, "port must be"),
    ({"port": "80"}, "port must be"), ({"pages": "a\r\nb: c"}, "pages must not have control"),
    ({"others": "a\nSet-Cookie: b"}, "others must not have control"), ({"others": "x" * 256}, "others has 256 bytes; at most 255"),
    ({"headers": {"A": "b\r\nC: d"}}, "headers must not have control"),
    ({"headers": {"A\r\nB": "c"}}, "headers must not have control"),
    ({"headers": {"A B": "c"}}, "is no field's name"), ({"headers": {"": "c"}}, "is no field's name"),
    ({"headers": {"A:": "c"}}, "is no field's name"),
    ({"headers": {"Content-Length": "1"}}, "the front sets Content-Length"),
    ({"headers": {"Cache-Control": "no-store"}}, "the front sets Cache-Control itself, by cache="),
    ({"headers": {"A": "b" * 251}}, "headers has 256 bytes; at most 255"),
    ({"pages": -1}, "pages: -1 is neither seconds nor a text"), ({"others": True}, "others: True is neither"),
    ({"others": "x" * 200, "headers": {"A": "b" * 200}}, "Cache-Control and headers have 405 bytes; 384 there is room for"),
    ({"types": {"foo": "foo"}}, r"types\['\*.foo'\]: 'foo' is no media type"),
    ({"cache": {"*.x": -1}}, r"cache\['\*.x'\]: -1 is neither seconds nor a text"), ({"cache": {"": 5}}, "cache: '' is no pattern"),
    ({"cache": {"*.x": "-1"}}, r"cache\['\*.x'\]: '-1' is no Cache-Control"), ({"pages": "3600"}, "pages: '3600' is no Cache-Control"),
    ({"others": "max-age=5,img/*=no-store"}, "others: .* is no Cache-Control"), ({"others": "a, "}, "others: 'a, ' is no Cache-Control"),
    ({"others": "max-age=5 6"}, "others: .* is no Cache-Control"), ({"others": 'no-cache="a'}, "others: .* is no Cache-Control"),
    ({"cache": {"a\tb": 5}}, "cache must not have control"), ({"cache": {"*": "a\nb"}}, "must not have control characters"),
    ({"types": {"foo": "a/"}}, "is no media type"), ({"types": {"foo": "a/b c"}}, "is no media type"),
    ({"types": {"foo": "a/" + "b" * 99}}, "is no media type"), ({"types": {"foo": 5}}, "5 is no text"),
    ({"types": {"foo": "a/b\n"}}, "must not have control"), ({"types": {"f\tg": "a/b"}}, "types must not have control"),
    ({"types": {"": "a/b"}}, "types: '' is no pattern"), ({"types": {"/": "a/b"}}, "types: '/' is no pattern"),
    ({"users": {"a:b": "c"}}, "users: 'a:b' cannot be a user's name"), ({"users": {"": "c"}}, "users: '' cannot be"),
    ({"users": {"a": ""}}, r"users\['a'\] has no password"), ({"users": {"a": None}}, "None is no text"),
    ({"users": {"a\n": "b"}}, "must not have control"), ({"users": {f"user{i}": "x" * 50 for i in range(20)}}, "its rules have"),
    ({"host": ""}, "host: '' is no name of one"), ({"host": "a:80"}, "host: 'a:80' is no name"), ({"host": "ü.de"}, "is no name of one"),
    ({"host": ".a"}, "host: '.a' is no name"), ({"host": "a/b"}, "host: 'a/b' is no name"), ({"host": 5}, "host: 5 is no text"),
    ({"host": "a" * 255}, "prefix has 256 bytes"),
    ({"fallback": ""}, "fallback: '' is no name of a file in the folder"), ({"fallback": "/../x"}, "fallback: '/../x' is no name"),
    ({"fallback": "a/"}, "fallback: 'a/' is no name"), ({"fallback": "a%20b"}, "is no name"), ({"fallback": "x" * 201}, "is no name"),
    ({"fallback": "a\nb"}, "fallback must not have control"), ({"fallback": 5}, "fallback: 5 is no text"),
    ({"hide": "*.bak"}, "hide: '\\*.bak' is no list of patterns"), ({"show": ["//"]}, "show: '//' is no pattern"),
    ({"hide": ["a\n"]}, "hide must not have control"), ({"show": [5]}, "show: 5 is no text"),
    ({"types": {f"x{i}": "application/octet-stream" for i in range(40)}}, "its rules have [0-9]+ bytes; at most 1023"),
    ({"show": 5}, "show: 5 is no list"), ({"hide": {"a": "b"}}, "is no list of patterns"), ({"users": {}}, "users: nobody is in it"),
    ({"users": ["a"]}, r"users: \['a'\] is no dict"), ({"types": ["x"]}, "types: .* is no dict"), ({"cache": 5}, "cache: 5 is no dict"),
    ({"headers": "A: b"}, "headers: 'A: b' is no dict"), ({"listing": "no"}, "listing: 'no' is neither True nor False"),
    ({"precompressed": 5}, "precompressed: 5 is neither"), ({"internal": None}, "internal: None is neither"),
    ({"prefix": 5}, "prefix: 5 is no text"), ({"folder": None}, "folder: None is no text"),
    ({"charset": "utf 8"}, "charset: 'utf 8' is no name of one"), ({"charset": ""}, "charset: '' is no name"),
])
def test_wrong_arguments(website, front, app, change, message):
    arguments = {"prefix": "/", "folder": "/www", **change}
    with pytest.raises(ValueError, match=message):
        website.mount(app, arguments.pop("prefix"), arguments.pop("folder"), **arguments)
    assert not front.mounts and not front.ports


def test_one_application(website, app):
    from microdot import Microdot
    with pytest.raises(TypeError):
        website.mount("app", "/", "/www")
    website.mount(app, "/", "/www")
    with pytest.raises(ValueError, match="another application"):
        website.mount(Microdot(), "/", "/www")


# -- requests that no route wants --------------------------------------------------------------------------------------

@pytest.fixture
def mounted(website, app):
    @app.get("/users/<int:id>")
    async def user(request, id):
        return str(id)

    @app.get("/secret/<path:name>")
    async def secret(request, name):
        return "no", 401

    @app.post("/form")
    async def form(request):
        return request.body

    @app.get("/gone")
    async def gone(request):
        from microdot import abort
        abort(404)

    @app.get("/report")
    async def report(request):
        return website.file("/private/r.pdf", headers={"X-A": "b"}, content_type="application/pdf")

    website.mount(app, "/", "/www")
    return app


@pytest.mark.parametrize("path, method", [("/users/you", "GET"), ("/users/you", "HEAD"),
                                          ("/users/%C3%BC?a=b", "GET"), ("/form", "GET")])
def test_the_site_is_asked(mounted, path, method):
    answer = get(mounted, path, method)
    assert answer.headers == {"x-accel-redirect": path.split("?")[0], "x-accel-for": "client"} and answer.body == b""


@pytest.mark.parametrize("path", ["/%73ecret/x", "//secret/x", "/./secret/x", "/users/../x"])
def test_a_protected_path_cannot_be_written_otherwise(mounted, path):
    """A route that refuses keeps its files, however their address is spelt."""
    answer = get(mounted, path)
    assert answer.status == 404 and "x-accel-redirect" not in answer.headers


def test_what_the_application_answers_itself(mounted):
    assert get(mounted, "/users/7").body == b"7" and get(mounted, "/secret/x").status == 401
    assert get(mounted, "/users/you", "POST").status == 404
    answer = get(mounted, "/gone")
    assert answer.status == 404 and "x-accel-redirect" not in answer.headers
    answer = get(mounted, "/users/7", "DELETE")
    assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD, OPTIONS"
    answer = get(mounted, "/users/7", "OPTIONS")
    assert answer.status == 200 and answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_file_by_the_applications_word(mounted, website):
    answer = get(mounted, "/report")
    assert answer.headers == {"x-accel-redirect": "/private/r.pdf", "x-a": "b",
                              "x-accel-content-type": "application/pdf"}
    for path in ("private", "/a\r\nB: c"):
        with pytest.raises(ValueError):
            website.file(path)
    with pytest.raises(ValueError, match="content_type"):
        website.file("/a", content_type="a/b\r\nC: d")
    for status in (101, 204, 205, 304):
        with pytest.raises(ValueError, match="has no body"):
            website.file("/a", status=status)


def test_a_handler_of_its_own(mounted, front):
    @mounted.errorhandler(404)
    async def nothing(request):
        return "mine", 404

    assert front.not_found_flag is True
    assert get(mounted, "/users/you").body == b"mine" and get(mounted, "/nowhere").body == b"mine"
    del mounted.error_handlers[404]
    assert front.not_found_flag is False
    assert "x-accel-redirect" in get(mounted, "/users/you").headers


def test_a_handler_from_before_the_mount(website, front, app):
    app.errorhandler(404)(lambda request: ("mine", 404))
    app.errorhandler(405)(lambda request: ("mine too", 405))
    app.get("/a")(lambda request: "a")
    website.mount(app, "/", "/www")
    assert front.not_found_flag is True
    assert get(app, "/a", "POST").body == b"mine too"


# -- bodies and nonsense -----------------------------------------------------------------------------------------------

POST = b"POST %s HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("text, chunked, body", [
    (POST % b"/form", True, b""), (POST % b"/form" + b"hello", True, b"hello"),
    (POST % b"/form" + b"a" * 16384, True, b"a" * 16384),
    (b"POST /form HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", False, b"abc"),
])
def test_bodies(mounted, text, chunked, body):
    """In memory, whether their length was told or not."""
    @mounted.post("/length")
    async def length(request):
        return str(request.content_length) + " " + str(len(await request.stream.read(-1)))

    answer = ask(mounted, text, chunked=chunked)
    assert answer.status == 200 and answer.body == body
    answer = ask(mounted, text.replace(b"/form", b"/length"), chunked=chunked)
    assert answer.body.decode() == f"{len(body)} {len(body)}"


@pytest.fixture
def limits():
    from microdot import Request
    before = Request.max_content_length, Request.max_body_length
    yield Request
    Request.max_content_length, Request.max_body_length = before


@pytest.mark.parametrize("max_body, size, status, said", [
    (16384, 16385, 200, "0 0 16385"), (16384, 16384, 200, "16384 16384 16384"), (0, 10, 200, "0 0 10"),
    (16384, 30000, 200, "0 0 30000"), (16384, 30001, 413, "Payload too large"), (0, 30001, 413, "Payload too large")])
def test_a_stream_of_unknown_length(mounted, limits, max_body, size, status, said):
    """What request.body does not take is read as it comes, up to max_content_length."""
    @mounted.post("/stream")
    async def stream(request):
        told, count = f"{request.content_length} {len(request.body)}", 0
        while part := await request.stream.read(1000):
            count += len(part)
        return f"{told} {count}"

    limits.max_content_length, limits.max_body_length = 30000, max_body
    answer = ask(mounted, POST % b"/stream" + b"x" * size, chunked=True)
    assert (answer.status, answer.body.decode()) == (status, said)


@pytest.mark.parametrize("text, chunked, status", [
    (POST % b"/form" + b"a" * 16385, True, 413),
    (b"POST /form HTTP/1.1\r\nContent-Length: 16385\r\n\r\n", False, 413),
    (b"POST /form HTTP/1.1\r\nContent-Length: 3\r\n\r\na", False, 400),
    (b"GET / HTTP/1.1\r\nX: " + b"y" * 3000 + b"\r\n\r\n", False, 400),
    (b"GET /?a=%zz HTTP/1.1\r\n\r\n", False, 400), (b"GET /?%ff HTTP/1.1\r\n\r\n", False, 400),
    (b"GET / HTTP/1.1\r\nX: \xff\r\n\r\n", False, 400),
])
def test_what_is_refused(mounted, text, chunked, status, capfd):
    assert ask(mounted, text, chunked=chunked).status == status
    assert capfd.readouterr() == ("", "")


def test_no_memory_is_503(mounted):
    async def dispatch(request):
        raise MemoryError

    mounted.dispatch_request = dispatch
    assert get(mounted, "/users/7").status == 503


def parts(*given):
    for part in given:
        if isinstance(part, Exception):
            raise part
        yield part


@pytest.mark.parametrize("given, failure, answer", [
    ((b"one", "two"), 0, b"onetwo"), (("one", b"two"), 0, b"onetwo"), ((b"one", ValueError("why")), 500, b"one"),
    ((b"one", OSError(113, "the file")), 500, b"one"),
    ((b"one", MemoryError("why")), 503, b"one"), ((b"one", 7), 500, b"one")])
def test_an_answer_that_fails_is_not_a_complete_one(mounted, capfd, given, failure, answer):
    mounted.get("/parts")(lambda request: (parts(*given), 200, {"X-A": "b"}))
    stream = handle(mounted, b"GET /parts?x HTTP/1.1\r\nHost: a\r\n\r\n")
    assert stream.failure == failure and stream.answer.startswith(b"HTTP/1.0 200 ")
    assert stream.answer.partition(b"\r\n\r\n")[2] == answer
    said = "".join(capfd.readouterr())
    assert said.startswith("GET /parts failed:\n") and "Error" in said if failure else not said


class Slow:
    """A body whose first part is waited for."""

    def __init__(self, *given):
        self.given, self.closed = list(given), False

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        part = self.given.pop(0) if self.given else StopAsyncIteration()
        if isinstance(part, Exception):
            raise part
        return part

    async def aclose(self):
        self.closed = True


class Quick(Slow):
    async def __anext__(self):
        part = self.given.pop(0) if self.given else StopAsyncIteration()
        if isinstance(part, Exception):
            raise part
        return part


@pytest.mark.parametrize("failure, status", [(ValueError("why"), 500), (OSError(5), 500), (MemoryError("why"), 503)])
@pytest.mark.parametrize("kind", [parts, Quick])
def test_a_body_that_fails_at_once_has_no_head(mounted, capfd, kind, failure, status):
    """Nothing has gone out: the client is told."""
    body = kind(failure)
    mounted.get("/parts")(lambda request: (body, 200, {"X-A": "b"}))
    stream = handle(mounted, b"GET /parts HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (Answer(stream.answer).status, stream.failure) == (status, status)
    assert "x-a" not in Answer(stream.answer).headers
    assert kind is parts or body.closed
    said = capfd.readouterr()[0]
    assert status == 503 or (said.startswith("GET /parts failed:\n") and ("why" in said or "OSError: 5" in said))


def test_a_head_does_not_wait_for_its_body(mounted, website, front, capfd):
    """Events may come much later; a head that cannot be is told when the first one has come."""
    seen = []

    class Watched(Slow):
        async def __anext__(self):
            part = await super().__anext__()
            seen.append(stream.answer)
            return part

    body = Watched(b"one", b"two")
    mounted.get("/parts")(lambda request: body)
    text = b"GET /parts HTTP/1.1\r\nHost: a\r\n\r\n"
    stream = front.Request(text)
    asyncio.run(website.handle(mounted, stream))
    assert stream.answer.endswith(b"\r\n\r\nonetwo") and stream.failure == 0 and body.closed
    assert seen[0].endswith(b"\r\n\r\n") and seen[1] == seen[0] + b"one"
    whole, body.given = stream.answer, [b"one", b"two"]
    stream = handle(mounted, text, tight=True)
    assert stream.answer == whole
    for given in (Slow(), Quick()):
        mounted.get("/none")(lambda request, given=given: given)
        stream = handle(mounted, b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
        assert stream.failure == 0 and stream.answer.endswith(b"\r\n\r\n")
        mounted.url_map.pop()
    body = Slow(b"one", ValueError("why"))
    mounted.get("/bad")(lambda request: (body, 200, {"X-A": "a\r\nX-B: b"}))
    assert get(mounted, "/bad").status == 500 and body.closed
    assert "control characters" in capfd.readouterr()[0]


def test_a_body_that_is_cancelled_while_it_waits(mounted, website, front):
    body = Slow(b"one")

    async def wait():
        try:
            end = asyncio.get_running_loop().time() + 2
            while asyncio.get_running_loop().time() < end:      # no future that would know of it by itself
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            body.given.insert(0, b"none")
            raise

    body.__class__ = type("Waits", (Slow,), {"__anext__": lambda self: wait()})
    mounted.get("/parts")(lambda request: body)

    async def cancel():
        stream = front.Request(b"GET /parts HTTP/1.1\r\nHost: a\r\n\r\n")
        task = asyncio.create_task(website.handle(mounted, stream))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return stream

    stream = asyncio.run(cancel())
    assert body.given == [b"none", b"one"] and body.closed and stream.failure != 0


def test_a_client_that_leaves_is_no_failure_of_the_applications(mounted, capfd):
    mounted.get("/parts")(lambda request: parts(b"one", b"two"))
    handle(mounted, b"GET /parts HTTP/1.1\r\nHost: a\r\n\r\n", left=True)
    assert capfd.readouterr() == ("", "")


def test_a_head_that_cannot_be_is_500(mounted, capfd):
    mounted.get("/bad")(lambda request: ("x", {"X-A": "a\r\nX-B: b"}))
    assert get(mounted, "/bad").status == 500
    assert capfd.readouterr()[0].startswith("GET /bad failed:\nTraceback")


# -- handlers that fail ------------------------------------------------------------------------------------------------

@pytest.fixture
def failing(mounted):
    @mounted.get("/fails")
    async def fails(request):
        await asyncio.sleep(0)
        raise ValueError("<why> & \"how\"")

    return mounted


def test_a_failure_names_its_request_and_its_place(failing, capfd):
    """The client is told by the front's page."""
    stream = handle(failing, b"GET /fails?x=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert stream.failure == 500 and stream.answer.startswith(b"HTTP/1.0 500 Failure")
    said = capfd.readouterr()[0]
    assert said.startswith("Traceback (most recent call last):\n")
    assert said.splitlines()[-1].startswith("GET /fails failed: ValueError: <why> & \"how\" (")
    assert re.search(r"test_site\.py\", line \d+, in fails\)$", said)


def test_a_failure_in_debug_mode(failing, website):
    website.debug = True
    answer = get(failing, "/fails")
    assert answer.status == 500 and answer.headers["content-type"] == "text/html; charset=utf-8"
    text = answer.body.decode()
    assert "GET /fails" in text and "ValueError: &lt;why&gt; &amp; &quot;how&quot;" in text and "<why>" not in text
    assert answer.headers["cache-control"] == "no-store"
    failing.get("/bad")(lambda request: ("x", {"X-A": "a\r\nX-B: b"}))
    assert b"control characters" in get(failing, "/bad").body


def test_failures_at_the_same_time(failing, front, capfd):
    """Each line names its own request, whatever else has failed meanwhile."""
    async def both():
        streams = [front.Request(b"GET /fails?%d HTTP/1.1\r\nHost: a\r\n\r\n" % i) for i in range(20)]
        import website
        await asyncio.gather(*(website.handle(failing, stream) for stream in streams))
        return streams

    streams = asyncio.run(both())
    assert [stream.failure for stream in streams] == [500] * 20
    assert capfd.readouterr()[0].count("GET /fails failed: ") == 20


def test_an_answer_of_its_own_to_a_failure(failing, website):
    website.debug = True
    failing.after_error_request(lambda request, response: response.headers.update({"X-Mine": "1"}) or response)
    answer = get(failing, "/fails")
    assert answer.body == b"Internal server error" and answer.headers["x-mine"] == "1"
    failing.errorhandler(500)(lambda request: ("mine", 500))
    assert get(failing, "/fails").body == b"mine"
    failing.errorhandler(ValueError)(lambda request, exc: ("my value", 400))
    assert get(failing, "/fails").body == b"my value"


def test_a_subclass_keeps_its_own_way(website, front):
    from microdot import Microdot

    class Own(Microdot):
        async def handle_request(self, reader, writer):
            return "own"

    app = Own()
    before = app.start_server
    website.mount(app, "/", "/www")
    assert asyncio.run(app.handle_request(None, None)) == "own" and app.start_server == before


# -- the site as a whole -----------------------------------------------------------------------------------------------

def test_what_the_front_refuses(website, front, app):
    """The program hears why, and what was before holds."""
    front.refusal = ValueError("one mount too many")
    with pytest.raises(ValueError, match="one mount too many"):
        website.mount(app, "/", "/www")
    app.get("/a")(lambda request: "a")
    assert not front.mounts and not front.claimed
    front.refusal = None
    website.mount(app, "/", "/www")
    assert front.claimed == [("/a", True, True)]
    front.refusal = OSError(98)
    with pytest.raises(OSError):
        website.mount(app, "/", "/www", port=81)
    front.refusal = None
    assert front.ports == [80]


# -- serving -----------------------------------------------------------------------------------------------------------

def serve(app, front, requests, port=80):
    """All are answered; then the application shuts down."""
    async def main():
        front.waiting += requests
        task = asyncio.ensure_future(app.start_server(port=port))
        while front.waiting or not all(r.closed for r in requests if isinstance(r, front.Request)):
            await asyncio.sleep(0)
        app.shutdown()
        await app.server.wait_closed()
        await task
        assert not front.serving

    asyncio.run(asyncio.wait_for(main(), 10))


def test_requests_are_served(mounted, front):
    requests = [front.Request(b"GET /users/%d HTTP/1.1\r\nHost: a\r\n\r\n" % i) for i in range(5)]
    serve(mounted, front, [*requests[:3], MemoryError(), *requests[3:]])
    assert [Answer(r.answer).body for r in requests] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_task_that_finds_no_memory(mounted, front, monkeypatch):
    begun = []

    def start(coroutine):
        begun.append(coroutine)
        if len(begun) == 2:
            coroutine.close()
            raise MemoryError
        asyncio.ensure_future(coroutine)

    monkeypatch.setattr(front, "start", start)
    requests = [front.Request(b"GET /users/%d HTTP/1.1\r\nHost: a\r\n\r\n" % i) for i in range(3)]
    serve(mounted, front, requests)
    assert [r.failure for r in requests] == [0, 503, 0]


def test_another_port_has_sockets(mounted, front, monkeypatch):
    from microdot import Microdot
    seen = []

    async def start_server(self, host="0.0.0.0", port=5000, debug=False, ssl=None, start_serving=True):
        seen.append(port)

    monkeypatch.setattr(Microdot, "start_server", start_server)
    import website
    app = Microdot()
    website._apps.clear()
    website.mount(app, "/", "/www")
    asyncio.run(app.start_server(port=5000))
    assert seen == [5000] and not front.serving
