"""Accounts: who is not logged in is sent to the form, and from there to where he wanted to go."""

import hashlib
import os

from microdot import Microdot, redirect
from microdot.login import Login
from microdot.session import Session


class User:
    def __init__(self, id, name, password):
        self.id, self.name, self.salt = id, name, os.urandom(16)
        self.key = self.key_of(password)

    def key_of(self, password):
        return hashlib.pbkdf2_hmac("sha256", password.encode(), self.salt, 2000)


USERS = {user.id: user for user in (User("1", "ada", "lovelace"), User("2", "grace", "hopper"))}
app = Microdot()
Session(app, secret_key="only for tests")
login = Login()


@login.user_loader
async def load(user_id):
    return USERS.get(user_id)


@app.get("/login")
async def form(request):
    return "<form method=post><input name=name><input name=password type=password></form>", {"Content-Type": "text/html"}


@app.post("/login")
async def log_in(request):
    for user in USERS.values():
        if user.name == request.form["name"] and user.key == user.key_of(request.form["password"]):
            return await login.login_user(request, user, remember=bool(request.form.get("remember")))
    return redirect("/login")


@app.get("/")
@login
async def index(request):
    return "hello " + request.g.current_user.name


@app.get("/secret")
@login.fresh
async def secret(request):
    return "a secret of " + request.g.current_user.name


@app.post("/logout")
@login
async def log_out(request):
    await login.logout_user(request)
    return redirect("/login")


if __name__ == "__main__":
    app.run()
