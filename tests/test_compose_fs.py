"""compose/fs.py: several clients of one server: what each gets, who maps what, and the message for each mistake."""

import re

import pytest
from test_compose import compose, device_tree, written  # noqa: F401

PREAMBLE = """from compose.fs import MemFs
files = MemFs(s)
def pd(name): return s.pd(name, program='p', priority=1)
"""

MISTAKES = {
    "client_twice": ("files.client(a)\nfiles.client(a)", "PD 'a' is a client of 'memfs' already"),
    "too_many_clients": ("for i in range(5): files.client(pd(f'c{i}'))",
                         "PD 'c4' is one client of 'memfs' too many: 4 is all there can be"),
    "jobs_none": ("files.client(a, jobs=0)", "PD 'a': 0 jobs of 'memfs'; of 48 in all, 0 are the other clients', so 1 "
                  "to 48 there can be"),
    "jobs_many": ("files.client(a, jobs=49)", "PD 'a': 49 jobs of 'memfs'; of 48 in all, 0 are the other clients', so "
                  "1 to 48 there can be"),
    "jobs_together": ("files.client(a, jobs=40)\nfiles.client(pd('b'))\nfiles.client(pd('c'), jobs=8)",
                      "PD 'c': 8 jobs of 'memfs'; of 48 in all, 41 are the other clients', so 1 to 7 there can be"),
    "jobs_all_gone": ("files.client(a, jobs=48)\nfiles.client(pd('b'))",
                      "PD 'b': 1 jobs of 'memfs', whose 48 are the other clients'"),
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
    assert parts(tmp_path, "files.client(a)") == [(48, 256, 48)]


def test_clients_share_evenly(tmp_path):
    assert parts(tmp_path, "files.client(a)\nfiles.client(pd('b'))") == [(12, 128, 48)] * 2
    for count in (3, 4):
        got = parts(tmp_path, f"for i in range({count}): files.client(pd(f'c{{i}}'))")
        assert got == [(24 // count, 256 // count, 48)] * count


def test_what_is_said_counts(tmp_path):
    """The rest is for the others; a small share and a cache need few writes."""
    text = "files.client(a, cache=1 << 20, jobs=20)\nfiles.client(pd('b'), blocks=8, files=16)\nfiles.client(pd('c'))"
    assert parts(tmp_path, text) == [(20, 120, 1), (7, 16, 8), (7, 120, 48)]


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
