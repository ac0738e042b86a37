"""Pages from templates: whole, in parts, and with others in them."""

from html import escape

from microdot import Microdot, Response
from microdot.utemplate import Template

Response.default_content_type = "text/html"
app = Microdot()


@app.route("/", methods=["GET", "POST"])
async def index(request):
    name = request.form.get("name") if request.method == "POST" else None
    return Template("index.html").render(name=escape(name) if name else None)


@app.get("/parts")
async def parts(request):
    return Template("index.html").generate(name="parts")


@app.get("/later")
async def later(request):
    return await Template("index.html").render_async(name="later")


@app.get("/table")
async def table(request):
    return Template("table.html").generate("squares", [(n, n * n) for n in range(4)])


app.run()
