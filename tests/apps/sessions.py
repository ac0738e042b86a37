"""A counter for each visitor, in a signed cookie."""

from microdot import Microdot, redirect
from microdot.session import Session, with_session

app = Microdot()
Session(app, secret_key="only for tests", cookie_options={"max_age": 3600})


@app.get("/")
@with_session
async def index(request, session):
    session["visits"] = session.get("visits", 0) + 1
    session.save()
    return "visit %d" % session["visits"]


@app.post("/forget")
@with_session
async def forget(request, session):
    session.delete()
    return redirect("/")


app.run()
