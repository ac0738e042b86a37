"""What is served while parts die: files of many sizes, more of them than the cache holds, and a program's routes. Each
path's bytes are known here, so every answer can be compared.
"""

import random

from .. import uploads

FOLDER, UPLOADS = "www", "up"
SEED = 20
# Group -> (how many, bytes). The cache has 32 MiB: `cold` is twice as much, and of `fresh` each is asked for once.
FILES = {"small": (50, 1000), "middle": (40, 50_000), "large": (4, 1 << 20), "cold": (320, 200_003),
         "fresh": (4000, 700)}
PAGE_ROWS = 40
APP = f"""
import fs_async
from microdot import Request

Request.max_content_length = 1 << 20


def front():
    try:
        from _website import counters
        return counters()
    except (ImportError, AttributeError):
        return {{}}


def routes(app):
    @app.get("/api/page/<int:n>")
    async def page(request, n):
        return "".join(["%d %d\\n" % (i, i * n % 9973) for i in range({PAGE_ROWS})])

    @app.post("/api/echo")
    async def echo(request):
        return request.body
{uploads.route(f"/{FOLDER}/{UPLOADS}")}
    @app.get("/api/vitals")
    async def vitals(request):
        import gc
        gc.collect()
        return dict(front(), python_heap=gc.mem_alloc())
"""


def program_page(number):
    """What /api/page/NUMBER has to be."""
    return "".join("%d %d\n" % (i, i * number % 9973) for i in range(PAGE_ROWS)).encode()


class Site:
    """groups: group -> its paths; bodies: path -> what it has to be."""

    def __init__(self, export):
        rng = random.Random(SEED)
        top = export / FOLDER
        uploads.writable(export, FOLDER, f"{FOLDER}/{UPLOADS}")
        (export / "app.py").write_text(APP)
        self.groups, self.bodies = {}, {}
        for group, (count, size) in FILES.items():
            (top / group).mkdir()
            self.groups[group] = [f"/{group}/{n}.bin" for n in range(count)]
            for path in self.groups[group]:
                self.bodies[path] = rng.randbytes(size)
                (top / path[1:]).write_bytes(self.bodies[path])
