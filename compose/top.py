"""compose/top.py: where this tree lies: descriptions may be run from anywhere."""

import os

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
