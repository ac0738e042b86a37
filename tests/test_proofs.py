"""The proofs hold, and fail where the code is broken:
for each proof one way here, all of them by `make prove-mutations`."""

import os
import re
import subprocess
import sys

import pytest
from serval import build, paths, programs
from serval.qemu import LOAD_ADDRESS, Guest


def prove(*arguments):
    done = subprocess.run([sys.executable, paths.TOP / "proofs" / "prove.py",
                           "--programs", paths.CACHE / "programs", *arguments],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


OFFICIAL = bool(os.environ.get("MICROKIT_SDK"))
HARNESSES = sorted(path.name for path in (paths.TOP / "proofs").glob("*_*.c"))


@pytest.mark.parametrize("harness", HARNESSES)
def test_it_is_proved_and_refuted_where_broken(harness):
    if OFFICIAL and harness.startswith("kernel_"):
        pytest.skip("our own kernel")
    programs.find("cbmc", "cbmc")
    assert "proved" in prove(harness)
    assert "refuted" in prove("--mutations", "--quick", harness)


def test_no_wake_up_is_lost():
    if not any(os.access(os.path.join(path, "spin"), os.X_OK) for path in os.environ["PATH"].split(":")):
        pytest.skip("this machine has no spin")
    assert "proved" in prove("ring_wakeup.pml")
    assert prove("--mutations", "ring_wakeup.pml").count("refuted") >= 6


ENTRIES = ["syscall_handle", "exception_handle", "interrupt_handle", "boot", "boot_kernel_exception"]
STACK_BYTES = 4096      # a page (sdk/kernel/entry.S)


def stack(elf):
    return subprocess.run([sys.executable, paths.TOP / "proofs" / "stack.py", "llvm-objdump", elf, *ENTRIES],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)


@pytest.mark.skipif(OFFICIAL, reason="our own kernel")
@pytest.mark.parametrize("config", ["debug", "release", "benchmark"])
def test_the_kernels_stack_is_bounded(config):
    build.make("sdk")
    done = stack(paths.CACHE / "sdk" / "board" / paths.BOARD / config / "elf" / "kernel.elf")
    assert done.returncode == 0, done.stderr
    deepest = int(re.search(r"^deepest (\d+) bytes", done.stdout, re.M).group(1))
    assert 100 < deepest < STACK_BYTES // 2, done.stdout


def test_recursion_is_seen(tmp_path):
    source = tmp_path / "loop.c"
    source.write_text("int odd(int n);\nint even(int n) { return n == 0 ? 1 : 1 + odd(n - 1) * 3; }\n"
                      "int odd(int n) { return n == 0 ? 0 : 1 + even(n - 1) * 3; }\n"
                      "int main(void) { return even(4); }\n")
    elf = tmp_path / "loop.elf"
    subprocess.run(["clang", "--target=aarch64-none-elf", "-mcpu=cortex-a53", "-O1", "-fno-inline",
                    "-nostdlib", "-fuse-ld=lld", "-Wl,-e,main", "-o", elf, source], check=True)
    done = subprocess.run([sys.executable, paths.TOP / "proofs" / "stack.py", "llvm-objdump", elf, "main"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    assert done.returncode == 1 and "recursion: " in done.stderr, done.stdout


def test_the_kernel_is_small():
    """At most 4000 lines of C and assembly that are neither empty nor comment, headers included."""
    lines = 0
    for path in [*(paths.TOP / "sdk" / "kernel").rglob("*.[chS]"), *(paths.TOP / "sdk" / "abi").glob("*.h")]:
        code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        lines += sum(1 for line in code.splitlines() if line.strip() and not line.strip().startswith("//"))
    assert 500 < lines <= 4000, lines


RELEASES = ["qemu-trixie", "qemu-forky"]
ENTRIES_OF_AN_IMAGE = {
    "as a Linux kernel": lambda image: ["-kernel", str(image)],
    "at its address": lambda image: ["-device", f"loader,file={image},addr={LOAD_ADDRESS:#x},cpu-num=0"],
    "elsewhere": lambda image: ["-device", f"loader,file={image},addr=0x48000000,cpu-num=0"],
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("virtualization", ["on", "off"])
@pytest.mark.parametrize("how", ENTRIES_OF_AN_IMAGE)
def test_the_image_boots_on_later_releases(release, virtualization, how):
    """tests/test_kernel.py does the same on this machine's QEMU."""
    if OFFICIAL and (virtualization, how) != ("on", "at its address"):
        pytest.skip("the official loader is entered at its address and at EL2 only")
    program = str(programs.find(release, "qemu-system-aarch64"))
    image = build.system("hello", "debug")
    with Guest(None, args=[*ENTRIES_OF_AN_IMAGE[how](image), "-M", f"virt,virtualization={virtualization}"],
               program=program) as guest:
        guest.expect(r"adder says 42\r?\n")
