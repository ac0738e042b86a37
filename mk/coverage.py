#!/usr/bin/env python3
"""coverage.py FOLDER PROGRAM..: runs host tests that were built with counters (mk/coverage.mk), prints what they execute
of each folder's code, and writes FOLDER/summary.txt and, with each line's count, FOLDER/index.html.

A source counts as a whole, whichever of the programs executed which part of it. What a process did that ended by a
signal or by _exit() is not counted; of a function that two programs have in two ways (#if) one way is. Tests and third-party
sources are left out.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
IGNORED = r"(^|/)(tests|third_party)/|^/usr/"
KINDS = ("lines", "functions", "branches")


def run(programs, scratch):
    """Runs each one. Returns the files with what they counted, and the names of those that failed."""
    profiles, failed = [], []
    for program in programs:
        name = Path(program).name
        # %m: all processes of a program add to one file
        environment = {**os.environ, "LLVM_PROFILE_FILE": str(scratch / f"{name}.%m.profraw")}
        done = subprocess.run([os.path.abspath(program)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", env=environment, check=False)
        written = list(scratch.glob(f"{name}.*.profraw"))
        if done.returncode or not written:
            print(f"{done.stdout}FAILED {name}, exit status {done.returncode}: {program}", flush=True)
            failed.append(name)
        profiles += written
    return profiles, failed


def llvm_cov(command, programs, profile, *options):
    objects = [word for program in programs[1:] for word in ("-object", program)]
    done = subprocess.run(["llvm-cov", command, programs[0], *objects, f"-instr-profile={profile}",
                           f"-ignore-filename-regex={IGNORED}", *options], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"coverage: llvm-cov {command}: {done.stderr.strip()}")
    return done.stdout


def relative(name):
    path = Path(name)
    return path.resolve().relative_to(TOP).as_posix() if path.is_absolute() else Path(os.path.normpath(name)).as_posix()


def by_folder(exported):
    """Folder -> Counter: (kind, "count"), (kind, "covered"), and its files."""
    folders = {}
    for file in exported["data"][0]["files"]:
        if not file["summary"]["lines"]["count"]:
            continue
        counter = folders.setdefault(str(Path(relative(file["filename"])).parent), Counter())
        counter["files"] += file["filename"].endswith(".c")
        for kind in KINDS:
            for what in ("count", "covered"):
                counter[kind, what] += file["summary"][kind][what]
    return folders


def figure(counter, kind):
    count = counter[kind, "count"]
    return f"{100 * counter[kind, 'covered'] / count:.1f} %" if count else "-"


def table(folders):
    """Of a folder's C files, how many are in any of the programs; of these, what was executed."""
    rows = [("folder", "files", "lines", "executed", *KINDS[1:])]
    for folder, counter in [*sorted(folders.items()), ("all", sum(folders.values(), Counter()))]:
        there = sum(len([*(TOP / f).glob("*.c")]) for f in (folders if folder == "all" else [folder]))
        rows.append((folder, f"{counter['files']}/{there}", str(counter["lines", "count"]),
                     *(figure(counter, kind) for kind in KINDS)))
    return "".join(f"{row[0]:<16}" + "".join(f"{cell:>11}" for cell in row[1:]) + "\n" for row in rows)


def main():
    folder, programs = Path(sys.argv[1]), sys.argv[2:]
    shutil.rmtree(folder, ignore_errors=True)
    scratch = folder / "counted"
    scratch.mkdir(parents=True)
    profiles, failed = run(programs, scratch.absolute())
    if not profiles:
        sys.exit("coverage: none of the programs has counted anything")
    profile = folder / "all.profdata"
    merged = subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", profile, *profiles], check=False)
    if merged.returncode:
        sys.exit("coverage: llvm-profdata could not merge what the programs counted; the lines above say why")
    shutil.rmtree(scratch)
    text = table(by_folder(json.loads(llvm_cov("export", programs, profile, "-summary-only"))))
    llvm_cov("show", programs, profile, "-format=html", "-show-branches=count", f"-output-dir={folder}")
    (folder / "summary.txt").write_text(text)
    print(f"{text}line by line: {folder}/index.html")
    if failed:
        sys.exit(f"coverage: {len(failed)} failed: {' '.join(failed)}")


if __name__ == "__main__":
    main()
