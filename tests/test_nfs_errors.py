"""What an NFS server refuses, by its errno in Python."""

import contextlib
import errno
import os

import pytest
from serval.http import get
from serval.nfs import NfsServer

WEB_ADDRESS = "10.0.2.16"
ROUTES = r"""
import fs_async

def routes(app):
    @app.get("/api/<what>/<path:name>")
    async def errno(request, what, name):
        name = "/" + name.replace("@", "/")
        try:
            if what == "stat":
                await fs_async.stat(name)
            elif what in ("r", "w"):
                await (await fs_async.open(name, what)).close()
            else:
                await getattr(fs_async, what)(name)
        except OSError as error:
            return str(error.errno)
        return "0"
"""


@pytest.fixture
def export(tmp_path):
    top = tmp_path / "export"
    (top / "www").mkdir(parents=True)
    (top / "app.py").write_text(ROUTES)
    (top / "file").write_text("there")
    (top / "dir").mkdir()
    os.symlink("loop", top / "loop")
    os.symlink("ring2", top / "ring1")
    os.symlink("ring1", top / "ring2")
    os.symlink("file/", top / "slashed")
    os.symlink("dir/", top / "slashed_dir")
    os.symlink("file", top / "link1")
    for i in range(2, 42):
        os.symlink(f"link{i - 1}", top / f"link{i}")
    top.chmod(0o777)
    return top


@contextlib.contextmanager
def booted_on(boot, export, tmp_path, **options):
    with NfsServer(export, tmp_path / "nfs", **options) as server:
        guest = boot("webserver", {"http": ("tcp", WEB_ADDRESS, 80)}, NFS_SERVER="10.0.2.2", WEBSITE_DIR="www",
                     NFS_DIRECTORY=server.directory, NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        guest.expect(r"Starting async server on 0\.0\.0\.0:80")
        yield lambda what, name: int(get(guest.port("http"), f"/api/{what}/{name.replace('/', '@')}").body)


def test_links_and_slashes(boot, export, tmp_path):
    with booted_on(boot, export, tmp_path) as ask:
        assert ask("stat", "file") == 0 and ask("r", "link1") == 0
        assert ask("stat", "loop") == errno.ELOOP and ask("r", "ring1") == errno.ELOOP
        assert ask("r", "link40") == 0 and ask("r", "link41") == errno.ELOOP
        assert ask("listdir", "ring2/x") == errno.ELOOP
        assert ask("stat", "dir/") == 0 and ask("stat", "slashed_dir") == 0
        assert ask("stat", "file/") == errno.ENOTDIR and ask("r", "file/") == errno.ENOTDIR
        assert ask("w", "file/") == errno.ENOTDIR and ask("w", "new/") == errno.EISDIR
        assert ask("r", "slashed") == errno.ENOTDIR and ask("r", "link2/") == errno.ENOTDIR
        assert ask("remove", "file/") == errno.ENOTDIR
        assert (export / "file").read_text() == "there" and not (export / "new").exists()


def test_read_only(boot, export, tmp_path):
    with booted_on(boot, export, tmp_path, read_only=True) as ask:
        assert ask("r", "file") == 0
        for what, name in (("w", "new"), ("w", "file"), ("mkdir", "d"), ("remove", "file"), ("rmdir", "dir")):
            assert ask(what, name) == errno.EROFS, (what, name)
