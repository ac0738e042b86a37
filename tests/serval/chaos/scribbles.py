"""Which words were written over, and whether what is wrong with an answer is some of them.

An answer is explained when it has its length, and each place where it differs is a word that was written over a short
while ago, with that word's bytes before and after. All else is wrong.
"""

import time
from typing import NamedTuple

from .verdict import first_difference

WORD = 8
LASTS_S = 10.0          # a word that was written over longer ago explains nothing: with many of them one would always fit
PLACES_MOST = 4         # in one answer


class Scribble(NamedTuple):
    when: float
    where: str
    before: bytes
    now: bytes


class Scribbles:
    def __init__(self):
        self.made = []

    def add(self, where, before, now):
        self.made.append(Scribble(time.monotonic(), where, before, now))

    def lately(self, since):
        for one in reversed(self.made):
            if one.when < since:
                return
            yield one

    def explain(self, body, expected):
        """Which words they were; None: that is not what is wrong with it."""
        places = differences(body, expected)
        now = time.monotonic()
        lately = list(self.lately(now - LASTS_S))
        found = [next((one for one in lately if explains(one, *place)), None) for place in places or ()]
        if not found or None in found:
            return None
        return "; ".join(f"{one.where}, {now - one.when:.1f} s ago" for one in found)


def differences(body, expected):
    """[(what is there, what should be)], each from a byte that differs to the last that does within a word. None: more
    than a few words could have done; [] where nothing differs."""
    if len(body) != len(expected):
        return None
    places, at = [], 0
    while (step := first_difference(body[at:], expected[at:])) is not None:
        if len(places) == PLACES_MOST:
            return None
        at += step
        there, should = body[at:at + WORD], expected[at:at + WORD]
        length = max(n + 1 for n in range(len(there)) if there[n] != should[n])
        places.append((there[:length], should[:length]))
        at += WORD
    return places


def explains(scribble, found, expected):
    """Whether a word that was `before` and is `now` has made what was found of what is expected."""
    before, now = scribble.before, scribble.now
    return any(now[at:at + len(found)] == found and before[at:at + len(found)] == expected
               for at in range(WORD - len(found) + 1))
