"""make lint: its quick parts over the whole tree, clang-tidy over what images are made of and over a bad file."""

import json
import os
import re
import shutil
import subprocess

import pytest
from serval import build, paths

our_sdk = pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="each file as for our own SDK")


def test_cppcheck_and_ruff_and_the_style():
    build.make("cppcheck", "ruff", "style")


@our_sdk
def test_clang_tidy_over_what_images_are_made_of():
    build.make("tidy-sources")


@our_sdk
def test_no_c_file_is_left_out():
    build.make(paths.CACHE / "compile_commands.json")
    linted = {entry["file"] for entry in json.loads((paths.CACHE / "compile_commands.json").read_text())}
    assert {path for path in paths.files() if path.endswith(".c")} - linted == set()


def test_sections_and_sizeof_have_one_form():
    """What clang-format leaves as it is."""
    wrong = re.compile(r"^/\* ?-{3,}|\bsizeof [^(]", re.MULTILINE)
    assert [p for p in paths.files() if p.endswith((".c", ".h")) and wrong.search((paths.TOP / p).read_text())] == []


def test_it_finds_something(tmp_path):
    shutil.copy(paths.TOP / ".clang-tidy", tmp_path)
    (tmp_path / "bad.c").write_text("int main(void)\n{\n    int *p = 0;\n    return *p;\n}\n")
    done = subprocess.run([os.environ["SERVAL_CLANG_TIDY"], "--quiet", "bad.c", "--"], cwd=tmp_path, capture_output=True, text=True,
                          check=False)
    assert done.returncode != 0 and "bad.c:4:12: error" in done.stdout
