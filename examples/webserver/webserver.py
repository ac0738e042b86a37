"""webserver.py: the website that lies on the NFS server, and routes of your own.

Started by the MicroPython component with one argument, the folder of the site below the mount (WEBSITE_DIR). A file
app.py at the top of the export, if there is one, may add routes in Python:

    def routes(app):
        @app.get("/api/hello")
        async def hello(request):
            return {"hello": request.args.get("name", "world")}
"""

import sys

# Until the server runs, modules come from the image alone:
# no file of the export takes the place of one, and nobody is asked.
mount = [entry for entry in sys.path if entry != ".frozen"]
sys.path[:] = [".frozen"]

import asyncio
import errno

import fs_async
import website
from microdot import Microdot

HOST, PORT = "0.0.0.0", 80
# What a file may say where app.py is not to blame: the files were away meanwhile, or are served by another life of what
# serves them.
AWAY = (errno.EHOSTUNREACH, errno.EIO, errno.ENODEV, errno.ECONNABORTED, errno.EBADF, errno.ESTALE)
SOON_MS = (20, 50, 100, 200, 400, 800, 1600)    # pauses in which requests for what is no file wait
LATER_S = 1

app = Microdot()


def add_routes():
    """Routes from app.py on the export, all or none: one that fails in its middle may not have said yet who may ask. Its
    mistakes are printed and cost the routes, never the site. What is returned: an error of files that were away meanwhile;
    it is to be tried again."""
    before = answers_of(app)
    sys.path[:] = [".frozen"] + mount
    try:
        from app import routes
        routes(app)
    except Exception as error:
        put_back(app, before)
        sys.modules.pop("app", None)
        if isinstance(error, OSError) and error.errno in AWAY:
            sys.path[:] = [".frozen"]       # nobody waits for the files for what is in the image
            return error
        if str(error) != "no module named 'app'":
            print("webserver: app.py is left out:")
            sys.print_exception(error)
    return None


def lists_of(app):
    return app.url_map, app.before_request_handlers, app.after_request_handlers, app.after_error_request_handlers


def answers_of(app):
    """What routes() may have added to when it fails."""
    return [list(part) for part in lists_of(app)], list(app.error_handlers.items()), app.options_handler


def put_back(app, before):
    """Nothing else is touched: the front is told of each change."""
    lists, handlers, app.options_handler = before
    for part, old in zip(lists_of(app), lists):
        if list(part) != old:
            part.clear()
            part.extend(old)
    for status, handler in list(app.error_handlers.items()):
        if (status, handler) not in handlers:
            del app.error_handlers[status]
    for status, handler in handlers:
        if app.error_handlers.get(status) is not handler:
            app.error_handlers[status] = handler


UNKNOWN = (404, 405, 413)      # what nobody can say before app.py has been read


def not_yet(*_, **__):
    return "The site's program cannot be read yet", 503, {"Retry-After": "1"}


async def add_routes_later():
    """The files were not there at the start: asks again until they are. Until then nobody knows what is a route: what is
    no file is told to come again; nor how large a body may be."""
    for status in UNKNOWN:
        app.errorhandler(status)(not_yet)
    app.route("/<path:any>", methods=["POST", "PUT", "PATCH", "DELETE"])(not_yet)
    stand_in = app.url_map[-1]
    while True:
        await asyncio.sleep(LATER_S)
        try:
            await fs_async.stat("/")
        except OSError:
            continue
        if not add_routes():
            break
    app.url_map.remove(stand_in)
    for status in UNKNOWN:
        if app.error_handlers.get(status) is not_yet:
            del app.error_handlers[status]


async def add_routes_soon():
    """Tries some times: what serves the files is back in some milliseconds, if that is all."""
    for pause_ms in SOON_MS:
        error = add_routes()
        if not error:
            return
        await asyncio.sleep_ms(pause_ms)
    print("webserver: app.py is read later, the files are away: %s" % error)
    asyncio.create_task(add_routes_later())


async def main(name):
    folder = "/" + "/".join(part for part in name.split("/") if part not in ("", "."))
    try:
        await fs_async.stat(folder)                 # answered once the mount stands, or is late
        await add_routes_soon()
    except OSError as error:
        if error.errno == errno.ENOENT:
            print("webserver: WEBSITE_DIR '%s' cannot be read: there is no such folder in the export" % name)
        else:
            print("webserver: the files cannot be reached yet; until they can, requests are answered 503")
        asyncio.create_task(add_routes_later())
    # Until here requests for what is no file have waited: now the front learns of all routes in one step.
    website.attach(app, port=PORT)                  # the folder is mounted already, as the description says
    server = asyncio.create_task(app.start_server(host=HOST, port=PORT))
    while app.server is None and not server.done():
        await asyncio.sleep_ms(0)                   # it listens at its second turn
    if not server.done():
        print("Starting async server on %s:%d..." % (HOST, PORT))
    await server


asyncio.run(main(sys.argv[1]))
