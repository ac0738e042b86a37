"""fs_clients.py: two honest clients of one file server beside a hostile one: fs_clients_mem on files in the image,
fs_clients_nfs on NFS."""

from compose import System
from compose.fs import MemFs, Nfs
from compose.net import Net
from compose.serial import Serial
from compose.timer import Timer

s = System.from_args()
serial, timer = Serial(s), Timer(s)
if s.name == "fs_clients_mem":
    files, directory = MemFs(s, writable="/tmp"), "/tmp"
else:
    files, directory = Nfs(s, serial, timer, Net(s), mac="52:54:01:00:00:10", server=s.var("NFS_SERVER"),
                           directory=s.var("NFS_DIRECTORY"), nfs_port=s.number("NFS_PORT", 0),
                           mount_port=s.number("MOUNT_PORT", 0)), "/"

for name, other, program in (("one", "two", "fs_tenant"), ("two", "one", "fs_tenant"), ("hostile", "", "fs_hostile")):
    pd = s.pd(name, program=program, priority=80)
    serial.client(pd)
    files.client(pd)
    pd.config("tests/systems/fs/config.h", "struct fs_tenant_config", "fs_tenant_config",
              {"name": name, "other": other, "directory": directory, "passes": 20 if directory == "/tmp" else 2})
    if program == "fs_hostile":
        timer.client(pd)
s.write()
