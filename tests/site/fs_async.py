"""fs_async on the host's files, for tests of the site rules without a guest. FS_ROOT in the environment is the mount.

Runs on CPython and on MicroPython's unix port.
"""

import errno
import os

_open = open
root = os.getenv("FS_ROOT")


class File:
    def __init__(self, name):
        self.attributes = os.stat(name)
        if self.attributes[0] & 0o170000 == 0o040000:
            raise OSError(errno.EISDIR, name)
        self.file = _open(name, "rb")

    def stat(self):
        return self.attributes

    async def read(self, n):
        return self.file.read(n)

    async def pread(self, n, offset):
        self.file.seek(offset)
        return self.file.read(n)

    async def readinto(self, buffer, offset):
        self.file.seek(offset)
        return self.file.readinto(buffer)

    async def close(self):
        self.file.close()


async def open(path):
    return File(root + path)


async def stat(path):
    return os.stat(root + path)
