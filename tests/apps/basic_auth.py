"""A page behind a name and a password, whose hash costs who guesses it."""

import hashlib
import os

from microdot import Microdot
from microdot.auth import BasicAuth
from secrets import compare_digest

ITERATIONS = 5000
salt = os.urandom(16)


def hash_of(password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)


PEOPLE = {"ada": hash_of("lovelace"), "grace": hash_of("hopper")}
app = Microdot()
auth = BasicAuth(realm="the engine")


@auth.authenticate
async def check(request, name, password):
    known = PEOPLE.get(name, bytes(32))
    return name if compare_digest(known, hash_of(password)) else None


@app.get("/")
@auth
async def index(request):
    return "hello " + request.g.current_user


app.run()
