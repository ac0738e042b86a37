#!/usr/bin/env python3
"""A private NFSv3 server: NFS-Ganesha on free loopback ports, for any user, without port 111, ended with its parent.

    with NfsServer("/srv/site", scratch) as server:
        ...  server.nfs_port, server.mount_port, server.directory

From the command line, in the foreground until Ctrl-C:  nfs_server.py [--read-only] DIRECTORY
"""

import argparse
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
START_S = 60

CONFIGURATION = """\
NFS_CORE_PARAM {{
    Protocols = 3;
    Bind_addr = {address};
    NFS_Port = {nfs};
    MNT_Port = {mount};
    NLM_Port = {nlm};
    Rquota_Port = {rquota};
    Enable_NLM = false;
    Enable_RQUOTA = false;
    Enable_UDP = false;
    mount_path_pseudo = {by_name};
    Plugins_Dir = "{plugins}";
}}
NFSv4 {{ Graceless = true; RecoveryRoot = "{scratch}"; }}
NFS_KRB5 {{ Active_krb5 = false; }}
EXPORT {{
    Export_Id = {export_id};
    Path = "{folder}";
    Pseudo = "{name}";
    Access_Type = {access};
    Squash = {squash};
    SecType = "sys";
    Protocols = 3;
    Transports = "TCP";
    Disable_ACL = true;
    PrivilegedPort = {privileged_port};
    # An edit on the host shows at once: attributes are asked from the file each time.
    Attr_Expiration_Time = 0;
    FSAL {{ Name = VFS; }}
}}
# ... and so do names: directories are not cached.
MDCACHE {{ Dir_Chunk = 0; }}
LOG {{ Default_Log_Level = EVENT; }}
"""


def check_path(*folders):
    """It has no escape for these."""
    for folder in folders:
        if any(c in str(folder) for c in '"\n'):
            raise NfsServerError(f"{folder}: a double quote or a line's end in its path cannot be told to NFS-Ganesha")


class NfsServerError(Exception):
    """One line that says what is wrong."""


def free_ports(count):
    """Ports that nobody on 127.0.0.1 listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def are_free(ports):
    """Whether there are ports and nobody on 127.0.0.1 listens on any."""
    try:
        for port in ports or ():
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed connection's rest does not count
                sock.bind(("127.0.0.1", port))
    except OSError:
        return False
    except OverflowError:                       # no port, but what a damaged file said
        return False
    return bool(ports)


def find_plugins():
    """The folder of Ganesha's file system plugins."""
    for folder in sorted(Path("/usr/lib").glob("*/ganesha")):
        if (folder / "libfsalvfs.so").exists():
            return folder
    raise NfsServerError("libfsalvfs.so of NFS-Ganesha is missing: install the package nfs-ganesha-vfs")


def find_ganesha():
    for candidate in (shutil.which("ganesha.nfsd"), "/usr/bin/ganesha.nfsd", "/usr/sbin/ganesha.nfsd"):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise NfsServerError("ganesha.nfsd is missing: install the package nfs-ganesha")


def build_shim(folder):
    """Compiles nfs_shim.c into folder, unless it is there and newer. Returns its path."""
    source, shim = HERE / "nfs_shim.c", Path(folder) / "nfs_shim.so"
    if shim.exists() and shim.stat().st_mtime >= source.stat().st_mtime:
        return shim
    shim.parent.mkdir(parents=True, exist_ok=True)
    fresh = shim.with_suffix(f".{os.getpid()}")
    command = [os.environ.get("HOST_CC") or "clang", "-std=gnu11", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra",
               "-Werror", "-o", fresh, source, "-ldl", "-lpthread"]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
        raise NfsServerError(f"{source} was not compiled; the lines above say why")
    fresh.rename(shim)                          # whole or not at all, also with two makes at once
    return shim


class NfsServer:
    """Serves `folder` from start() to stop(); clients mount `directory`. Ports stay the same over restarts.

    name: what clients mount, e.g. /export; else it is the folder's path. ports: four to try first, as `ports` of an earlier
    server said. address: to serve on, for a network of one's own.
    """

    def __init__(self, folder, scratch, *, read_only=False, privileged_port=False, squash="No_Root_Squash",
                 name=None, ports=None, address="127.0.0.1"):
        self.folder = Path(folder).resolve()
        self.directory = Path(name) if name else self.folder
        self.scratch = Path(scratch).resolve()
        if not self.folder.is_dir():
            raise NfsServerError(f"{self.folder} is not a directory")
        check_path(self.folder, self.scratch)
        self.options = {"access": "RO" if read_only else "RW", "squash": squash, "name": name or "/export",
                        "by_name": "true" if name else "false",
                        "privileged_port": "true" if privileged_port else "false", "address": address, "export_id": 1}
        self.process = None
        self.wanted = ports
        self.nfs_port = self.mount_port = None
        self.lines = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Returns once the server answers. Ports taken by others in between are replaced, the first time only."""
        chosen = self.nfs_port is not None
        for _ in range(1 if chosen else 5):
            if not chosen:
                self.ports, self.wanted = self.wanted if len(self.wanted or ()) == 4 and are_free(self.wanted) else free_ports(4), None
                self.nfs_port, self.mount_port = self.ports[:2]
            if self._launch():
                return
        self.nfs_port = self.nfs_port if chosen else None
        raise NfsServerError("NFS-Ganesha did not start:\n" + "".join(self.lines[-20:]))

    def _launch(self):
        shim = build_shim(os.environ.get("CACHE_DIR") and Path(os.environ["CACHE_DIR"]) / "host" or self.scratch)
        self.scratch.mkdir(parents=True, exist_ok=True)
        config = self.scratch / "ganesha.conf"
        nfs, mount, nlm, rquota = self.ports
        config.write_text(CONFIGURATION.format(nfs=nfs, mount=mount, nlm=nlm, rquota=rquota, plugins=find_plugins(),
                                               scratch=self.scratch, folder=self.folder, **self.options))
        environment = {**os.environ, "LD_PRELOAD": str(shim), "SERVAL_PARENT": str(os.getpid())}
        self.process = subprocess.Popen([find_ganesha(), "-F", "-f", config, "-L", "STDOUT",
                                         "-p", self.scratch / "pid"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace", env=environment, start_new_session=True)
        ready = threading.Event()
        self.lines = []
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout, ready), daemon=True)
        self.reader.start()
        ready.wait(START_S)
        if self.process.poll() is None and any("NFS SERVER INITIALIZED" in line for line in self.lines):
            refused = [line for line in self.lines if "Could not create export" in line]
            if not refused:
                return True
            self.stop(signal.SIGKILL)
            raise NfsServerError(f"NFS-Ganesha cannot export {self.folder}; "
                                 f"{self.scratch / 'ganesha.log'} says why:\n{refused[0]}")
        self.stop(signal.SIGKILL)
        return False

    def _read(self, stream, ready):
        with open(self.scratch / "ganesha.log", "a", encoding="utf-8") as log, stream:
            for line in stream:
                self.lines.append(line)
                log.write(line)
                log.flush()
                if "NFS SERVER INITIALIZED" in line:
                    ready.set()
        ready.set()                             # it ended: nobody need wait longer

    def stop(self, how=signal.SIGTERM):
        """Ends the server and waits for it; harmless when it has ended."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        self.process = None

    def kill(self):
        """As a power cut: the connections are gone, nothing is said."""
        self.stop(signal.SIGKILL)

    def restart(self):
        self.stop()
        self.start()

    def pause(self):
        """Stops answering without closing anything, until resume()."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("directory")
    arguments = parser.parse_args()
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: gone with whoever started us
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="serval-nfs-") as scratch:
        try:
            with NfsServer(arguments.directory, scratch, read_only=arguments.read_only) as server:
                print(f"NFS_SERVER=10.0.2.2 NFS_DIRECTORY={server.directory} NFS_PORT={server.nfs_port} "
                      f"MOUNT_PORT={server.mount_port}", flush=True)
                server.process.wait()
                print("".join(server.lines[-5:]), end="", file=sys.stderr)
                return 1
        except NfsServerError as error:
            print(f"nfs_server: {error}", file=sys.stderr)
            return 1
        except OSError as error:
            print(f"nfs_server: {error.filename or ''}: {error.strerror}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
