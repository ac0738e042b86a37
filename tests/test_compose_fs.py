"""compose/fs.py: several clients of one server: what each gets, who maps what, and the message for each mistake."""

import re

import pytest
from test_compose import compose, device_tree, written  # noqa: F401

from compose.fs import BLOCK, INDEX_UNIT, share_and_index_bytes  # noqa: E402

PREAMBLE = """from compose.fs import MemFs
files = MemFs(s)
def pd(name): return s.pd(name, program='p', priority=1)
"""

MISTAKES = {
    "client_twice": ("files.client(a)\nfiles.client(a)", "PD 'a' is a client of 'memfs' already"),
    "too_many_clients": ("for i in range(5): files.client(pd(f'c{i}'))",
                         "PD 'c4' is one client of 'memfs' too many: 4 is all there can be"),
    "jobs_none": ("files.client(a, jobs=0)", "PD 'a': 0 jobs of 'memfs'; of 32 in all, 0 are the other clients', so 1 "
                  "to 32 there can be"),
    "jobs_many": ("files.client(a, jobs=33)", "PD 'a': 33 jobs of 'memfs'; of 32 in all, 0 are the other clients', so "
                  "1 to 32 there can be"),
    "jobs_together": ("files.client(a, jobs=24)\nfiles.client(pd('b'))\nfiles.client(pd('c'), jobs=8)",
                      "PD 'c': 8 jobs of 'memfs'; of 32 in all, 25 are the other clients', so 1 to 7 there can be"),
    "jobs_all_gone": ("files.client(a, jobs=32)\nfiles.client(pd('b'))",
                      "PD 'b': 1 jobs of 'memfs', whose 32 are the other clients'"),
    "files_many": ("files.client(a, files=200)\nfiles.client(pd('b'), files=57)",
                   "PD 'b': 57 files of 'memfs'; of 256 in all, 200 are the other clients', so 1 to 56 there can be"),
    "blocks_none": ("files.client(a, blocks=0)", "PD 'a': 0 blocks of a file share; 1 to 1024 there can be"),
    "cache_small": ("files.client(a, cache=5)",
                    "PD 'a': a cache of 0x5 bytes; there can be 0, or 0x100000 to 0x4000000"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(tmp_path, mistake):
    text, message = MISTAKES[mistake]
    done = compose(tmp_path, PREAMBLE + text)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(f"error: {message}")
    assert not (tmp_path / "out" / "sys.system").exists()


def parts(tmp_path, text):
    """What the server's configuration says of its clients: (jobs, files, writes) of each."""
    done = compose(tmp_path, PREAMBLE + text)
    assert done.returncode == 0, done.stderr
    config = written(tmp_path, "memfs.config.c")
    numbers = [[int(n) for n in re.findall(rf"\.{what} = (\d+)", config)] for what in ("jobs", "files", "writes")]
    assert int(re.search(r"\.client_count = (\d+)", config)[1]) == len(numbers[0])
    return list(zip(*numbers, strict=True))


def test_one_client_has_all(tmp_path):
    assert parts(tmp_path, "files.client(a)") == [(32, 256, 32)]


def test_clients_share_evenly(tmp_path):
    assert parts(tmp_path, "files.client(a)\nfiles.client(pd('b'))") == [(8, 128, 32)] * 2
    for count in (3, 4):
        got = parts(tmp_path, f"for i in range({count}): files.client(pd(f'c{{i}}'))")
        assert got == [(16 // count, 256 // count, 32)] * count


def test_what_is_said_counts(tmp_path):
    """The rest is for the others; a small share and a cache need few writes."""
    text = "files.client(a, cache=1 << 20, jobs=20)\nfiles.client(pd('b'), blocks=8, files=16)\nfiles.client(pd('c'))"
    assert parts(tmp_path, text) == [(20, 120, 1), (3, 16, 8), (3, 120, 32)]


def test_who_only_reads(tmp_path):
    """Nothing is kept for writes of its own."""
    assert parts(tmp_path, "files.client(a, changes=False)\nfiles.client(pd('b'), blocks=3)") == [(8, 128, 0), (8, 128, 3)]


def test_blocks_of_another_size(tmp_path):
    done = compose(tmp_path, PREAMBLE + "files.client(a, blocks=4, block=32 << 10)\nfiles.client(pd('b'), blocks=4)")
    assert done.returncode == 0, done.stderr
    for pd, block in (("a", 32 << 10), ("b", 64 << 10)):
        assert re.search(rf"\.block = {block:#x}\b", written(tmp_path, f"{pd}.config.c"))
        assert re.search(rf'name="fs_share_memfs_{pd}" size="{4 * block:#x}"', written(tmp_path, "sys.system"))


def test_a_cache_is_all_that_files_take(tmp_path):
    """Share, index, and what else the client knows of files."""
    for size, beside in ((1 << 20, 0x9_0000), (4 << 20, 0x9_0000), (32 << 20, 0), (32 << 20, 0x9_0000), (64 << 20, 0)):
        share, index = share_and_index_bytes("a", size, 0, 0, beside)
        units = (index - beside) // INDEX_UNIT
        assert share + index == size and share % BLOCK == 0 and index % 4096 == 0
        assert units >= share // BLOCK - 1 >= 4, "each block of the share but that for paths has its unit"
        assert index - beside - (share // BLOCK - 1) * INDEX_UNIT < BLOCK + INDEX_UNIT, "no block more would fit"


def test_what_lies_beside_the_index(tmp_path):
    """Where files' bytes have no budget, too."""
    for cache, size in (("1 << 20", 0xa_0000), ("0", 128 * INDEX_UNIT + 0x9_0000)):
        done = compose(tmp_path, PREAMBLE + f"files.client(a, caches=True, cache={cache}, beside=0x90000)")
        assert done.returncode == 0, done.stderr
        assert f'name="fs_index_a" size="{size:#x}"' in written(tmp_path, "sys.system")


def test_nobody_maps_anothers_share(tmp_path):
    done = compose(tmp_path, PREAMBLE + "for i in range(4): files.client(pd(f'c{i}'), caches=i == 0)")
    assert done.returncode == 0, done.stderr
    pds = re.findall(r'<protection_domain name="(\w+)".*?</protection_domain>', written(tmp_path, "sys.system"), re.S)
    texts = re.findall(r'<protection_domain .*?</protection_domain>', written(tmp_path, "sys.system"), re.S)
    maps = {pd: set(re.findall(r'<map mr="(\w+)"', text)) for pd, text in zip(pds, texts, strict=True)}
    rings = {f"fs_{what}_memfs_c{i}" for i in range(4) for what in ("share", "commands", "completions")}
    assert maps["memfs"] == rings | {f"fs_waiting_memfs_c{i}" for i in range(4)}
    for i in range(4):
        assert f".number = {i}," in written(tmp_path, f"c{i}.config.c")
        own = {f"fs_{what}_memfs_c{i}" for what in ("share", "commands", "completions")}
        assert maps[f"c{i}"] == own | ({"fs_index_c0"} if i == 0 else set())
