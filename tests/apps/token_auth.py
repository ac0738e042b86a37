"""An API for who has a token."""

from microdot import Microdot, abort
from microdot.auth import TokenAuth

TOKENS = {"sesame": "ali"}
app = Microdot()
auth = TokenAuth()


@auth.authenticate
async def check(request, token):
    return TOKENS.get(token)


@auth.errorhandler
async def refused(request):
    abort(403)


@app.get("/who")
@auth
async def who(request):
    return {"who": request.g.current_user}


@app.get("/anybody")
@auth.optional
async def anybody(request):
    return {"who": request.g.current_user}


if __name__ == "__main__":
    app.run(debug=True)
