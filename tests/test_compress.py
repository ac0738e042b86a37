"""make compress: variants that the front takes, made anew when their file changes, and nothing else touched."""

import gzip
import os
import subprocess
import time

import pytest
from serval import build

pytestmark = pytest.mark.makes
TEXT = b"".join(b"line %d of a text that gets smaller\n" % n for n in range(400))


def compress(site):
    return build.make("compress", SITE=site).stdout


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "a site's folder"
    for name in ("index.html", "js/app.js", "small.css", "noise.txt", "picture.png", "app.py", ".git/config.txt", "notes.tar.gz"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(TEXT)
    (folder / "small.css").write_bytes(b"a{}")
    (folder / "noise.txt").write_bytes(os.urandom(4000))
    (folder / "link.html").symlink_to("index.html")
    return folder


def files(folder):
    return {str(path.relative_to(folder)): path.lstat().st_mtime_ns for path in folder.rglob("*") if not path.is_dir()}


def test_what_gets_smaller_has_variants(site):
    before = files(site)
    said = compress(site)
    after = files(site)
    assert set(after) - set(before) == {"index.html.br", "index.html.gz", "js/app.js.br", "js/app.js.gz"}
    assert {name: after[name] for name in before} == before
    assert after["js/app.js.br"] == after["js/app.js.gz"] == after["js/app.js"], "the file's time"
    assert gzip.decompress((site / "index.html.gz").read_bytes()) == TEXT
    assert subprocess.run(["brotli", "-dc", site / "index.html.br"], stdout=subprocess.PIPE, check=True).stdout == TEXT
    assert "2 of 4 files compressed now" in said
    assert "0 of 4 files compressed now" in compress(site) and files(site) == after


def test_what_changes_is_compressed_anew(site):
    compress(site)
    page, script = site / "index.html", site / "js/app.js"
    page.write_bytes(TEXT[::-1])
    script.write_bytes(os.urandom(3000))
    theirs = site / "js" / "app.js.gz"
    compress(site)
    assert gzip.decompress((site / "index.html.gz").read_bytes()) == TEXT[::-1]
    assert not theirs.exists(), "of another text, and nothing is to be had any more"
    theirs.write_bytes(b"the author's own")
    os.utime(theirs, (time.time() + 5, time.time() + 5))
    compress(site)
    assert theirs.read_bytes() == b"the author's own"


@pytest.mark.parametrize("given, says", [("", "SITE is missing: make compress SITE=FOLDER"),
                                         ("/none/such", "SITE='/none/such': there is no such folder")])
def test_mistake(given, says):
    with pytest.raises(build.BuildError, match=f"make compress: {says}"):
        build.make("compress", SITE=given)


def test_a_coder_that_fails(site, tmp_path, monkeypatch):
    """Variants are whole or not there."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "brotli").write_text("#!/bin/sh\necho half a file\nexit 3\n")
    (tmp_path / "bin" / "brotli").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(build.BuildError, match=r"make compress: brotli ended with 3 on .*/(index.html|app.js)"):
        compress(site)
    assert not list(site.rglob("*.br*"))
