"""webserver.py: the website that lies on the NFS server, and routes of your own.

Started by the MicroPython component with one argument, the folder of the site below the mount (WEBSITE_DIR). A file
app.py at the top of the export, if there is one, may add routes in Python:

    def routes(app):
        @app.get("/api/hello")
        async def hello(request):
            return {"hello": request.args.get("name", "world")}
"""

import sys

# Until the server runs, modules come from the image alone: no file of the export takes the place of one, and nobody is asked.
mount = [entry for entry in sys.path if entry != ".frozen"]
sys.path[:] = [".frozen"]

import asyncio
import errno

import fs_async
from staticsite import StaticSite

HOST, PORT = "0.0.0.0", 80


def add_routes(app):
    """Routes from app.py on the export. Its mistakes are printed and cost the routes, never the site."""
    sys.path.extend(mount)
    try:
        from app import routes
        routes(app)
    except Exception as error:
        if str(error) == "no module named 'app'":
            return
        print("webserver: app.py is left out:")
        sys.print_exception(error)


async def add_routes_later(app):
    """The files were not there at the start: asks again, less and less often, until they are."""
    pause = 1
    while True:
        await asyncio.sleep(pause)
        pause = min(2 * pause, 30)
        try:
            await fs_async.stat("/")
        except OSError:
            continue
        add_routes(app)
        return


async def main(folder):
    app = StaticSite(folder)
    server = asyncio.create_task(app.start_server(host=HOST, port=PORT))
    while app.server is None and not server.done():
        await asyncio.sleep_ms(0)                   # it listens at its second turn
    try:
        await fs_async.stat(app.folder or "/")      # answered once the mount stands, or is late
        add_routes(app)
    except OSError as error:
        if error.errno == errno.ENOENT:
            print("webserver: WEBSITE_DIR '%s' cannot be read: there is no such folder in the export" % folder)
        else:
            print("webserver: the files cannot be reached yet; until they can, requests are answered 503")
        asyncio.create_task(add_routes_later(app))
    if not server.done():
        print("Starting async server on %s:%d..." % (HOST, PORT))
    await server


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else ""))
