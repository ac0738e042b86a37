"""serve.py: the measured application, app.py of the export, on Linux.

    micropython serve.py microdot 8081      Microdot's own server; CPython runs it, too
    python3 serve.py uvicorn 8083           Microdot as an ASGI application
    python3 serve.py uvicorn                imports all that would be needed, and ends
"""

import asyncio
import sys

sys.path.append("/srv")
BACKLOG = 4096      # asyncio's is 5 on MicroPython: of a burst the kernel would then drop some for a second

import app  # noqa: E402

kind, port = sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else None


def with_microdot():
    from microdot import Microdot

    start_server = asyncio.start_server

    async def with_room(serve, host, port, **more):
        return await start_server(serve, host, port, backlog=BACKLOG, **more)

    asyncio.start_server = with_room
    site = Microdot()
    app.routes(site)
    if port:
        site.run(port=port)


def with_uvicorn():
    import uvicorn
    from microdot.asgi import Microdot

    site = Microdot()
    app.routes(site)
    config = uvicorn.Config(site, host="0.0.0.0", port=port or 0, loop="uvloop", http="httptools", ws="none",
                            lifespan="off", access_log=False, log_level="warning", backlog=BACKLOG,
                            timeout_keep_alive=75)
    config.load()
    config.setup_event_loop()
    if port:
        uvicorn.Server(config).run()


if kind == "microdot":
    with_microdot()
else:
    with_uvicorn()
