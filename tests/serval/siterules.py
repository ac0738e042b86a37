"""The rules of the site as cases, for whatever serves them: the site's program on the host, or the whole system."""

import email
import email.policy
import email.utils
import gzip
import hashlib
import os
import random
from pathlib import Path

from .http import curl

MODIFIED = 1_600_000_000    # Sun, 13 Sep 2020 12:26:40 GMT
MODIFIED_TEXT = "Sun, 13 Sep 2020 12:26:40 GMT"
SIZES = (0, 1, 1023, 1024, 16384, 16385, 65535, 65536, 65537, 131072, 200_003)
SECRET = b"nobody may see this"
PAGE = "<!doctype html><p>" + "compress me " * 100

FILES = {
    "index.html": "start", "index.htm": "not this one", "sub/index.htm": "sub", "sub/index.xhtml": "nor this",
    "x/index.xhtml": "x", "about.html": "about", "old.htm": "old", "strict.xhtml": "strict", "plain": "plain",
    "plain.html": "not plain", "empty/.keep": "", "a name with spaces.txt": "spaces", "grüße-你好.txt": "grüße",
    "ü dir/index.html": "umlaut", "a+b.txt": "plus", "100%.txt": "percent", "%41.txt": "literal", "A.txt": "letter",
    "style.css": "css", "code.js": "js", "data.json": "{}", "note.txt": "txt", "pic.svg": "<svg/>", "pic.png": "png",
    "PIC.JPG": "jpg", "font.woff2": "woff", "app.wasm": "wasm", "odd.unknown": "?", "dot.dir/page.html": "page",
    ".env": "hidden", ".git/config": "hidden", ".git/index.html": "hidden", "sub/.htaccess": "hidden", ".page.html": "hidden",
    "__pycache__/app.pyc": "hidden", ".well-known/security.txt": "shown", ".well-known/acme-challenge/token": "shown",
    "app-3f9a1c2b.js": "js", "sub/index-BgQ3x_9z.css": "css", "main.3f9a1c2b.min.css": "css", "logo.27e20196a850.svg": "<svg/>",
    "404.html": "<!doctype html><h1>Lost</h1>", "503.html": "<!doctype html><h1>Soon</h1>", "report-20240101.pdf": "pdf", "topic.html": "topic", "topic/index.html": "its folder", "bare/index": "bare", "x/index": "nor this",
}


def make_site(top):
    """Writes top/www with FILES, a file per size in SIZES, and top/secret.txt beside it. Returns top."""
    top = Path(top)
    contents = {f"www/{name}": text.encode() for name, text in FILES.items()}
    contents |= {"www/packed.html": PAGE.encode(), "www/packed.html.gz": gzip.compress(PAGE.encode(), mtime=0),
                 "www/both.css": b"plain", "www/both.css.gz": b"as gzip", "www/both.css.br": b"as brotli",
                 "www/photo.png": b"plain", "www/photo.png.gz": b"as gzip"}
    contents |= {f"www/size/{size}.bin": random.Random(size).randbytes(size) for size in SIZES}
    contents |= {"secret.txt": SECRET, "wwwsecret/index.html": SECRET}
    for name, data in contents.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (MODIFIED, MODIFIED))
    return top


def _ok(path, body, content_type=None):
    def check(url):
        answer = curl(url + path)
        assert answer.status == 200
        assert answer.body == body.encode()
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.headers["last-modified"] == MODIFIED_TEXT
        if content_type:
            assert answer.headers["content-type"] == content_type
    return check


def _status(path, status, *args, **headers):
    def check(url):
        answer = curl(url + path, *args)
        assert answer.status == status
        assert SECRET not in answer.raw
        for name, value in headers.items():
            assert answer.headers[name.replace("_", "-")] == value
        if status not in (204, 304) and "-I" not in args:
            assert answer.headers["content-length"] == str(len(answer.body))
    return check


def _size(size):
    def check(url):
        answer = curl(f"{url}/size/{size}.bin")
        assert answer.status == 200 and answer.headers["content-length"] == str(size)
        assert len(answer.body) == size
        assert hashlib.sha256(answer.body).digest() == hashlib.sha256(random.Random(size).randbytes(size)).digest()
    return check


def _head(url):
    get, head = curl(url + "/note.txt"), curl(url + "/note.txt", "-I")
    assert head.status == 200 and head.body == b""
    for name in ("content-type", "content-length", "last-modified", "cache-control"):
        assert head.headers[name] == get.headers[name]
    assert head.headers["content-length"] == "3"
    missing = curl(url + "/missing", "-I")
    assert missing.status == 404 and missing.body == b""


def _date(url):
    text = curl(url + "/note.txt").headers["date"]
    assert text.endswith(" GMT")
    assert email.utils.parsedate_to_datetime(text).strftime("%a, %d %b %Y %H:%M:%S GMT") == text


def _cache(path, lifetime):
    def check(url):
        answer = curl(url + path)
        assert answer.status == 200 and answer.headers["cache-control"] == lifetime and answer.headers["etag"]
    return check


def _since(date, status, path="/note.txt"):
    def check(url):
        answer = curl(url + path, "-H", f"If-Modified-Since: {date}")
        assert answer.status == status
        assert answer.body == (b"" if status == 304 else b"txt")
        assert answer.headers["last-modified"] == MODIFIED_TEXT
    return check


def _refused(method):
    def check(url):
        answer = curl(url + "/note.txt", "-X", method, "-d", "some=data")
        assert answer.status == 405
        allowed = {m.strip() for m in answer.headers["allow"].split(",")}
        assert {"GET", "HEAD"} <= allowed and method not in allowed
    return check


BYTES = random.Random(65537).randbytes(65537)       # /size/65537.bin


def _range(header, first, last):
    """The bytes first..last of /size/65537.bin."""
    def check(url):
        answer = curl(url + "/size/65537.bin", "-H", f"Range: bytes={header}")
        assert answer.status == 206
        assert answer.headers["content-range"] == f"bytes {first}-{last}/65537"
        assert answer.headers["content-length"] == str(last - first + 1)
        assert answer.body == BYTES[first:last + 1]
        assert answer.headers["last-modified"] == MODIFIED_TEXT and answer.headers["etag"]
    return check


def _ranges(header, *ranges):
    """Several parts of /size/65537.bin, as a reader of mail takes them apart."""
    def check(url):
        answer = curl(url + "/size/65537.bin", "-H", f"Range: bytes={header}")
        assert answer.status == 206 and "content-range" not in answer.headers and answer.headers["etag"]
        head = f"Content-Type: {answer.headers['content-type']}\r\n".encode()
        message = email.message_from_bytes(head + answer.body, policy=email.policy.HTTP)
        assert message.get_content_type() == "multipart/byteranges"
        boundary = b"\r\n--" + message.get_boundary().encode()
        parts = answer.body.split(boundary)
        assert parts[0] == b"" and parts[-1] == b"--\r\n" and len(parts) == len(ranges) + 2
        for part, (first, last) in zip(parts[1:-1], ranges):
            lines, _, data = part.partition(b"\r\n\r\n")
            assert lines == (b"\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes %d-%d/65537" % (first, last))
            assert data == BYTES[first:last + 1]
    return check


def _no_range(header, *more):
    def check(url):
        answer = curl(url + "/size/65537.bin", "-H", f"Range: {header}", *more)
        assert answer.status == 200 and answer.body == BYTES
        assert answer.headers["accept-ranges"] == "bytes" and "content-range" not in answer.headers
    return check


def _beyond(header):
    def check(url):
        answer = curl(url + "/size/65537.bin", "-H", f"Range: bytes={header}")
        assert answer.status == 416 and answer.headers["content-range"] == "bytes */65537"
    return check


def _if_range(url):
    tag = curl(url + "/size/65537.bin", "-I").headers["etag"]
    for value, status in ((tag, 206), (MODIFIED_TEXT, 206), ('"other"', 200), ("W/" + tag, 200),
                          ("Mon, 14 Sep 2020 12:26:40 GMT", 200)):
        answer = curl(url + "/size/65537.bin", "-H", "Range: bytes=0-9", "-H", f"If-Range: {value}")
        assert answer.status == status, value
        assert answer.body == (BYTES[:10] if status == 206 else BYTES)


def _etag(url):
    answer = curl(url + "/note.txt")
    tag = answer.headers["etag"]
    assert tag[0] == tag[-1] == '"' and tag != curl(url + "/about.html").headers["etag"]
    for value, status in ((tag, 304), ("W/" + tag, 304), (f'"a", {tag}', 304), ("*", 304), ('"a"', 200),
                          (tag[:-1] + 'x"', 200)):
        again = curl(url + "/note.txt", "-H", f"If-None-Match: {value}",
                     "-H", "If-Modified-Since: Mon, 14 Sep 2020 12:26:40 GMT")
        assert again.status == status, value
        assert again.headers["etag"] == tag and again.body == (b"" if status == 304 else b"txt")
        assert again.headers["cache-control"] == answer.headers["cache-control"]
    for value, status in ((tag, 200), ("*", 200), ('"a"', 412), ("W/" + tag, 412)):
        assert curl(url + "/note.txt", "-H", f"If-Match: {value}").status == status, value


def _unmodified_since(url):
    for date, status in ((MODIFIED_TEXT, 200), ("Sun, 13 Sep 2020 12:26:39 GMT", 412),
                         ("Mon, 14 Sep 2020 12:26:40 GMT", 200)):
        assert curl(url + "/note.txt", "-H", f"If-Unmodified-Since: {date}").status == status, date


def _packed(path, accepts, coding, body):
    """What a client that accepts these codings gets."""
    def check(url):
        answer = curl(url + path, *(["-H", f"Accept-Encoding: {accepts}"] if accepts else []))
        assert answer.status == 200 and answer.body == body
        assert answer.headers.get("content-encoding") == coding
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert answer.headers["content-type"].startswith("text/")
    return check


def _packed_are_different(url):
    """Each coding is a representation of its own."""
    plain, packed = [curl(url + "/both.css", "-H", f"Accept-Encoding: {c}").headers["etag"]
                     for c in ("identity", "gzip")]
    assert plain != packed
    assert curl(url + "/both.css", "-H", "Accept-Encoding: gzip", "-H", f"If-None-Match: {plain}").status == 200
    assert curl(url + "/both.css", "-H", "Accept-Encoding: gzip", "-H", f"If-None-Match: {packed}").status == 304


def _not_packed(url):
    answer = curl(url + "/photo.png", "-H", "Accept-Encoding: gzip")
    assert answer.body == b"plain" and "content-encoding" not in answer.headers and "vary" not in answer.headers


def _lost(path, *args):
    """The site's own page, with the right status, and nothing that makes caches keep it."""
    def check(url):
        answer = curl(url + path, *args)
        assert answer.status == 404 and answer.headers["content-type"] == HTML and answer.headers["cache-control"] == "no-cache"
        assert answer.headers["content-length"] == str(len(FILES["404.html"]))
        assert answer.body == (b"" if "-I" in args else FILES["404.html"].encode())
        assert not {"etag", "last-modified", "accept-ranges"} & set(answer.headers)
    return check


def _absolute(url):
    """As a proxy's client asks (RFC 9112 3.2.2)."""
    assert curl(url, "--request-target", "http://example.org/about").body == b"about"


def _options_of_all(url):
    assert curl(url, "-X", "OPTIONS", "--request-target", "*").status in (200, 204)


HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"

CASES = {
    "start": _ok("/", "start", HTML), "index by name": _ok("/index.html", "start", HTML),
    "query": _ok("/?a=1&b=%2e%2e", "start"), "folder finds htm": _ok("/sub/", "sub", HTML),
    "folder finds xhtml": _ok("/x/", "x", "application/xhtml+xml; charset=utf-8"),
    "name finds html": _ok("/about", "about", HTML), "name finds htm": _ok("/old", "old", HTML),
    "name finds xhtml": _ok("/strict", "strict"), "file before ending": _ok("/plain", "plain"),
    "page before its folder": _ok("/topic", "topic", HTML), "folder beside its page": _ok("/topic/", "its folder", HTML),
    "folder finds index": _ok("/bare/", "bare", "application/octet-stream"),
    "dot in folder": _ok("/dot.dir/page", "page", HTML),
    "two slashes": _ok("//about", "about"), "slashes within": _ok("/sub//", "sub"), "a dot": _ok("/./about", "about"),
    "spaces": _ok("/a%20name%20with%20spaces.txt", "spaces", TEXT),
    "utf-8": _ok("/gr%C3%BC%C3%9Fe-%E4%BD%A0%E5%A5%BD.txt", "grüße", TEXT),
    "utf-8, small hex": _ok("/gr%c3%bc%c3%9fe-%e4%bd%a0%e5%a5%bd.txt", "grüße", TEXT),
    "plus is plus": _ok("/a+b.txt", "plus"), "percent sign": _ok("/100%25.txt", "percent"),
    "decoded once": _ok("/%2541.txt", "literal"), "encoded letter": _ok("/%41.txt", "letter"),
    "css": _ok("/style.css", "css", "text/css; charset=utf-8"),
    "js": _ok("/code.js", "js", "text/javascript; charset=utf-8"),
    "json": _ok("/data.json", "{}", "application/json"), "svg": _ok("/pic.svg", "<svg/>", "image/svg+xml"),
    "png": _ok("/pic.png", "png", "image/png"), "capital ending": _ok("/PIC.JPG", "jpg", "image/jpeg"),
    "woff2": _ok("/font.woff2", "woff", "font/woff2"), "wasm": _ok("/app.wasm", "wasm", "application/wasm"),
    "unknown type": _ok("/odd.unknown", "?", "application/octet-stream"),
    "folder without slash": _status("/sub", 301, location="/sub/"),
    "its query": _status("/sub?a=1&b=2", 301, location="/sub/?a=1&b=2"),
    "its encoding": _status("/%C3%BC%20dir", 301, location="/%C3%BC%20dir/"),
    "no open redirect": _status("//sub", 301, location="/sub/"),
    "folder without index": _status("/empty/", 404), "missing": _status("/missing", 404, content_type=HTML),
    "a page of its own": _lost("/missing"), "its head": _lost("/missing", "-I"), "of a hidden name": _lost("/.env"),
    "of a path that cannot be": _lost("/%zz"), "without conditions": _lost("/missing", "-H", "If-None-Match: *", "-H", "Range: bytes=0-1"),
    "by its own name": _ok("/404.html", FILES["404.html"], HTML),
    "missing folder": _status("/no/such/folder/", 404), "file is no folder": _status("/note.txt/", 404),
    "below a file": _status("/note.txt/x", 404),
    **{f"outside: {path}": _status(path, 404) for path in (
        "/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/%2E%2E%2Fsecret.txt", "/..%2fsecret.txt",
        "/sub/..", "/%252e%252e/secret.txt", "/..%5csecret.txt", "/..\\secret.txt", "/%2e%2e%5csecret.txt",
        "/sub/%2e%2e/%2e%2e/secret.txt", "/..", "/%2e%2e", "/../wwwsecret/", "/note.txt%00.html", "/%00/../secret.txt",
        "/./%2e%2e/./secret.txt", "//../secret.txt", "/%c0%ae%c0%ae/secret.txt")},
    **{f"hidden: {path}": _status(path, 404) for path in (
        "/.env", "/%2eenv", "/.git/config", "/.git/", "/.git", "//.git//config", "/sub/.htaccess", "/.page", "/__pycache__/app.pyc",
        "/./.env", "/empty/.keep")},
    "well-known": _ok("/.well-known/security.txt", "shown", TEXT),
    "a challenge": _ok("/.well-known/acme-challenge/token", "shown", "application/octet-stream"),
    "bad hexadecimal": _status("/%zz.txt", 404), "cut percent": _status("/%4", 404),
    "sign in hex": _status("/%+1", 404),
    "not utf-8": _status("/%ff.txt", 404), "long name": _status("/" + "n" * 300, 404),
    "long path": _status("/p" * 700, 404),
    "HEAD": _head, "date": _date, "OPTIONS": _status("/note.txt", 204, "-X", "OPTIONS"),
    **{method: _refused(method) for method in ("POST", "PUT", "DELETE", "PATCH")},
    "unchanged": _since(MODIFIED_TEXT, 304), "older than asked": _since("Mon, 14 Sep 2020 12:26:40 GMT", 304),
    "newer than asked": _since("Sun, 13 Sep 2020 12:26:39 GMT", 200), "no date": _since("yesterday", 200),
    "half a date": _since("Sun, 13 Sep 2020 12:26 GMT", 200),
    "date of RFC 850": _since("Sunday, 13-Sep-20 12:26:40 GMT", 304),
    "date of asctime": _since("Sun Sep 13 12:26:40 2020", 304),
    "older date of RFC 850": _since("Sunday, 13-Sep-20 12:26:39 GMT", 200),
    "older date of asctime": _since("Sun Sep 13 12:26:39 2020", 200),
    "unmodified since": _unmodified_since, "etag": _etag, "if-range": _if_range,
    "first byte": _range("0-0", 0, 0), "range": _range("100-299", 100, 299),
    "over a piece's end": _range("65530-65536", 65530, 65536),
    "range to the end": _range("65000-", 65000, 65536),
    "suffix": _range("-7", 65530, 65536), "long suffix": _range("-70000", 0, 65536),
    "range beyond the end": _range("65000-99999", 65000, 65536),
    "range behind the end": _beyond("65537-"), "empty suffix": _beyond("-0"),
    "two ranges": _ranges("0-1,5-6", (0, 1), (5, 6)),
    "ranges of all kinds": _ranges("65530-70000, 0-0,-7,70000-,100-60000", (65530, 65536), (0, 0), (65530, 65536), (100, 60000)),
    "ranges of which one is there": _range("70000-,-1", 65536, 65536), "ranges of nothing": _beyond("70000-,65537-"),
    "ranges of more than all": _no_range("bytes=0-,0-"), "too many ranges": _no_range("bytes=" + ",".join(f"{i}-{i}" for i in range(33))), "another unit": _no_range("lines=0-1"),
    "no range": _no_range("bytes=5-2"),
    "range of a post": _status("/size/65537.bin", 405, "-X", "POST", "-H", "Range: bytes=0-1"),
    "gzip": _packed("/packed.html", "gzip, deflate", "gzip", gzip.compress(PAGE.encode(), mtime=0)),
    "page in gzip": _packed("/packed", "gzip", "gzip", gzip.compress(PAGE.encode(), mtime=0)),
    "no coding asked": _packed("/packed.html", "", None, PAGE.encode()),
    "gzip refused": _packed("/packed.html", "gzip;q=0, br", None, PAGE.encode()),
    "the file as it is rather": _packed("/packed.html", "gzip;q=0.5, identity;q=1", None, PAGE.encode()),
    "brotli": _packed("/both.css", "gzip, br", "br", b"as brotli"),
    "gzip of both": _packed("/both.css", "gzip", "gzip", b"as gzip"),
    "neither of both": _packed("/both.css", "identity", None, b"plain"),
    "any coding but brotli": _packed("/both.css", "*, br;q=0", "gzip", b"as gzip"),
    "codings are different": _packed_are_different, "pictures are not packed": _not_packed,
    "absolute address": _absolute, "options of all": _options_of_all,
    **{f"asked for again {p}": _cache(p, "no-cache") for p in ("/", "/style.css", "/pic.png", "/note.txt", "/report-20240101.pdf")},
    **{f"never changes {p}": _cache(p, "public, max-age=31536000, immutable")
       for p in ("/app-3f9a1c2b.js", "/sub/index-BgQ3x_9z.css", "/main.3f9a1c2b.min.css", "/logo.27e20196a850.svg")},
    **{f"{size} bytes": _size(size) for size in SIZES},
}
