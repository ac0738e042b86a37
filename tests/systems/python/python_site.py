"""The prompt as the application of a front, whose files lie in memory, with sockets of its own beside."""

from compose import System
from compose.fs import MemFs
from compose.http import Http
from compose.net import Net
from compose.python import Python
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()
timer = Timer(s)
serial = Serial(s)
net = Net(s)
files = MemFs(s, directory="examples/python/files", writable="/")
http = Http(s, serial, timer, net, mac="52:54:01:00:00:11", files=files)
Python(s, serial, timer, net=net, mac="52:54:01:00:00:12", files=files, site=http, name="python",
       program="python_prompt", raw_console=True)
s.write()
