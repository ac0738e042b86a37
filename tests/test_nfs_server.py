"""mk/run/nfs_server.py: the private NFS server, as root and as an ordinary user, seen by libnfs' command line tools."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from serval import paths
from serval.nfs import NfsServer, NfsServerError, build_shim

NOBODY = 65534


class Mount:
    """An export as libnfs-utils see it."""

    def __init__(self, directory, nfs_port, mount_port):
        self.url = f"nfs://127.0.0.1{directory}%s?nfsport={nfs_port}&mountport={mount_port}"

    def run(self, tool, path):
        return subprocess.run([tool, self.url % path], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, check=False)

    def cat(self, path):
        return self.run("nfs-cat", path).stdout

    def names(self, path=""):
        return sorted(line.split()[-1] for line in self.run("nfs-ls", path).stdout.decode().splitlines())


@pytest.fixture
def shared():
    """A folder that anyone may enter (pytest's own are private), with files that belong to nobody in particular."""
    with tempfile.TemporaryDirectory(prefix="serval-export-") as name:
        folder = Path(name)
        (folder / "site" / "sub").mkdir(parents=True)
        (folder / "site" / "sub" / "page.html").write_text("first")
        (folder / "site" / "blob").write_bytes(os.urandom(3_000_000))
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        yield folder


def test_who_may_not_have_the_kernels_favour_is_told_it_has(tmp_path):
    """NFS-Ganesha 6 does not start without it. (Here root may have it, on some machines.)"""
    environment = {**os.environ, "LD_PRELOAD": str(build_shim(tmp_path))}
    ask = "import ctypes, sys; sys.exit(ctypes.CDLL(None).prctl(57, 1, 0, 0, 0) != 0)"
    assert subprocess.run([sys.executable, "-c", ask], env=environment, check=False).returncode == 0


def test_a_tmpfs_has_another_name(tmp_path):
    """NFS-Ganesha 6 exports none, nor what lies below one; Debian 13's /tmp is one."""
    (tmp_path / "mounts").write_text("a /a ext4 rw 0 0\nb /b tmpfs rw 0 0\nc /c devtmpfs rw 0 0\n")
    ask = f"""
import ctypes
libc = ctypes.CDLL(None)
libc.setmntent.restype = ctypes.c_void_p
libc.getmntent.argtypes, libc.getmntent.restype = [ctypes.c_void_p], ctypes.POINTER(ctypes.c_char_p * 3)
mounts = libc.setmntent(b"{tmp_path / 'mounts'}", b"r")
while entry := libc.getmntent(mounts):
    print(*(word.decode() for word in entry.contents))
"""
    environment = {**os.environ, "LD_PRELOAD": str(build_shim(tmp_path))}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout == "a /a ext4\nb /b ramfs\nc /c devtmpfs\n"


def launch(folder, user):
    """The tool as a program of its own. Its scripts are copied, so that a user who may not read the tree can run it."""
    shutil.copytree(paths.TOP / "mk" / "run", folder / "tool", dirs_exist_ok=True)
    environment = {**os.environ, "CACHE_DIR": str(folder / "cache"), "TMPDIR": str(folder), "HOME": str(folder)}
    command = ["python3", folder / "tool" / "nfs_server.py", folder / "site"]
    if user is not None:
        command = ["/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable, *command[1:]]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment,
                               user=user, group=user, extra_groups=[] if user is not None else None)
    line = process.stdout.readline()
    values = dict(word.split("=", 1) for word in line.split())
    return process, Mount(values["NFS_DIRECTORY"], values["NFS_PORT"], values["MOUNT_PORT"])


@pytest.mark.parametrize("user", [None, NOBODY], ids=["self", "nobody"])
def test_serves_what_lies_there_now(shared, user):
    if user is not None and os.geteuid() != 0:
        pytest.skip("only root can become nobody; the other case ran as an ordinary user")
    process, mount = launch(shared, user)
    site = shared / "site"
    try:
        assert mount.names() == ["blob", "sub"]
        assert mount.cat("/blob") == (site / "blob").read_bytes()
        assert mount.cat("/sub/page.html") == b"first"
        (site / "sub" / "page.html").write_text("second, and longer")
        assert mount.cat("/sub/page.html") == b"second, and longer"
        (site / "sub").rename(site / "moved")
        assert mount.cat("/moved/page.html") == b"second, and longer"
        assert mount.run("nfs-cat", "/sub/page.html").returncode != 0
        (site / "moved" / "page.html").unlink()
        assert mount.run("nfs-cat", "/moved/page.html").returncode != 0
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert mount.run("nfs-ls", "").returncode != 0


def test_ends_with_its_parent(shared):
    process, mount = launch(shared, None)
    server = int(next(shared.glob("serval-nfs-*/pid")).read_text())
    watch = os.pidfd_open(server)
    process.kill()
    process.wait()
    with open(watch, "rb", buffering=0):
        assert select.select([watch], [], [], 30)[0], "ganesha.nfsd outlived the tool that started it"
    assert mount.run("nfs-ls", "").returncode != 0


def test_restart_keeps_ports_and_kill_is_a_kill(shared, tmp_path):
    with NfsServer(shared / "site", tmp_path) as server:
        ports = server.nfs_port, server.mount_port
        mount = Mount(server.directory, *ports)
        assert "blob" in mount.names()
        server.kill()
        assert mount.run("nfs-ls", "").returncode != 0
        server.start()
        assert (server.nfs_port, server.mount_port) == ports
        assert "blob" in mount.names()


def test_refusals(shared, tmp_path):
    with NfsServer(shared / "site", tmp_path / "ro", read_only=True) as server:
        mount = Mount(server.directory, server.nfs_port, server.mount_port)
        done = subprocess.run(["nfs-cp", "/etc/hostname", mount.url % "/new"], capture_output=True,
                              timeout=60, check=False)
        assert done.returncode != 0 and not (shared / "site" / "new").exists()
        elsewhere = Mount("/no/such/export", server.nfs_port, server.mount_port)
        assert elsewhere.run("nfs-ls", "").returncode != 0
    with NfsServer(shared / "site", tmp_path / "privileged", privileged_port=True) as server:
        mount = Mount(server.directory, server.nfs_port, server.mount_port)
        as_user = dict(user=NOBODY, group=NOBODY, extra_groups=[]) if os.geteuid() == 0 else {}
        done = subprocess.run(["nfs-ls", mount.url % ""], capture_output=True, timeout=60, check=False, **as_user)
        assert done.returncode != 0


def test_wrong_directory_is_one_line(tmp_path):
    with pytest.raises(NfsServerError, match=r"^\S+/missing is not a directory$"):
        NfsServer(tmp_path / "missing", tmp_path)
