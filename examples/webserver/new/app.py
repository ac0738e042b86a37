"""The site's program, in Python: Microdot's documentation tells what a route can do. Clients cannot fetch this file."""

from microdot import Microdot

app = Microdot()


@app.get("/api/hello")
async def hello(request):
    return {"hello": request.args.get("name", "world")}


app.run()
