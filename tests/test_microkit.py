"""Programs that use microkit.h and nothing else, linked with the SDK's own script and library as a user of the SDK links
them, in both dialects of the description. They run on whichever SDK is given, so that both can be held against the same
lines.
"""

import os
import re
import shutil
import subprocess

import pytest
from serval import build, paths

FOLDER = paths.TOP / "tests" / "microkit"
# The flags that the official examples use, as clang spells them.
FLAGS = ["-mcpu=cortex-a53", "-mstrict-align", "-nostdlib", "-ffreestanding", "-O3", "-Wall", "-Wno-unused-function", "-Werror"]
CLANG = ["clang", "--target=aarch64-none-elf", *FLAGS]
GCC = ["aarch64-linux-gnu-gcc", "-fno-pie", *FLAGS]
PROGRAMS = ["client", "server", "deep", "parent", "child"]

# The debug console, in order. `ok` lines come from check(), the others from say().
CHILD = [
    "ok child: starts",
    "ok parent: the child's id",
    "ok parent: the fault's label",
    "ok parent: the fault's address",
    "ok parent: not a fetch",
]
EXPECTED = [
    "ok parent: init comes first",
    *CHILD, *CHILD, *CHILD,
    "parent: stops its child",
    "ok server: it is passive",
    "ok client: its name",
    "ok client: it is not passive",
    "ok client: setvar_vaddr",
    "ok client: setvar with region_paddr",
    "ok client: region_paddr of a region with a phys_addr",
    "ok client: a memory region is zero at the start",
    "ok client: a region of two large pages, too",
    "ok server: called by the client",
    "ok server: a hundred words",
    "ok deep: called by the server",
    "ok server: the deep answer's label",
    "ok client: the answer's label",
    "ok client: the answer's count",
    "ok client: the sum of a hundred words",
    "ok client: twice the sum, from a call within the call",
    "ok client: an empty answer",
    "client: notifies",
    "ok server: notified by the client",
    "ok server: what the client wrote",
    "ok client: what the server wrote before it notified",
    "ok parent: notified by the client",
    "ok client: the parent's notification",
    "client: done",
]


@pytest.fixture(scope="module")
def sdk():
    """The SDK's folder, with everything in it."""
    given = os.environ.get("MICROKIT_SDK")
    if not given:
        build.make("sdk")
    return paths.TOP / given if given else paths.CACHE / "sdk"


def run(*command, cwd):
    done = subprocess.run([str(c) for c in command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}"


def image(sdk, folder, system, programs, config="debug"):
    """Compiles, links and packs the programs, with the command lines that the SDK's manual gives."""
    board = sdk / "board" / paths.BOARD / config
    for name in programs:
        run(*CLANG, f"-I{board}/include", f"-I{FOLDER}", "-c", FOLDER / f"{name}.c", "-o", f"{name}.o", cwd=folder)
        run("ld.lld", f"-L{board}/lib", "-T", board / "lib" / "microkit.ld", f"{name}.o", "-lmicrokit", "-o",
            f"{name}.elf", cwd=folder)
    run(sdk / "bin" / "microkit", FOLDER / system, "--search-path", folder, "--board", paths.BOARD, "--config", config,
        "-o", "x.img", "-r", "x.txt", cwd=folder)
    return folder / "x.img"


def with_includes(sdk, config):
    """All that kernel/gen_config.h defines, as `#define` lines."""
    board = sdk / "board" / paths.BOARD / config
    found = subprocess.run([*CLANG[:2], "-dM", "-E", "-xc", "-", f"-I{board}/include"], input="#include <kernel/gen_config.h>\n",
                           capture_output=True, text=True, check=True).stdout
    return re.sub(r"(?m)^(#define \w+) ", r"\1  ", found)


def lines(guest):
    return [line for line in guest.text().replace("\r", "").split("\n") if line]


def dialects():
    """Each SDK reads the dialect of its version; ours reads both."""
    given = os.environ.get("MICROKIT_SDK")
    both = ["dialect_1_4.system", "dialect_2_0.system"]
    if not given:
        return both
    return both[1:] if (paths.TOP / given / "VERSION").exists() else both[:1]  # a file that came with 2.0.0


@pytest.mark.parametrize("system", dialects())
def test_the_interface(boot, sdk, tmp_path, system):
    guest = boot(image(sdk, tmp_path, system, PROGRAMS))
    guest.expect(r"^client: done\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    said = [line for line in lines(guest) if line.split(" ")[0] in ("ok", "FAILED") or line.split(":")[0] in PROGRAMS]
    assert said == EXPECTED


@pytest.mark.parametrize("compiler", [CLANG, GCC], ids=["clang", "gcc"])
def test_every_name_and_signature(sdk, tmp_path, compiler):
    """A program that names all of them compiles without a warning."""
    if not shutil.which(compiler[0]):
        pytest.skip(f"no {compiler[0]} here")
    run(*compiler, f"-I{sdk}/board/{paths.BOARD}/debug/include", "-c", FOLDER / "names.c", "-o", "names.o", cwd=tmp_path)


@pytest.mark.parametrize("config", ["debug", "release", "benchmark"])
def test_what_makefiles_look_up(sdk, config):
    """The examples of 2.x choose their compiler by this line, cut at its blanks."""
    header = (sdk / "board" / paths.BOARD / config / "include" / "kernel" / "gen_config.h").read_text()
    assert [line.split(" ")[3] for line in header.splitlines() if "CONFIG_SEL4_ARCH  " in line] == ["aarch64"]
    assert ("#define CONFIG_DEBUG_BUILD  1\n" in with_includes(sdk, config)) == (config == "debug")


@pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="later than the official releases that we follow")
def test_what_later_releases_brought(boot, sdk, tmp_path):
    (tmp_path / "filled.bin").write_bytes(b"x" * 5000)
    guest = boot(image(sdk, tmp_path, "later.system", ["later", "idle"]))
    guest.expect(r"^later: done\r?\n|^FAILED.*\n|^fault: .*\n", timeout=30)
    assert lines(guest)[1:] == [
        "ok later: setvar_id of an end",
        "ok later: setvar_id of an irq",
        "ok later: setvar_id of a child",
        "ok later: setvar_size",
        "ok later: setvar_prefill_size",
        "ok later: prefill_path",
        "later: done",
    ]
