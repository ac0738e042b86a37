#!/usr/bin/env python3
"""compress.py SITE COMPRESSIBLE: `make compress`: puts name.br and name.gz beside each file of the folder SITE that gets
smaller by it, for clients that take them.

COMPRESSIBLE is the program that tells for which names the front looks for variants (compressible.c). A variant gets its
file's time: so it is seen which files have changed since. A variant that is newer than its file is somebody else's, and
stays; one that is older is of another text, and is made anew or goes away.
"""

import gzip
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LEAST_BYTES = 256       # a smaller file is one packet, whatever is done
LEAST_SAVING = 0.05     # of the file, or the variant is not worth its place in the cache
BROTLI = ["brotli", "--quality=11", "--stdout", "--"]


class Stop(Exception):
    """Ends it with one line."""


def brotli(path, _):
    done = subprocess.run([*BROTLI, path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise Stop(f"brotli ended with {done.returncode} on {path}")
    return done.stdout


def gzipped(_, content):
    return gzip.compress(content, 9, mtime=0)


CODINGS = {".br": brotli, ".gz": gzipped}


def is_served(name):
    return name == ".well-known" or not (name.startswith(".") or name == "__pycache__")


def files_of(site):
    """Files below it that are served, in order; the site's program is not, and links are somebody else's files."""
    for place, folders, names in os.walk(site):
        folders[:] = sorted(folder for folder in folders if is_served(folder))
        for name in sorted(names):
            path = Path(place, name)
            ours = is_served(name) and path.suffix not in CODINGS and path != Path(site, "app.py")
            if ours and path.is_file() and not path.is_symlink():
                yield path


def those_with_variants(paths, compressible):
    asked = b"".join(os.fsencode(path.name) + b"\0" for path in paths)
    told = subprocess.run([compressible], input=asked, stdout=subprocess.PIPE, check=True).stdout
    return [path for path, letter in zip(paths, told, strict=True) if letter == ord("y")]


def put(variant, content, of):
    """Whole or not at all, with its file's time and rights."""
    fresh = variant.with_name(f".{variant.name}.{os.getpid()}")
    try:
        fresh.write_bytes(content)
        shutil.copymode(of, fresh)
        status = of.stat()
        os.utime(fresh, ns=(status.st_atime_ns, status.st_mtime_ns))
        fresh.rename(variant)
    finally:
        fresh.unlink(missing_ok=True)


def compress(path):
    """Bytes of the file and of its smallest variant (or of itself), whether anything was made."""
    before = path.stat()
    made = False
    content, smallest = None, before.st_size
    for ending, coding in CODINGS.items():
        variant = path.with_name(path.name + ending)
        time = variant.stat().st_mtime_ns if variant.exists() else -1
        if time < before.st_mtime_ns:
            content = path.read_bytes() if content is None else content
            coded = coding(path, content) if len(content) >= LEAST_BYTES else content
            if len(coded) <= len(content) * (1 - LEAST_SAVING):
                put(variant, coded, path)
                made = True
            else:
                variant.unlink(missing_ok=True)
        if variant.exists():
            smallest = min(smallest, variant.stat().st_size)
    if content is not None and path.stat().st_mtime_ns != before.st_mtime_ns:
        return compress(path)           # it was written meanwhile
    return before.st_size, smallest, made


def run(site, compressible):
    if not site:
        raise Stop("SITE is missing: make compress SITE=FOLDER")
    folder = Path(os.path.abspath(os.path.expanduser(site)))
    if not folder.is_dir():
        raise Stop(f"SITE='{site}': there is no such folder")
    paths = those_with_variants(list(files_of(folder)), compressible)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(compress, paths))
    sizes, smallest = sum(size for size, _, _ in done), sum(small for _, small, _ in done)
    print(f"{folder}: {sum(made for _, _, made in done)} of {len(done)} files compressed now; {sizes} bytes as they are, "
          f"{smallest} as they go to a browser")


def main():
    try:
        run(*sys.argv[1:])
    except Stop as error:
        print(f"make compress: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"make compress: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
