"""compose/net.py: each mistake has its message."""

import re

import pytest
from test_compose import compose, device_tree, written  # noqa: F401

PREAMBLE = "from compose.net import Net\nfrom compose.timer import Timer\ntimer, net = Timer(s), Net(s)\n"

MISTAKES = {
    "mac_shape": ("net.client(a, '52:54:01')", "'52:54:01' is no MAC address; one looks like 52:54:01:00:00:10"),
    "mac_group": ("net.client(a, '53:54:01:00:00:10')",
                  "MAC address 53:54:01:00:00:10 is a group address; the first byte of one station's is even"),
    "mac_twice": ("b = s.pd('b', program='p', priority=1)\nnet.client(b, '52:54:01:00:00:AA')\n"
                  "net.client(a, '52:54:01:00:00:aa')",
                  "MAC address 52:54:01:00:00:aa of PD 'a' is that of PD 'b' already"),
    "too_many_clients": ("for i in range(9): net.client(s.pd(f'c{i}', program='p', priority=1), "
                         "f'52:54:01:00:00:0{i}')",
                         "PD 'c8' is one network client too many: 8 is all there can be"),
    "too_many_regions": ("r = s.region('r', 1, dma=True)\nnet.client(a, '52:54:01:00:00:10', tx_regions=[(r, 0)] * 4)",
                         "PD 'a': 4 transmit regions; at most 3 beside the slots"),
    "region_without_address": ("r = s.region('r', 1)\nnet.client(a, '52:54:01:00:00:10', tx_regions=[(r, a.map(r))])",
                               "PD 'a': transmit region 'r' has no fixed address; give it dma=True"),
    "hostname_long": (f"net.ip(a, '52:54:01:00:00:10', timer, hostname='{'x' * 32}')",
                      f"PD 'a': hostname '{'x' * 32}' has more than 31 bytes"),
    "memory_small": ("net.ip(a, '52:54:01:00:00:10', timer, memory=0x1000)",
                     "PD 'a': 0x1000 bytes of packet memory; a stack needs 0x28000"),
    "memory_small_for_frames": ("net.ip(a, '52:54:01:00:00:10', timer, memory=0x1000, large_datagrams=False)",
                                "PD 'a': 0x1000 bytes of packet memory; a stack needs 0x17e00"),
    "slots_few": ("net.client(a, '52:54:01:00:00:10', tx_slots=32)",
                  "PD 'a': 32 transmit slots; 33 to 256 there must be"),
    "buffers_many": ("net.client(a, '52:54:01:00:00:10', rx_buffers=1025)",
                     "PD 'a': 1025 receive buffers and 0 small ones; 1 to 1024 there must be"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(tmp_path, mistake):
    text, message = MISTAKES[mistake]
    done = compose(tmp_path, PREAMBLE + text)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(f"error: {message}")
    assert len(done.stderr.strip().splitlines()) == 1


def test_configurations(tmp_path):
    done = compose(tmp_path, PREAMBLE + "r = s.region('r', 0x10000, dma=True)\n"
                   "net.ip(a, '52:54:01:00:00:10', timer, tx_regions=[(r, a.map(r, 'r'))], wait_for_start=True)")
    assert done.returncode == 0, done.stderr
    client, virt_tx = written(tmp_path, "a.config.c"), written(tmp_path, "net_virt_tx.config.c")
    assert ".wait_for_start = true" in client and '.hostname = "a"' in client and ".region_count = 2" in client
    assert ".client_count = 1" in virt_tx
    # the second region is not mapped in the virtualiser, and both name the same bus address
    bus = re.findall(r"\.bus = (0x[0-9a-f]+)", client)
    assert re.search(r"\.base = \(void \*\)0x0,\s*\.size = 0x10000,\s*\.bus = " + bus[-1], virt_tx)
