"""How a PD is linked (mk/pd.ld): errno is thread-local in whatever order headers come, also with a microkit.h that
defines __thread away as the official one does; no segment is writable and executable; the first instruction is where a
supervisor restarts it."""

import os
import re
import subprocess

import pytest
from serval import build, paths

PICOLIBC = os.environ.get("SERVAL_PICOLIBC", "/usr/lib/picolibc/aarch64-linux-gnu") + "/include"
TARGET = ["clang", "--target=aarch64-none-elf", "-mcpu=cortex-a53", "-std=gnu11", "-O2",
          "-I", str(paths.TOP), "-nostdlibinc", "-isystem", PICOLIBC, "-ftls-model=local-exec"]
# tests/unit/microkit.h defines __thread away.
FAKE_SDK = ["-I", str(paths.TOP / "tests/unit")]

ORDERS = {
    "errno first": '#include <errno.h>\n#include "lib/pd.h"\n',
    "pd.h first": '#include "lib/pd.h"\n#include <errno.h>\n',
    "pd.h alone": '#include "lib/pd.h"\n',
}


def store_to_errno(tmp_path, includes):
    """The instructions of a function that sets errno."""
    source, out = tmp_path / "set.c", tmp_path / "set.o"
    source.write_text(includes + "void set(void);\nvoid set(void)\n{\n    errno = 3;\n}\n")
    subprocess.run([*TARGET, *FAKE_SDK, "-c", source, "-o", out], check=True)
    return subprocess.run(["llvm-objdump", "-dr", out], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("order", ORDERS)
def test_errno_is_thread_local(tmp_path, order):
    code = store_to_errno(tmp_path, ORDERS[order])
    assert "TPIDR_EL0" in code and "R_AARCH64_TLSLE" in code


def test_the_official_header_alone_would_break_errno(tmp_path):
    """Else the test above could not fail. Picolibc of 2024 and later says _Thread_local, which nobody defines away."""
    said = subprocess.run([*TARGET, "-E", "-x", "c", "-"], input="#include <errno.h>\n", check=True, capture_output=True,
                          text=True).stdout
    code = store_to_errno(tmp_path, "#include <microkit.h>\n#include <errno.h>\n")
    assert ("TPIDR_EL0" not in code) == ("extern __thread int errno" in said)


def segments(elf):
    """[(type, address, file size, memory size, flags)] and the entry point."""
    text = subprocess.run(["llvm-readelf", "-hl", elf], check=True, capture_output=True, text=True).stdout
    row = re.compile(r"^\s+(LOAD|TLS)\s+\S+ (0x\w+) \S+ (0x\w+) (0x\w+) ([RWE ]{3})", re.M)
    found = [(t, *(int(n, 16) for n in (a, f, m)), flags.replace(" ", "")) for t, a, f, m, flags in row.findall(text)]
    return found, int(re.search(r"Entry point address:\s+(0x\w+)", text)[1], 16)


def test_segments_of_every_pd():
    image = build.system("base", "release")
    elves = sorted((image.parent / "base").glob("*.elf"))
    assert len(elves) > 10
    for elf in elves:
        found, entry = segments(elf)
        loads = [s for s in found if s[0] == "LOAD"]
        assert entry == 0x200000 == loads[0][1], elf
        assert [s[4] for s in loads] in (["RE", "R", "RW"], ["RE", "RW"]), elf
        assert all(s[1] % 0x1000 == 0 for s in loads), elf
        ends = [s[1] + s[3] for s in loads]
        assert all((end + 0xfff) // 0x1000 * 0x1000 <= nxt[1] for end, nxt in zip(ends, loads[1:])), elf


def test_heap_is_not_stored():
    image = build.system("base", "release")
    found, _ = segments(image.parent / "base" / "worker.elf")
    data = [s for s in found if s[0] == "LOAD"][-1]
    assert data[3] - data[2] >= 0x4000 and data[2] < 0x1000
    if not os.environ.get("MICROKIT_SDK"):  # which has 2 MiB of kernel in each image
        assert os.path.getsize(image) < 1 << 20
