"""python3 -m compose BOARD TREE.dtb: prints board.conf, what the SDK's image tool needs to know about the machine."""

import sys

from .board import Board
from .errors import report

sys.excepthook = report
if len(sys.argv) != 3:
    sys.exit("usage: python3 -m compose BOARD TREE.dtb")
sys.stdout.write(Board(sys.argv[1], sys.argv[2]).conf())
