"""app_liar.py: the web server's front on files in the image (WEBSITE_FILES), and an application that lies."""

from compose import System
from compose.fs import MemFs
from compose.http import Http, Site
from compose.net import Net
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()
timer, serial, net = Timer(s), Serial(s), Net(s)
files = MemFs(s, directory=s.var("WEBSITE_FILES", "") or "examples/webserver/site")
http = Http(s, serial, timer, net, mac="52:54:01:00:00:11", files=files, sites=[Site("/")],
            wait_s=60)     # while the words about folders are read a file waits: longer on a busy machine
liar = s.pd("liar", program="app_liar", priority=50)
serial.client(liar)
timer.client(liar)
http.application(liar)
s.write()
