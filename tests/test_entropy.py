"""Random numbers fit for keys: the entropy service on virtio-rng, with a source that is there, is not, comes late, or
fails its tests (tests/systems/entropy)."""

import os
import re
import sys
import urllib.request

import pytest
from serval import build, paths
from serval.qemu import Guest, needs_machine

sys.path.insert(0, str(paths.TOP / "bench"))

from count import Counting  # noqa: E402

pytestmark = needs_machine
by_report = pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="by the report of our own tool")

DEATHS = 10
DEVICE = "virtio-rng-device"
COLOUR = re.compile(r"\x1b\[\d*m")
DRAWS = r"drawer_%s\| \S*draws ([0-9a-f]{32})"
WITHOUT = r"entropy\| \S*no sound random numbers: %s; what there is is not fit for keys"
ADDRESS = r"DHCP request finished, IP address for netif e0 is: 10\.0\.2\.15"
START_BYTES, FRESH_BYTES = 1024, 64     # HEALTH_START_SAMPLES, FRESH_BYTES of entropy/


def source_args(file):
    """virtio-rng that reads from this file."""
    return ["-object", f"rng-random,id=source,filename={file}", "-device", f"{DEVICE},rng=source,bus=virtio-mmio-bus.16"]


@pytest.fixture
def boot(request, tmp_path):
    guests = request.node.serval_guests = []

    def start(*args, device=True):
        """args: of a device in the place of the usual one."""
        guest = Guest(build.system("entropy"), args=args, without=[] if device and not args else [DEVICE],
                      log=tmp_path / f"console{len(guests)}.log")
        guests.append(guest)
        return guest.__enter__()

    yield start
    for guest in guests:
        guest.close()


@pytest.fixture
def fifo(tmp_path):
    """A path to read from, and a file to write to."""
    path = tmp_path / "source"
    os.mkfifo(path)
    with open(path, "r+b", buffering=0) as file:
        yield path, file


def draws(guest):
    return [match[1] for match in guest.expect_all([DRAWS % name for name in "ab"])]


def told(guest, name, after=0):
    """What drawer `name` has been told since its last start, once it has asked `after` times more."""
    line = rf"drawer_{name}\| \S*asked (\d+): seeds (\d+), none (\d+), never (\d+), twice (\d+)"
    first = int(guest.expect(line)[1])
    while True:
        asked, seeds, none, never, twice = map(int, guest.expect(line)[1:])
        if asked >= first + after:
            return {"asked": asked, "seeds": seeds, "none": none, "never": never, "twice": twice}


BACK = r"killer\| \S*%s \d+: deadline after \d+ us, network after \d+ us"


def kill(guest, name, times):
    guest.send(f"kill {name} {times}\n".encode())
    for _ in range(times):
        guest.expect(BACK % name)


def test_bytes_differ_by_boot_and_by_client(boot):
    drawn = [number for _ in range(3) for number in draws(boot())]
    assert len(drawn) == len(set(drawn)) == 6


def test_asked_again_and_again_it_gives_others(boot):
    guest = boot()
    draws(guest)
    for name in "ab":
        counts = told(guest, name, after=200)
        assert counts["seeds"] == counts["asked"] and counts["twice"] == 0


def test_killed_under_load(boot):
    """Who asks meanwhile is told "none yet" at worst, and never gets what was given out before."""
    guest = boot()
    first = draws(guest)
    guest.expect(ADDRESS)
    kill(guest, "entropy", DEATHS)
    for name in "ab":
        counts = told(guest, name)
        assert counts["twice"] == counts["never"] == 0
        assert counts["seeds"] > counts["asked"] // 2
    again = told(guest, "a", after=100)
    assert again["twice"] == 0 and "draws" not in guest.text()[guest.text().rindex("entropy 1: dies"):]
    for _ in range(2):
        guest.send(b"kill drawer_a 1\n")
        guest.expect_all([BACK % "drawer_a", DRAWS % "a"])
    text = COLOUR.sub("", guest.text())
    drawn = re.findall(r"drawer_a\| draws (\w+)", text)
    assert len(drawn) == len(set(drawn)) == 3 and drawn[0] == first[0]
    assert "entropy|" not in text       # it has nothing to say


def test_no_device(boot):
    guest = boot(device=False)
    guest.expect(WITHOUT % r"virtio: there is no device in its place")
    guest.expect_all([r"drawer_a\| \S*has no source", r"drawer_b\| \S*has no source", ADDRESS])
    kill(guest, "entropy", 2)           # nothing changes by that
    counts = told(guest, "a")
    assert counts["seeds"] == 0 and counts["never"] > 0
    assert len(re.findall("has no source", guest.text())) == 2


def test_a_source_that_is_none(boot):
    guest = boot(*source_args("/dev/zero"))
    guest.expect(WITHOUT % "the source has failed a test")
    guest.expect_all([r"drawer_a\| \S*has no source", r"drawer_b\| \S*has no source", ADDRESS])
    assert told(guest, "b")["seeds"] == 0


def test_a_source_that_comes_late(boot, fifo):
    """Nobody waits for it, and who needs it hears of it."""
    path, file = fifo
    guest = boot(*source_args(path))
    guest.expect(ADDRESS)
    file.write(os.urandom(START_BYTES - 1))
    counts = told(guest, "a", after=200)
    assert counts["none"] == counts["asked"] and "draws" not in guest.text()
    file.write(os.urandom(1 + FRESH_BYTES))
    assert len(set(draws(guest))) == 2


def test_a_source_that_goes_bad(boot, fifo):
    """Who has a seed keeps it; nobody gets another, until the service starts anew and its tests pass."""
    path, file = fifo
    guest = boot(*source_args(path))
    file.write(os.urandom(START_BYTES + FRESH_BYTES))
    draws(guest)
    guest.expect(ADDRESS)
    file.write(b"\x07" * FRESH_BYTES)
    guest.expect(WITHOUT % "the source has failed a test")
    told(guest, "a")
    counts = told(guest, "a", after=200)
    assert told(guest, "a", after=100)["seeds"] == counts["seeds"]
    guest.send(b"kill drawer_b 1\n")
    guest.expect(r"drawer_b\| \S*has no source")
    guest.send(b"kill entropy 1\n")
    file.write(os.urandom(4 * START_BYTES))
    guest.expect(DRAWS % "b")


@by_report
def test_who_has_a_seed_leaves_it_alone(request, tmp_path):
    """The web server: the service has run when its page is there, and runs no instruction more."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<h1>here</h1>")
    image = build.system("webserver", WEBSITE_FILES=tmp_path / "site", APPLICATION="none")
    with Counting(image.with_name("webserver.report.txt"), tmp_path) as counting, \
            Guest(image, {"http": ("tcp", "10.0.2.15", 80)}, args=counting.qemu_args) as guest:
        request.node.serval_guests = [guest]
        guest.expect("serving http")
        before = counting.read()
        for _ in range(20):
            with urllib.request.urlopen(guest.url(), timeout=60) as answer:
                assert answer.read() == b"<h1>here</h1>"
        after = counting.read()
        assert after["http"] - before["http"] > 20_000, "counted it is"
        assert 30_000 < before["entropy"] == after["entropy"] < 300_000
        assert "entropy|" not in guest.text()


@by_report
def test_the_device_is_nobody_elses():
    """Its page, and the memory that it writes."""
    text = build.system("entropy").with_suffix(".report.txt").read_text()
    for region in ("virtio_rng", "entropy_memory"):
        assert len(re.findall(rf"^\s+0x\w+  0x\w+ +4 KiB  r\S+  \w+ +memory region '{region}'$", text, re.M)) == 1
    net = re.search(r"0x(\w+)  0x\w+ .*memory region 'virtio_net'$", text, re.M)
    rng = re.search(r"0x(\w+)  0x\w+ .*memory region 'virtio_rng'$", text, re.M)
    assert net and rng and int(net[1], 16) // 4096 != int(rng[1], 16) // 4096
