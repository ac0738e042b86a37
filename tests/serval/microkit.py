"""Programs of microkit.h alone, built with an SDK as its manual says: the SDK's header, library and linker script."""

import subprocess

from . import paths

# The flags that the official examples use, as clang spells them.
FLAGS = ["-mcpu=cortex-a53", "-mstrict-align", "-nostdlib", "-ffreestanding", "-O3", "-Wall", "-Wno-unused-function",
         "-Werror"]
CLANG = ["clang", "--target=aarch64-none-elf", *FLAGS]
GCC = ["aarch64-linux-gnu-gcc", "-fno-pie", *FLAGS]


def calls_on_the_end(sdk):
    """Whether the SDK reads `pp` on a channel's end, as from 2.0.0 on; they have a file VERSION since then."""
    return (sdk / "VERSION").exists()


def is_before(sdk, *release):
    """Whether an official SDK is of an earlier release: is_before(sdk, 2, 1)."""
    version = (sdk / "VERSION").read_text() if calls_on_the_end(sdk) else "1.4.1"
    return tuple(int(number) for number in version.split(".")[:len(release)]) < release


def run(*command, cwd):
    done = subprocess.run([str(c) for c in command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}"


def image(sdk, out, system, programs, sources, config="debug"):
    """Compiles sources/PROGRAM.c, links, and packs what the description `system` (a path) says; returns the image."""
    board = sdk / "board" / paths.BOARD / config
    for name in programs:
        run(*CLANG, f"-I{board}/include", f"-I{sources}", "-c", sources / f"{name}.c", "-o", f"{name}.o", cwd=out)
        run("ld.lld", f"-L{board}/lib", "-T", board / "lib" / "microkit.ld", f"{name}.o", "-lmicrokit", "-o",
            f"{name}.elf", cwd=out)
    run(sdk / "bin" / "microkit", system, "--search-path", out, "--board", paths.BOARD, "--config", config,
        "-o", "x.img", "-r", "x.txt", cwd=out)
    return out / "x.img"
