"""near.py WORD NAMES..: those of NAMES that somebody may have meant by WORD, the nearest first, in one line."""

import difflib
import re
import sys


def near(word, names, most=5):
    """Names that hold the word; then those that look like it; then those of the same last part."""
    word = re.sub(r"[*%]|\.[ch]$|^.*tests/unit/", "", word).replace("/", "_")
    holding = sorted((name for name in names if word and word in name), key=len)
    ending = [name for name in names if word and name.endswith("_" + word.rpartition("_")[2])]
    return list(dict.fromkeys([*holding, *difflib.get_close_matches(word, names, most, 0.7), *ending]))[:most]


if __name__ == "__main__":
    print(" ".join(near(sys.argv[1], sys.argv[2:])))
