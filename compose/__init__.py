"""compose: one description of a system, in Python, becomes the SDK's .system file and each PD's configuration in C.

    from compose import System
    s = System.from_args()
    a = s.pd("a", program="a", priority=100)
    b = s.pd("b", program="b", priority=101)
    to_b, to_a = s.channel(a, b)
    a.config("hello/config.h", "struct a_config", "a_config", {"peer": to_b})
    s.write()

Everything is checked here that can be: a mistake ends with one line that names the description's file and line.
compose/README.md has the whole interface.
"""

from .board import Board
from .c import Expr, Ptr
from .errors import ComposeError
from .system import System

__all__ = ["Board", "ComposeError", "Expr", "Ptr", "System"]
