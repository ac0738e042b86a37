"""The front with a file service that lies (tests/systems/http): it can spoil what it serves, and nothing else."""

import concurrent.futures
import contextlib
import random

from serval.http import Answer, exchange, get, head_of

ADDRESS = "10.0.2.15"
LIES, CLIENTS, PATIENCE_S = 400, 8, 1
MORE = [{}, {}, {"Range": "bytes=0-99"}, {"Range": "bytes=-1"}, {"If_Modified_Since": "Sun, 13 Sep 2020 12:26:40 GMT"}]


def test_a_lying_file_service(boot):
    """It can spoil what it serves. The front goes on, and serves what is honest afterwards."""
    guest = boot("http_liar", {"http": ("tcp", ADDRESS, 80)})
    guest.expect(rf"serving http://{ADDRESS}/ from /\r?$")
    port = guest.port("http")
    rng = random.Random(4711)
    seen = set()

    def ask(paths_of):
        for path in paths_of:
            with contextlib.suppress(OSError, AssertionError):      # late, cut off: spoilt
                raw = exchange(port, head_of(path, Connection="close", **rng.choice(MORE)), timeout=PATIENCE_S)
                seen.add(Answer(raw).status)

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(ask, [[f"/lie-{client}-{i}" for i in range(LIES // CLIENTS)] for client in range(CLIENTS)]))
    assert {200, 403, 503} <= seen <= {200, 206, 301, 304, 403, 404, 416, 503}, seen
    assert get(port, "/good-1.txt").body == b"an honest file\n"
    assert get(port, "/good-2.txt", Range="bytes=3-8").body == b"honest"
    ask(["/jump-1"] * 4)
    guest.expect(r"\d+ lies were told; now indices jump")
    ask([f"/jump-{i}" for i in range(8)])
    assert get(port, "/", "POST", Content_Length="0").status == 405
    for dead in ("fault", "assert", "refuses", "stopped"):
        assert dead not in guest.text()
