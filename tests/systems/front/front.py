"""The native front alone, on files from NFS."""

from compose import System
from compose.fs import Nfs
from compose.http import Site, front
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
pd = s.pd("front", program="front", priority=50, stack=0x1_0000)
serial.client(pd)
files = nfs.client(pd)
net.ip(pd, "52:54:01:00:00:11", timer, hostname="front", wait_for_start=True, rx_buffers=1024,
       tx_regions=[(files.share, files.share_at)])
front(pd, nfs, [Site("/")], port=80, fresh_ms=FRESH_MS)
s.write()
