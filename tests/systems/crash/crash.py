"""crash.py: one program in many protection domains, each of which dies in its own way (crasher.c)."""

from compose import System

s = System.from_args()
for at, name in enumerate(("wild", "store", "leaf", "jump", "assertion", "worker", "deep")):
    s.pd(name, program="crasher", priority=100 - at)
s.write()
