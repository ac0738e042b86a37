"""The kernel's operations cost what docs/kernel.md says: in guest instructions, so without noise (bench/kernel.py)."""

import os
import sys

import pytest
from serval import build, paths

sys.path.insert(0, str(paths.TOP / "bench"))

import kernel  # noqa: E402

pytestmark = pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="the costs of our own kernel")


def documented():
    """{operation: guest instructions of ours} from the table in docs/kernel.md."""
    rows = [[cell.strip() for cell in line.split("|")[1:3]]
            for line in (paths.TOP / "docs" / "kernel.md").read_text().splitlines() if line.count("|") == 5]
    return {name: int(value) for name, value in rows if value.isdigit()}


def test_nothing_costs_more_than_documented():
    build.make("sdk")
    costs = kernel.measure(paths.CACHE / "sdk")
    limits = documented()
    assert set(limits) == set(costs)
    assert {name: cost for name, cost in costs.items() if cost > limits[name] * 1.05} == {}
