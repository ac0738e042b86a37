"""The prompt with the files of an NFS server in the place of those in memory."""

from compose import System
from compose.fs import Nfs
from compose.net import Net
from compose.python import Python
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()
timer = Timer(s)
serial = Serial(s)
net = Net(s)
files = Nfs(s, serial, timer, net, mac="52:54:01:00:00:10", server=s.var("NFS_SERVER"), directory=s.var("NFS_DIRECTORY"),
            nfs_port=s.number("NFS_PORT", 0), mount_port=s.number("MOUNT_PORT", 0), priority=90)
Python(s, serial, timer, net=net, mac="52:54:01:00:00:11", files=files, name="python", program="python_prompt",
       raw_console=True)
s.write()
