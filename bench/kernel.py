#!/usr/bin/env python3
"""What the kernel's operations cost: bench/kernel on our SDK, or on MICROKIT_SDK's.

    make costs [MICROKIT_SDK=..]

Guest instructions of the release configuration, and what the cycle counter says in the benchmark configuration, whose
kernel counts who uses the CPU as well. The same programs, flags and machine for every SDK. QEMU counts: with -icount
shift=0 one instruction is one nanosecond and one cycle, so the second column is instructions, too; on hardware it is
cycles.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests"))

from serval import build, microkit, paths  # noqa: E402
from serval.qemu import Guest  # noqa: E402

SOURCES = TOP / "bench" / "kernel"
PROGRAMS = ["measurer", "peer", "ticker", "spinner"]
COUNTED = ["-icount", "shift=0,sleep=off"]
LONG_US = 1_000_000     # nobody's slice ends within a measurement

# name, program, priority, more attributes
PDS = [
    ("ticker", "ticker", 40, ""),
    ("passive", "peer", 31, ' passive="true"'),
    ("server", "peer", 30, ""),
    ("higher", "peer", 20, ""),
    ("measurer", "measurer", 10, ""),
    ("equal", "peer", 10, ""),
    ("lower", "peer", 5, ""),
    ("spinner", "spinner", 1, ""),
]
CHANNELS = {"lower": 1, "higher": 2, "server": 3, "passive": 4, "equal": 5, "ticker": 6}
CALLED = ("server", "passive")
UART, TIMER_IRQ = 0x0900_0000, 30


def description(on_the_end):
    """The system; `on_the_end`: pp stands on the caller's end of a channel (2.x), else on the callee (1.4)."""
    lines = ["<system>", f'<memory_region name="uart" size="0x1000" phys_addr="{UART:#x}" />']
    for name, program, priority, more in PDS:
        pp = ' pp="true"' if name in CALLED and not on_the_end else ""
        lines += [f'<protection_domain name="{name}" priority="{priority}" budget="{LONG_US}" period="{LONG_US}"'
                  f'{more}{pp}>',
                  f'<program_image path="{program}.elf" />']
        if name in ("measurer", "ticker"):
            lines.append('<map mr="uart" vaddr="0x5000000" perms="rw" cached="false" />')
        if name == "ticker":
            lines.append(f'<irq irq="{TIMER_IRQ}" id="1" />')
        lines.append("</protection_domain>")
    for name, channel in CHANNELS.items():
        pp = ' pp="true"' if name in CALLED and on_the_end else ""
        lines.append(f'<channel><end pd="measurer" id="{channel}"{pp} /><end pd="{name}" id="0" /></channel>')
    return "\n".join([*lines, "</system>", ""])


def measure(sdk, config="release"):
    """{operation: guest instructions, or cycles in the benchmark configuration}"""
    with tempfile.TemporaryDirectory(prefix="serval-costs-") as folder:
        out = Path(folder)
        system = out / "costs.system"
        system.write_text(description(microkit.calls_on_the_end(sdk)))
        image = microkit.image(sdk, out, system, PROGRAMS, SOURCES, config)
        with Guest(image, args=COUNTED) as guest:
            guest.expect(r"^done\r?\n", timeout=60)
            return {name: int(value) for name, value in re.findall(r"^([a-z4,6() ]+): (\d+)\r?$", guest.text(), re.M)}


def main():
    given = os.environ.get("MICROKIT_SDK")
    sdk = TOP / given if given else paths.CACHE / "sdk"
    if not given:
        build.make("sdk")
    release, benchmark = measure(sdk), measure(sdk, "benchmark")
    width = max(map(len, release))
    print(f"{'':{width}}  release  benchmark")
    for name, value in release.items():
        print(f"{name:{width}}  {value:7}  {benchmark[name]:9}")


if __name__ == "__main__":
    main()
