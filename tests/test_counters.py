"""website.counters(): each name of the table in http/app_proto.h is told in docs/webserver.md, and no other; the stand-in has
those that a site without HTTPS has."""

import re
import subprocess
import sys

from serval import paths

PREFIXES = {"FRONT": "", "CACHE": "cache_", "HANDSHAKES": "tls_", "RECORDS": "tls_"}


def names(*tables):
    code = (paths.TOP / "http" / "app_proto.h").read_text()
    found = {table: re.search(rf"#define APP_COUNTERS_{table}\(ONE\)((?:.*\\\n)+.*)", code)[1] for table in tables}
    return [PREFIXES[table] + name for table, text in found.items() for name in re.findall(r"ONE\((\w+)\)", text)]


def test_the_documented_counters_are_those_of_the_code():
    chapter = (paths.TOP / "docs" / "webserver.md").read_text()
    table = chapter[chapter.index("| key of `website.counters()`"):].split("\n\n")[0]
    told = [key for row in table.splitlines()[2:] for key in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(told) == sorted([*names(*PREFIXES), "nonsense"])


def test_the_stand_in_has_them(tmp_path):
    program = "import serval_host; serval_host.install(); import website; print(*website.counters())"
    places = [paths.TOP / "python" / "host", paths.TOP / "third_party" / "src" / "microdot"]
    said = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": ":".join(map(str, places))}).stdout
    assert sorted(said.split()) == sorted([*names("FRONT", "CACHE"), "nonsense"])
