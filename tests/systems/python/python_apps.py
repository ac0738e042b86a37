"""Two interpreters: one runs a frozen program that crashes, the other a program from files."""

from compose import System
from compose.fs import MemFs
from compose.net import Net
from compose.python import Python
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()
timer = Timer(s)
serial = Serial(s)
net = Net(s)
files = MemFs(s, directory="tests/systems/python/files", writable=None)
Python(s, serial, timer, net=net, mac="52:54:01:00:00:11", name="frozen", program="python_crash", app="crash",
       arguments=["one", "two words"])
Python(s, serial, timer, files=files, name="filed", program="python_prompt", app="worker")
s.write()
