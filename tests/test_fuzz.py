"""The fuzz targets (tests/fuzz), a minute in all. Their kept corpora are replayed by `make unit`."""

import os
import subprocess
import sys

import pytest
from serval import build, paths

TARGETS = os.environ.get("SERVAL_FUZZ_TARGETS", "").split()
SECONDS = 60
RUN = paths.TOP / "tests" / "fuzz" / "run.py"
BINARIES = paths.CACHE / "obj" / "host" / "fuzz"

# A parser of records (a kind, a length, bytes) with one fault of each kind that a run must show.
BROKEN = r"""
#include "tests/fuzz/fuzz.h"
static unsigned before; /* what an earlier input left */
static char *given;
void fuzz_begin(void) { given = malloc(4); }
void fuzz_run(struct fuzz_input *in)
{
    DEMAND(before++ == 0);
    switch (fuzz_byte(in)) {
    case 'o': { uint8_t *at = fuzz_exactly(in->at, in->left); if (in->left > 3) { at[in->left] = 1; } break; }
    case 'f': free(given); if (fuzz_byte(in) == 'f') { given[0] = 1; } break;
    case 't': free(given); if (fuzz_byte(in) == 't') { free(given); } break;
    case 'd': DEMAND(fuzz_16(in) != 0x6464); break;
    }
}
"""


def fuzz(binaries, found, seconds, target):
    return subprocess.run([sys.executable, RUN, "run", binaries, found, str(seconds), target], cwd=paths.TOP,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=300,
                          check=False)


@pytest.mark.parametrize("target", [pytest.param(name, marks=pytest.mark.needs(BINARIES / f"fuzz_{name}"))
                                    for name in TARGETS])
def test_fuzz(target):
    done = fuzz(BINARIES, paths.CACHE / "fuzz", max(1, SECONDS // len(TARGETS)), target)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing found" in done.stdout


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("broken")
    (folder / "broken.c").write_text(BROKEN)
    flags = ["-g", "-O1", "-D_GNU_SOURCE", "-I", str(paths.TOP), "-fsanitize=address,undefined,fuzzer-no-link"]
    for name, more in (("broken.c", ["-include", "tests/fuzz/sections.h"]), ("tests/fuzz/fuzz.c", [])):
        source = folder / name if name == "broken.c" else paths.TOP / name
        subprocess.run(["clang", *flags, *more, "-c", source, "-o", folder / f"{source.stem}.o"], cwd=paths.TOP,
                       check=True)
    subprocess.run(["clang", "-fsanitize=address,undefined,fuzzer", "-o", folder / "fuzz_broken",
                    folder / "broken.o", folder / "fuzz.o"], check=True)
    return folder


def single(folder, data):
    (folder / "input").write_bytes(data)
    return subprocess.run([folder / "fuzz_broken", folder / "input"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", check=False)


@pytest.mark.parametrize("data, words", [
    (b"ooooo", "use-after-poison"), (b"ff", "use-after-poison"), (b"tt", "fuzz_free: check failed"),
    (b"ddd", "fuzz_16(in) != 0x6464"),
])
def test_a_fault_is_seen(broken, data, words):
    done = single(broken, data)
    assert done.returncode != 0 and any(word in done.stderr for word in words.split("|")), done.stderr


@pytest.mark.parametrize("data", [b"oooo", b"f", b"t", b"dd"])
def test_what_is_right_passes(broken, data):
    done = single(broken, data)
    assert done.returncode == 0, done.stderr


def test_a_fault_is_found_and_told(broken, tmp_path):
    done = fuzz(broken, tmp_path, 30, "broken")
    crashes = [path for path in (tmp_path / "crashes").iterdir() if path.name.startswith("broken-")]
    assert done.returncode == 1 and len(crashes) == 1
    assert f"broken: FAILED on {crashes[0]}; again:\n    {broken}/fuzz_broken {crashes[0]}" in done.stdout
    again = subprocess.run([broken / "fuzz_broken", crashes[0]], stdin=subprocess.DEVNULL, capture_output=True,
                           check=False)
    assert again.returncode != 0


def make_fuzz(*variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    return subprocess.run(["make", "--no-print-directory", "fuzz", *variables], cwd=paths.TOP, env=environment,
                          capture_output=True, text=True, check=False)


@pytest.mark.parametrize("variables, words", [
    (["FUZZ=http"], "FUZZ='http' is unknown. There are: all "),
    (["FUZZ=all", "FUZZ_SECONDS=1h"], "FUZZ_SECONDS='1h' is no number from 0 to 10000000"),
])
def test_one_line_for_bad_variables(variables, words):
    done = make_fuzz(*variables)
    assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_the_list_has_every_target():
    done = make_fuzz()
    assert done.returncode == 0, done.stderr
    sources = [*RUN.parent.glob("*.c"), *RUN.parent.glob("*.py")]
    targets = sorted({path.stem for path in sources} - {"fuzz", "pyfuzz", "run"})
    assert [line.split()[0] for line in done.stdout.splitlines()[:len(targets)]] == targets
    assert all(any(folder.iterdir()) for folder in (RUN.parent / "corpus" / t for t in targets)), "no corpus"


@pytest.mark.skipif(bool(TARGETS), reason="each of them is a test of its own")
def test_make_fuzz():
    build.make("fuzz", FUZZ="all", FUZZ_SECONDS="60")
