"""tests/fuzz/run.py: `make fuzz` and `make fuzz-keep` (tests/fuzz/README.md).

    run.py list TARGET..
    run.py run BINARIES FOUND SECONDS TARGET..     SECONDS for all together; 0: until Ctrl-C
    run.py keep BINARIES FOUND TARGET..

BINARIES and FOUND are folders: the programs, and what they find: FOUND/TARGET holds inputs, FOUND/crashes those that
fail.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
LENGTH_MAX = 4096
INPUT_TIMEOUT_S = 10
MEMORY_MB = 1024


def about(target):
    """The first sentence of the target's head."""
    source = next(path for path in (HERE / f"{target}.c", HERE / f"{target}.py") if path.exists())
    text = re.split(r"\n\s*\*?\s*\n", source.read_text())[0]
    words = " ".join(line.strip(' /*\t"') for line in text.splitlines())
    return re.sub(r"^\S+\.(c|py): ", "", words).split(". ")[0].split(", ")[0].rstrip(".")


def dictionary(target):
    """The target's own, else the one of all targets whose names begin alike."""
    for name in (target, target.split("_")[0]):
        if (HERE / f"{name}.dict").exists():
            return [f"-dict={HERE / name}.dict"]
    return []


def common(target):
    # Every run gives back all it took (fuzz.c); the leak checker would look for what was never lost.
    return [f"-max_len={LENGTH_MAX}", f"-timeout={INPUT_TIMEOUT_S}", f"-rss_limit_mb={MEMORY_MB}", "-detect_leaks=0",
            *dictionary(target)]


def kept(target):
    return HERE / "corpus" / target


def relative(path):
    path = Path(path).resolve()
    return path.relative_to(TOP) if path.is_relative_to(TOP) else path


def run(binaries, found, seconds, target):
    """Fuzzes. True: nothing was found."""
    crashes, new = Path(found) / "crashes", Path(found) / target
    crashes.mkdir(parents=True, exist_ok=True)
    new.mkdir(exist_ok=True)
    binary = Path(binaries) / f"fuzz_{target}"
    command = [str(binary), *[str(p) for p in (new, kept(target)) if p.is_dir()], *common(target),
               f"-artifact_prefix={crashes}/{target}-"]
    command += ["-len_control=0"]       # inputs are steps: many are wanted from the start
    command += [f"-max_total_time={seconds}"] if seconds else []
    log = crashes / f"{target}.log"
    with open(log, "wb") as file:
        process = subprocess.Popen(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        try:
            status = process.wait()
        except KeyboardInterrupt:   # it got the signal, too
            process.wait()
            status = 0
    text = log.read_text(errors="replace")
    last = re.findall(r"#(\d+)\s.*?cov: (\d+)", text)
    runs, lines = last[-1] if last else (0, 0)
    if status == 0:
        print(f"{target}: {runs} runs, {lines} edges reached, nothing found", flush=True)
        return True
    print(why(text))
    written = re.findall(r"Test unit written to (\S+)", text)
    if written:
        print(f"{target}: FAILED on {relative(written[-1])}; again:\n    {relative(binary)} {relative(written[-1])}",
              flush=True)
    else:
        print(f"{target}: FAILED with status {status}; its words are in {relative(log)}", flush=True)
    return False


def why(text):
    """What a sanitizer or a check said, without libFuzzer's progress."""
    lines = [line for line in text.splitlines() if not re.match(r"#\d+\s|INFO:|Dictionary:|\s+\[?NEW|MS: |0x[0-9a-f]+,",
                                                               line)]
    return "\n".join(lines[:60])


def keep(binaries, found, target):
    """Makes the kept corpus anew: of what is kept and what was found, as few inputs as reach the same edges."""
    with tempfile.TemporaryDirectory() as folder:
        sources = [str(p) for p in (kept(target), Path(found) / target) if p.is_dir()]
        command = [str(Path(binaries) / f"fuzz_{target}"), "-merge=1", "-use_counters=0", folder, *sources,
                   *common(target)]
        subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        inputs = sorted(Path(folder).iterdir())
        if not inputs:
            sys.exit(f"{target}: no input has passed; nothing is changed")
        kept(target).mkdir(parents=True, exist_ok=True)
        for path in kept(target).iterdir():
            if re.fullmatch("[0-9a-f]{40}", path.name):     # one with a name was kept for its own sake
                path.unlink()
        for path in inputs:
            (kept(target) / path.name).write_bytes(path.read_bytes())
    size = sum(p.stat().st_size for p in kept(target).iterdir())
    print(f"{target}: {len(list(kept(target).iterdir()))} inputs, {size} bytes")


def listing(targets):
    width = max(len(t) for t in targets)
    for target in targets:
        print(f"{target:{width}}  {about(target)}")
    print("\nmake fuzz FUZZ=NAME (or all) [FUZZ_SECONDS=60]; without seconds until Ctrl-C; tests/fuzz/README.md")


def main(what, *arguments):
    if what == "list":
        listing(arguments)
        return 0
    if what == "keep":
        binaries, found, *targets = arguments
        for target in targets:
            keep(binaries, found, target)
        return 0
    binaries, found, seconds, *targets = arguments
    share = max(1, int(seconds) // len(targets)) if int(seconds) else 0
    return 0 if all([run(binaries, found, share, target) for target in targets]) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
