"""The machine that Serval is measured against: Debian's Linux for arm64 and Debian's nginx, in an initramfs.

    peer = Peer(programs, scratch)      # fetched, pinned in third_party/PROGRAMS; built where it is not there already
    peer.kernel, peer.initrd, peer.versions

Nothing is compiled: programs, libraries and kernel modules are the packages', bench/linux/ has what they are told.
"""

import gzip
import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
OURS = Path(__file__).with_name("linux")
NAME = "linux-arm64"    # in third_party/PROGRAMS

# In the order in which they need each other.
MODULES = ["virtio_mmio", "failover", "net_failover", "virtio_net", "netfs", "fscache", "sunrpc", "grace", "lockd",
           "nfs", "nfs_acl", "nfsv3"]
LIBRARIES = ["libc.so.6", "libcrypt.so.1", "libpcre2-8.so.0", "libssl.so.3", "libcrypto.so.3", "libz.so.1"]
FOLDERS = ["bin", "dev", "etc/nginx", "lib/aarch64-linux-gnu", "modules", "proc", "run", "srv", "sys", "tmp",
           "usr/bin", "usr/sbin", "var/lib/nginx", "var/log/nginx"]
USERS = {"etc/passwd": "root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/srv:/bin/false\n",
         "etc/group": "root:x:0:\nwww-data:x:33:\n"}
DIRECTORY, FILE, PROGRAM = 0o040755, 0o100644, 0o100755


class PeerError(Exception):
    """One line that says why there is no peer."""


class Cpio:
    """An archive in the "newc" format, as the kernel unpacks it (its Documentation/driver-api/early-userspace)."""

    def __init__(self):
        self.parts = []
        self.size = self.inode = 0

    def _put(self, data, alignment=4):
        self.parts.append(data + bytes(-(self.size + len(data)) % alignment))
        self.size += len(self.parts[-1])

    def add(self, name, mode, content=b""):
        self.inode += 1
        links = 2 if mode == DIRECTORY else 1
        fields = [self.inode, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        self._put(b"070701" + "".join(f"{field:08x}" for field in fields).encode() + name.encode() + b"\0")
        self._put(content)

    def finish(self):
        self.add("TRAILER!!!", 0)
        self._put(b"", 512)
        return b"".join(self.parts)


def fetch(name, programs):
    """The folder that a line of third_party/PROGRAMS is unpacked in."""
    done = subprocess.run([TOP / "third_party" / "fetch-program", name, programs], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise PeerError(done.stdout.strip().splitlines()[-1])
    return Path(programs, name, "root")


def only(folder, pattern):
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise PeerError(f"{folder}: {len(found)} files are named {pattern}, one was expected")
    return found[0]


def version(program, pattern):
    """As the program itself says it."""
    match = re.search(pattern, program.read_bytes())
    return match.group(1).decode() if match else "unknown"


def add_system(archive, root):
    add = {"bin/busybox": root / "bin/busybox", "usr/sbin/nginx": root / "usr/sbin/nginx",
           "lib/ld-linux-aarch64.so.1": root / "lib/aarch64-linux-gnu/ld-linux-aarch64.so.1", "init": OURS / "init"}
    for name in LIBRARIES:
        folders = root / "lib/aarch64-linux-gnu", root / "usr/lib/aarch64-linux-gnu"
        add[f"lib/aarch64-linux-gnu/{name}"] = next(f / name for f in folders if (f / name).exists())
    for name, path in add.items():
        archive.add(name, PROGRAM, path.read_bytes())
    archive.add("etc/nginx/mime.types", FILE, (root / "etc/nginx/mime.types").read_bytes())
    for conf in sorted(OURS.glob("*.conf")):
        archive.add(f"etc/nginx/{conf.name}", FILE, conf.read_bytes())


def add_modules(archive, root):
    archive.add("modules/order", FILE, "".join(f"{name}.ko\n" for name in MODULES).encode())
    for name in MODULES:
        archive.add(f"modules/{name}.ko", FILE, only(root / "lib/modules", f"*/kernel/**/{name}.ko").read_bytes())


def build_initrd(root, add_more):
    archive = Cpio()
    for folder in sorted({str(p) for f in FOLDERS for p in [Path(f), *Path(f).parents] if str(p) != "."}):
        archive.add(folder, DIRECTORY)
    for name, text in USERS.items():
        archive.add(name, FILE, text.encode())
    add_system(archive, root)
    add_modules(archive, root)
    add_more(archive, root)
    return gzip.compress(archive.finish(), 9, mtime=0)


class Peer:
    initrd_name = "initrd.gz"

    def __init__(self, programs, scratch):
        root = fetch(NAME, programs)
        scratch.mkdir(parents=True, exist_ok=True)
        self.kernel = only(root / "boot", "vmlinuz-*")
        self.initrd = scratch / self.initrd_name
        self.initrd.write_bytes(build_initrd(root, self.add_more))
        self.versions = {"Linux": version(self.kernel, rb"Linux version [ -~]* Debian (\S+) "),
                         "nginx": version(root / "usr/sbin/nginx", rb"nginx version: nginx/([0-9.]+)")}

    def add_more(self, archive, root):
        """What a kind of peer has besides."""
