"""The kernel's operations cost what docs/kernel.md says: in guest instructions, so without noise (bench/kernel.py)."""

import os
import sys

import pytest
from serval import build, paths

sys.path.insert(0, str(paths.TOP / "bench"))

import kernel  # noqa: E402

pytestmark = pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="the costs of our own kernel")


def documented(config):
    """{operation: what it costs ours} from the tables in docs/kernel.md: the first is release's."""
    text = (paths.TOP / "docs" / "kernel.md").read_text()
    table = text.split("| | Serval |")[["release", "benchmark"].index(config) + 1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in table.splitlines() if line.count("|") == 6]
    return {name: int(value) for name, value in rows if value.isdigit()}


@pytest.mark.parametrize("config", ["release", "benchmark"])
def test_nothing_costs_more_than_documented(config):
    """In benchmark the cycle counter says it."""
    build.make("sdk")
    costs = kernel.measure(paths.CACHE / "sdk", config)
    limits = documented(config)
    assert set(limits) == set(costs) and len(limits) == 8
    assert {name: cost for name, cost in costs.items() if cost > limits[name] * 1.05} == {}
