"""VERSION, the newest heading of CHANGELOG.md and the console of a booted system say the same."""

import re

from serval import paths

VERSION = (paths.TOP / "VERSION").read_text().strip()


def test_the_changelog_begins_with_it():
    headings = re.findall(r"^## (\S+)", (paths.TOP / "CHANGELOG.md").read_text(), re.M)
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION) and headings[0] == VERSION


def test_the_console_begins_with_it(boot):
    guest = boot("hello")
    guest.expect(rf"Serval {re.escape(VERSION)}: hello on {paths.BOARD}")
    assert guest.text().lstrip().startswith(f"Serval {VERSION}: ")
