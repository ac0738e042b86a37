"""webserver.py: the website that lies on the NFS server, and the application beside it.

Started by the MicroPython component with the folder of the site below the mount (WEBSITE_DIR), whether tracebacks go to
the browser (WEBSITE_DEBUG), how long what is known of a file holds (WEBSITE_FRESH_MS), and whether there is a prompt on
the serial line (WEBSITE_CONSOLE). A file app.py at the top of the export, if there is one, is run as a program of its own
is, as __main__ (and anew when it has changed: _reload.py):

    from microdot import Microdot
    app = Microdot()

    @app.get("/api/hello")
    async def hello(request):
        return {"hello": request.args.get("name", "world")}

    app.run()

The first Microdot whose run() or start_server() it calls is the site's, whatever host and port it names. Where it calls
neither, its routes(app) is called with one of ours; without such a function the application named `app` is taken, or the
only one that there is.
"""

import sys

# Until the server runs, modules come from the image alone:
# no file of the export takes the place of one, and nobody is asked.
mount = [entry for entry in sys.path if entry != ".frozen"]
sys.path[:] = [".frozen"]

import asyncio
import errno
import time

import _prompt
import _reload
import _website
import fs_async
import website
from microdot import Microdot

HOST, PORT = "0.0.0.0", 80
# What a file may say where app.py is not to blame: the files were away meanwhile, or are served by another life of what
# serves them.
AWAY = (errno.EHOSTUNREACH, errno.EIO, errno.ENODEV, errno.ECONNABORTED, errno.EBADF, errno.ESTALE)
SOON_MS = (20, 50, 100, 200, 400, 800, 1600)    # pauses in which requests for what is no file wait
LATER_S = 1
NO_PROGRAM = "webserver: there is no app.py: only files are served"
NO_APPLICATION = "webserver: app.py has no routes(app) and no Microdot application: only files are served"
SEVERAL = "webserver: app.py has several applications, none is named app, and none is run: only files are served"
HIDDEN = "webserver: the folder app hides app.py, which is left out: one of them needs another name"

USUAL = ["0", "2000", "0"]      # WEBSITE_DEBUG, WEBSITE_FRESH_MS, WEBSITE_CONSOLE
name, debug, fresh_ms, prompt = (sys.argv[1:] + USUAL[len(sys.argv) - 2:])[:4]
website.debug = debug == "1"
folder = "/" + "/".join(part for part in name.split("/") if part not in ("", "."))
site = None         # the application that has the site
watch = _reload.Watch(int(fresh_ms), website.debug)


# -- serving -----------------------------------------------------------------------------------------------------------

with_sockets = Microdot.start_server


async def take_site(app):
    """The front learns of its routes, in one step."""
    global site
    if site is app:
        return
    site = app
    await watch.begin()
    website.attach(app, port=PORT)      # the folder is mounted already, as the description says
    if prompt == "1":
        asyncio.create_task(_prompt.run(sys.modules["__main__"].__dict__))
    print("Starting async server on %s:%d..." % (HOST, PORT))


async def start_server(self, host=HOST, port=PORT, debug=False, ssl=None, start_serving=True):
    """In the place of Microdot's: the first application that starts has the site, where the front is. Any other has
    sockets of its own, as always."""
    if site is not None:
        return await with_sockets(self, host, port, debug, ssl, start_serving)
    await take_site(self)
    await self.start_server(HOST, PORT, debug)


Microdot.start_server = start_server
website.prepare = take_site


def serve(app):
    asyncio.run(app.start_server(HOST, PORT))


# -- where app.py cannot be served -------------------------------------------------------------------------------------

def stand_in(answer):
    """An application that answers so what is no file of the site. Nor does it know how large a body may be."""
    app = Microdot()
    for status in (404, 405, 413):
        app.errorhandler(status)(answer)
    app.route("/<path:any>", methods=["POST", "PUT", "PATCH", "DELETE"])(answer)
    return app


def not_yet(*_, **__):
    return "The site's program cannot be read yet", 503, {"Retry-After": "1"}


async def stat_folder():
    """What is wrong with the folder, an OSError; None: nothing. Answered once the mount stands, or is late."""
    try:
        await fs_async.stat(folder)
    except OSError as error:
        return error


def are_away(error):
    return error is not None and error.errno in AWAY


async def begin_when_files_are_there():
    await asyncio.sleep(LATER_S)
    while are_away(await stat_folder()):
        await asyncio.sleep(LATER_S)
    _website.begin_anew()


async def serve_until_files_are_there():
    """Until then nobody knows what is a route: what is no file is told to come again."""
    asyncio.create_task(begin_when_files_are_there())
    await stand_in(not_yet).start_server()


# -- app.py ------------------------------------------------------------------------------------------------------------

async def are_there(*paths):
    for path in paths:
        try:
            await fs_async.stat(path)
            return True
        except OSError:
            pass
    return False


def application_of(module):
    """What app.py, which has run, leaves to be served."""
    if callable(getattr(module, "routes", None)):
        app = Microdot()
        module.routes(app)
        return app
    found = [value for value in map(lambda name: getattr(module, name), dir(module)) if isinstance(value, Microdot)]
    app = getattr(module, "app", None)
    if isinstance(app, Microdot):
        return app
    if found and all(one is found[0] for one in found):
        return found[0]
    if hasattr(module, "__path__") and not hasattr(module, "__file__"):     # a folder without a program in it
        print(HIDDEN if asyncio.run(are_there("/app.py", "/app.mpy")) else NO_PROGRAM)
    else:
        print(SEVERAL if found else NO_APPLICATION)
    return Microdot()


def left_out(error):
    """Its mistakes cost its routes, never the site. Nobody knows what is a route: what is no file is told to come again."""
    print("webserver: app.py is left out:")
    text = website.traceback_of(error)
    print(text, end="")
    print("webserver: until it changes, files are served; what is no file is answered", 500 if website.debug else 503)
    asyncio.run(watch.before("/"))      # something that it has not found may come
    if not website.debug:
        return stand_in(lambda *_, **__: website.Failure(status_code=503))
    return stand_in(lambda *_, **__: website.failure_page("app.py is left out", text))


def run_app():
    """What is to be served; None: it has been served, and the program has ended that. Of what fails nothing is left: it
    may not have said yet who may ask."""
    sys.path[:] = [".frozen"] + mount
    for pause_ms in SOON_MS:        # what serves the files is back in some milliseconds, if that is all
        try:
            module = __import__("app", None, None, False)       # False: as __main__
            return application_of(module) if site is None else None
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            if site is not None:
                if isinstance(error, SystemExit):       # of which nothing else is said
                    print("webserver: app.py has ended itself:\n%s" % website.traceback_of(error), end="")
                raise
            if isinstance(error, ImportError) and str(error) == "no module named 'app'":
                print(NO_PROGRAM)
                return Microdot()
            website.forget()
            if not isinstance(error, OSError) or error.errno not in AWAY:
                return left_out(error)
            failure = error
            sys.modules.pop("app", None)
        time.sleep_ms(pause_ms)
    print("webserver: app.py is read later, the files are away: %s" % failure)
    asyncio.run(serve_until_files_are_there())


def main():
    error = asyncio.run(stat_folder())
    if are_away(error):
        print("webserver: the files cannot be reached yet; until they can, requests are answered 503")
        asyncio.run(serve_until_files_are_there())
    if error:
        why = "there is no such folder in the export" if error.errno == errno.ENOENT else error
        print("webserver: WEBSITE_DIR '%s' cannot be read: %s" % (name, why))
    asyncio.run(watch.before("/app.py"))
    watch.watch_busy()      # a program that is about to run need not come to where it is served
    # Until here requests for what is no file have waited: the front learns of all routes in one step.
    try:
        app = run_app()
        if app:
            serve(app)
    finally:
        if watch.leaving:
            _website.begin_anew()


main()
