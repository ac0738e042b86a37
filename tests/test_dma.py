"""What is handed to a device is clean, what comes back is read anew: by construction (net/dma.h is the only way), and
by tests of which each fails when its piece of maintenance is missing (tests/unit/net_virt_*_cache.c)."""

import re
import subprocess

import pytest
from serval import paths

SOURCES = [path for folder in ("lib", "serial", "timer", "virtio", "entropy", "net", "fs", "keys", "tls", "http", "python",
                                "examples")
           for path in (paths.TOP / folder).rglob("*.[chS]")]
RINGS = {"net/driver_dwmac.c", "virtio/device.c"}      # of a driver's own: descriptors, uncached where it matters
OURS = ["tests/unit/fake_microkit.c", "lib/pd/notify.c", "lib/pd/dispatch.c", "lib/ring/ring.c", "lib/region/region.c",
        "lib/log/log.c", "lib/log/format.c"]
CC = ["clang", "-std=gnu11", "-D_GNU_SOURCE", "-Wno-unused", f"-I{paths.TOP}", f"-I{paths.TOP}/tests/unit"]


def users(pattern):
    return {str(path.relative_to(paths.TOP)) for path in SOURCES if re.search(pattern, path.read_text())}


@pytest.mark.parametrize(("what", "places"), [
    (r"\bregion_bus\(", {"lib/region.h", "lib/region/region.c", "net/dma.h"} | RINGS),
    (r"\bregion_from_bus\(", {"lib/region.h", "lib/region/region.c", "net/dma.h"}),
    (r"\bcache_(clean|invalidate)\(", {"net/cache.h", "net/cache.c", "net/dma.h"}),
    (r'"\s*dc\s', {"net/cache.c"}),
    (r"\bstruct bus_address\s*\)", set()),                  # none is made of thin air
], ids=["to_bus", "from_bus", "maintenance", "dc", "made"])
def test_only_there(what, places):
    assert users(what) == places


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """What is the same for all, compiled once."""
    folder = tmp_path_factory.mktemp("objects")
    subprocess.run([*CC, "-c", *[paths.TOP / source for source in OURS]], cwd=folder, check=True)
    return list(folder.glob("*.o"))


def driven(surroundings, tmp_path, test, header):
    """The unit test of a virtualiser with another net/dma.h."""
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "dma.h").write_text(header)
    sources = [paths.TOP / "tests" / "unit" / f"net_virt_{test}_cache.c", paths.TOP / "net" / f"virt_{test}.c"]
    subprocess.run([*CC[:-2], f"-I{tmp_path}", *CC[-2:], "-o", tmp_path / "test", *sources, *surroundings], check=True)
    return subprocess.run([tmp_path / "test"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)


HEADER = (paths.TOP / "net" / "dma.h").read_text()
CLEAN, INVALIDATE = "cache_clean((const uint8_t *)region->base + offset, length);", "cache_invalidate(start, length);"


@pytest.mark.parametrize("test", ["tx", "rx"])
def test_maintenance_as_it_is(surroundings, tmp_path, test):
    done = driven(surroundings, tmp_path, test, HEADER)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("test", "line", "instead"), [
    ("tx", CLEAN, ""),
    ("tx", CLEAN, CLEAN.replace("length", "length - 1")),
    ("tx", CLEAN, CLEAN.replace("offset", "offset + 64")),
    ("tx", CLEAN, CLEAN.replace("clean", "invalidate")),
    ("rx", INVALIDATE, ""),
    ("rx", INVALIDATE, INVALIDATE.replace("length", "length / 2")),
    ("rx", INVALIDATE, INVALIDATE.replace("invalidate", "clean")),
])
def test_maintenance_that_is_missing_or_short(surroundings, tmp_path, test, line, instead):
    assert HEADER.count(line) == 1
    done = driven(surroundings, tmp_path, test, HEADER.replace(line, instead))
    assert done.returncode != 0 and "check failed" in done.stderr
