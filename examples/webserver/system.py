"""system.py: the web server's protection domains, and who of them talks to whom.

Priorities, from above:
  200  timer driver: short and rare; clients call it, and a deadline must not wait for anybody's work
  120  serial driver, 110 its virtualisers: a few characters at a time
  112  network driver, 111 transmit, 110 receive virtualiser: a batch is complete before a client runs, and answers leave
       before more questions come in; what they do per frame is bounded
   90  nfs: micropython waits for it
   50  micropython: the only one that computes at length, so nothing waits for it
"""

import re

from compose import ComposeError, System
from compose.fs import Nfs
from compose.net import Net
from compose.python import Python
from compose.serial import Serial
from compose.timer import Timer

NFS_MAC = "52:54:01:00:00:10"
PYTHON_MAC = "52:54:01:00:00:11"


def port(name):
    """A port number from a variable, 0 where it is not set."""
    text = s.var(name, "0")
    if not (text.isascii() and text.isdecimal()) or int(text) > 65535:
        raise ComposeError(f"{name}='{text}' is no port: a number from 1 to 65535")
    return int(text)


def mount():
    """Server, directory and ports, checked."""
    server, directory = s.var("NFS_SERVER", example="10.0.2.2"), s.var("NFS_DIRECTORY", example="/srv/site")
    if re.match(r"localhost$|127\.", server):
        raise ComposeError(f"NFS_SERVER='{server}' is the guest itself; the machine that runs QEMU is 10.0.2.2")
    if not re.fullmatch(r"[A-Za-z0-9.:-]{1,127}", server):
        raise ComposeError(f"NFS_SERVER='{server}' is neither an address nor a name")
    if not directory.startswith("/"):
        raise ComposeError(f"NFS_DIRECTORY='{directory}' is not absolute: it begins with '/', as the server exports it")
    nfs_port, mount_port = port("NFS_PORT"), port("MOUNT_PORT")
    if bool(nfs_port) != bool(mount_port):
        raise ComposeError("NFS_PORT and MOUNT_PORT go together: both, or neither (then the server's portmapper is asked)")
    return {"server": server, "directory": directory, "nfs_port": nfs_port, "mount_port": mount_port}


def website():
    """The site's folder below the mount, as the program takes it."""
    folder = s.var("WEBSITE_DIR", ".")
    if ".." in folder.split("/"):
        raise ComposeError(f"WEBSITE_DIR='{folder}' leaves NFS_DIRECTORY")
    return folder


s = System.from_args()
timer = Timer(s)
serial = Serial(s)
net = Net(s)
nfs = Nfs(s, serial, timer, net, mac=NFS_MAC, priority=90, **mount())
Python(s, serial, timer, net=net, mac=PYTHON_MAC, files=nfs, name="micropython", program="python_webserver", priority=50,
       app="webserver", arguments=[website()])
s.write()
