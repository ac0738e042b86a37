"""staticsite.py: a folder of the file service as a website, under whatever routes a Microdot application has itself.

    app = StaticSite("/www")            # a Microdot: @app.get("/api/...") works as always
    app.run(host="0.0.0.0", port=80)

  trusts    nothing in a request: a path is decoded once, checked, and never leaves the folder; a symbolic link in the
            folder is its owner's word and may lead anywhere in the export
  rules     dir/ finds index.html, .htm, .xhtml; name finds name.html, .htm, .xhtml; dir is sent to dir/ (301)
  per file  one open (its attributes come with it), reads of up to BLOCK bytes, one close
  sends     head and first bytes together; the rest block by block, the next one read while one is sent

Microdot is used as it comes. Two of its seams are taken: error handler 404 is where a request that no route wants
ends, and handle_request() is given a connection that reads the socket once instead of once per header line.
"""

import asyncio
import errno
import time

import fs_async
from microdot import Microdot, Request, Response

BLOCK = 64 * 1024       # bytes per read: the file service's largest
JOIN = 16 * 1024        # up to here head and body are worth a copy to leave in one write
SENDERS = 16            # files sent at a time that have large blocks, two each; beyond, blocks are small
BLOCK_CROWDED = 8 * 1024
HEADS = 128             # remembered heads of files
REQUEST_HEAD = 16 * 1024    # bytes of a request line with its headers, at most

INDEX = ("index.html", "index.htm", "index.xhtml")
PAGE = (".html", ".htm", ".xhtml")

TYPES = {
    "html": "text/html; charset=utf-8",
    "htm": "text/html; charset=utf-8",
    "xhtml": "application/xhtml+xml; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
    "xml": "application/xml",
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "ico": "image/x-icon",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "pdf": "application/pdf",
    "wasm": "application/wasm",
    "zip": "application/zip",
    "gz": "application/gzip",
}
DEFAULT_TYPE = "application/octet-stream"

SHORT = "public, max-age=60"        # what a page is made of changes together: ask again soon
LONG = "public, max-age=86400"
SHORT_LIVED = ("html", "htm", "xhtml", "css", "js", "mjs")

REASONS = {200: "OK", 204: "No Content", 301: "Moved Permanently", 304: "Not Modified", 400: "Bad Request",
           403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
           500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable"}
SAYS = {400: "The request could not be understood.", 403: "This file may not be read.",
        404: "There is nothing at this address.", 405: "That cannot be done with this address.",
        413: "The request is larger than this server accepts.", 500: "Something went wrong while answering.",
        501: "This server takes a request's body in one piece only.",
        503: "The files are out of reach just now. Please try again in a moment."}

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

READS = ("GET", "HEAD", "OPTIONS")

NOT_THERE = (errno.ENOENT, getattr(errno, "ENOTDIR", 20), getattr(errno, "ENAMETOOLONG", 36), errno.EINVAL)
FORBIDDEN = (errno.EACCES, errno.EPERM)


# -- dates (RFC 9110, 5.6.7) -------------------------------------------------------------------------------------------

def http_date(seconds):
    """Seconds since 1970 as an IMF-fixdate."""
    t = time.gmtime(seconds)
    return "%s, %02d %s %d %02d:%02d:%02d GMT" % (DAYS[t[6]], t[2], MONTHS[t[1] - 1], t[0], t[3], t[4], t[5])


def parse_date(text):
    """An IMF-fixdate as (year, month, day, hour, minute, second), or None if it is none."""
    try:
        _, day, month, year, clock, zone = text.split(" ")
        hour, minute, second = clock.split(":")
        if zone != "GMT":
            return None
        return int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)
    except ValueError:
        return None


class Clock:
    """The Date header, formatted once a second at most."""

    def __init__(self):
        self.second = -1
        self.line = b""

    def date(self):
        now = int(time.time())
        if now != self.second:
            self.second = now
            self.line = b"Date: " + http_date(now).encode() + b"\r\n\r\n"
        return self.line


clock = Clock()


# -- paths -------------------------------------------------------------------------------------------------------------

def percent_decode(path):
    """Decodes %XX once. Raises ValueError where that is no hexadecimal number or the result is not UTF-8."""
    parts = path.encode().split(b"%")
    out = [parts[0]]
    for part in parts[1:]:
        digits = part[:2]
        if len(digits) != 2 or b"+" in digits or b"-" in digits or b" " in digits or b"_" in digits:
            raise ValueError
        out.append(bytes((int(digits, 16),)))
        out.append(part[2:])
    return str(b"".join(out), "utf-8")


def clean_path(path):
    """The decoded path of a request, one slash between names, or None if the site cannot have it.

    No name may be "..", also in no encoding; there may be no NUL and no backslash. What is decoded is not decoded again,
    so "%252e" is the name "%2e".
    """
    if path[:1] != "/":
        return None
    if "%" in path:
        try:
            path = percent_decode(path)
        except (ValueError, UnicodeError):
            return None
    if "\0" in path or "\\" in path:
        return None
    if "//" in path or "/." in path:
        names = [name for name in path.split("/") if name not in ("", ".")]
        if ".." in names:
            return None
        folder = path.endswith(("/", "/."))
        path = "/" + "/".join(names) + ("/" if folder and names else "")
    return path


def extension(path):
    """What follows the last dot of the last name, in lower case."""
    name = path[path.rfind("/") + 1:]
    dot = name.rfind(".")
    return name[dot + 1:].lower() if dot >= 0 else ""


def candidates(path):
    """The files that a clean path may mean, in order."""
    if path.endswith("/"):
        return [path + name for name in INDEX]
    if path.endswith(PAGE):
        return [path]
    return [path] + [path + ending for ending in PAGE]


# -- responses ---------------------------------------------------------------------------------------------------------

def head(status, lines):
    """A response's head as bytes, up to where the date goes."""
    return ("HTTP/1.0 %d %s\r\nServer: Serval\r\n%s\r\n" % (status, REASONS[status], "\r\n".join(lines))).encode()


class Reply(Response):
    """A Microdot response whose head is bytes already. body: bytes, or an open file of `size` bytes, closed when sent."""

    def __init__(self, status, head_bytes, body=b"", file=None, size=0):
        self.status_code = status
        self.headers = {}           # what an after-request handler adds
        self.head = head_bytes
        self.body = body
        self.file = file
        self.size = size
        self.is_head = False

    async def write(self, stream):
        try:
            start = self.head
            for name, value in self.headers.items():
                start += ("%s: %s\r\n" % (name, value)).encode()
            start += clock.date()
            if self.is_head:
                await stream.awrite(start)
            elif self.file is None:
                await stream.awrite(start + self.body)
            else:
                await self.send_file(stream, start)
        finally:
            if self.file is not None:
                await self.file.close()

    async def send_file(self, stream, start):
        size = self.size
        if size <= JOIN:
            data = await self.file.read(size) if size else b""
            if len(data) != size:
                raise OSError(errno.EIO, "shrank")      # the length is promised, so the connection has to break
            await stream.awrite(start + data)
            return
        await stream.awrite(start)
        await send_blocks(stream, self.file, size)


class Senders:
    """How many large files are on their way: they share the memory for blocks."""

    def __init__(self):
        self.count = 0

    def block(self):
        return BLOCK if self.count <= SENDERS else BLOCK_CROWDED


senders = Senders()


async def send_blocks(stream, file, size):
    """Sends `size` bytes of the file; while one block is sent the next one is read."""
    senders.count += 1
    block = senders.block()
    ahead = None
    try:
        spare, filling = memoryview(bytearray(block)), memoryview(bytearray(block))
        ahead = asyncio.create_task(file.readinto(filling[:min(block, size)], 0))
        sent = 0
        while sent < size:
            got = await ahead
            ahead = None
            if got == 0:
                raise OSError(errno.EIO, "shrank")
            full, filling, spare = filling, spare, filling
            following = sent + got
            if following < size:
                ahead = asyncio.create_task(file.readinto(filling[:min(block, size - following)], following))
            await stream.awrite(full[:got])
            sent = following
    finally:
        senders.count -= 1
        if ahead is not None:               # the client has gone: its read ends before the file is closed
            await ahead


def message(status, *lines):
    """A small page that says what happened."""
    text = ("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
            "<meta name=\"color-scheme\" content=\"light dark\"><title>%d %s</title>"
            "<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1.5rem}</style>"
            "<h1>%d %s</h1><p>%s</p><p><a href=\"/\">To the start page</a></p></html>\n"
            % (status, REASONS[status], status, REASONS[status], SAYS.get(status, ""))).encode()
    return Reply(status, head(status, ["Content-Type: text/html; charset=utf-8", "Content-Length: %d" % len(text),
                                       "Cache-Control: no-cache"] + list(lines)), text)


def quoted(path):
    """A decoded path, fit for a Location header."""
    safe = b"/-._~!$&'()*+,;=:@"
    out = []
    for byte in path.encode():
        plain = 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte in safe
        out.append(chr(byte) if plain else "%%%02X" % byte)
    return "".join(out)


def moved(request, path):
    """A directory without its slash: the same address with it."""
    location = quoted(path) + "/"
    if request.query_string is not None:
        location += "?" + request.query_string
    return Reply(301, head(301, ["Location: " + location, "Content-Length: 0", "Cache-Control: " + SHORT]))


# -- the connection ----------------------------------------------------------------------------------------------------

class Connection:
    """Microdot's reader and writer on a non-blocking socket: reads what has come at once, writes without a detour.

    A request's head is bounded as a whole. Plain generators with `yield` are MicroPython's coroutines, as in asyncio itself.
    """

    def __init__(self, stream):
        self.socket = stream.s
        self.peer = stream.get_extra_info("peername")
        self.buffer = b""
        self.budget = REQUEST_HEAD

    def get_extra_info(self, name):
        return self.peer if name == "peername" else None

    def more(self, n):
        """Up to n bytes, b"" at the end."""
        data = self.socket.read(n)      # mostly it is there already
        while data is None:
            yield asyncio.core._io_queue.queue_read(self.socket)
            data = self.socket.read(n)
        return data

    def readline(self):
        while True:
            end = self.buffer.find(b"\n") + 1
            if end:
                line = self.buffer[:end]
                self.buffer = self.buffer[end:]
                return line
            if self.budget <= 0:
                raise ValueError("head too long")
            data = yield from self.more(min(2048, self.budget))
            if not data:
                if self.budget < REQUEST_HEAD:
                    raise EOFError          # a head that is cut off is none
                return b""
            self.budget -= len(data)
            self.buffer += data

    def read(self, n=-1):
        data = self.buffer
        self.buffer = b""
        if n < 0:
            while part := (yield from self.more(2048)):
                data += part
        elif n < len(data):
            self.buffer = data[n:]
            data = data[:n]
        elif not data and n:
            data = yield from self.more(n)
        return data

    def readexactly(self, n):
        parts = []
        while n > 0:
            data = yield from self.read(n)
            if not data:
                raise EOFError
            parts.append(data)
            n -= len(data)
        return b"".join(parts)

    def awrite(self, data):
        done = self.socket.write(data) or 0
        if done < len(data):
            rest = memoryview(data)
            while done < len(rest):
                yield asyncio.core._io_queue.queue_write(self.socket)
                done += self.socket.write(rest[done:]) or 0

    async def aclose(self):
        self.socket.close()             # twice does no harm


# -- the application ---------------------------------------------------------------------------------------------------

class StaticSite(Microdot):
    """folder: where the site lies in the file service, "" or "/" for all of it."""

    def __init__(self, folder):
        super().__init__()
        folder = folder.strip("/")
        self.folder = "" if folder in ("", ".") else "/" + folder
        self.heads = {}             # path -> (mtime, size, head)
        self.options_handler = None
        self.error_handlers[404] = self.serve
        for status in (400, 405, 413, 500):
            self.error_handlers[status] = self.failure(status)

    def failure(self, status):
        async def handler(request, *_):
            if status == 405:
                allow = "Allow: " + self.default_options_handler(request)["Allow"]
                if request.method == "OPTIONS":
                    return Reply(204, head(204, [allow]))
                return message(405, allow)
            return message(status)
        return handler

    async def handle_request(self, reader, writer):
        """One request and its answer, as Microdot's own; but nonsense costs a 400 and no traceback on the console."""
        if hasattr(reader, "s"):        # MicroPython's stream
            reader = writer = Connection(reader)
        try:
            try:
                request = await Request.create(self, reader, writer, writer.get_extra_info("peername"))
            except (ValueError, IndexError, EOFError):
                request = None
            if request is not None and request.method not in READS and "Transfer-Encoding" in request.headers:
                response = message(501)     # Microdot would take the body for empty
            else:
                response = await self.dispatch_request(request)
            if response is not Response.already_handled:
                await response.write(writer)
        except (OSError, MemoryError):
            pass                        # client, file or memory has gone: all that is left is to close
        finally:
            await writer.aclose()

    async def serve(self, request):
        """What no route has answered: a file of the site, or the reason why not."""
        method = request.method
        if method == "OPTIONS":
            return Reply(204, head(204, ["Allow: GET, HEAD, OPTIONS"]))
        if method not in ("GET", "HEAD"):
            return message(405, "Allow: GET, HEAD, OPTIONS")
        path = clean_path(request.path)
        if path is None:
            return message(404)
        try:
            file, found = await self.open_first(candidates(path))
        except OSError as error:
            return self.refusal(error.errno, request, path)
        try:
            return await self.reply(request, file, found)
        except OSError:
            await file.close()
            return message(503, "Retry-After: 2")

    async def open_first(self, paths):
        """The first of the paths that is a file, open, and which it was. Raises OSError for the first path that is
        neither a file nor simply not there, or ENOENT for all."""
        for path in paths:
            try:
                return await fs_async.open(self.folder + path), path
            except OSError as error:
                if error.errno not in NOT_THERE:
                    raise
        raise OSError(errno.ENOENT, "no such file")

    def refusal(self, code, request, path):
        if code == errno.EISDIR and not path.endswith("/"):
            return moved(request, path)
        if code in NOT_THERE or code == errno.EISDIR:
            return message(404)
        if code in FORBIDDEN:
            return message(403)
        return message(503, "Retry-After: 2")

    async def reply(self, request, file, path):
        status = file.stat()
        size, mtime = status[6], int(status[8])
        known = self.heads.get(path)
        if known is None or known[0] != mtime or known[1] != size:
            known = self.remember(path, mtime, size)
        since = request.headers.get("If-Modified-Since")
        if since is not None and "If-None-Match" not in request.headers and not self.modified(known[3], mtime, since):
            return Reply(304, head(304, ["Last-Modified: " + known[3], "Cache-Control: " + lifetime(path)]), file=file)
        return Reply(200, known[2], file=file, size=size)

    def remember(self, path, mtime, size):
        date = http_date(mtime)
        lines = ["Content-Type: " + TYPES.get(extension(path), DEFAULT_TYPE), "Content-Length: %d" % size,
                 "Last-Modified: " + date, "Cache-Control: " + lifetime(path), "X-Content-Type-Options: nosniff"]
        if len(self.heads) >= HEADS:
            self.heads.clear()
        self.heads[path] = known = (mtime, size, head(200, lines), date)
        return known

    @staticmethod
    def modified(date, mtime, since):
        if since == date:
            return False
        parsed = parse_date(since)
        return parsed is None or tuple(time.gmtime(mtime)[:6]) > parsed


def lifetime(path):
    return SHORT if extension(path) in SHORT_LIVED else LONG
