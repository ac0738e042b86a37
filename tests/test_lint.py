"""make lint. Its quick parts over the whole tree; clang-tidy, which takes minutes, over a bad file."""

import shutil
import subprocess

from serval import build, paths


def test_cppcheck_and_ruff_and_the_style():
    build.make("cppcheck", "ruff", "style")


def test_it_finds_something(tmp_path):
    shutil.copy(paths.TOP / ".clang-tidy", tmp_path)
    (tmp_path / "bad.c").write_text("int main(void)\n{\n    int *p = 0;\n    return *p;\n}\n")
    done = subprocess.run(["clang-tidy-14", "--quiet", "bad.c", "--"], cwd=tmp_path, capture_output=True, text=True,
                          check=False)
    assert done.returncode != 0 and "bad.c:4:12: error" in done.stdout
