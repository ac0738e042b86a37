"""tests/fuzz/compose_tree.py: device trees of any bytes, read by compose/ for a board: its description for the image
tool, and all its devices.

Checked: a tree that cannot be is one ComposeError, in one line of text; else the facts are numbers that an address can
be.

Input: the tree.
"""

import re
import sys
import tempfile

sys.path.insert(0, ".")

from compose.board import Board  # noqa: E402
from compose.errors import ComposeError  # noqa: E402
from tests.fuzz import pyfuzz  # noqa: E402

BOARD = "qemu_virt_aarch64"
ADDRESS_MAX = 2 ** 64
FACT = re.compile(r"(ram|load|uart|gicd|gicc|irqs)( (0x[0-9a-f]+|[0-9]+))+")


def check_conf(board):
    facts = {}
    for line in board.conf().splitlines()[1:]:
        assert FACT.fullmatch(line), line
        name, *numbers = line.split()
        facts[name] = [int(number, 0) for number in numbers]
    assert all(sum(numbers) <= ADDRESS_MAX for numbers in facts.values()), facts


def check_device(board, name):
    device = board.device(name)
    assert device.base is None or 0 <= device.base + device.size <= ADDRESS_MAX
    assert device.irq is None or device.trigger in ("edge", "level")


def attempt(check, *arguments):
    """What it returns, or None: refused in one line."""
    try:
        return check(*arguments)
    except ComposeError as error:
        assert str(error).isprintable(), repr(error)
        return None


def run(data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        board = attempt(Board, BOARD, file.name)
    if board:
        attempt(check_conf, board)
        for name in board.facts.DEVICES:
            attempt(check_device, board, name)


if __name__ == "__main__":
    pyfuzz.main(run, ["compose"])
