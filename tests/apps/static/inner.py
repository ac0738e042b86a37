"""An application within an application: app.py has it below /inner."""

from microdot import Microdot

inner = Microdot()


@inner.before_request
def before(request):
    request.g.seen = "seen"


@inner.get("")
async def index(request):
    return request.url_prefix + " itself"


@inner.get("/<int:n>/<name>")
async def item(request, n, name):
    return "%s %d of %s, %s" % (name, n, request.url_prefix, request.g.seen)


@inner.errorhandler(404)
async def missing(request):
    return "nothing of the inner one's", 404
