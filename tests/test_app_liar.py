"""The front with an application that lies (tests/systems/app): it can spoil its own answers, and nothing else. What is
said of one request, a test writes as a script, which the application says word for word; then it lies by noise, while
clients of files and of its own look on."""

import contextlib
import json
import random
import re
import select
import struct
import threading
import time

import pytest
from serval import build
from serval.http import Answer, Kept, exchange, get, head_of
from serval.qemu import Guest

ADDRESS = "10.0.2.15"
SIZES = (0, 1, 1000, 70_000, 300_000)
HONEST = b"an honest answer\n"
# http/app_proto.h
REQUEST, GONE, OVER, DONE, MISSED, ANSWER, FAILED, BODY, TAKEN = range(1, 10)
END, WAITS, UPGRADE = 1, 2, 4
CONTROL = 128
UNKNOWN = (1 << 64) - 1
SITE, COUNT, CHANGED, CHANGED_BELOW = range(1, 5)
OK, NONSENSE, TOO_MANY, TOO_LONG, NO_FOLDER, FIELDS, PORT = range(7)
HEAD_MAX, FIELDS_MAX, RECORD_MAX = 9216, 128, 32760
CIRCLE = 2048       # http/app_client.h
SHARE, LARGE = 0x58000, 0x48000     # its end, where its large circles begin
SLOT, SERIAL, OFFSET = 1, 2, 4


# -- scripts -----------------------------------------------------------------------------------------------------------

WHEN_DONE, SAY_HONEST, START_ANEW, SAY = b"d", b"h", b"g", b"s"


def write(offset, data):
    return b"w" + struct.pack("<II", offset, len(data)) + data


def message(kind, flags=0, slot=0, serial=0, offset=0, size=0, produced=0, head=0, status=0, length=0, absolute=0):
    """Slot, serial and offset are added to the request's own."""
    return b"m" + struct.pack("<BBBHIIIIHHQ", absolute, kind, flags, slot, serial, offset, size, produced, head, status,
                              length)


def head(status=200, reason=b"", path=b"", fields=(), count=None, reason_length=None, path_length=None):
    """An answer's, as it lies in the share. fields: pairs, or what field() makes."""
    parts = [f if isinstance(f, bytes) else field(*f) for f in fields]
    return struct.pack("<HHHH", status, len(reason) if reason_length is None else reason_length,
                       len(path) if path_length is None else path_length,
                       len(parts) if count is None else count) + reason + path + b"".join(parts)


def field(name, value, name_length=None, value_length=None):
    return struct.pack("<HH", len(name) if name_length is None else name_length,
                       len(value) if value_length is None else value_length) + name + value


def answer(of_head, body=b"", length=None, flags=END, size=CIRCLE, **more):
    """Head and body as they are to be, in one message; more: other numbers in that message."""
    numbers = {"head": len(of_head), "produced": len(of_head) + len(body),
               "length": len(body) if length is None else length} | more
    return write(0, of_head + body) + message(ANSWER, flags, size=size, **numbers)


def record(kind, data=b"", length=None):
    whole = struct.pack("<II", kind, len(data) if length is None else length) + data
    return b"r" + struct.pack("<I", len(whole)) + whole


def mount(prefix=b"/extra/", folder=b"/sub", fields=b"", rules=b"", flags=0, **lengths):
    texts = {"prefix": prefix, "folder": folder, "fields": fields, "rules": rules}
    sizes = [lengths.get(f"{name}_length", len(text)) for name, text in texts.items()]
    return struct.pack("<5H", *sizes, flags) + b"".join(texts.values())


def route(text=b"/app/", exact=0, others=3, length=None):
    return struct.pack("<HBB", len(text) if length is None else length, exact, others) + text


def site(mounts=(), routes=None, port=80, mount_count=None, route_count=None, not_found=0):
    routes = [route()] if routes is None else routes
    return struct.pack("<HHHBB", port, len(mounts) if mount_count is None else mount_count,
                       len(routes) if route_count is None else route_count, not_found, 0) + b"".join([*mounts, *routes])


def index(which, value):
    return b"i" + struct.pack("<BI", which, value)


def number(letter, value):
    return letter + struct.pack("<I", value)


# -- the system --------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def files(tmp_path_factory):
    top = tmp_path_factory.mktemp("site")
    (top / "sub").mkdir()
    (top / "sub" / "page.txt").write_text("below")
    for size in SIZES:
        (top / f"{size}.bin").write_bytes(random.Random(size).randbytes(size))
    return top


@pytest.fixture(scope="module")
def booted(files, tmp_path_factory):
    image = build.system("app_liar", WEBSITE_FILES=files)
    with Guest(image, {"http": ("tcp", ADDRESS, 80)}, log=tmp_path_factory.mktemp("liar") / "console.log") as guest:
        guest.expect_all([rf"serving http://{ADDRESS}/ from /\r?$", r"serves /app/: 0\r?$"])
        yield guest


@pytest.fixture
def guest(request, booted):
    """After each test files are served, the application is heard, and nothing has died."""
    request.node.serval_guests = [booted]
    yield booted
    assert get(booted.port("http"), "/1000.bin").body == random.Random(1000).randbytes(1000)
    assert get(booted.port("http"), "/app/honest").body == HONEST
    for dead in ("fault", "assert", "refuses", "stopped"):
        assert dead not in booted.text()


def target(*steps):
    return "/app/script/" + b"".join(steps).hex()


def run(guest, *steps, method="GET", **fields):
    """What the client gets until the connection ends: bytes, maybe none."""
    assert len(target(*steps)) < 8000
    return exchange(guest.port("http"), head_of(target(*steps), method, Connection="close", **fields))


def counters(guest):
    lines = Answer(run(guest, record(COUNT), WHEN_DONE)).body.decode().splitlines()
    return {name: int(value) for name, value in map(str.split, lines)}


def goes_on(guest, *steps, method="GET", closes=False):
    """The same on a connection that is kept: an answer, behind which the next one is whole; or closed, and said so."""
    with guest.connect() as sock:
        kept = Kept(sock)
        told = kept.ask(target(*steps), method)
        if told.headers.get("connection") != "close":
            assert not closes
            assert kept.ask("/1000.bin").body == random.Random(1000).randbytes(1000)
            assert kept.ask("/app/honest").body == HONEST
    return told


# -- heads that may not be ---------------------------------------------------------------------------------------------

INJECTED = b"Injected: yes"
BAD_FIELDS = {
    "value with CR LF": (b"X-A", b"b\r\n" + INJECTED),
    "value with CR LF CR LF": (b"X-A", b"b\r\n\r\n" + INJECTED),
    "value with LF": (b"X-A", b"b\n" + INJECTED),
    "value with CR": (b"X-A", b"b\r" + INJECTED),
    "value that begins with CR LF": (b"X-A", b"\r\n" + INJECTED),
    "value that ends in CR LF": (b"X-A", b"b\r\n"),
    "value with NUL": (b"X-A", b"b\0c"),
    "value with a control character": (b"X-A", b"b\x01c"),
    "value with DEL": (b"X-A", b"b\x7fc"),
    "no name": (b"", b"b"),
    "name with colon": (b"X:A", b"b"),
    "name that is a line": (INJECTED + b"\r\nX-A", b"b"),
    "name with CR LF": (b"X\r\n" + INJECTED + b"\r\nY", b"b"),
    "name with LF": (b"X\nY", b"b"),
    "name with blank": (b"X A", b"b"),
    "name that ends in blank": (b"X-A ", b"b"),
    "name with NUL": (b"X\0A", b"b"),
    "name beyond ASCII": ("Xü".encode(), b"b"),
}


@pytest.mark.parametrize("what", BAD_FIELDS)
def test_a_field_that_may_not_be(guest, what):
    """500, a line on the console, and nothing of it is sent."""
    before = counters(guest)["nonsense"]
    steps = answer(head(fields=[(b"X-Good", b"1"), BAD_FIELDS[what], (b"X-Late", b"2")]), b"body")
    told = goes_on(guest, steps)
    assert told.status == 500
    assert not {"injected", "x-good", "x-a", "x-late"} & set(told.headers) and b"yes" not in told.raw
    guest.expect(re.escape("GET " + target(steps)[:40]))
    assert counters(guest)["nonsense"] > before


BAD_HEADS = {
    "status 0": answer(head(0), b"body"),
    "status 99": answer(head(99), b"body"),
    "status 100": answer(head(100), b"body"),
    "status 199": answer(head(199), b"body"),
    "status 600": answer(head(600), b"body"),
    "status 65535": answer(head(65535), b"body"),
    "101 that was not asked for": answer(head(101, fields=[(b"Upgrade", b"x")]), b"body", length=UNKNOWN),
    "reason with CR LF": answer(head(reason=b"OK\r\n" + INJECTED), b"body"),
    "reason with LF": answer(head(reason=b"OK\n" + INJECTED), b"body"),
    "reason with NUL": answer(head(reason=b"O\0K"), b"body"),
    "reason beyond the head": answer(head(reason=b"OK", reason_length=3), b"body"),
    "reason of 65535": answer(head(reason=b"OK", reason_length=65535), b"body"),
    "path beyond the head": answer(head(path=b"/1.bin", path_length=7)),
    "path with NUL": answer(head(path=b"/1.bin\0")),
    "path with CR LF": answer(head(path=b"/none\r\n" + INJECTED)),
    "name beyond the head": answer(head(fields=[field(b"X-A", b"b", name_length=5)]), b"body"),
    "value beyond the head": answer(head(fields=[field(b"X-A", b"b", value_length=2)]), b"body"),
    "value of 65535": answer(head(fields=[field(b"X-A", b"b", value_length=65535)]), b"body"),
    "a field more than there is": answer(head(fields=[(b"X-A", b"b")], count=2), b"body"),
    "fields that there are not": answer(head(count=65535), b"body"),
    "half a field": answer(head(count=1) + b"\3\0", b"body"),
    "too many fields": answer(head(fields=[(b"X", b"")] * (FIELDS_MAX + 1)), b"body"),
    "no head": answer(b"", b"body"),
    "half a head": answer(head()[:7], b"body"),
}


@pytest.mark.parametrize("what", BAD_HEADS)
def test_a_head_that_may_not_be(guest, what):
    before = counters(guest)["nonsense"]
    told = goes_on(guest, BAD_HEADS[what])
    assert told.status == 500 and "injected" not in told.headers and b"yes" not in told.raw
    assert counters(guest)["nonsense"] > before


def test_fields_of_the_connection_are_the_fronts(guest):
    names = (b"Connection", b"Keep-Alive", b"Transfer-Encoding", b"Trailer", b"TE", b"Proxy-Connection", b"Upgrade")
    told = goes_on(guest, answer(head(fields=[*[(n, b"chunked, close") for n in names], (b"X-A", b"b")]), b"body"))
    assert told.status == 200 and told.body == b"body" and told.headers["x-a"] == "b"
    assert not {n.decode().lower() for n in names} - {"connection"} & set(told.headers)
    assert told.headers.get("connection") != "chunked, close"


def test_a_length_is_no_field(guest):
    """Two lengths would be two ends (RFC 9112 6.3): the message's is the one."""
    told = goes_on(guest, answer(head(fields=[(b"Content-Length", b"1")]), b"body"))
    assert told.status in (200, 500) and len(told.body) == int(told.headers["content-length"])
    assert told.status == 500 or told.body == b"body"


def test_what_may_be(guest):
    fields = [(b"X-A", b"a\tb \xfc"), (b"X-B", b""), (b"!#$%&'*+.^_`|~9", b":")]
    told = goes_on(guest, answer(head(299, b"Fine", fields=fields), b"body"))
    assert (told.status, told.reason, told.body) == (299, "Fine", b"body")
    assert told.headers["x-a"] == "a\tb \xfc" and told.headers["!#$%&'*+.^_`|~9"] == ":"
    assert "date" in told.headers


# -- bodies ------------------------------------------------------------------------------------------------------------

def body_message(so_far, flags=0, **more):
    """So many bytes of the body, all in all."""
    return message(BODY, flags, produced=(len(head()) + so_far) & 0xffffffff, **more)


def in_two(first, length, *rest, flags=0):
    """An answer of so many bytes of its body, the rest of the circle holds more of it."""
    return write(0, head() + b"x" * 2000) + message(ANSWER, flags, size=CIRCLE, head=len(head()),
                                                    produced=len(head()) + first, length=length) + b"".join(rest)


def test_a_body_longer_than_its_length(guest):
    """It is cut there."""
    for steps in (answer(head(), b"x" * 100, length=50), in_two(20, 50, SAY, body_message(100, END)),
                  in_two(50, 50, SAY, body_message(51), SAY, body_message(60, END)),
                  in_two(0, 0, body_message(1, END))):
        before = counters(guest)["nonsense"]
        told = goes_on(guest, steps)
        assert told.status == 200 and told.body == b"x" * int(told.headers["content-length"])
        assert counters(guest)["nonsense"] > before
    assert told.body == b""


@pytest.mark.parametrize("steps", [answer(head(), b"x" * 50, length=100), in_two(20, 100, SAY, body_message(50, END)),
                                   in_two(20, 1 << 40, SAY, body_message(50, END)),
                                   in_two(20, 100, SAY, body_message(50), SAY, message(FAILED, status=500))],
                         ids=["at once", "in two", "of a terabyte", "failed"])
def test_a_body_that_is_not_whole(guest, steps):
    """Nobody takes it for the whole."""
    raw = run(guest, steps)
    assert raw == b"" or Answer(raw).status == 500 or len(Answer(raw).body) < int(Answer(raw).headers["content-length"])


def test_a_body_of_unknown_length_that_is_not_whole(guest):
    raw = run(guest, in_two(20, UNKNOWN, SAY, body_message(50), SAY, message(FAILED, status=500)))
    assert raw == b"" or b"HTTP/1.1 500 " in raw or not raw.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_no_body_where_there_is_none(guest, status):
    told = goes_on(guest, answer(head(status, fields=[(b"Content-Type", b"a/b")]), b"body"))
    assert told.status == status and told.headers.get("content-length", "0") == "0"


def test_no_body_of_a_head(guest):
    told = goes_on(guest, answer(head(), b"body"), method="HEAD")
    assert told.status == 200 and told.headers["content-length"] == "4"


@pytest.mark.parametrize("wrong", [50, 0, 0xffffffff, 3 * CIRCLE, 1 << 31])
def test_counts_that_cannot_be(guest, wrong):
    """Backwards, or beyond the circle: it is the end of that answer, which nobody takes for the whole."""
    before = counters(guest)["nonsense"]
    raw = run(guest, in_two(100, 200, SAY, body_message(wrong), SAY, body_message(150), body_message(200, END)))
    assert raw == b"" or (Answer(raw).status == 200 and len(Answer(raw).body) < 200)
    assert counters(guest)["nonsense"] > before


# -- messages that cannot be -------------------------------------------------------------------------------------------

GOOD_HEAD = head()
ITS_OWN = {
    "a buffer outside the share": answer(GOOD_HEAD, b"lie", offset=1 << 24),
    "a buffer that ends outside": answer(GOOD_HEAD, b"lie", offset=SHARE - CIRCLE // 2, absolute=OFFSET),
    "a buffer around the end of numbers": answer(GOOD_HEAD, b"lie", offset=0xfffff000, absolute=OFFSET),
    "no buffer": answer(GOOD_HEAD, b"lie", size=0),
    "a buffer of 2 GiB": answer(GOOD_HEAD, b"lie", size=1 << 31),
    "no power of two": answer(GOOD_HEAD, b"lie", size=CIRCLE - 1),
    "more than its buffer": answer(GOOD_HEAD, b"lie", produced=CIRCLE + 1),
    "a head beyond what is there": answer(GOOD_HEAD, b"", head=100),
    "a head of 64 KiB": answer(GOOD_HEAD, b"lie", head=65535),
    "a head longer than one may be": answer(GOOD_HEAD, b"lie", size=16384, offset=LARGE, absolute=OFFSET,
                                            head=HEAD_MAX + 1, produced=HEAD_MAX + 1),
    "no type": message(0),
    "an unknown type": message(10) + message(255),
    "the end of it all": message(OVER),
    "done": message(DONE),
    "missed": message(MISSED),
    "a body before the head": body_message(10),
    "an end before the head": body_message(0, END),
    "more taken than there was": message(TAKEN, produced=1 << 20),
    "less taken than there was": message(TAKEN, produced=0xffffffff),
    "a request": message(REQUEST, size=CIRCLE),
}
NOT_ITS = {
    "the next serial": answer(GOOD_HEAD, b"lie", serial=1),
    "the serial before": answer(GOOD_HEAD, b"lie", serial=0xffffffff),
    "another's slot": answer(GOOD_HEAD, b"lie", slot=1),
    "no slot": answer(GOOD_HEAD, b"lie", slot=1000),
    "a slot at the end of numbers": answer(GOOD_HEAD, b"lie", slot=0xffff, absolute=SLOT),
    "a request in a free slot": message(REQUEST, slot=1, size=CIRCLE),
    "a request in the control slot": message(REQUEST, slot=CONTROL, size=CIRCLE, absolute=SLOT | SERIAL),
    "the control slot": answer(GOOD_HEAD, b"lie", slot=CONTROL, absolute=SLOT | SERIAL),
    "taken by the control slot": message(TAKEN, slot=CONTROL, produced=5, absolute=SLOT | SERIAL),
    "failed by the control slot": message(FAILED, slot=CONTROL, absolute=SLOT | SERIAL),
}


@pytest.mark.parametrize("what", ITS_OWN)
def test_a_message_that_cannot_be(guest, what):
    """It costs that request its answer."""
    before = counters(guest)["nonsense"]
    assert goes_on(guest, ITS_OWN[what], SAY, SAY_HONEST).status == 500
    assert counters(guest)["nonsense"] > before


@pytest.mark.parametrize("what", NOT_ITS)
def test_a_message_of_no_request(guest, what):
    """It costs nobody anything."""
    told = goes_on(guest, NOT_ITS[what], SAY, SAY_HONEST)
    assert (told.status, told.body) == (200, HONEST)


def test_an_answer_twice(guest):
    """The first one stands where it is complete; else it is cut off, or 500 where nothing of it has gone out."""
    whole, again = answer(head(), b"whole"), answer(head(201), b"again")
    more = again + message(FAILED, status=500) + body_message(9, END)
    told = goes_on(guest, whole, SAY, more)
    assert (told.status, told.body) == (200, b"whole")
    numbers = {"head": len(head()), "produced": len(head()) + 5, "length": 5}
    elsewhere = write(1000, head(201) + b"again") + message(ANSWER, END, offset=1000, size=CIRCLE // 2, **numbers)
    told = goes_on(guest, whole, elsewhere, message(FAILED, status=500), body_message(9, END))
    assert (told.status, told.body) == (200, b"whole")
    for said in (SAY, b""):
        raw = run(guest, answer(head(), b"the first", flags=0, length=20), said, elsewhere, SAY, more)
        assert raw == b"" or Answer(raw).status == 500 or (Answer(raw).status == 200 and len(Answer(raw).body) < 10)
        assert b"again" not in raw


@pytest.mark.parametrize("status, told", [(500, 500), (503, 503), (0, 500), (200, 500), (65535, 500)])
def test_failed(guest, status, told):
    assert goes_on(guest, message(FAILED, status=status), message(FAILED, status=status)).status == told


def test_more_messages_than_there_is_room_for(guest):
    """Noise, sixteen rings of it, before the honest answer."""
    told = goes_on(guest, number(b"f", 4096), SAY, SAY_HONEST)
    assert told.status in (200, 500)


# -- records -----------------------------------------------------------------------------------------------------------

SITES = {
    "good": (site([mount()]), {OK}),
    "two mounts": (site([mount(), mount(b"/other/")], [route(), route(b"/exact", 1, 1)]), {OK}),
    "nothing": (b"", {NONSENSE}),
    "half a site": (site()[:5], {NONSENSE}),
    "mounts that there are not": (site(mount_count=65535), {NONSENSE, TOO_MANY}),
    "a mount that there is not": (site(mount_count=1, routes=[]), {NONSENSE}),
    "routes that there are not": (site(route_count=65535), {NONSENSE, TOO_MANY}),
    "a route that there is not": (site(route_count=2), {NONSENSE}),
    "a prefix beyond the end": (site([mount(prefix=b"/x/", prefix_length=65535)]), {NONSENSE, TOO_LONG}),
    "fields beyond the end": (site([mount(fields_length=200)]), {NONSENSE}),
    "a route beyond the end": (site(routes=[route(length=65535)]), {NONSENSE, TOO_LONG}),
    "too many mounts": (site([mount(b"/%d/" % i) for i in range(40)]), {TOO_MANY}),
    "too many routes": (site(routes=[route(), *[route(b"/r%d" % i) for i in range(128)]]), {TOO_MANY}),
    "a long prefix": (site([mount(b"/" + b"x" * 254 + b"/")]), {TOO_LONG}),
    "a long folder": (site([mount(folder=b"/" + b"x" * 255)]), {TOO_LONG}),
    "long rules": (site([mount(rules=b"pages\tx\n" * 128)]), {TOO_LONG}),
    "a long policy": (site([mount(rules=b"pages\t" + b"x" * 385 + b"\n")]), {FIELDS}),
    "long fields": (site([mount(rules=b"others\t" + b"x" * 200 + b"\n", fields=b"X: " + b"x" * 240 + b"\r\n")]), {FIELDS}),
    "a long route": (site(routes=[route(), route(b"/" + b"x" * 1000)]), {TOO_LONG}),
    "a folder that is not absolute": (site([mount(folder=b"sub")]), {NO_FOLDER}),
    "no folder": (site([mount(folder=b"")]), {NO_FOLDER}),
    "a folder that leaves": (site([mount(folder=b"/sub/../..")]), {NO_FOLDER}),
    "a folder with NUL": (site([mount(folder=b"/su\0b")]), {NO_FOLDER}),
    "a prefix without a slash": (site([mount(b"/extra")]), set(range(1, 6))),
    "no prefix": (site([mount(b"")]), set(range(1, 6))),
    "fields that do not end": (site([mount(fields=b"X-A: b")]), {FIELDS}),
    "fields that end twice": (site([mount(fields=b"X-A: b\r\n\r\n" + INJECTED + b"\r\n")]), {FIELDS}),
    "a field without a colon": (site([mount(fields=b"X-A\r\n")]), {FIELDS}),
    "a field of the front's": (site([mount(fields=b"Content-Length: 5\r\n")]), {FIELDS}),
    "a field with NUL": (site([mount(fields=b"X-A: \0\r\n")]), {FIELDS}),
    "a policy with CR LF": (site([mount(rules=b"pages\tpublic\r\n" + INJECTED)]), {FIELDS}),
    "a policy with CR": (site([mount(rules=b"pages\tpublic\r\n")]), {FIELDS}),
    "a rule without an end": (site([mount(rules=b"pages\tpublic")]), {FIELDS}),
    "a rule that there is not": (site([mount(rules=b"nothing\tx\n")]), {FIELDS}),
    "a rule without a pattern": (site([mount(rules=b"type\ta/b\n")]), {FIELDS}),
    "a rule with NUL": (site([mount(rules=b"type\t*.x\ta/\0b\n")]), {FIELDS}),
    "a type that is none": (site([mount(rules=b"type\t*.x\ttext/html\r\n")]), {FIELDS}),
}


@pytest.mark.parametrize("what", SITES)
def test_a_site(guest, what):
    """As a whole or not at all: a mistake leaves what was before, also behind a mount that is good."""
    said, statuses = SITES[what]
    try:
        lines = Answer(run(guest, record(SITE, said), WHEN_DONE)).body.decode().splitlines()
        told = {name: int(value) for name, value in map(str.split, lines)}
        assert told["status"] in statuses
        page = get(guest.port("http"), "/extra/page.txt")
        assert (page.status, page.body) == (200, b"below") if told["status"] == OK else page.status == 404
        assert "injected" not in page.headers
    finally:
        run(guest, record(SITE, site()), WHEN_DONE)
    assert get(guest.port("http"), "/extra/page.txt").status == 404


def test_a_mistake_behind_what_is_good(guest):
    told = Answer(run(guest, record(SITE, site([mount(), mount(b"/y/", b"relative")])), WHEN_DONE)).body
    assert b"status %d\nwhich 1\n" % NO_FOLDER in told
    told = Answer(run(guest, record(SITE, site([mount()], [route(), route(b"/" + b"x" * 1000)])), WHEN_DONE)).body
    assert b"status %d\nwhich 2\n" % TOO_LONG in told       # behind its one mount
    assert get(guest.port("http"), "/extra/page.txt").status == 404


def test_paths_that_have_changed(guest):
    """Whatever they are, files stay what they are."""
    paths = (b"", b"/", b"relative", b"/../..", b"/a\0b", b"/" + b"x" * 1500, b"//", b"/1000.bin")
    short = [path for path in paths if len(path) < 300]
    told = goes_on(guest, *[record(kind, path) for kind in (CHANGED, CHANGED_BELOW) for path in short], SAY, SAY_HONEST)
    assert told.body == HONEST
    assert goes_on(guest, record(CHANGED, paths[5]), SAY_HONEST).body == HONEST
    assert counters(guest)["status"] == OK


@pytest.mark.parametrize("steps", [record(SITE, site(), length=RECORD_MAX + 1), record(COUNT, length=0xffffffff),
                                   number(b"c", 1 << 20), number(b"c", 0xffff0000),
                                   record(77, b"of no type") + record(0, b"nor this")],
                         ids=["too long", "beyond all numbers", "beyond the circle", "backwards", "no type"])
def test_a_record_that_cannot_be(guest, steps):
    """Its request is answered all the same; once it has started anew, its records are heard again."""
    assert goes_on(guest, steps, SAY, SAY_HONEST).status in (200, 500)
    assert run(guest, START_ANEW)[:13] in (b"", b"HTTP/1.1 502 ")
    assert counters(guest)["status"] == OK


def pages_until(guest, path, contents):
    """How many pages a client gets, one by one, while another one waits for this answer."""
    with guest.connect() as waits, guest.connect() as sock:
        kept, served = Kept(sock), 0
        waits.sendall(head_of(path))
        while not select.select([waits], [], [], 0)[0]:
            told = kept.ask("/1000.bin")
            assert told.status == 200 and told.body == contents
            served += 1
        assert Kept(waits).receive().body == HONEST
    return served


def test_words_about_folders(guest, files):
    """As many as ring and circle hold at once, half a million, and an answer behind them; again and again. Files are
    served, whole; how much of it the front takes in one event is counted by the host test http_front_app."""
    contents = (files / "1000.bin").read_bytes()
    before = counters(guest)["nonsense"]
    assert all(pages_until(guest, "/app/folders", contents) > 0 for _ in range(10))
    assert counters(guest)["nonsense"] == before


# -- another life ------------------------------------------------------------------------------------------------------

def test_its_restart_costs_its_requests_alone(guest):
    """Those under way are told 502; what it has claimed stays, and files have not heard of it."""
    with contextlib.ExitStack() as stack:
        kept = Kept(stack.enter_context(guest.connect()))
        waiting = [stack.enter_context(guest.connect()) for _ in range(5)]
        for sock in waiting:
            sock.sendall(head_of(target()))        # says nothing
            assert kept.ask("/1.bin").status == 200
        assert Answer(run(guest, START_ANEW)).status == 502
        for sock in waiting:
            assert Kept(sock).receive().status == 502
        assert kept.ask("/70000.bin").body == random.Random(70000).randbytes(70000)
        assert kept.ask("/app/honest").body == HONEST


@pytest.mark.parametrize("which", range(12))
def test_an_index_that_jumps(guest, which):
    """Each word of the rings, to somewhere that cannot be: the front goes on, and hears the program's next life."""
    with guest.connect() as sock:
        kept = Kept(sock)
        for value in (0x80000000, 300, 0xffffffff, 0):
            with contextlib.suppress(TimeoutError, ConnectionError):        # nobody has promised an answer
                steps = target(index(which, value), SAY, SAY_HONEST)
                exchange(guest.port("http"), head_of(steps, Connection="close"), 5)
            assert kept.ask("/70000.bin").body == random.Random(70000).randbytes(70000)
            deadline = time.monotonic() + 90
            while (answer := get(guest.port("http"), "/app/honest")).status != 200:
                assert answer.status in (502, 503) and time.monotonic() < deadline
    run(guest, START_ANEW)      # now, not when it has been deaf for long: that would fall into another test


# -- noise -------------------------------------------------------------------------------------------------------------

ROUNDS = 1000       # each when no file has to go out
FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[^\x00-\x08\x0a-\x1f\x7f]*")


def check_http(raw):
    """An answer, or the beginning of one; its body is no longer than it says. Its status."""
    first, _, rest = raw.partition(b"\r\n")
    assert re.fullmatch(rb"HTTP/1\.1 [1-5]\d\d [^\x00-\x08\x0a-\x1f\x7f]*", first), raw[:300]
    top, whole, body = rest.partition(b"\r\n\r\n")
    lines = top.split(b"\r\n")
    for line in lines if whole else lines[:-1]:
        assert FIELD.fullmatch(line) and not line.lower().startswith(b"injected"), raw[:1000]
    fields = dict(line.lower().split(b":", 1) for line in lines if b":" in line)
    if whole and b"content-length" in fields:
        assert len(body) <= int(fields[b"content-length"]), raw[:300]
    return int(first.split()[1])


class Clients:
    """Of files, each on one connection that stays; of the application, each answer on one of its own."""

    def __init__(self, guest, files):
        self.guest, self.contents = guest, {f"/{size}.bin": (files / f"{size}.bin").read_bytes() for size in SIZES}
        self.ended, self.one_at_a_time = threading.Event(), threading.Lock()
        self.failures, self.files_served, self.statuses = [], 0, set()
        self.threads = [threading.Thread(target=self.guarded, args=(work, i))
                        for work, count in ((self.file_client, 2), (self.app_client, 4)) for i in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        assert kind or not self.failures, self.failures

    def connect(self, timeout):
        with self.one_at_a_time:        # it asks QEMU
            return self.guest.connect(timeout=timeout)

    def guarded(self, work, i):
        try:
            work(random.Random(i))
        except (AssertionError, OSError) as error:
            self.failures.append(repr(error))

    def file_client(self, rng):
        with self.connect(90) as sock:
            kept = Kept(sock)
            while not self.ended.is_set():
                path = rng.choice(list(self.contents))
                told = kept.ask(path)
                assert told.status == 200 and told.body == self.contents[path], (path, told.status)
                self.files_served += 1

    def app_client(self, rng):
        while not self.ended.is_set():
            path = rng.choice(["/app/lie", "/app/honest", "/app/lie?x"])
            raw = b""
            with contextlib.suppress(TimeoutError, ConnectionError), self.connect(1) as sock:
                sock.sendall(head_of(path, rng.choice(["GET", "POST"]), Connection="close", Content_Length="0"))
                while part := sock.recv(65536):
                    raw += part
            if raw:
                self.statuses.add(check_http(raw))


def test_noise(guest, files):
    """Files are whole for everyone, on connections that stay; its own clients get HTTP or nothing; nothing grows."""
    for size in SIZES:
        assert get(guest.port("http"), f"/{size}.bin").status == 200
    before = counters(guest)
    with Clients(guest, files) as clients:
        assert get(guest.port("http"), f"/app/storm/{ROUNDS}").status == 200
        guest.expect(rf"{ROUNDS} rounds of lies are over")
    assert clients.files_served > 100 and {200, 500} <= clients.statuses, (clients.files_served, clients.statuses)
    after = counters(guest)
    assert after["nonsense"] > before["nonsense"] + ROUNDS
    # Who has closed its side may still have an answer, for a while; changed files are in the cache twice, for a while.
    assert after["connections"] <= 8 and after["app_requests"] <= 5, json.dumps(after)
    assert after["cache_memory"] <= 2 * before["cache_memory"]
    with contextlib.ExitStack() as stack:       # each slot, each circle is there
        socks = [stack.enter_context(guest.connect()) for _ in range(100)]
        for sock in socks:
            sock.sendall(head_of("/app/honest", "POST", Content_Length="5") + b"bytes")
        told = [Kept(sock).receive() for sock in socks]
        assert [(answer.status, answer.body) for answer in told] == [(200, HONEST)] * len(told)
