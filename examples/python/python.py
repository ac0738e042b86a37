"""The interactive prompt: MicroPython on the serial line, with the network and a small file system in memory."""

from compose import System
from compose.entropy import Entropy
from compose.fs import MemFs
from compose.net import Net
from compose.python import Python
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()
timer = Timer(s)
serial = Serial(s)
net = Net(s, entropy=Entropy(s, serial))
files = MemFs(s, directory="examples/python/files", writable="/")
Python(s, serial, timer, net=net, mac="52:54:01:00:00:11", files=files, name="python", program="python_prompt",
       raw_console=True)
s.write()
