"""The table of media types that the build makes (http/site/make-types), and how a mistake in its list is told."""

import re
import subprocess
import sys

import pytest
from serval import paths

SCRIPT = paths.TOP / "http" / "site" / "make-types"


def make(path):
    return subprocess.run([sys.executable, SCRIPT, path], capture_output=True, text=True, check=False)


def test_the_list_has_what_sites_are_made_of():
    done = make(paths.TOP / "http" / "site" / "types.list")
    assert done.returncode == 0 and done.stderr == ""
    rows = re.findall(r'^    \{(\d+)u, "(.*)"\}, /\* (.*) \*/$', done.stdout, re.MULTILINE)
    table = {extension: content_type for _, content_type, extension in rows}
    numbers = [int(number) for number, _, _ in rows]
    assert len(table) >= 150 and numbers == sorted(set(numbers))
    assert {table[name] for name in ("yaml", "rss", "svg", "epub")} == {
        "application/yaml", "application/rss+xml", "image/svg+xml", "application/epub+zip"}


@pytest.mark.parametrize("text, message", [
    ("html foo42", "1: {table} has no type for 'foo42': give it one, 'foo42 = type/subtype'"),
    ("# one\n\nhtml a.b", "3: 'a.b' is no extension"),
    ("HTML", "1: 'HTML' is no extension"),
    ("html css\nhtml = text/plain", "2: 'html' is there already"),
    ("x =", "1: 'x': '' is no type"),
    ("x = text", "1: 'x': 'text' is no type"),
    ("x = text/plain; charset=utf-8", "1: 'x': 'text/plain; charset=utf-8' is no type"),
    ('x = a/b"c', "1: 'x': 'a/b\"c' is no type"),
])
def test_a_mistake_of_the_list_is_one_line(tmp_path, text, message):
    path = tmp_path / "types.list"
    path.write_text(text + "\n")
    done = make(path)
    table = make(paths.TOP / "http" / "site" / "types.list").stdout.split(" and ")[1].split(". ")[0]
    assert done.returncode == 1 and done.stderr == f"{path}:{message.replace('{table}', table)}\n"
