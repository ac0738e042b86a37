"""The host unit tests (mk/rules.mk, host_test), one test for each binary.
`make test` hands over where they are."""

import os
import subprocess
from pathlib import Path

import pytest
from serval import build

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
