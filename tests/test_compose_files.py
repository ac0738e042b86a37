"""compose/fs.py: files in the image."""

import os
import re
import sys

from serval import paths

sys.path.insert(0, str(paths.TOP))

from compose.fs import files_header, walk  # noqa: E402


def test_another_content_has_another_time(tmp_path):
    """Times would make two checkouts differ; without them a browser would keep a page that has changed. So the place of
    the time, of which entity tags are made, is the content's hash, below a second (http/parse/select.h)."""
    def versions(text):
        (tmp_path / "page.html").write_text(text)
        return [int(n) for n in re.findall(r", fs_mem_file_\d+, \d+, (\d+)}", files_header(list(walk(tmp_path, "memfs"))))]

    first = versions("one")
    assert len(first) == 1 and 0 <= first[0] < 10**9
    os.utime(tmp_path / "page.html", (1, 1))
    assert versions("one") == first != versions("two")
