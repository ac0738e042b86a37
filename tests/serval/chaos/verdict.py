"""What an answer is worth.

RIGHT    200, and the body is the file's (or what the program must have said), byte for byte
REFUSED  a whole 502, 503 or 504: the client knows that it has nothing, and may ask again
FAILED   a whole answer that says neither: 500, or 408; it counts as lost
WRONG    anything else: other bytes, another length, a 404 for what is there, no HTTP at all
"""

import enum


class Verdict(enum.Enum):
    RIGHT = "right"
    REFUSED = "refused"
    FAILED = "failed"
    WRONG = "wrong"


HONEST, HELPLESS = (502, 503, 504), (408, 500)


def first_difference(body, expected):
    """Where two bodies begin to differ; None: nowhere."""
    if body == expected:
        return None
    least = min(len(body), len(expected))
    low, high = 0, least                    # body[:low] is right, body[:high + 1] is not, or all that both have is
    while low < high:
        middle = (low + high + 1) // 2
        if body[:middle] == expected[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def judge(status, body, expected):
    """(Verdict, what is wrong with it)"""
    if status in HONEST:
        return Verdict.REFUSED, str(status)
    if status in HELPLESS:
        return Verdict.FAILED, str(status)
    if status != 200:
        return Verdict.WRONG, f"status {status}"
    at = first_difference(body, expected)
    if at is None:
        return Verdict.RIGHT, ""
    return Verdict.WRONG, f"{len(body)} bytes, {len(expected)} expected, from byte {at} on others"
