"""python/_lib: modules of the image's own, against CPython's of the same names, on the host. What MicroPython makes of them
is looked at in tests/test_python_apps.py."""

import asyncio
import importlib.util
import io
import random
import sys
import traceback

import pytest

from serval import paths

LIB = paths.TOP / "python" / "_lib"


def ours(name, monkeypatch, **with_ours):
    """Our module; what it imports by the names of `with_ours` are those."""
    spec = importlib.util.spec_from_file_location("ours_" + name.replace("/", "_"), LIB / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patch:
        for other, value in with_ours.items():
            patch.setitem(sys.modules, other, value)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def micropythons(monkeypatch):
    monkeypatch.setattr(sys, "print_exception", lambda exc, file=sys.stdout: traceback.print_exception(exc, file=file),
                        raising=False)


# -- datetime ----------------------------------------------------------------------------------------------------------

@pytest.fixture
def dates(monkeypatch):
    import datetime
    return datetime, ours("datetime", monkeypatch)


def test_days(dates):
    theirs, mine = dates
    for n in [*range(1, 3653), *range(700_000, 740_000, 7), *range(3_650_000, 3_652_060)]:
        day, same = mine.date.fromordinal(n), theirs.date.fromordinal(n)
        assert (day.year, day.month, day.day, day.toordinal()) == (same.year, same.month, same.day, n)
        assert (day.weekday(), tuple(day.isocalendar()), str(day)) == (same.weekday(), tuple(same.isocalendar()), str(same))
        assert day.timetuple()[:8] == tuple(same.timetuple())[:8]


def test_differences(dates):
    theirs, mine = dates
    chosen = random.Random(1)
    for _ in range(2000):
        fields = {name: chosen.randrange(-most, most) for name, most in
                  (("days", 9000), ("seconds", 200_000), ("microseconds", 5_000_000), ("hours", 99), ("weeks", 30))}
        a, b = theirs.timedelta(**fields), mine.timedelta(**fields)
        assert (a.days, a.seconds, a.microseconds) == (b.days, b.seconds, b.microseconds)
        assert str(a) == str(b) and repr(-a)[:20] == repr(-b)[:20] and a.total_seconds() == b.total_seconds()
        assert str(a * 3) == str(b * 3) and str(a // 7) == str(b // 7) and bool(a) == bool(b)
    assert mine.timedelta(hours=1.5).total_seconds() == 5400 and mine.timedelta(1) > mine.timedelta(hours=23)


FORMAT = "%Y-%m-%d %H:%M:%S.%f %a %A %b %B %y %j %I %p %w %u %% %F %T %R %z|%Z"


def test_moments(dates):
    theirs, mine = dates
    chosen = random.Random(2)
    for _ in range(2000):
        fields = (chosen.randrange(1000, 9999), chosen.randrange(1, 13), chosen.randrange(1, 29), chosen.randrange(24),
                  chosen.randrange(60), chosen.randrange(60), chosen.choice((0, 5, 123456)))
        offset = chosen.randrange(-700, 700)
        a = theirs.datetime(*fields, tzinfo=theirs.timezone(theirs.timedelta(minutes=offset)))
        b = mine.datetime(*fields, tzinfo=mine.timezone(mine.timedelta(minutes=offset)))
        assert str(a) == str(b) and a.isoformat() == b.isoformat()
        assert str(mine.datetime.fromisoformat(a.isoformat())) == str(a)
        assert a.strftime(FORMAT) == b.strftime(FORMAT)
        assert abs(a.timestamp() - b.timestamp()) < 1e-3
        if 2 < fields[0] < 9990:
            more = chosen.randrange(10 ** 14)
            assert str(a + theirs.timedelta(microseconds=more)) == str(b + mine.timedelta(microseconds=more)) or fields[0] > 9985
            assert str(a.astimezone(theirs.timezone.utc)) == str(b.astimezone(mine.timezone.utc))
        assert str(a.replace(year=2000, tzinfo=None)) == str(b.replace(year=2000, tzinfo=None))
        assert str(a.date()) == str(b.date()) and str(a.time()) == str(b.time())
    at = 1_700_000_000.25
    assert str(mine.datetime.fromtimestamp(at, mine.timezone.utc)) == str(theirs.datetime.fromtimestamp(at, theirs.timezone.utc))
    assert abs((mine.datetime.now(mine.UTC) - mine.datetime.fromtimestamp(0, mine.UTC)).total_seconds()
               - theirs.datetime.now().timestamp()) < 5
    aware, naive = mine.datetime(2024, 1, 1, tzinfo=mine.UTC), mine.datetime(2024, 1, 1)
    assert aware != naive and naive == mine.datetime(2024, 1, 1) and {naive: 1}[mine.datetime(2024, 1, 1)] == 1
    with pytest.raises(TypeError):
        aware < naive   # noqa: B015
    for wrong in (lambda: mine.date(2023, 2, 29), lambda: mine.datetime(2023, 1, 1, 24), lambda: mine.date(0, 1, 1),
                  lambda: mine.date.fromisoformat("2023-1-1"), lambda: mine.datetime.fromisoformat("2023-01-01T7")):
        with pytest.raises(ValueError):
            wrong()


# -- texts and bytes ---------------------------------------------------------------------------------------------------

def test_base64(monkeypatch):
    import base64
    mine = ours("base64", monkeypatch)
    for length in range(70):
        data = random.Random(length).randbytes(length)
        for kind in ("b64", "standard_b64", "urlsafe_b64", "b32", "b16"):
            text = getattr(base64, kind + "encode")(data)
            assert getattr(mine, kind + "encode")(data) == text
            assert getattr(mine, kind + "decode")(text) == data == getattr(mine, kind + "decode")(text.decode())
        assert mine.encodebytes(data) == base64.encodebytes(data)
        assert mine.b64encode(data, b"._") == base64.b64encode(data, b"._")
    for wrong in (lambda: mine.b64decode("a*==", validate=True), lambda: mine.b32decode("A"), lambda: mine.b32decode("1" * 8),
                  lambda: mine.b16decode("ab")):
        with pytest.raises(ValueError):
            wrong()


def test_html(monkeypatch):
    import html
    mine = ours("html", monkeypatch)
    for text in ("", "<a href=\"x\">'&'</a>", "&amp;&lt;&#65;&#x41;&#X41;&nbsp;&euro;&;&none;&", "a & b; c", "&#0;"):
        assert mine.escape(text) == html.escape(text) and mine.escape(text, False) == html.escape(text, False)
        assert mine.unescape(text) == html.unescape(text)


def test_hmac(monkeypatch):
    import hmac
    mine = ours("hmac", monkeypatch)
    for key_length in (0, 1, 63, 64, 65, 200):
        key, msg = random.Random(key_length).randbytes(key_length), random.Random(7).randbytes(key_length * 3)
        for kind in ("sha1", "sha256"):
            assert mine.digest(key, msg, kind) == hmac.digest(key, msg, kind)
            one = mine.new(key, digestmod=kind)
            one.update(msg[:10])
            one.update(msg[10:])
            assert one.hexdigest() == hmac.new(key, msg, kind).hexdigest() == one.hexdigest()


def test_jwt(monkeypatch):
    import time
    jwt = ours("jwt", monkeypatch)
    payload = {"user": "\u00e4", "exp": time.time() + 100, "list": [1, None]}
    made = jwt.encode(payload, b"key", algorithm="HS256")
    assert jwt.decode(made, "key", algorithms=["HS256"]) == payload
    assert made.count(".") == 2 and "=" not in made
    # RFC 7515 A.1, made by others: the algorithm, the encoding and the key are as they are there.
    token = ("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
             "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    key = jwt._bytes_of("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
    assert jwt.decode(token, key, algorithms=["HS256"], leeway=10 ** 10)["iss"] == "joe"
    head, body, signature = made.split(".")
    none = jwt._text_of(b'{"alg":"none","typ":"JWT"}')
    for wrong, error in (
            ((made, "other"), jwt.InvalidSignatureError), ((made[:-2] + "xx", "key"), jwt.InvalidSignatureError),
            ((f"{none}.{body}.", "key"), jwt.InvalidAlgorithmError), (("a.b", "key"), jwt.DecodeError),
            (("", "key"), jwt.DecodeError), ((f"{head}.{head[:-1]}*.{signature}", "key"), jwt.PyJWTError),
            ((jwt.encode({"exp": time.time() - 1}, "key"), "key"), jwt.ExpiredSignatureError),
            ((jwt.encode({"nbf": time.time() + 9}, "key"), "key"), jwt.ImmatureSignatureError),
            ((jwt.encode({"exp": "soon"}, "key"), "key"), jwt.DecodeError),
            ((jwt.encode([1], "key"), "key"), jwt.DecodeError)):
        with pytest.raises(error) as raised:
            jwt.decode(*wrong, algorithms=["HS256"])
        assert isinstance(raised.value, jwt.exceptions.PyJWTError)
    for algorithms in (None, [], ["RS256"]):
        with pytest.raises(jwt.exceptions.InvalidAlgorithmError):
            jwt.decode(made, "key", algorithms=algorithms)


# -- functions and iterators -------------------------------------------------------------------------------------------

def test_functools(monkeypatch):
    import functools
    mine = ours("functools", monkeypatch)
    assert mine.partial(dict, a=1, b=2)(b=3) == {"a": 1, "b": 3} and mine.partial(max, 3)(1, 9) == 9
    assert mine.reduce(lambda a, b: a * b, range(1, 6)) == 120 and mine.reduce(max, [], 7) == 7
    with pytest.raises(TypeError):
        mine.reduce(max, [])
    compare = lambda a, b: (a > b) - (a < b)    # noqa: E731
    assert sorted([3, 1, 2], key=mine.cmp_to_key(compare)) == [1, 2, 3]
    calls = []

    for cache in (mine.lru_cache(2), functools.lru_cache(2)):
        @cache
        def square(n, scale=1):
            calls.append(n)
            return n * n * scale

        assert [square(n) for n in (1, 2, 1, 3, 2, 1)] == [1, 4, 1, 9, 4, 1] and square(2, scale=3) == 12
    assert calls[:len(calls) // 2] == calls[len(calls) // 2:]
    assert mine.cache(lambda x: [x])(1) == [1]

    def wrapped():
        """Text."""

    assert mine.wraps(wrapped)(lambda: None).__name__ == "wrapped"


def test_itertools(monkeypatch):
    import itertools
    mine = ours("itertools", monkeypatch)
    both = (mine, itertools)

    def same(name, *args, first=12, **keywords):
        mine_is, is_theirs = (list(itertools.islice(getattr(of, name)(*args, **keywords), first)) for of in both)
        assert mine_is == is_theirs, name

    same("chain", "ab", [1], ())
    assert list(mine.chain.from_iterable(["ab", "c"])) == ["a", "b", "c"]
    for name, *args in (("count",), ("count", 5, 2), ("cycle", "abc"), ("cycle", ""), ("repeat", 1), ("repeat", 1, 3),
                        ("accumulate", [1, 2, 3]), ("accumulate", []), ("accumulate", [1, 2, 3], max),
                        ("starmap", pow, [(2, 3), (3, 2)]), ("takewhile", bool, [1, 2, 0, 1]),
                        ("dropwhile", bool, [1, 2, 0, 1]), ("filterfalse", None, [0, 1, 0]), ("compress", "abcd", [1, 0, 1]),
                        ("zip_longest", "ab", "abc"), ("pairwise", "abcd"), ("pairwise", "a"), ("product", "ab", [1, 2]),
                        ("product",), ("permutations", "abc"), ("permutations", "abc", 2), ("combinations", "abcd", 2),
                        ("combinations", "ab", 3)):
        same(name, *args)
    same("product", "ab", repeat=3)
    same("zip_longest", "a", "abc", fillvalue="-")
    same("accumulate", [1, 2], initial=10)
    for limits in ((3,), (1, 4), (1, 9, 2), (2, None), (0,), (None,), (1, None, 3), (5, 3)):
        same("islice", "abcdefg", *limits)
    for key in (None, str.lower):
        assert [(k, list(g)) for k, g in mine.groupby("aAbBBa", key)] == [(k, list(g)) for k, g in itertools.groupby("aAbBBa", key)]
    assert list(mine.batched("abcde", 2)) == [("a", "b"), ("c", "d"), ("e",)]
    a, b = mine.tee(iter("abc"))
    assert list(zip(a, b)) == [("a", "a"), ("b", "b"), ("c", "c")]


def test_contextlib(monkeypatch):
    mine = ours("contextlib", monkeypatch)
    seen = []

    @mine.contextmanager
    def around(name, swallow=False):
        seen.append(name)
        try:
            yield name
        except ValueError:
            if not swallow:
                raise
        finally:
            seen.append("end")

    with around("a") as name:
        assert name == "a"
    with around("b", swallow=True):
        raise ValueError
    for exc in (ValueError, KeyError):
        with pytest.raises(exc), around("c"):
            raise exc
    assert seen == ["a", "end", "b", "end", "c", "end", "c", "end"]
    with mine.suppress(KeyError, OSError):
        {}["a"]     # noqa: B018
    with pytest.raises(ValueError), mine.suppress(KeyError):
        raise ValueError
    with mine.closing(io.StringIO()) as file:
        pass
    assert file.closed


# -- logging, queues, templates ----------------------------------------------------------------------------------------

def test_logging(monkeypatch, tmp_path):
    mine = ours("logging", monkeypatch)
    text = io.StringIO()
    mine.basicConfig(level=mine.INFO, stream=text, format="%(levelname)s:%(name)s:%(message)s")
    logger = mine.getLogger("app.db")
    logger.info("%d rows of %s", 3, "users")
    logger.debug("not said")
    logger.setLevel("DEBUG")
    logger.debug("%(a)s", {"a": 1})
    try:
        {}["key"]   # noqa: B018
    except KeyError:
        logger.exception("it failed")
    lines = text.getvalue().splitlines()
    assert lines[:3] == ["INFO:app.db:3 rows of users", "DEBUG:app.db:1", "ERROR:app.db:it failed"]
    assert lines[3].startswith("Traceback") and lines[-1] == "KeyError: 'key'"
    assert logger.parent is mine.getLogger("app") and mine.getLogger("app").getChild("db") is logger
    handler = mine.FileHandler(tmp_path / "log")
    handler.setFormatter(mine.Formatter("%(asctime)s %(message)s"))
    handler.setLevel(mine.WARNING)
    quiet = mine.getLogger("quiet")
    quiet.propagate = False
    quiet.addHandler(handler)
    quiet.info("no")
    quiet.warning("yes")
    handler.close()
    assert (tmp_path / "log").read_text()[4:].endswith(" yes\n") and len(text.getvalue().splitlines()) == len(lines)
    mine.disable(mine.CRITICAL)
    logger.critical("no")
    assert len(text.getvalue().splitlines()) == len(lines)


def test_queues():
    source = (paths.TOP / "python/asyncio/queues.py").read_text().replace("from .event import", "from asyncio import")
    names = {}
    exec(compile(source, "queues.py", "exec"), names)
    mine = type("queues", (), names)

    async def main():
        queue, seen = mine.Queue(2), []

        async def produce():
            for i in range(20):
                await queue.put(i)

        async def consume():
            while True:
                seen.append(await queue.get())
                await asyncio.sleep(0)
                queue.task_done()

        consumers = [asyncio.create_task(consume()) for _ in range(3)]
        await asyncio.gather(produce(), produce())
        await queue.join()
        for task in consumers:
            task.cancel()
        assert sorted(seen) == sorted([*range(20)] * 2) and queue.empty()
        queue.put_nowait(1)
        queue.put_nowait(2)
        with pytest.raises(mine.QueueFull):
            queue.put_nowait(3)
        assert queue.full() and queue.qsize() == 2 and queue.get_nowait() == 1
        for kind, order in ((mine.LifoQueue, [1, 3, 2]), (mine.PriorityQueue, [1, 2, 3])):
            other = kind()
            for i in (2, 3, 1):
                other.put_nowait(i)
            assert [other.get_nowait() for _ in range(3)] == order
        with pytest.raises(mine.QueueEmpty):
            other.get_nowait()
        with pytest.raises(ValueError):
            for _ in range(9):
                queue.task_done()

    asyncio.run(main())


@pytest.fixture
def templates(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(LIB))
    for name in [name for name in sys.modules if name.startswith("utemplate")]:
        monkeypatch.delitem(sys.modules, name)
    from utemplate import recompile
    loader = recompile.Loader(None, str(tmp_path))

    def render(text, *args, **keywords):
        (tmp_path / "t.html").write_text(text)
        loader.known.clear()
        return "".join(loader.load("t.html")(*args, **keywords))

    render.loader, render.folder = loader, tmp_path
    return render


@pytest.mark.parametrize("text, args, expected", [
    ("plain { } {x} text\n", (), "plain { } {x} text\n"), ("", (), ""),
    ("{% args name %}\nHello, {{ name }}!\n", ("you",), "Hello, you!\n"),
    ("{% args n=3 %}{% for i in range(n) %}{{i}},{% endfor %}", (), "0,1,2,"),
    ("{% args n %}\n{% for i in range(n) %}\n  | {{i}}\n{% endfor %}\nend", (2,), "  | 0\n  | 1\nend"),
    ("{% args x %}{% if x > 1 %}many{% elif x %}one{% else %}none{% endif %}", (1,), "one"),
    ("{% args x %}{% if x %}{% else %}none{% endif %}", (0,), "none"),
    ("{% set a = 2 %}{{ a * 3 }}{# not said {{ a }} #}.", (), "6."),
    ("a\n  {# a line #}  \nb", (), "a\nb"), ("a {% set x = 1 %} b\n", (), "a  b\n"),
    ("{% args *all, **more %}{{ len(all) }}{{ more }}", (1, 2), "2{}"),
    ("{% while False %}x{% endwhile %}'\"\\n\\\\{{ '%' }}", (), "'\"\\n\\\\%"),
    ("{% import sys %}{{ sys.maxsize > 0 }}", (), "True"),
])
def test_templates(templates, text, args, expected):
    assert templates(text, *args) == expected


def test_templates_include_and_change(templates):
    (templates.folder / "head.html").write_text("{% args title='none' %}\n<{{ title }}>\n")
    assert templates("{% include 'head.html' %}\n{% include \"head.html\" title='x' %}\n"
                     "{% set n = 'head.html' %}{% include {{n}} 'y' %}") == "<none>\n<x>\n<y>\n"
    (templates.folder / "head.html").write_text("{% args title='' %}changed: {{ title }}")
    assert "".join(templates.loader.load("t.html")()).startswith("changed")


@pytest.mark.parametrize("text, said", [
    ("a\n{{ x", r"line 2: \{\{ has no end"), ("{% if x %}", "if has no end"), ("{% endif %}", "line 1: 'endif'"),
    ("\n\n{% for i in x %}{% endif %}", "line 3: 'endif'"), ("{% what %}", "'what'"), ("{% if %}{% endif %}", "t.html"),
])
def test_templates_that_cannot_be(templates, text, said):
    with pytest.raises(SyntaxError, match=said):
        templates(text)


def test_compiled_templates(templates, monkeypatch):
    from utemplate import compiled
    folder = templates.folder / "views"
    folder.mkdir()
    (folder / "hello_tpl.py").write_text("def render(name):\n    yield 'hello '\n    yield name\n")
    monkeypatch.syspath_prepend(str(templates.folder))
    assert "".join(compiled.Loader(None, "views").load("hello.tpl")("you")) == "hello you"


# -- unittest ----------------------------------------------------------------------------------------------------------

CASES = """
class Case(unittest.TestCase):
    def test_good(self): self.assertEqual(1 + 1, 2)
    def test_bad(self): self.assertEqual(1, 2)
    def test_error(self): {}['none']
    async def test_coroutine(self): self.assertTrue(True)
    @unittest.skip('why')
    def test_skipped(self): 1 / 0
    @unittest.skipIf(False, 'why')
    def test_not_skipped(self):
        with self.assertRaises(ValueError) as raised: int('x')
        self.assertIsInstance(raised.exception, ValueError)
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    def test_sub(self):
        for i in range(4):
            with self.subTest(i=i): self.assertLess(i, 2)
"""


def test_unittest(monkeypatch, capsys):
    mine = ours("unittest", monkeypatch)
    names = {"unittest": mine, "__name__": "cases"}
    exec(CASES, names)
    program = mine.main(type("module", (), names), verbosity=2)
    result = program.result
    assert (result.testsRun, len(result.failures), len(result.errors), len(result.skipped)) == (8, 3, 1, 1)
    assert not program.wasSuccessful()
    said = capsys.readouterr().out
    assert "Ran 8 tests" in said and "FAILED (failures=3, errors=1, skipped=1)" in said and "1 != 2" in said
