"""system.py: the web server's protection domains, and who of them talks to whom.

Priorities, from above:
  200  timer driver: short and rare; clients call it, and a deadline must not wait for anybody's work
  120  serial driver, 110 its virtualisers: a few characters at a time
  112  network driver, 111 transmit, 110 receive virtualiser: a batch is complete before a client runs, and answers
       leave before more questions come in; what they do per frame is bounded
   90  nfs: micropython waits for it
   50  micropython: the only one that computes at length, so nothing waits for it
"""

import ipaddress
import re

from compose import ComposeError, System
from compose.fs import Nfs
from compose.net import Net
from compose.python import FRESH_MS, Python
from compose.serial import Serial
from compose.timer import Timer

NFS_MAC = "52:54:01:00:00:10"
PYTHON_MAC = "52:54:01:00:00:11"
CACHE_BYTES = 32 << 20  # for files: in memory that the network device reads, and the index of that
HEAP_BYTES = 5 << 18    # of Python: webserver.py keeps 60 KiB, the rest is for 64 requests with bodies of 16 KiB
                        # and app.py


def number(name, default, most, kind):
    """A number from a variable."""
    text = s.var(name, default)
    if not (text.isascii() and text.isdecimal()) or int(text) > most:
        raise ComposeError(f"{name}='{text}' is no {kind}")
    return int(text)


def port(name):
    """A port number from a variable, 0 where it is not set."""
    return number(name, "0", 65535, "port: a number from 1 to 65535")


def identity(name):
    """A user's or group's number, as whom the NFS server is asked. Exports take 0 for nobody unless they say
    no_root_squash."""
    return number(name, "0", 0xFFFF_FFFE, "number of a user or group: 0 to 4294967294")


def check_server(server):
    if re.match(r"localhost$|127\.", server):
        raise ComposeError(f"NFS_SERVER='{server}' is the guest itself; the machine that runs QEMU is 10.0.2.2")
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,127}", server):
        raise ComposeError(f"NFS_SERVER='{server}' is neither an address nor a name")
    if re.fullmatch(r"[0-9.]+", server):
        try:
            ipaddress.IPv4Address(server)
        except ValueError:
            raise ComposeError(f"NFS_SERVER='{server}' is no IPv4 address: four numbers from 0 to 255") from None


def mount():
    """Server, directory, ports, and as whom, checked."""
    server, directory = s.var("NFS_SERVER", example="10.0.2.2"), s.var("NFS_DIRECTORY", example="/srv/site")
    check_server(server)
    if not directory.startswith("/"):
        raise ComposeError(f"NFS_DIRECTORY='{directory}' is not absolute: it begins with '/', as the server exports it")
    nfs_port, mount_port = port("NFS_PORT"), port("MOUNT_PORT")
    if bool(nfs_port) != bool(mount_port):
        raise ComposeError("NFS_PORT and MOUNT_PORT go together: both, or neither "
                           "(then the server's portmapper is asked)")
    return {"server": server, "directory": directory, "nfs_port": nfs_port, "mount_port": mount_port,
            "uid": identity("NFS_UID"), "gid": identity("NFS_GID")}


def fresh_ms():
    """How long what the NFS server said of a file holds."""
    return number("WEBSITE_FRESH_MS", str(FRESH_MS), 3_600_000, "time: milliseconds from 0 to 3600000")


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
nfs = Nfs(s, serial, timer, net, mac=NFS_MAC, priority=90, cache=CACHE_BYTES, **mount())
Python(s, serial, timer, net=net, mac=PYTHON_MAC, files=nfs, name="micropython", program="python_webserver",
       priority=50, app="webserver", heap=HEAP_BYTES, arguments=[website()], fresh_ms=fresh_ms())
s.write()
