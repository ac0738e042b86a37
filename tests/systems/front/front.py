"""The native front on files from NFS, with an application in C."""

from compose import System
from compose.fs import Nfs
from compose.http import Http, Site
from compose.net import Net
from compose.serial import Serial
from compose.timer import Timer

FRESH_MS = 3000

s = System.from_args()
timer = Timer(s)
serial = Serial(s)
net = Net(s)
nfs = Nfs(s, serial, timer, net, mac="52:54:01:00:00:10", server=s.var("NFS_SERVER"), directory=s.var("NFS_DIRECTORY"),
          nfs_port=s.number("NFS_PORT", 0), mount_port=s.number("MOUNT_PORT", 0),
          cache=s.number("FRONT_CACHE_KIB") << 10)
front = Http(s, serial, timer, net, mac="52:54:01:00:00:11", files=nfs, sites=[Site("/")], fresh_ms=FRESH_MS)
app = s.pd("app", program="front_app", priority=50)
timer.client(app)
front.application(app)
s.write()
