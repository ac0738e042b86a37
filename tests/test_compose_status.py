"""compose/status.py and compose/counters.py: each mistake has its message; who counts has a page where there is a status port,
and nothing where there is none."""

import json
import re
import sys

import pytest
from serval import paths
from test_compose import compose, device_tree, written  # noqa: F401

sys.path.insert(0, str(paths.TOP))

from compose import counters  # noqa: E402
from compose.errors import ComposeError  # noqa: E402

PREAMBLE = """\
from compose.fs import MemFs, Nfs
from compose.http import Http, Site
from compose.net import Net
from compose.python import Python
from compose.serial import Serial
from compose.status import Status
from compose.supervisor import Rule, Supervisor
from compose.timer import Timer
serial, timer, net = Serial(s), Timer(s), Net(s)
nfs = Nfs(s, serial, timer, net, mac='52:54:01:00:00:10', server='10.0.2.2', directory='/srv')
http = Http(s, serial, timer, net, mac='52:54:01:00:00:11', files=nfs, sites=[Site('/www')])
Python(s, serial, timer, net=net, mac='52:54:01:00:00:12', site=http)
def status(port=9100):
    return Status(s, http, Supervisor(s, serial, {pd.name: Rule(group=[other.name for other in pd.restarts_with]) for pd in s.pds}), port=port)
"""
COUNTING = {"eth_driver": "net_driver", "net_virt_tx": "net_virt_tx", "net_virt_rx": "net_virt_rx", "timer_driver": "timer",
            "nfs": "nfs", "micropython": "python"}

MISTAKES = {
    "port": ("status(65536)", "PD 'http': status port 65536 is not in 1..65535"),
    "port_of_the_site": ("status(80)", "PD 'http': status port 80 is one of the site's"),
    "parts": ("for i in range(21): s.pd(f'p{i}', program='p', priority=1)\nstatus()",
              "PD 'http': 33 parts are more than a status port can tell of: 32"),
    "counters": ("a.counters = type('', (), {'name': 'x', 'rows': timer.driver.counters.rows * 30, "
                 "'header': 'lib/counters.h', 'read_by': lambda self, pd: 0x1000})()\nstatus()",
                 "PD 'http': \\d+ counters are more than a status port can tell of: 128"),
    "words": ("a.counters = type('', (), {'name': 'x' * 3000, 'rows': timer.driver.counters.rows, "
              "'header': 'lib/counters.h', 'read_by': lambda self, pd: 0x1000})()\nstatus()",
              "PD 'http': what all parts count takes \\d+ bytes of a status port's answer; at most 16384"),
    "no_table": ("from compose.counters import Counters\nCounters(a, 'net/counters.h', 'net_other')",
                 "net/counters.h: there is no table NET_OTHER_COUNTERS"),
}

ROWS = {
    ("ONE(a, COUNTER, \"text\"",): "'ONE(a, COUNTER, \"text\"' is no row of a table of counters",
    ("ONE(a, NUMBER, \"text\")",): "'ONE(a, NUMBER, \"text\")' is no row of a table of counters",
    ("ONE(a, COUNTER, \"\")",): "'ONE(a, COUNTER, \"\")': the first of a family has the help, no other one",
    ("OF(a, b, COUNTER, \"text\")", "OF(a, c, COUNTER, \"text\")"):
        "'OF(a, c, COUNTER, \"text\")': the first of a family has the help, no other one",
    ("OF(a, b, COUNTER, \"text\")", "OF(a, c, GAUGE, \"\")"): "'OF(a, c, GAUGE, \"\")': a family is of one kind",
    ("OF(a, b, COUNTER, \"text\")", "ONE(x, GAUGE, \"text\")", "OF(a, c, COUNTER, \"text\")"):
        "'OF(a, c, COUNTER, \"text\")': those of a family stand together",
    ("ONE(a, COUNTER, \"text\")", "ONE(a, COUNTER, \"text\")"):
        "'ONE(a, COUNTER, \"text\")': those of a family stand together",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(tmp_path, mistake):
    text, message = MISTAKES[mistake]
    done = compose(tmp_path, PREAMBLE + text)
    assert done.returncode == 1
    assert re.search(f"error: {message}$", done.stderr.strip())
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("rows", ROWS, ids=range(len(ROWS)))
def test_a_row_that_is_none(rows):
    with pytest.raises(ComposeError) as mistake:
        counters.checked("x.h", list(rows))
    assert str(mistake.value) == f"x.h: {ROWS[rows]}"


def test_who_counts_has_a_page_that_the_front_can_only_read(tmp_path):
    done = compose(tmp_path, PREAMBLE + "status()")
    assert done.returncode == 0, done.stderr
    system = written(tmp_path, "sys.system")
    rights = {(name, pd): right for pd, text in re.findall(r'<protection_domain name="(\w+)"(.*?)(?=<protection_domain|\Z)', system, re.S)
              for name, right in re.findall(r'<map mr="counters_(\w+)" [^>]*perms="(\w+)"', text)}
    assert rights == {(name, pd): right for name in COUNTING for pd, right in ((name, "rw"), ("http", "r"))}
    front = written(tmp_path, "http.config.c")
    for name, table in COUNTING.items():
        assert re.search(r"\.page = \(void \*\)0x[0-9a-f]+", written(tmp_path, f"{name}.config.c"))
        assert re.search(rf'\.name = "{name}",\s+\.child = \d+,\s+\.page = \(void \*\)0x', front), name
        assert f'.family = "{table}_' in front
    text = re.search(r'\.system = "(.*)",', front)[1].encode().decode("unicode_escape")
    parts = {part["name"]: part.get("counts") for part in json.loads(text)["parts"]}
    assert {name: table for name, table in parts.items() if table} == COUNTING


def test_without_a_status_port_nobody_has_one(tmp_path):
    done = compose(tmp_path, PREAMBLE)
    assert done.returncode == 0, done.stderr
    assert "counters" not in written(tmp_path, "sys.system")
    for name in COUNTING:
        assert re.search(r"counters_config = \{\s*\.page = \(void \*\)0(x0)?,", written(tmp_path, f"{name}.config.c")), name
    assert "status_config" not in written(tmp_path, "http.config.c")
