"""Several clients of a file server: two run the conformance program at once, and then talk through files, beside a
third that floods, lies and starts anew; on files in memory and on NFS."""

import os

import pytest
from serval.nfs import NfsServer


def expect_two_honest_ones(guest):
    """Both are done, without a failure; the hostile one has been at it all the while, honest indices and lies."""
    passes, done = 0, set()
    while len(done) < 2:
        line = guest.expect(r"(one|two): (?:done, (\d+) wrong|(\d+) passed, (\d+) failed)\r?\n")
        _, name, wrong, passed, failed = line
        if passed:
            assert failed == "0" and int(passed) > 900, guest.text()
            passes += 1
        else:
            assert wrong == "0", guest.text()
            done.add(name)
    assert passes >= 4 and passes % 2 == 0
    if "hostile: 200 rounds" not in guest.text():
        guest.expect(r"hostile: 200 rounds")
    guest.expect(r"hostile: \d+ rounds")        # and it goes on
    assert "fault" not in guest.text()


def test_in_memory(boot):
    expect_two_honest_ones(boot("fs_clients_mem"))


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's private NFS server only reads")
def test_on_nfs(boot, tmp_path_factory, tmp_path):
    export = tmp_path_factory.mktemp("files")
    export.chmod(0o777)
    with NfsServer(export, tmp_path / "nfs") as server:
        guest = boot("fs_clients_nfs", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory,
                     NFS_PORT=server.nfs_port, MOUNT_PORT=server.mount_port)
        guest.expect(r"NFS 10\.0\.2\.2:.*: mounted")
        expect_two_honest_ones(guest)
    assert set(os.listdir(export)) <= {"hostile"}
