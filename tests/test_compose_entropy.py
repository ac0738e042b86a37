"""compose/entropy.py, compose/time_of_day.py: who gets what, and each mistake of a description with its message."""

import re

import pytest
from compose.board import Board
from compose.entropy import Entropy
from compose.serial import Serial
from compose.system import System
from serval import paths
from test_compose import compose, device_tree, written  # noqa: F401

PREAMBLE = """\
from compose.entropy import Entropy
from compose.fs import MemFs
from compose.http import Http, Site
from compose.net import Net
from compose.python import Python
from compose.serial import Serial
from compose.time_of_day import TimeOfDay
from compose.timer import Timer
serial, timer = Serial(s), Timer(s)
entropy = Entropy(s, serial)
net = Net(s, entropy=entropy)
def http(**more):
    n = len(s.pds)
    return Http(s, serial, timer, net, mac=f'52:54:01:00:00:{n:02x}', files=MemFs(s, name=f'files{n}'), sites=[Site('/www')], **more)
"""

MISTAKES = {
    "too_many_clients": ("for i in range(17): entropy.client(s.pd(f'c{i}', program='p', priority=20))",
                         "PD 'c16': the entropy service has 16 clients already"),
    "client_above": ("entropy.client(s.pd('c', program='p', priority=200))",
                     "channel 'entropy'-'c': 'c' (priority 200) calls 'entropy' (priority 190), whose priority must be "
                     "higher"),
    "twice_a_client": ("entropy.client(a); entropy.client(a)", "PD 'a': configuration 'entropy_client_config' is given twice"),
    "long_server": ("TimeOfDay(s, server='x' * 64)", f"NTP server '{'x' * 64}' has more than 63 bytes"),
    "port": ("TimeOfDay(s, server='x', port=0)", "NTP server 'x': port 0 is not in 1..65535"),
    "two_find_out": ("t = TimeOfDay(s); http(time=t); http(time=t, name='other', port=81)",
                     "PD 'other': the time of day is found out by PD 'http' already"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(tmp_path, mistake):
    text, message = MISTAKES[mistake]
    done = compose(tmp_path, PREAMBLE + text)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(f"error: {message}"), done.stderr


def test_who_gets_a_seed(tmp_path):
    """Each stack, by its configuration; Python without one by itself; the service knows all of them."""
    done = compose(tmp_path, PREAMBLE + "t = TimeOfDay(s, server='time.example')\n"
                   "Python(s, serial, timer, site=http(time=t), entropy=entropy, time=t)\n"
                   "Python(s, serial, timer, net=net, mac='52:54:01:00:01:12', name='other', entropy=entropy)\n"
                   "Python(s, serial, timer, name='bare')")
    assert done.returncode == 0, done.stderr
    http, python, other, bare, service = (written(tmp_path, f"{name}.config.c")
                                          for name in ("http", "micropython", "other", "bare", "entropy"))
    for text in (http, other):
        assert re.search(r"ip_config = .*\.entropy = &entropy_client_config", text, re.S)
    assert re.search(r"python_config = .*\.entropy = &entropy_client_config", python, re.S) and "ip_config =" not in python
    assert "entropy_client_config" not in bare
    assert ".client_count = 3" in service and ".has_irq = true" in service
    assert '.server = "time.example"' in http and ".time = &ip_time_config" in http
    assert re.search(r"python_config = .*\.time = \(void \*\)0x[1-9a-f]", python, re.S)
    assert re.search(r"python_config = .*\.time = \(void \*\)0x0,.*\.clock = \(void \*\)0x[1-9a-f]", bare, re.S)


def entropy_on(board, dtb, folder):
    system = System("x", Board(board, str(dtb)), str(folder))
    entropy = Entropy(system, Serial(system))
    client = system.pd("client", program="p", priority=20)
    entropy.client(client)
    return entropy.pd, next(value for *_, symbol, value in client.configs if symbol == "entropy_client_config")


def test_a_board_without_a_source(tmp_path):
    """There is no service, and its clients know."""
    board = next(name for name in paths.BOARDS if name.startswith("npcm"))
    dts = paths.TOP / "boards" / board / f"{board}.dts"
    service, client = entropy_on(board, dts, tmp_path)
    assert service is None and client == {"has_service": False, "channel": 0}
