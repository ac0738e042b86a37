"""unittest.py: what is used of CPython's module of that name: cases with their assertions, fixtures, skips and subtests;
a test may be a coroutine. main(module) runs a module's cases and says how it went."""

import io
import sys


class SkipTest(Exception):
    pass


class _Raises:
    def __init__(self, expected, pattern=None):
        self.expected, self.pattern, self.exception = expected, pattern, None

    def __enter__(self):
        return self

    def __exit__(self, kind, exc, traceback):
        if kind is None:
            raise AssertionError("%r was not raised" % (self.expected,))
        if not issubclass(kind, self.expected):
            return False
        self.exception = exc
        if self.pattern is not None:
            import re
            if not re.search(self.pattern, str(exc)):
                raise AssertionError("%r does not match %r" % (self.pattern, str(exc)))
        return True


class _SubTest:
    def __init__(self, case, text):
        self.case, self.text = case, text

    def __enter__(self):
        return self

    def __exit__(self, kind, exc, traceback):
        if kind is None or not issubclass(kind, Exception) or issubclass(kind, SkipTest):
            return False
        self.case._result._add(self.case._what + " " + self.text, exc)
        return True


class TestCase:
    _result = _what = None

    def __init__(self, methodName="runTest"):
        self._cleanups = []

    def setUp(self):
        pass

    def tearDown(self):
        pass

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def addCleanup(self, function, *args, **keywords):
        self._cleanups.append((function, args, keywords))

    def doCleanups(self):
        while self._cleanups:
            function, args, keywords = self._cleanups.pop()
            function(*args, **keywords)

    def skipTest(self, reason):
        raise SkipTest(reason)

    def subTest(self, msg="", **params):
        return _SubTest(self, "%s %r" % (msg, params))

    def fail(self, msg=None):
        raise AssertionError(msg)

    def _check(self, holds, msg, otherwise, *values):
        if not holds:
            raise AssertionError(msg if msg is not None else otherwise % values)

    def assertTrue(self, expr, msg=None):
        self._check(expr, msg, "%r is not true", expr)

    def assertFalse(self, expr, msg=None):
        self._check(not expr, msg, "%r is not false", expr)

    def assertEqual(self, first, second, msg=None):
        self._check(first == second, msg, "%r != %r", first, second)

    def assertNotEqual(self, first, second, msg=None):
        self._check(first != second, msg, "%r == %r", first, second)

    def assertIs(self, first, second, msg=None):
        self._check(first is second, msg, "%r is not %r", first, second)

    def assertIsNot(self, first, second, msg=None):
        self._check(first is not second, msg, "%r is %r", first, second)

    def assertIsNone(self, obj, msg=None):
        self._check(obj is None, msg, "%r is not None", obj)

    def assertIsNotNone(self, obj, msg=None):
        self._check(obj is not None, msg, "it is None")

    def assertIn(self, member, container, msg=None):
        self._check(member in container, msg, "%r is not in %r", member, container)

    def assertNotIn(self, member, container, msg=None):
        self._check(member not in container, msg, "%r is in %r", member, container)

    def assertIsInstance(self, obj, cls, msg=None):
        self._check(isinstance(obj, cls), msg, "%r is no %r", obj, cls)

    def assertNotIsInstance(self, obj, cls, msg=None):
        self._check(not isinstance(obj, cls), msg, "%r is a %r", obj, cls)

    def assertLess(self, first, second, msg=None):
        self._check(first < second, msg, "%r is not less than %r", first, second)

    def assertLessEqual(self, first, second, msg=None):
        self._check(first <= second, msg, "%r is more than %r", first, second)

    def assertGreater(self, first, second, msg=None):
        self._check(first > second, msg, "%r is not more than %r", first, second)

    def assertGreaterEqual(self, first, second, msg=None):
        self._check(first >= second, msg, "%r is less than %r", first, second)

    def assertAlmostEqual(self, first, second, places=7, msg=None, delta=None):
        apart = abs(first - second)
        self._check(apart <= delta if delta is not None else round(apart, places) == 0, msg, "%r is far from %r", first,
                    second)

    def assertNotAlmostEqual(self, first, second, places=7, msg=None, delta=None):
        apart = abs(first - second)
        self._check(apart > delta if delta is not None else round(apart, places) != 0, msg, "%r is near %r", first,
                    second)

    def assertRegex(self, text, expected_regex, msg=None):
        import re
        self._check(re.search(expected_regex, text), msg, "%r does not match %r", expected_regex, text)

    def assertCountEqual(self, first, second, msg=None):
        left = list(second)
        for item in first:
            self._check(item in left, msg, "%r has something else than %r", first, second)
            left.remove(item)
        self._check(not left, msg, "%r has something else than %r", first, second)

    assertListEqual = assertTupleEqual = assertDictEqual = assertSetEqual = assertSequenceEqual = assertEqual
    assertMultiLineEqual = assertEqual

    def assertRaises(self, expected, callable=None, *args, **keywords):
        if callable is None:
            return _Raises(expected)
        with _Raises(expected):
            callable(*args, **keywords)

    def assertRaisesRegex(self, expected, pattern, callable=None, *args, **keywords):
        if callable is None:
            return _Raises(expected, pattern)
        with _Raises(expected, pattern):
            callable(*args, **keywords)


IsolatedAsyncioTestCase = TestCase


def skip(reason):
    def decorate(test):
        if isinstance(test, type):
            test.__unittest_skip__ = reason
            return test

        def skipped(self):
            raise SkipTest(reason)

        return skipped

    return decorate


def skipIf(condition, reason=""):
    return skip(reason) if condition else lambda test: test


def skipUnless(condition, reason=""):
    return skipIf(not condition, reason)


def expectedFailure(test):
    def expected(self):
        try:
            test(self)
        except Exception:
            return
        raise AssertionError("unexpected success")

    return expected


class TestResult:
    def __init__(self):
        self.testsRun, self.failures, self.errors, self.skipped = 0, [], [], []

    def _add(self, what, exc):
        trace = io.StringIO()
        sys.print_exception(exc, trace)
        (self.failures if isinstance(exc, AssertionError) else self.errors).append((what, trace.getvalue()))

    def wasSuccessful(self):
        return not self.failures and not self.errors

    def printErrors(self):
        for kind, found in (("FAIL", self.failures), ("ERROR", self.errors)):
            for what, text in found:
                print("=" * 70 + "\n%s: %s\n" % (kind, what) + "-" * 70 + "\n" + text)


def _run_one(cls, name, result):
    case = cls(name)
    case._result, case._what = result, "%s (%s)" % (name, cls.__name__)
    result.testsRun += 1
    before = len(result.failures) + len(result.errors)
    try:
        _in_turn(case, name)
    except SkipTest as exc:
        result.skipped.append((case._what, str(exc)))
        return "skipped"
    except Exception as exc:
        result._add(case._what, exc)
    return "ok" if len(result.failures) + len(result.errors) == before else "FAILED"


def _in_turn(case, name):
    try:
        _call(case.setUp)
        try:
            _call(getattr(case, name))
        finally:
            _call(case.tearDown)
    finally:
        case.doCleanups()


def _call(method):
    outcome = method()
    if hasattr(outcome, "send"):
        import asyncio
        asyncio.run(outcome)


def _run_class(cls, result, verbosity):
    reason = getattr(cls, "__unittest_skip__", None)
    names = sorted(name for name in dir(cls) if name.startswith("test"))
    if reason is not None:
        result.testsRun += len(names)
        result.skipped += [(name, reason) for name in names]
        return
    try:
        cls.setUpClass()
    except Exception as exc:
        result._add("setUpClass (%s)" % cls.__name__, exc)
        return
    for name in names:
        outcome = _run_one(cls, name, result)
        if verbosity > 1:
            print("%s (%s) ... %s" % (name, cls.__name__, outcome))
    cls.tearDownClass()


class TestProgram:
    def __init__(self, module="__main__", exit=False, verbosity=2):
        if isinstance(module, str):
            module = __import__(module, None, None, (module,))
        self.result = TestResult()
        found = [getattr(module, name) for name in sorted(dir(module))]
        for at, cls in enumerate(found):
            if isinstance(cls, type) and issubclass(cls, TestCase) and cls not in found[:at] + [TestCase]:
                _run_class(cls, self.result, verbosity)
        self.result.printErrors()
        print("Ran %d tests\n" % self.result.testsRun)
        print("%s (failures=%d, errors=%d, skipped=%d)" % (
            "OK" if self.result.wasSuccessful() else "FAILED", len(self.result.failures), len(self.result.errors),
            len(self.result.skipped)))
        if exit:
            sys.exit(0 if self.result.wasSuccessful() else 1)

    def wasSuccessful(self):
        return self.result.wasSuccessful()


def main(module="__main__", exit=False, verbosity=2):
    return TestProgram(module, exit, verbosity)
