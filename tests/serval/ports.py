"""Ports of this machine for what a test starts and cannot ask afterwards which port it took."""

import random
import socket
from pathlib import Path

from . import beside

_given = set()
_given_back = []


def free_port():
    """Nobody listens there now, nor will by chance: it is none of those that the system gives to who asks for any, and
    none that was given here before, or is another's to give."""
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    choice = [port for port in range(10000, 65536) if port % beside.COUNT == beside.NUMBER
              and not first <= port <= last and port not in _given]
    for port in random.sample(choice, len(choice)):
        with socket.socket() as sock:
            try:
                sock.bind(("", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise AssertionError("no port is free")


def borrow(count):
    """So many ports: those that were given back first, or new ones."""
    for ports in _given_back:
        if len(ports) == count:
            _given_back.remove(ports)
            return ports
    return [free_port() for _ in range(count)]


def give_back(ports):
    """Nobody has them any more; who borrows as many has the same."""
    _given_back.append(ports)
    _given_back.sort()
