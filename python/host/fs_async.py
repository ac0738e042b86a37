"""fs_async.py: Serval's module of that name, for CPython: the files below `root` (serval_host.load() sets it)."""

import asyncio
import errno
import os
from pathlib import Path

root = Path(".")
_MODES = {"r": os.O_RDONLY, "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
          "a": os.O_WRONLY | os.O_CREAT}


def _whole(path):
    """On this machine. `..` does not leave the root, as it does not on the export."""
    names = []
    for name in os.fsdecode(path).split("/"):
        if name == "..":
            names = names[:-1]
        elif name not in ("", "."):
            names.append(name)
    if any("\0" in name for name in names):
        raise ValueError("embedded null")
    return os.path.join(os.fspath(root), *names)


def _tuple(stat):
    return (stat.st_mode & 0o170000, stat.st_ino, 0, stat.st_nlink, stat.st_uid, stat.st_gid, stat.st_size,
            int(stat.st_atime), int(stat.st_mtime), int(stat.st_ctime))


class AsyncFile:
    def __init__(self, fd, appends):
        self._fd, self._appends, self._at = fd, appends, 0
        self._stat = _tuple(os.fstat(fd))

    def _open(self):
        if self._fd is None:
            raise OSError(errno.EBADF, "EBADF")
        return self._fd

    def stat(self):
        return self._stat

    async def _read(self, n, at):
        await asyncio.sleep(0)
        data, fd = b"", self._open()
        n = os.fstat(fd).st_size if n < 0 else n
        while len(data) < n and (part := os.pread(fd, n - len(data), at + len(data))):
            data += part
        return data

    async def read(self, n=-1):
        data = await self._read(n, self._at)
        self._at += len(data)
        return data

    async def pread(self, n, offset):
        return await self._read(n, offset)

    async def readinto(self, buffer, offset=None):
        data = await self._read(len(buffer), self._at if offset is None else offset)
        buffer[:len(data)] = data
        if offset is None:
            self._at += len(data)
        return len(data)

    async def pwrite(self, data, offset):
        await asyncio.sleep(0)
        data, done = bytes(memoryview(data)), 0
        while done < len(data):
            done += os.pwrite(self._open(), data[done:], offset + done)
        return done

    async def write(self, data):
        if self._appends:
            self._at = os.fstat(self._open()).st_size
        done = await self.pwrite(data.encode() if isinstance(data, str) else data, self._at)
        self._at += done
        return done

    async def close(self):
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __del__(self):
        if self._fd is not None:
            os.close(self._fd)


async def open(path, mode="r"):
    await asyncio.sleep(0)
    if set(mode) - set("rwxab+") or sum(c in "rwxa" for c in mode) > 1:
        raise ValueError("invalid mode")
    flags = _MODES[next((c for c in mode if c in _MODES), "r")]
    if "+" in mode:
        flags = flags & ~(os.O_RDONLY | os.O_WRONLY) | os.O_RDWR
    whole = _whole(path)
    if os.path.isdir(whole):
        raise OSError(errno.EISDIR, "EISDIR")
    return AsyncFile(os.open(whole, flags, 0o666), "a" in mode)


async def stat(path):
    await asyncio.sleep(0)
    return _tuple(os.stat(_whole(path)))


async def version(path):
    await asyncio.sleep(0)
    known = os.stat(_whole(path))
    return known.st_ino, known.st_size, known.st_mtime_ns, known.st_ctime_ns


async def listdir(path):
    await asyncio.sleep(0)
    whole = _whole(path)
    return os.listdir(os.fsencode(whole) if isinstance(path, bytes) else whole)


class AsyncListing:
    def __init__(self, path):
        self._path, self._entries = path, None

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        if self._entries is None:
            self._entries = iter(sorted(os.scandir(_whole(self._path)), key=lambda entry: entry.name))
        for entry in self._entries:
            return entry.name, entry.stat(follow_symlinks=False).st_mode & 0o170000, 0
        raise StopAsyncIteration

    def close(self):
        self._entries = iter(())


def ilistdir(path):
    return AsyncListing(path)


async def mkdir(path):
    await asyncio.sleep(0)
    os.mkdir(_whole(path))


async def rmdir(path):
    await asyncio.sleep(0)
    os.rmdir(_whole(path))


async def remove(path):
    await asyncio.sleep(0)
    os.remove(_whole(path))


async def rename(path, other):
    await asyncio.sleep(0)
    os.replace(_whole(path), _whole(other))
