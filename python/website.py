"""website.py: a folder of the file service as a website, beside the routes of any Microdot application.

    import website
    website.mount(app, "/", "/www")         # app: a Microdot, with its routes before or after this line
    app.run(port=80)                        # as always

The native front (http/), a program of its own, has the port. It answers what lies in the folder by itself; a request
that a route of the application may want it hands over as a message, and takes the answer as one. So a route comes
before a file; where no route matches after all, the file is asked for; where there is none the application's
errorhandler(404) answers, if it has one.

    website.attach(app)                     # in place of mount(): the folders that the system's description mounts

    website.file("/private/report.pdf")     # returned by a route: that file of the site, also of an internal mount
    website.compress(app)                   # texts that its routes return go out compressed
    website.counters()                      # what front and cache have done so far

An answer goes out as fast as the application writes it; a request that finds no memory is told 503. One that fails is
500, or cut off where it has begun, so that nobody takes a part for the whole.

Of a request's body request.body has what Microdot's limits allow; request.stream reads any size as it comes, up to
Request.max_content_length. A body that came in chunks has its content_length once it is in request.body; where it is
read as a stream that is 0, and what is too much raises HTTPException(413).

request.scheme is "https" for one that came over TLS, else "http"; request.server_name then is the name of the server that
the client's handshake has asked for, "" where it named none.

website.debug = True: who asks for what fails is shown the traceback, in place of a page that says no more than 500.
"""

import asyncio
import gc
import io
import sys

import _website
import website_compress
import website_policy
from microdot import Microdot, Request, Response, microdot
from microdot.microdot import HTTPException, NoCaseDict, print_exception
from website_policy import IMMUTABLE  # noqa: F401 (for authors)

Request.scheme, Request.server_name = "http", None
if hasattr(asyncio, "_attrs"):      # MicroPython's table of what is loaded when it is used first
    asyncio._attrs.update(dict.fromkeys(("Queue", "LifoQueue", "PriorityQueue", "QueueEmpty", "QueueFull"), "queues"))
    _run_loop = asyncio.run

    def _run(coro):
        """As MicroPython's, also in the middle of a task, which goes on afterwards."""
        task = asyncio.core.cur_task
        try:
            return _run_loop(coro)
        finally:
            asyncio.core.cur_task = task

    asyncio.run = _run

REGEX = "*+?()[]{}|\\^$"    # in the literal part of a pattern Microdot takes these as a regular expression's
CLAIM_MAX = 80      # bytes of a claim; a longer one claims more than it needs

FAILURES_MAX = 8
TRACEBACK_MAX = 32  # lines
PAGE = ("<!doctype html><html lang=en><meta charset=utf-8><title>500: %s</title><body style='font-family:sans-serif'>"
        "<h1>500: the application has failed</h1><p>%s<pre style='white-space:pre-wrap'>%s</pre>")

debug = False
prepare = None      # awaited with an application that is about to take the site's requests
look = None         # awaited when _website.accept() says so
finish = None       # awaited when no more requests are taken

_apps = []          # the application that has the front, once there is one
_ports = []         # and its port
_failures = []      # (task, traceback) of handlers that have failed, until their answers


def mount(app, prefix, folder, *, host=None, port=80, cache=None, pages=None, others=None, headers=None, types=None,
          charset="utf-8", hide=(), show=(), users=None, listing=False, fallback=None, precompressed=True, internal=False):
    """Serves `folder` (absolute, in the file service) under `prefix`. May be called for several folders; the longest
    prefix has a path.

    host: for requests that name this host, "example.org"; such a host has only the mounts that name it
    cache: Cache-Control by pattern, {"*.pdf": 3600, "img/*": "no-store"}; a number: max-age, in seconds; "": no such field
    pages, others: the same for html, css, js, and for all else, where no pattern fits. What nothing is said of is
    "no-cache", and IMMUTABLE where there is a fingerprint of the content in the name (app-3f9a1c2b.js)
    headers: more fields for each answer, a dict
    types: media types by extension, {"foo": "application/x-foo"}, or by pattern
    charset: that of texts; None: it is not told
    hide, show: patterns of what is not for clients, beside names that begin with a dot, __pycache__ and the program; of what is
    users: who may see what begins with `prefix`, routes as well: {"name": "password"} (HTTP's basic authentication)
    listing: folders without an index are shown as a page
    fallback: the file of the folder for pages that are not there, "index.html": for GET and HEAD that ask for a page
    precompressed: name.br or name.gz beside a file goes to clients that take it
    internal: only by the application's word, see file()
    """
    _check(app, port)
    flags = _website.PRECOMPRESSED if website_policy.flag("precompressed", precompressed) else 0
    flags |= _website.INTERNAL if website_policy.flag("internal", internal) else 0
    where = website_policy.mount_name(prefix, host), website_policy.folder_name(folder)
    said = website_policy.policy(headers=headers, types=types, charset=charset, hide=hide, show=show, users=users,
                                 listing=listing, fallback=fallback, cache=cache, pages=pages, others=others)
    _change(app, port, _website.mount, *where, *said, flags)


def attach(app, *, port=80):
    """The application beside the site as the description of the system has it, with what mount() adds to that."""
    _check(app, port)
    _change(app, port, _website.attach)


def forget():
    """What has been said of the site is not so: another application is to be attached. Before any is served."""
    _apps.clear()
    _ports.clear()
    _website.forget()


def file(path, headers=None, content_type=None, status=200):
    """A response that is the site's file at `path` (encoded as in an address), conditions, ranges and all; with a
    status other than 200 the whole file. content_type: in place of what the file's name says."""
    website_policy.check_file(path, content_type, status)
    response = FileResponse(status_code=status, headers=headers)
    response.headers["X-Accel-Redirect"] = path
    if content_type:
        response.headers["X-Accel-Content-Type"] = content_type
    return response


def compress(app, *, least=1024, most=65536):
    """Texts among the answers of `app`, of so many bytes, go out as gzip to clients that take it."""
    website_compress.add(app, _website.gzip, least, most)


def counters():
    """Numbers of the front and of its cache, by name."""
    return _website.counters()


def refresh(app):
    """After changes of app.url_map or app.error_handlers that are not seen: an item or the whole list replaced."""
    _watch(app)
    app.url_map.changed()
    _website.not_found(app.error_handlers.is_the_apps(404))


# -- arguments ---------------------------------------------------------------------------------------------------------

def _check(app, port):
    if not isinstance(app, Microdot):
        raise TypeError("app is no Microdot")
    if _apps and _apps[0] is not app:
        raise ValueError("another application has mounted a site already")
    website_policy.check_port(port)


def _change(app, port, change, *args):
    """The front has it when this returns."""
    _watch(app)
    change(*args, app.url_map.claims(), app.error_handlers.is_the_apps(404), port)
    _ports[:] = (port,)
    if not _apps:
        _apps.append(app)
        _serve_by_messages(app)


# -- what the application claims ---------------------------------------------------------------------------------------

def claim(pattern):
    """(text, whether it is the whole path) of a route's pattern: what each path begins with that the route may want."""
    text, exact = _literal(pattern)
    if len(text.encode()) > CLAIM_MAX:      # of up to four bytes for a character
        text, exact = text[:CLAIM_MAX // 4], False
    return text, exact


def _literal(pattern):
    text = ""
    for segment in pattern.lstrip("/").split("/"):
        text += "/"
        if segment[:1] == "<":
            return text, False
        for at, c in enumerate(segment):
            if c in REGEX:
                return text + segment[:max(at - 1, 0)], False   # what is before a '*' may be missing
        text += segment
    return text, True


class Routes(list):
    """An application's url_map that tells the front of each change."""

    def __init__(self, routes=()):
        super().__init__(routes)
        self.found = None

    def claims(self):
        if self.found is None:
            self.found = {}
            for route in self:
                self.add(route)
        return [(text, exact, gets) for (text, exact), gets in self.found.items()]

    def add(self, route):
        key = claim(route[1].url_pattern)
        self.found[key] = self.found.get(key, False) or "GET" in route[0]

    def changed(self):
        self.found = None
        self.tell()

    def tell(self):
        if _apps:       # else the first mount tells
            _website.claims(self.claims())

    def append(self, route):
        super().append(route)
        if self.found is not None:
            self.add(route)
        self.tell()

    def extend(self, routes):
        super().extend(routes)
        self.changed()

    def insert(self, index, route):
        super().insert(index, route)
        self.changed()

    def pop(self, index=-1):
        route = super().pop(index)
        self.changed()
        return route

    def remove(self, route):
        super().remove(route)
        self.changed()

    def clear(self):
        super().clear()
        self.changed()


# -- where no route answers --------------------------------------------------------------------------------------------

class FileResponse(Response):
    """Its type, length and body are the file's."""

    def complete(self):
        pass


def _is_the_sites(request):
    """Whether the site is to answer: no route has wanted it, and none would if the path were written in its plain
    form."""
    if request.route is not None or request.method not in ("GET", "HEAD"):
        return False
    plain = _website.clean(request.path)
    if plain is None:
        return False
    if plain == request.path:
        return True
    for methods, pattern, *_ in request.app.url_map:
        if "GET" in methods and pattern.match(plain) is not None:
            return False
    return True


def _as_asked(request):
    """What the client gets where no route wants its request: no more than without the application."""
    return file(request.path, headers={"X-Accel-For": "client"})


def _not_found(request):
    if _is_the_sites(request):
        return _as_asked(request)
    return "Not found", 404


def _not_allowed(request):
    if _is_the_sites(request):
        return _as_asked(request)
    return "Method not allowed", 405, {"Allow": request.app.default_options_handler(request)["Allow"]}


_OURS = {404: _not_found, 405: _not_allowed}


class Handlers(dict):
    """An application's error handlers; ours stand in for those that it does not have."""

    def __init__(self, handlers):
        super().__init__(_OURS)
        for key, handler in handlers.items():
            super().__setitem__(key, handler)

    def is_the_apps(self, key):
        return self.get(key) is not _OURS[key]

    def __setitem__(self, key, handler):
        super().__setitem__(key, handler)
        if key == 404 and _apps:
            _website.not_found(self.is_the_apps(404))

    def __delitem__(self, key):
        super().__delitem__(key)
        if key in _OURS:
            self[key] = _OURS[key]


def _watch(app):
    """Changes of what the application answers are seen from now on."""
    if not isinstance(app.url_map, Routes):
        app.url_map = Routes(app.url_map)
    if not isinstance(app.error_handlers, Handlers):
        app.error_handlers = Handlers(app.error_handlers)


# -- requests ----------------------------------------------------------------------------------------------------------

class Server:
    """In place of asyncio's, for the site's port."""

    def __init__(self):
        self.ended = asyncio.Event()

    def close(self):
        _website.serve(False)

    async def wait_closed(self):
        await self.ended.wait()


def _serve_by_messages(app):
    """Where the application handles its requests as Microdot does, they need no sockets."""
    if type(app).start_server is not Microdot.start_server or type(app).handle_request is not Microdot.handle_request:
        return
    with_sockets = app.start_server

    async def start_server(host="0.0.0.0", port=5000, debug=False, ssl=None, start_serving=True):
        if port not in _ports or ssl:
            return await with_sockets(host, port, debug, ssl, start_serving)
        app.debug = debug
        if prepare:
            await prepare(app)
        elif debug:
            print("Starting async server on %s:%d..." % (host, port))
        await _serve(app)

    app.start_server = start_server


async def _serve(app):
    _website.serve(True)
    app.server = Server()
    try:
        while True:
            try:
                request = await _website.accept()
                if request:
                    _start(app, request)
                elif request is None:
                    break
                else:
                    await look()
            except MemoryError:     # the request has been told
                await asyncio.sleep(0)
        if finish:
            await finish()
    finally:
        _website.serve(False)
        app.server.ended.set()


def _start(app, incoming):
    try:
        _website.start(handle(app, incoming))
    except MemoryError:
        incoming.end(503)
        raise


async def handle(app, incoming):
    """As Microdot's handle_request. What cannot be understood costs its sender a 400 and the console nothing. An answer
    that fails is 500 where nothing of it has gone out, else the client is cut off; the console tells why."""
    request, failure = None, 503    # what the client is told should this end before the answer begins
    try:
        try:
            headers = NoCaseDict()
            method, url, version, length, server = incoming.head(headers, headers.keymap, Request.max_readline)
            body, stream = b"", incoming
            if length and 0 < length <= Request.max_body_length:
                body, stream = await incoming.readexactly(length), None
            request = Request(app, incoming.get_extra_info("peername"), method, url, version, headers, body=body,
                              stream=stream, sock=(incoming, incoming))
            if server is not None:
                request.scheme, request.server_name = "https", server
            if length == -1:
                await _read_unknown(request, incoming)
        except (ValueError, IndexError, EOFError):      # UnicodeError is a ValueError
            request = None
        response = await app.dispatch_request(request)
        if _failures:
            response = _explain(request, response)
        if response is not Response.already_handled:
            if type(response) is Response and not response.is_head and isinstance(response.body, bytes):
                await incoming.respond(response.status_code, response.reason, response.headers, response.body,
                                       response.default_content_type)
            elif type(response) is Failure:
                failure = response.status_code
                return
            else:
                await _respond(response, incoming)
        failure = 0
        if app.debug and request is not None:
            print("%s %s %d" % (request.method, request.path, response.status_code))
    except OSError as exc:
        if not incoming.gone():
            failure = await _report(request, exc, incoming)
    except MemoryError as exc:
        gc.collect()
        if incoming.wrote():
            print(_what(request), "failed:")
            print_exception(exc)
    except Exception as exc:
        failure = await _report(request, exc, incoming)
    finally:
        incoming.end(failure)


# -- failures ----------------------------------------------------------------------------------------------------------

class Failure(Response):
    """The client is told by the site's page of its status."""


def failure_page(what, text):
    """The answer in the place of one that has failed. what: of the site; text: the traceback."""
    if not debug:
        return Failure(status_code=500)
    body = PAGE % (_escape(text.strip().split("\n")[-1]), _escape(what), _escape(text))
    return Response(body, 500, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"})


def _escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def traceback_of(exc):
    """Of a deep one beginning and end: the console is slow."""
    text = io.StringIO()
    sys.print_exception(exc, text)
    lines = text.getvalue().split("\n")
    if len(lines) > TRACEBACK_MAX:
        lines[TRACEBACK_MAX // 4:-TRACEBACK_MAX * 3 // 4] = ("  .. %d lines more" % (len(lines) - TRACEBACK_MAX),)
    return "\n".join(lines)


def _what(request):
    return "%s %s" % (request.method, request.path) if request is not None else "a request"


def _print_exception(exc):
    """In the place of Microdot's, which does not know the request: its answer tells more, see _explain()."""
    try:
        text, task = traceback_of(exc), asyncio.current_task()
    except (MemoryError, RuntimeError):     # RuntimeError: no task
        print_exception(exc)
        return
    print(text, end="")
    if len(_failures) == FAILURES_MAX:      # of tasks that are no request
        del _failures[0]
    _failures.append((task, text))


microdot.print_exception = _print_exception


def _place(text):
    """Of a traceback: the innermost place that is the program's own."""
    lines = [line.strip()[5:] for line in text.split("\n") if line.strip().startswith("File ")]
    own = [line for line in lines if not line.startswith(('"microdot/', '"asyncio/', '"website.py'))]
    return (own or lines or ["no file"])[-1]


def _explain(request, response):
    """A handler has failed, and Microdot has printed why: one line says of which request. The client has the
    application's answer; where that has none, ours."""
    task = asyncio.current_task()
    for at, (failed, traceback) in enumerate(_failures):
        if failed is task:
            del _failures[at]
            print("%s failed: %s (%s)" % (_what(request), traceback.strip().split("\n")[-1], _place(traceback)))
            if response.status_code == 500 and response.body == b"Internal server error" and not response.headers:
                return failure_page(_what(request), traceback)
            break
    return response


async def _report(request, exc, incoming):
    """What the client is told by the front: 500, or nothing where it has been shown the traceback."""
    text = traceback_of(exc)
    print(_what(request), "failed:")
    print(text, end="")
    if not debug or incoming.wrote():
        return 500
    try:
        page = failure_page(_what(request), text)
        await incoming.respond(500, None, page.headers, page.body, None)
        return 0
    except Exception:
        return 500


# -- bodies ------------------------------------------------------------------------------------------------------------

async def _read_unknown(request, incoming):
    """The body of a request that does not tell its length, as if it had: in request.body where it is as short as that
    may be; else it is for request.stream."""
    most = min(Request.max_body_length, Request.max_content_length)
    body = await incoming.body(most) if most else None
    if body is not None:
        request._body, request._stream = body, None
        request.content_length = len(body)
    elif Request.max_content_length <= Request.max_body_length:
        request.content_length = Request.max_content_length + 1     # Microdot refuses it: 413
    else:
        incoming.limit(Request.max_content_length, HTTPException(413, "Payload too large"))


async def _respond(response, incoming):
    """As Microdot's Response.write(); a response with a write() of its own keeps it."""
    if type(response).write is not Response.write:
        await response.write(incoming)
        return
    response.complete()
    if response.is_head or isinstance(response.body, bytes):
        body = b"" if response.is_head else response.body
        await incoming.respond(response.status_code, response.reason, response.headers, body, None)
    else:
        await _respond_in_parts(response, incoming)


async def _respond_in_parts(response, incoming):
    def head(body):
        return incoming.respond(response.status_code, response.reason, response.headers, body, None)

    body = response.body_iter()
    try:
        parts = body.__aiter__()
        first = First(parts, head)
        part = await first
        if first.head is None:
            await head(_bytes(part))
            part = b""
        else:
            await first.head
        while part is not None:         # None: of an iterator that was at its end from the beginning
            if part:
                await incoming.awrite(_bytes(part))
            part = await parts.__anext__()
    except StopAsyncIteration:
        pass
    finally:
        if hasattr(body, "aclose"):
            await body.aclose()


def _bytes(part):
    return part.encode() if isinstance(part, str) else part or b""


async def _next(parts):
    try:
        return await parts.__anext__()
    except StopAsyncIteration:
        return None


class First:
    """To be awaited: the first part of a body, None where there is none. One that has to be waited for may come much
    later: then the head goes out at once. Until then nothing has, and a failure is told as such."""

    def __init__(self, parts, make_head):
        self.parts, self.make_head = parts, make_head
        self.head = None

    def write_head(self):
        if self.head is None:
            try:
                self.head = self.make_head(b"")
            except Exception:       # who awaits the part cannot be told now: it tries again
                pass

    def __iter__(self):
        part = _next(self.parts)
        go_on, value = part.send, None
        try:
            while True:
                waits_for = go_on(value)
                self.write_head()
                try:
                    go_on, value = part.send, (yield waits_for)
                except BaseException as exc:    # it is cancelled
                    go_on, value = part.throw, exc
        except StopIteration as done:
            return done.value

    __await__ = __iter__
