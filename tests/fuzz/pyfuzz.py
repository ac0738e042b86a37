"""tests/fuzz/pyfuzz.py: fuzzing of Python, for a target NAME.py that calls main(run, FOLDERS). It takes what a program
of libFuzzer's takes of run.py, and writes what run.py reads.

    NAME.py                           replays the kept corpus
    NAME.py FILE..                    runs these inputs
    NAME.py [OPTION..] FOUND FOLDER.. fuzzes: what reaches a new pair of lines of a source in FOLDERS goes to FOUND
    NAME.py -merge=1 TO FOLDER..      as few inputs as reach the same pairs

run(data) raises what is a fault. Options: -max_total_time, -max_len, -timeout (s), -artifact_prefix, -seed.
"""

import hashlib
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

CORPUS = Path("tests/fuzz/corpus")      # from the top of the tree
NUMBERS = (0, 1, 2, 3, 4, 7, 8, 9, 16, 17, 0x7f, 0xff, 0x100, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff)
WORD = 4
CHANGES_MAX = 6
PULSE = 1000


class Fuzzer:
    def __init__(self, run, folders, options):
        self.run, self.folders = run, tuple(os.path.abspath(folder) + os.sep for folder in folders)
        self.timeout, self.length_max = int(options.get("timeout", 10)), int(options.get("max_len", 4096))
        self.prefix = options.get("artifact_prefix", "")
        self.until = time.monotonic() + float(options.get("max_total_time", 0) or "inf")
        self.random = random.Random(int(options.get("seed", 0)) or time.time_ns())
        self.pairs, self.kept, self.count = set(), [], 0

    def one(self, data):
        """The pairs of lines that it goes through."""
        pairs, folders = set(), self.folders

        def enter(frame, event, argument):
            name = frame.f_code.co_filename
            if not name.startswith(folders):
                return None
            last = 0

            def line(frame, event, argument):
                nonlocal last
                pairs.add((name, last, frame.f_lineno))
                last = frame.f_lineno
                return line

            return line

        signal.setitimer(signal.ITIMER_REAL, self.timeout)
        sys.settrace(enter)
        try:
            self.run(data)
        finally:
            sys.settrace(None)
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.count += 1
        return pairs

    def try_one(self, data):
        """As one(); a fault ends the program."""
        try:
            return self.one(data)
        except Exception:
            traceback.print_exc()
            path = f"{self.prefix}crash-{digest(data)}"
            Path(path).write_bytes(data)
            print(f"Test unit written to {path}", file=sys.stderr)
            sys.exit(1)

    def keep(self, data):
        """Whether it has reached something new."""
        new = self.try_one(data) - self.pairs
        self.pairs |= new
        if new:
            self.kept.append(data)
        return bool(new)

    def mutate(self, data):
        data, change = bytearray(data), self.random
        for _ in range(change.randint(1, CHANGES_MAX)):
            at, size = change.randrange(len(data) + 1), change.randrange(1, 4 * WORD)
            word_at = at // WORD * WORD
            match change.randrange(7):
                case 0:
                    data[at:at + 1] = bytes([change.randrange(256)])
                case 1:
                    data[word_at:word_at + WORD] = change.choice(NUMBERS).to_bytes(WORD, "big")
                case 2:
                    del data[at:at + size]
                case 3:
                    data[at:at] = change.randbytes(size)
                case 4:
                    start = change.randrange(len(data) + 1)
                    data[at:at] = data[start:start + size]
                case 5:
                    other = change.choice(self.kept)
                    start = change.randrange(len(other) + 1)
                    data[word_at:] = other[start // WORD * WORD:]
                case _:
                    del data[at:]
        return bytes(data[:self.length_max])

    def fuzz(self, found):
        while time.monotonic() < self.until:
            data = self.mutate(self.random.choice(self.kept))
            if self.keep(data):
                (found / digest(data)).write_bytes(data)
            if self.count % PULSE == 0:
                self.say("pulse")
        self.say("DONE")

    def say(self, what):
        print(f"#{self.count} {what} cov: {len(self.pairs)} corp: {len(self.kept)}", file=sys.stderr, flush=True)


def digest(data):
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def inputs(paths):
    """(path, bytes) of files, and of those in folders; the shortest first."""
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return sorted(((file, file.read_bytes()) for file in files), key=lambda pair: len(pair[1]))


def replay(fuzzer, paths):
    for path, data in inputs(paths):
        try:
            fuzzer.one(data)
        except Exception:
            traceback.print_exc()
            sys.exit(f"input: {path}")


def on_alarm(number, frame):
    raise TimeoutError("it takes too long")


def main(run, folders):
    options = dict(word[1:].split("=", 1) for word in sys.argv[1:] if word.startswith("-"))
    paths = [Path(word) for word in sys.argv[1:] if not word.startswith("-")]
    fuzzer = Fuzzer(run, folders, options)
    signal.signal(signal.SIGALRM, on_alarm)
    if not any(path.is_dir() for path in paths):
        replay(fuzzer, paths or [CORPUS / Path(sys.argv[0]).stem])
        return
    merging = options.get("merge") == "1"
    for _, data in inputs(paths[1:] if merging else paths):
        if fuzzer.keep(data) and merging:
            (paths[0] / digest(data)).write_bytes(data)
    if not merging:
        fuzzer.fuzz(paths[0])
