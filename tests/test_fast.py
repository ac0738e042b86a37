"""A request costs no more than it did, in guest instructions, as a whole and stage by stage (docs/benchmarks.md).

`make stages` and `make profile` say where they go."""

import os
import sys

import pytest
from serval import bench_load, paths
from serval.nfs import NfsServer

sys.path.append(str(paths.TOP / "bench"))
import measure  # noqa: E402
import network  # noqa: E402
import site_files  # noqa: E402
import stages  # noqa: E402
from machines import Running, Serval  # noqa: E402
from measure import Cell  # noqa: E402

pytestmark = pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")) or paths.BOARD != "qemu_virt_aarch64",
                                reason="counted with the report of our own image tool, on QEMU's virt")

MARGIN = 1.2    # how segments and acknowledgements fall together differs from run to run
SLACK = 100     # instructions of a stage besides: a small one varies more
OFTEN_NOT = {"Python": 1000}    # it looks now and then whether app.py has changed

# What was counted when this line was last touched. A gain is written down here, a loss needs a reason.
COLD = {"1 KiB": 52_000, "1 MiB": 5_100_000}
WARM = {Cell("1 KiB"): 11_000, Cell("1 KiB", 16): 7_500, Cell("1 KiB", 1, True): 26_000, Cell("10 KiB"): 31_000,
        Cell("1 MiB"): 1_950_000}
HELLO = 219_000


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("fast")
    root = site_files.make(scratch / "export")
    os.environ["BENCH_LOAD"] = str(bench_load.compiled(scratch))
    with network.UserNetwork() as net, NfsServer(scratch / "export", scratch / "nfs", read_only=True) as server:
        serval = Serval(net, server, site_files.FOLDER)
        serval.ranges = stages.ranges(serval.image)
        with Running(serval, counted=True) as running:
            running.wait_ready()
            measure.load(running, "Serval", "/index.html", "--requests", 20, root=root)
            yield running, root


def total(result):
    assert "total" in result, result["errors"]
    return result["total"]


@pytest.mark.parametrize("size", COLD)
def test_cold(machine, size):
    running, root = machine
    requests = measure.COLD_REQUESTS[size]
    path = site_files.cold_path(size)
    counted = total(measure.per_request(running, "Serval", path, requests, "--cold", idle={}, root=root))
    print(f"{size}, cold: {counted:,.0f}")
    assert counted <= MARGIN * COLD[size]


@pytest.mark.parametrize("cell", WARM, ids=str)
def test_warm(machine, cell):
    running, root = machine
    path, requests = site_files.path(cell.size), measure.REQUESTS[cell.size] * 2
    measure.load(running, "Serval", path, "--requests", requests // 10 + 1, *measure.shape(cell), root=root)
    counted = total(measure.per_request(running, "Serval", path, requests, *measure.shape(cell), idle={}, root=root))
    print(f"{cell}: {counted:,.0f}")
    assert counted <= MARGIN * WARM[cell]


def test_a_handler_in_python(machine):
    running, _ = machine
    counted = total(measure.per_request(running, "Serval", "/bench/hello", 100, idle={}))
    print(f"hello: {counted:,.0f}")
    assert counted <= MARGIN * HELLO


@pytest.fixture(scope="module")
def columns(machine):
    return stages.columns(*machine)


@pytest.fixture(scope="module")
def documented():
    """{stage or event: its figures, one for each column} from the table in docs/benchmarks.md"""
    table = (paths.TOP / "docs" / "benchmarks.md").read_text().split("| stage |")[1].split("\n\n")[0]
    rows = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return {name: [float(cell.replace(",", "")) for cell in cells] for name, _, *cells in rows}


@pytest.mark.parametrize("index, column", list(enumerate(stages.COLUMNS)))
def test_stages(columns, documented, index, column):
    """None costs more than documented.
    One at less than half of it is counted elsewhere, or the table is out of date."""
    counted, times = columns[column]
    limits = {stage: documented[stage][index] for stage in counted}
    print({stage: round(value) for stage, value in counted.items()})
    assert {stage: value for stage, value in counted.items() if value > limits[stage] * MARGIN + OFTEN_NOT.get(stage, SLACK)} == {}
    assert {stage: value for stage, value in counted.items() if value < limits[stage] / 2 - SLACK} == {}
    expected = {event: documented[event][index] for event in times}
    assert times == pytest.approx(expected, rel=0.25, abs=0.9)
    assert sum(counted.values()) <= documented["all"][index] * MARGIN
    assert counted[stages.REST] < sum(counted.values()) / 100
