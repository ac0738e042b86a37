"""The file cache (http/cache/cache.h) in QEMU, with less memory than the site has, while the site is being edited."""

import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from serval import build, paths
from serval.http import Kept, get
from serval.nfs import NfsServer
from serval.qemu import Guest

CACHE_KIB = 1024        # 16 blocks
SIZES = [3000 + 700 * i for i in range(20)] + [150_000 + 30_000 * i for i in range(12)]      # 4 MB
FRESH_S = int(re.search(r"^FRESH_MS = (\d+)000$", (paths.TOP / "tests/systems/front/front.py").read_text(), re.M)[1])
EDITED_S = 8


def content(number, version):
    """No version's bytes are like another's, anywhere."""
    word = b"file %d version %06d. " % (number, version)
    return (word * (SIZES[number] // len(word) + 1))[:SIZES[number]]


class Site:
    def __init__(self, top):
        self.top, self.versions = top, [0] * len(SIZES)
        for number in range(len(SIZES)):
            self.write(number)

    def write(self, number):
        """In the place of the one before, in one step; sizes stay, so it is up to times and inodes to tell."""
        self.versions[number] += 1
        new = self.top / "new"
        new.write_bytes(content(number, self.versions[number]))
        new.rename(self.top / f"{number}.txt")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    top = tmp_path_factory.mktemp("edited")
    top.chmod(0o755)
    return Site(top)


@pytest.fixture(scope="module")
def booted(site, tmp_path_factory):
    tmp = tmp_path_factory.mktemp("cache")
    with NfsServer(site.top, tmp / "nfs") as server:
        image = build.system("front", NFS_SERVER="10.0.2.2", NFS_DIRECTORY=server.directory, NFS_PORT=server.nfs_port,
                             MOUNT_PORT=server.mount_port, FRONT_CACHE_KIB=CACHE_KIB)
        with Guest(image, {"http": ("tcp", "10.0.2.16", 80)}, log=tmp / "console.log") as guest:
            guest.expect("serving")
            yield guest


@pytest.fixture
def guest(request, booted):
    request.node.serval_guests = [booted]
    return booted


def version_of(number, body):
    """Of a whole answer; None: it is not one version's."""
    version = int(body[:40].split(b" version ")[1][:6])
    return version if body == content(number, version) else None


def ask_some(kept, noise, seen):
    """Eight files on one connection. One that changes while it is on its way ends it: False."""
    for _ in range(8):
        number = noise.randrange(len(SIZES))
        try:
            answer = kept.ask(f"/{number}.txt")
        except (ConnectionError, AssertionError):   # closed in the middle
            return False
        assert answer.status in (200, 503), answer.status
        assert answer.status == 503 or version_of(number, answer.body), f"file {number}: bytes of several versions"
        seen["whole" if answer.status == 200 else "unavailable"] += 1
    return True


def visit(guest, connecting, noise, until):
    """One client: {outcome: how often}."""
    seen = {"whole": 0, "broken": 0, "unavailable": 0}
    while time.monotonic() < until:
        with connecting:
            sock = guest.connect()
        with sock:
            if not ask_some(Kept(sock), noise, seen):
                seen["broken"] += 1
    return seen


def test_each_answer_is_of_one_version(guest, site):
    """Six clients, another file every 20 ms, a look at each every few seconds, and everything pushes out everything."""
    until = time.monotonic() + EDITED_S
    stop, connecting = threading.Event(), threading.Lock()

    def edit():
        noise = random.Random(7)
        while not stop.wait(0.02):
            site.write(noise.randrange(len(SIZES)))

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        with ThreadPoolExecutor(6) as pool:
            seen = list(pool.map(lambda i: visit(guest, connecting, random.Random(i), until), range(6)))
    finally:
        stop.set()
        editor.join()
    total = {key: sum(s[key] for s in seen) for key in seen[0]}
    assert total["whole"] > 50 and total["broken"] + total["unavailable"] < total["whole"], total


def test_the_newest_is_served_soon(guest, site):
    soon = time.monotonic() + FRESH_S + 1
    for number in range(len(SIZES)):
        newest = content(number, site.versions[number])
        asked = 0       # what is asked for afterwards has to be the newest
        while asked < soon:
            asked = time.monotonic()
            body = get(guest.port("http"), f"/{number}.txt").body
            if body == newest:
                break
        assert body == newest, number
