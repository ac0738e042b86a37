"""Files that Microdot sends by itself, an application within an application, and a way to end both."""

from inner import inner
from microdot import Microdot, send_file

app = Microdot()


@app.get("/")
def index(request):
    return send_file("static/index.html")


@app.get("/static/<path:path>")
async def static(request, path):
    if ".." in path:
        return "Not found", 404
    return send_file("static/" + path, max_age=60)


@app.get("/packed/<name>")
async def packed(request, name):
    return send_file("static/" + name, compressed=True, file_extension=".gz")


@app.get("/stop")
async def stop(request):
    request.app.shutdown()
    return "that is all"


app.mount(inner, url_prefix="/inner")
app.run(debug=True)
