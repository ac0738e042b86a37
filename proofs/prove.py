"""prove.py [--mutations] [--quick] [NAME..]: runs the proofs of catalogue.py and checks its models;
exit status 1 if one does not hold.

A proof is run on a copy of the sources that it names, laid over the tree by the include path: constants scaled to what
its bound says, and for --mutations one line broken on purpose, after which the proof must fail. Each proof also shows
that what it assumes leaves something to prove: every POSSIBLE(n) in its harness must be reachable (with --mutations).
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from catalogue import MODELS, PROOFS

TOP = Path(__file__).resolve().parents[1]
CHECKS = ("--no-standard-checks --bounds-check --pointer-check --div-by-zero-check --signed-overflow-check "
          "--undefined-shift-check --unwinding-assertions --slice-formula").split()
LIMIT_S = 600


class Broken(Exception):
    """The proof could not be run as it is written."""


def overlay(folder, changes):
    """Copies of the sources that `changes` names, each text in them replaced, below `folder`."""
    for name, old, new in changes:
        copy = folder / name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, copy)
        text = copy.read_text()
        if text.count(old) != 1:
            raise Broken(f"{name} has {text.count(old)} times, not once: {old!r}")
        copy.write_text(text.replace(old, new))


def run_cbmc(cbmc, proof, changes=(), defines=()):
    """True: proved; False: refuted; and the lines that say by what."""
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        overlay(Path(folder), [*proof.scaled, *changes])
        command = [cbmc, f"-I{folder}", f"-I{TOP}", *[f"-I{TOP / path}" for path in proof.include],
                   *[f"-D{d}" for d in proof.defines], *[f"-D{d}" for d in defines],
                   *CHECKS, "--unwind", str(proof.unwind), "--function", proof.function,
                   str(TOP / "proofs" / proof.harness), *(["--stop-on-fail"] if changes or defines else [])]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            raise Broken(f"no answer in {LIMIT_S} s") from None
    failures = [line for line in done.stdout.splitlines() if line.endswith(": FAILURE")]
    if done.returncode == 0:
        return True, failures
    if done.returncode == 10:
        return False, failures or [line for line in done.stdout.splitlines() if "Violated property" in line]
    raise Broken(f"cbmc ended with {done.returncode}: " + "\n".join(done.stdout.splitlines()[-6:]))


def run_spin(model, define=None):
    """True: no state is stuck, and what must happen does; False: an error was found; and what it was."""
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        def run(*command):
            return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S, check=False).stdout

        def build(program, *flags, defines=()):
            run("spin", "-a", *[f"-D{d}" for d in defines], str(TOP / "proofs" / model.file))
            run("gcc", "-O2", "-w", "-DCOLLAPSE", *flags, "-o", program, "pan.c")
            if not (Path(folder) / program).exists():
                raise Broken("the model does not compile")

        build("safety", "-DSAFETY", "-DNOCLAIM", defines=[define] if define else [])
        words = run("./safety", "-m1000000")
        if define is None:
            build("liveness", defines=[model.progress] if model.progress else [])
            words += run("./liveness", "-a", "-f", "-m1000000")
    if "too small" in words or "errors: " not in words:
        raise Broken(words[-600:])
    return ("errors: 0" in words and "errors: 1" not in words,
            [line for line in words.splitlines() if line.startswith("pan:")])


def spin_tasks(arguments):
    if not arguments.mutations:
        return [(model, model.file, None, True) for model in MODELS]
    return [(model, f"{model.file} with {name}", name, False)
            for model in MODELS for name in model.mutations[:1 if arguments.quick else None]]


def judge_spin(model, what, define, expected):
    try:
        holds, words = run_spin(model, define)
    except (Broken, subprocess.TimeoutExpired) as problem:
        return False, f"BROKEN   {what}: {problem}"
    if holds == expected:
        return True, f"{'proved' if holds else 'refuted'}  {what}"
    return False, f"FAILED   {what}: {words or 'still holds'}"


def tasks_of(proof, arguments):
    """(what it is, changes, defines, whether it must hold)"""
    if not arguments.mutations:
        yield proof.function, (), (), True
        return
    for n, change in enumerate(proof.mutations):
        if n == 0 or not arguments.quick:
            yield f"{proof.function} without: {' '.join(change[1].split())}", (change,), (), False
    if not arguments.quick:
        text = (TOP / "proofs" / proof.harness).read_text()
        body = text[text.index(f"void {proof.function}(void)"):].split("\n}\n")[0]
        for first, more in re.findall(r"POSSIBLE\((\d+)( \+)?", body):
            for place in range(int(first), int(first) + (2 if more else 1)):    # POSSIBLE(1 + flag): with and without
                yield f"{proof.function}: place {place} is reached", (), (f"REACH={place}",), False


def judge(cbmc, proof, task):
    what, changes, defines, expected = task
    start = time.monotonic()
    try:
        holds, failures = run_cbmc(cbmc, proof, changes, defines)
    except Broken as problem:
        return False, f"BROKEN   {what}: {problem}"
    took = f"{time.monotonic() - start:.0f} s"
    if holds == expected:
        return True, f"{'proved' if holds else 'refuted'}  {what} ({took})"
    if holds:
        return False, f"FAILED   {what}: still holds ({took})"
    return False, "\n".join([f"FAILED   {what} ({took})", *failures[:10]])


def find_cbmc(programs):
    """CBMC's command; None and why not."""
    done = subprocess.run([TOP / "third_party" / "fetch-program", "cbmc", programs], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 0:
        return str(Path(programs).resolve() / "cbmc" / "bin" / "cbmc"), None
    if done.returncode == 3:
        return None, done.stdout.strip().rpartition("\n")[2]
    sys.exit(done.stdout)


def jobs_for(arguments):
    chosen = [p for p in PROOFS if not arguments.names or p.function in arguments.names or p.harness in arguments.names]
    cbmc, why_not = find_cbmc(arguments.programs) if chosen else (None, None)
    if cbmc:
        yield from ((judge, (cbmc, proof, task)) for proof in chosen for task in tasks_of(proof, arguments))
    elif chosen:
        print(f"skipped  {len(chosen)} proofs: {why_not}")
    tasks = [t for t in spin_tasks(arguments) if not arguments.names or t[0].file in arguments.names]
    if shutil.which("spin"):
        yield from ((judge_spin, task) for task in tasks)
    elif tasks:
        print("skipped  the models: this machine has no spin")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True, help="where third_party/fetch-program puts CBMC")
    parser.add_argument("--mutations", action="store_true")
    parser.add_argument("--quick", action="store_true", help="the first mutation of each proof alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("names", nargs="*", help="a harness, a function in one, a model")
    arguments = parser.parse_args()
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for good, line in pool.map(lambda job: job[0](*job[1]), list(jobs_for(arguments))):
            bad += not good
            print(line, flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
