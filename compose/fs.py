"""compose/fs.py: a file service: one server and its clients; for each two rings and a share, which the two map and
nobody else.

    nfs = Nfs(s, serial, timer, net, mac="52:54:01:00:00:10", server="10.0.2.2", directory="/srv/site",
              nfs_port=0, mount_port=0)
    mem = MemFs(s, directory="examples/webserver/site", writable="/tmp")
    files = nfs.client(pd)      # pd's priority must not be above the server's if its requests shall be answered soon
    files.share, files.share_at # the region, its address in pd: it may be a transmit region of the network, too
    nfs.client(other, cache=32 << 20)           # it keeps so many bytes of files and their index (http/cache/cache.h)
    nfs.client(third, blocks=8, jobs=4, files=16)       # smaller

A client more is a line more. What each may have at a time is divided evenly where the description does not say: of the
jobs one half, the other half is for all in turn; of the open files all.

A file's bytes enter the image by the assembler (.incbin), through a header that is written beside the system's other
files.
"""

import hashlib
import os

from . import output
from .c import Expr, Ptr, string
from .counters import Counters
from .errors import ComposeError
from .ring import Ring

HEADER = "fs/config.h"
MESSAGE_BYTES = 64      # struct fs_command, struct fs_completion
CAPACITY = 128          # FS_QUEUE_CAPACITY
BLOCK = 64 << 10        # FS_CLIENT_BLOCK_SIZE
BLOCKS_MAX = 1024       # of the client's, in fs/client.c
SHARE_BYTES = CAPACITY * BLOCK  # a block for each command that can be under way
BLOCKS_BESIDE_CACHE = 1         # the cache's own, for paths
INDEX_UNIT = 5664       # CACHE_INDEX_UNIT
PATH_MAX, NAME_MAX = 1024, 255
DIRECTORY_MAX = 511
CLIENTS_MAX = 4         # FS_CLIENTS_MAX
JOBS = 32               # FS_JOBS_MAX
FILES = 256             # FS_FILES_MAX
WAITING_BYTES = 9216    # FS_WAITING_BYTES
HEAP = 144 << 10        # of the NFS component: libnfs has 1.6 KiB for a call under way, and one reply at a time
WRITE_HEAP = 36 << 10   # more for each write under way: its bytes
STACK = 0x4000
# One connection, which asks in small pieces and gets an answer or two at a time in large ones.
IP = {"connections": 8, "segments": 256, "memory": 0x1_c000, "large_datagrams": False, "rx_buffers": 128,
      "tx_slots": 48}


def share_and_index_bytes(name, cache, blocks, block, beside=0):
    """Of a client with a cache of so many bytes, or so many blocks of so many bytes and no cache. A cache's bytes are all that files
    take: the share, nearly all of it for what files hold, and an index of that, which only the client has; `beside` bytes
    of it are for what else the client knows of files."""
    if cache == 0:
        if not 1 <= blocks <= BLOCKS_MAX:
            raise ComposeError(f"PD '{name}': {blocks} blocks of a file share; 1 to {BLOCKS_MAX} there can be")
        return blocks * block, 0
    if not 16 * BLOCK <= cache <= BLOCKS_MAX * BLOCK:
        raise ComposeError(f"PD '{name}': a cache of {cache:#x} bytes; there can be 0, or {16 * BLOCK:#x} to "
                           f"{BLOCKS_MAX * BLOCK:#x}")
    share = BLOCKS_BESIDE_CACHE * BLOCK
    share += (cache - beside - share) // (BLOCK + INDEX_UNIT) * BLOCK
    return share, cache - share


class Late(dict):
    """A configuration that is known when all clients are: `fields()` is asked when it is written."""

    def __init__(self, fields):
        super().__init__()
        self.fields = fields

    def items(self):
        return self.fields().items()


class Client:
    """What one PD has of a file service."""

    def __init__(self, service, pd, cache, blocks, block, caches, beside, jobs, files, changes):
        system, server = service.system, service.pd
        share, index = share_and_index_bytes(pd.name, cache, blocks, block, beside)
        self.pd, self.jobs, self.files = pd, jobs, files
        self.writes = min(JOBS, BLOCKS_BESIDE_CACHE if cache else blocks) if changes else 0
        self.waits = caches
        self.commands = Ring(system, f"fs_commands_{server.name}_{pd.name}", CAPACITY, MESSAGE_BYTES)
        self.completions = Ring(system, f"fs_completions_{server.name}_{pd.name}", CAPACITY, MESSAGE_BYTES)
        self.share = system.region(f"fs_share_{server.name}_{pd.name}", share, dma=True)
        waiting = system.region(f"fs_waiting_{server.name}_{pd.name}", WAITING_BYTES)
        at_server, at_client = system.channel(server, pd)
        self.at_server = {"channel": at_server, **self._end(server),
                          "waiting": {"base": Ptr(server.map(waiting, "rw")), "size": waiting.size},
                          "writes": self.writes, "waits": self.waits}
        end = self._end(pd)
        self.share_at = int(end["share"]["base"])
        pd.config(HEADER, "struct fs_client_config", "fs_client_config",
                  {"server": at_client, "number": len(service.clients), **end, "block": BLOCK if cache else block,
                   "index": self._index(index, caches, beside)})

    def _index(self, size, caches, beside):
        size = size or (self.share.size // BLOCK * INDEX_UNIT + beside if caches else 0)
        if not size:
            return {"base": Ptr(0), "size": 0}
        region = self.pd.system.region(f"fs_index_{self.pd.name}", size)
        return {"base": Ptr(self.pd.map(region, "rw")), "size": region.size}

    def _end(self, pd):
        return {
            "commands": self.commands.end(pd),
            "completions": self.completions.end(pd),
            "share": {"base": Ptr(pd.map(self.share, "rw")), "size": self.share.size, "bus": self.share.phys},
        }


class FileService:
    """What every server's class is. cache: of the client that is named first, where client() does not say."""

    def __init__(self, system, pd, cache=0):
        self.system, self.pd, self.cache, self.clients = system, pd, cache, []

    def client(self, pd, caches=False, cache=None, beside=0, blocks=CAPACITY, block=BLOCK, jobs=None, files=None,
               changes=True):
        """Makes pd a client. cache: bytes of files that it keeps, index and all; blocks: of its share where it keeps
        none; caches: it keeps what it has read there, also where nobody has said how much, and has something to do
        meanwhile: its commands wait for files that are out of reach; beside: bytes of the index that are not the
        cache's (http/cache/cache.h) but the client's own. block: bytes of each where it keeps none; jobs:
        places kept for it; files: that it may have open; changes: it may write, and the like: else it is refused."""
        if any(c.pd is pd for c in self.clients):
            raise ComposeError(f"PD '{pd.name}' is a client of '{self.pd.name}' already")
        if len(self.clients) == CLIENTS_MAX:
            raise ComposeError(f"PD '{pd.name}' is one client of '{self.pd.name}' too many: "
                               f"{CLIENTS_MAX} is all there can be")
        self._check_parts(pd, "jobs", jobs, JOBS)
        self._check_parts(pd, "files", files, FILES)
        if cache is None:
            cache = 0 if self.clients else self.cache
        if not self.clients:
            self.pd.config(HEADER, "struct fs_server_config", "fs_server_config", Late(self._config))
        self.clients.append(Client(self, pd, cache, blocks, block, caches, beside, jobs, files, changes))
        self.changed()
        return self.clients[-1]

    def changed(self):
        """There is a client more."""

    @property
    def share(self):
        """Of the client that was named first."""
        return self.clients[0].share

    @property
    def share_at(self):
        return self.clients[0].share_at

    def _check_parts(self, pd, what, count, total):
        """So many for pd, and at least one for each client of which nobody has said how many."""
        others = sum(getattr(c, what) or 1 for c in self.clients)
        wanted, most = 1 if count is None else count, total - others
        if most < 1:
            raise ComposeError(f"PD '{pd.name}': {wanted} {what} of '{self.pd.name}', whose {total} are the other "
                               "clients'")
        if not 1 <= wanted <= most:
            raise ComposeError(f"PD '{pd.name}': {wanted} {what} of '{self.pd.name}'; of {total} in all, {others} are "
                               f"the other clients', so 1 to {most} there can be")

    def _part(self, what, spare):
        """For each of which nobody has said how many."""
        left = [c for c in self.clients if getattr(c, what) is None]
        return max(1, spare // len(left)) if left else 0

    def _config(self):
        jobs_left = JOBS - sum(c.jobs or 0 for c in self.clients)
        jobs = self._part("jobs", jobs_left if len(self.clients) == 1 else jobs_left // 2)
        files = self._part("files", FILES - sum(c.files or 0 for c in self.clients))
        return {"client_count": len(self.clients),
                "clients": [{**c.at_server, "jobs": c.jobs or jobs, "files": c.files or files} for c in self.clients]}


class Nfs(FileService):
    """Files on an NFSv3 server. nfs_port and mount_port both 0: its portmapper is asked."""

    def __init__(self, system, serial, timer, net, mac, server, directory, nfs_port=0, mount_port=0, uid=0, gid=0,
                 name="nfs", priority=90, cache=0):
        if bool(nfs_port) != bool(mount_port):
            raise ComposeError(f"PD '{name}': nfs_port and mount_port go together: both, or neither (then the "
                               "portmapper is asked)")
        for what, port in (("nfs_port", nfs_port), ("mount_port", mount_port)):
            if not 0 <= port <= 65535:
                raise ComposeError(f"PD '{name}': {what} {port} is not in 0..65535")
        if not server or len(server.encode()) > 127:
            raise ComposeError(f"PD '{name}': NFS server '{server}' has not 1..127 bytes")
        if not directory.startswith("/") or len(directory.encode()) > DIRECTORY_MAX:
            raise ComposeError(f"PD '{name}': NFS directory '{directory}' is not an absolute path of up to "
                               f"{DIRECTORY_MAX} bytes")
        super().__init__(system, system.pd(name, program="fs_nfs", priority=priority, stack=STACK, heap=HEAP), cache)
        self.pd.counters = Counters(self.pd, "fs/nfs/counters.h", "nfs")
        serial.client(self.pd)
        timer.client(self.pd)
        net.ip(self.pd, mac, timer, hostname=name, **IP)
        self.pd.config("fs/nfs/config.h", "struct nfs_config", "nfs_config", {
            "server": server, "directory": directory, "nfs_port": nfs_port, "mount_port": mount_port,
            "uid": uid, "gid": gid})

    def changed(self):
        self.pd.heap = HEAP + min(JOBS, sum(c.writes for c in self.clients)) * WRITE_HEAP


class MemFs(FileService):
    """Files in the image: those of `directory` (None: none), read-only, and a directory that can be written (None:
    none)."""

    def __init__(self, system, directory=None, writable="/tmp", name="memfs", priority=90, cache=0):
        if writable and (not writable.startswith("/") or len(writable.encode()) > 63):
            raise ComposeError(f"PD '{name}': writable directory '{writable}' is not an absolute path of up to 63 "
                               "bytes")
        super().__init__(system, system.pd(name, program="fs_mem", priority=priority), cache)
        entries = list(walk(directory, name)) if directory else []
        header = f"{name}.files.h"
        os.makedirs(system.output_dir, exist_ok=True)
        output.put(system, header, files_header(entries))
        self.pd.config(os.path.join(system.output_dir, header), "struct fs_mem_config", "fs_mem_config", {
            "entries": Expr("fs_mem_files"), "entry_count": len(entries), "writable": writable or ""})


def walk(directory, pd_name):
    """(path in the mount, file; None: a folder) of all that is below, parents first, in an order that is always the same.
    A link to a file is that file, one to a folder is left out."""
    if not os.path.isdir(directory):
        raise ComposeError(f"PD '{pd_name}': there is no directory '{directory}' for its files")
    for folder, folders, files in os.walk(directory):
        folders.sort()
        inside = "/" + os.path.relpath(folder, directory).replace(os.sep, "/") if folder != directory else ""
        if inside:
            yield checked(inside, pd_name), None
        for file in sorted(files):
            name, path = checked(f"{inside}/{file}", pd_name), os.path.join(folder, file)
            if not os.path.isfile(path):
                raise ComposeError(f"PD '{pd_name}': '{path}' is neither a file nor a folder, or a link that leads nowhere")
            yield name, path


def checked(path, pd_name):
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise ComposeError(f"PD '{pd_name}': the name '{shown}' is not UTF-8") from None
    if len(path.encode()) > PATH_MAX or any(len(n.encode()) > NAME_MAX for n in path.split("/")):
        raise ComposeError(f"PD '{pd_name}': '{path}' is longer than the file service takes")
    return path


def files_header(entries):
    """A table of struct fs_mem_entry. The hash of each file stands beside it, so that the header changes when a file
    does. Times would make two checkouts differ. In their place stands a part of the hash, within the first second of
    1970, which the web server takes for no date (http/parse/select.h): its entity tags tell one version from another."""
    lines = ["/* compose/fs.py made this: the files of one PD. */", '#include "fs/mem/config.h"', ""]
    rows = []
    for i, (path, file) in enumerate(entries):
        if file is None:
            rows.append(f"    {{{string(path)}, (const uint8_t *)0, 0, 0}},")
            continue
        try:
            with open(file, "rb") as f:
                content = f.read()
        except OSError as error:
            raise ComposeError(f"'{file}': {error.strerror}") from None
        source = os.path.abspath(file).replace("\\", "\\\\").replace('"', '\\"')
        quoted = string(f'    .incbin "{source}"\n')
        digest = hashlib.sha256(content)
        lines += [f"/* sha256 {digest.hexdigest()} */",
                  f'__asm__(".section .rodata.fs_mem_file_{i},\\"a\\"\\n    .balign 16\\nfs_mem_file_{i}:\\n"',
                  f'        {quoted}',
                  '        "    .byte 0\\n    .previous\\n");',
                  f"extern const uint8_t fs_mem_file_{i}[] __attribute__((visibility(\"hidden\")));"]
        version = int.from_bytes(digest.digest()[:8], "big") % 10**9
        rows.append(f"    {{{string(path)}, fs_mem_file_{i}, {len(content)}, {version}}},")
    return "\n".join([*lines, "", "static const struct fs_mem_entry fs_mem_files[] = {", *rows,
                      "    {(const char *)0, (const uint8_t *)0, 0, 0},", "};", ""])
