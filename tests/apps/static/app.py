"""Files that Microdot sends by itself, and an application within an application."""

from microdot import Microdot, send_file

app, inner = Microdot(), Microdot()


@app.get("/")
async def index(request):
    return send_file("static/index.html")


@app.get("/static/<path:path>")
async def static(request, path):
    if ".." in path:
        return "Not found", 404
    return send_file("static/" + path, max_age=60)


@inner.before_request
def before(request):
    request.g.seen = "seen"


@inner.get("/<int:n>/<name>")
async def item(request, n, name):
    return "%s %d of %s, %s" % (name, n, request.url_prefix, request.g.seen)


@inner.errorhandler(404)
async def missing(request):
    return "nothing of the inner one's", 404


app.mount(inner, url_prefix="/inner")
app.run()
