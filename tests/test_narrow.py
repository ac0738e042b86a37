"""What is asked for is built, and no more: one host test (`make unit UNIT=..`), a part of the tests (`make test TESTS=..`)."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from serval import paths


@pytest.fixture(name="cache")
def empty_cache(tmp_path):
    """A CACHE_DIR where nothing is built; it is known already that all packages are here."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for stamp in paths.CACHE.glob("packages.*"):
        shutil.copy2(stamp, cache)
    return cache


def make(cache, *words):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "SERVAL_"))}
    return subprocess.run(["make", "-C", paths.TOP, "--no-print-directory", f"CACHE_DIR={cache}", f"BUILD_DIR={cache}",
                           *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env=environment, timeout=120, check=False)


def objects(cache):
    return {path.name for path in cache.rglob("*.o")}


def test_one_of_them(cache):
    done = make(cache, "unit", "UNIT=http_parse_date sdk_kernel_rea*")
    assert done.returncode == 0
    assert done.stdout.endswith("passed http_parse_date\npassed sdk_kernel_ready\n2 passed, 0 failed\n")
    assert objects(cache) == {"http_parse_date.c.o", "date.c.o", "text.c.o", "sdk_kernel_ready.c.o", "ready.c.o"}


@pytest.mark.parametrize("name, answer", [
    ("http_parse_dat", "Near it: http_parse_date "), ("date", "Near it: http_parse_date."),
    ("net/ip/acks.c", "Near it: net_ip_acks"),
    ("tests/unit/lib_ring.c", "Near it: lib_ring "), ("zzz", "There are: "),
    ("http_parse_date zzz", "There are: "), ("http_%", "Near it: http_tls "), ("'$(MAKE)\";", "There are: ")])
def test_one_that_is_not_there(cache, name, answer):
    done = make(cache, "unit", f"UNIT={name}")
    lines = [line for line in done.stdout.splitlines() if "***" in line]
    assert done.returncode == 2 and len(lines) == 1, done.stdout
    assert f"UNIT: there is no host test '{name.split()[-1]}'. {answer}" in lines[0]
    assert objects(cache) == set()


def test_what_a_failing_one_says_is_shown(tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("#!/bin/sh\necho all is well\n")
    bad.write_text("#!/bin/sh\necho to stdout\necho to stderr >&2\nexit 3\n")
    for program in (good, bad):
        program.chmod(0o755)
    done = subprocess.run([paths.TOP / "mk" / "unit", bad, good], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == (f"to stdout\nto stderr\nFAILED bad, exit status 3: {bad}\npassed good\n"
                           "1 passed, 1 failed\n")


# -- make test builds what the chosen tests need, and no more (tests/conftest.py) --

def test_a_test_that_needs_nothing(cache):
    done = make(cache, "test", "TESTS=tests/test_counters.py")
    assert re.search(r"^[1-9]\d* passed, 0 failed", done.stdout, re.MULTILINE), done.stdout
    assert objects(cache) == set()


def test_a_test_that_needs_a_program(cache):
    done = make(cache, "test", "TESTS=tests/test_unit.py -k http_parse_date")
    assert re.search(r"^1 passed, 0 failed", done.stdout, re.MULTILINE), done.stdout
    assert objects(cache) == {"http_parse_date.c.o", "date.c.o", "text.c.o"}


@pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="an official SDK brings its tool")
def test_a_test_that_needs_the_image_tool(cache):
    done = make(cache, "test", "TESTS=tests/test_descriptions.py -k test_command_line")
    assert re.search(r"^1 passed, 0 failed", done.stdout, re.MULTILINE), done.stdout
    assert "main.c.o" in objects(cache)
    assert [path for path in cache.rglob("*") if path.name in ("kernel.elf", "libmicrokit.a", "http_parse_date")] == []


def test_files_by_a_pattern(cache):
    done = make(cache, "test", "TESTS=--collect-only tests/test_l[ai]*.py -k 'layers or limits'")
    assert "test_layers.py" in done.stdout and "test_limits.py" in done.stdout, done.stdout


def test_a_quote_that_is_not_closed(cache):
    done = make(cache, "test", "TESTS=tests/test_layers.py -k 'a")
    assert done.stdout.startswith("make test: TESTS='tests/test_layers.py -k 'a': No closing quotation\nmake: ***")


def test_what_cannot_be_built_fails_its_test_alone(tmp_path):
    """In a run of two tests that need goals of make."""
    (tmp_path / "conftest.py").write_text(f"import sys\nsys.path.insert(0, {str(paths.TOP / 'tests')!r})\n"
                                          "from conftest_of_the_tree import *\n")
    shutil.copy2(paths.TOP / "tests" / "conftest.py", tmp_path / "conftest_of_the_tree.py")
    (tmp_path / "test_two.py").write_text("import pytest\n\n"
                                          "@pytest.mark.needs('help')\ndef test_good():\n    pass\n\n"
                                          "@pytest.mark.needs('no_such_goal')\ndef test_bad():\n    pass\n")
    packages = os.pathsep.join(os.path.abspath(folder) for folder in os.environ["PYTHONPATH"].split(os.pathsep))
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", tmp_path],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          cwd=tmp_path, env=os.environ | {"PYTHONPATH": packages}, check=False)
    assert done.stdout.endswith("1 passed, 1 failed\n"), done.stdout
    assert "No rule to make target 'no_such_goal'" in done.stdout
