"""fileio.py: the conformance program against a file server:
fileio_mem against files in the image, fileio_nfs against NFS.

The systems differ in one line, and in what that server stands on.
"""

from compose import System
from compose.fs import MemFs, Nfs
from compose.net import Net
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()
serial = Serial(s)

# The server above its client: it answers a batch of requests before the client looks.
if s.name == "fileio_mem":
    files = MemFs(s, directory="examples/fileio/files", writable="/tmp", priority=90)
    work_on = {"conformance": True, "directory": "/tmp"}
else:
    timer = Timer(s)
    files = Nfs(s, serial, timer, Net(s), mac="52:54:01:00:00:10",
                server=s.var("NFS_SERVER"), directory=s.var("NFS_DIRECTORY"),
                nfs_port=s.number("NFS_PORT", 0), mount_port=s.number("MOUNT_PORT", 0), priority=90)
    work_on = {"conformance": s.var("CONFORMANCE") == "yes", "directory": "/",
               "large_file": s.var("LARGE_FILE", ""), "passes": s.number("PASSES")}

fileio = s.pd("fileio", program="fileio", priority=80)
serial.client(fileio)
files.client(fileio)
fileio.config("examples/fileio/config.h", "struct fileio_config", "fileio_config", work_on)

s.write()
