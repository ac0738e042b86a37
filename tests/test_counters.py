"""website.counters(): each key of the code is told in docs/webserver.md, and no other."""

import re

from serval import paths


def test_the_documented_counters_are_those_of_the_code():
    code = (paths.TOP / "python" / "modwebsite.c").read_text()
    code = code[code.index("static void put_tls("):code.index("website_counters_obj")]
    keys = re.findall(r"put\(dict, MP_QSTR_(\w+)", code)
    chapter = (paths.TOP / "docs" / "webserver.md").read_text()
    table = chapter[chapter.index("| key of `website.counters()`"):].split("\n\n")[0]
    told = [key for row in table.splitlines()[2:] for key in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert keys and sorted(told) == sorted(keys)
