"""The host unit tests (mk/rules.mk, host_test), one test for each binary.
`make test` hands over where they are."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from serval import build, paths

BINARIES = os.environ.get("SERVAL_UNIT_TESTS", "").split()


@pytest.mark.parametrize("binary", [pytest.param(path, id=Path(path).name, marks=pytest.mark.needs(path))
                                    for path in BINARIES])
def test_unit(binary):
    done = subprocess.run([binary], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-8000:]


@pytest.mark.skipif(bool(BINARIES), reason="each of them is a test of its own")
def test_make_unit():
    build.make("unit")


# -- how they fail (tests/unit/check.h) --

FAILING = """
#include "tests/unit/check.h"
int main(int argc, char **argv)
{
    switch (atoi(argv[argc - 1])) {
    case 0: CHECK(argc == 9); break;
    case 1: CHECK_CASE(argc == 9, "third"); break;
    case 2: CHECK_EQUAL(argc, 3); break;
    case 3: CHECK_TEXT("is", "is not"); break;
    case 4: FAIL("%d words", argc); break;
    case 5: CHECK(argc == 2); CHECK_CASE(argc == 2, ""); CHECK_EQUAL(argc, 2); CHECK_TEXT("is", "is"); break;
    }
    return 0;
}
"""


def test_a_check_names_place_and_values(tmp_path):
    source, program = tmp_path / "failing.c", tmp_path / "failing"
    source.write_text(FAILING)
    subprocess.run(["clang", "-Wall", "-Wextra", "-Werror", "-I", paths.TOP, "-o", program, source], check=True)
    said = [subprocess.run([program, str(n)], capture_output=True, text=True, check=False) for n in range(6)]
    assert [done.returncode for done in said] == [-6] * 5 + [0]
    assert [done.stderr.replace(f"{source}:", "") for done in said] == [
        "6: main: check failed: not so: argc == 9\n",
        "7: main: check failed: 'third': not so: argc == 9\n",
        "8: main: check failed: not so: argc == 3 (2, 3)\n",
        "9: main: check failed: \"is\" is\nis\n-- and should be\nis not\n--\n",
        "10: main: check failed: 2 words\n", ""]


def test_there_is_no_other_way_to_fail():
    """Neither assert(), which says no values, nor macros of a test's own."""
    other = re.compile(r"#include <assert\.h>|\bassert\(|\babort\(\)|\bexit\(1\)|#define (CHECK|FAIL)\w*\(|fprintf\(stderr")
    allowed = {"check.h", "in_turn.h"}
    found = [f"{path.name}: {match[0]}" for path in sorted((paths.TOP / "tests" / "unit").glob("*.[ch]"))
             if path.name not in allowed
             for match in other.finditer(path.read_text())]
    assert found == ["lib_base.c: #define CHECK_FORMAT("]
