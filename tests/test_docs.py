"""What chapters and READMEs name is there: files, links, goals of make, tests."""

import functools
import re
import subprocess

import pytest
from serval import paths

PLACEHOLDER = re.compile(r"[A-Z]{4,}")      # NAME, BOARD, CONFIG, BUILD_DIR
PATH = re.compile(r"(?<![\w/.-])((?:[\w-]+/)+[\w.-]*\.(?:c|h|S|py|mk|md|sh|html|system|pml|txt|json))\b")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
GOAL = re.compile(r"`make ([a-z][\w-]*)[ `]|^    make ([a-z][\w-]*)(?: |$)", re.MULTILINE)
TEST = re.compile(r"(tests/test_\w+\.py)::(\w+)")


FILES = set(paths.files())
CHAPTERS = sorted(path for path in FILES if path.endswith(".md"))


def text_of(chapter):
    return (paths.TOP / chapter).read_text()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_files_and_links_lead_somewhere(chapter):
    folder = (paths.TOP / chapter).parent
    top = {path.split("/")[0] for path in FILES}
    named = {path for path in PATH.findall(text_of(chapter)) if path.split("/")[0] in top and not PLACEHOLDER.search(path)
             and not path.startswith("third_party/src/")}
    assert {path for path in named if path not in FILES and not (folder / path).exists()} == set()
    assert {link for link in LINK.findall(text_of(chapter)) if not (folder / link).exists()} == set()


@functools.lru_cache(maxsize=None)
def goals():
    rules = subprocess.run(["make", "-pq", "help", f"CACHE_DIR={paths.CACHE}"], cwd=paths.TOP, text=True,
                           capture_output=True, check=False).stdout
    return set(re.findall(r"^([a-z][\w-]*):", rules, re.MULTILINE))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_goals_of_make_are_there(chapter):
    named = {one or other for one, other in GOAL.findall(text_of(chapter))}
    assert named - goals() - {"qemu", "all"} == set()       # of an example's own Makefile (mk/example.mk)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_tests_are_there(chapter):
    for file, name in TEST.findall(text_of(chapter)):
        assert (f"def {name}" if name.endswith("_") else f"def {name}(") in text_of(file)     # one that `..` cuts short
