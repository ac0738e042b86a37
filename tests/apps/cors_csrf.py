"""What pages of other sites may ask for, and what they may not."""

from microdot import Microdot
from microdot.cors import CORS
from microdot.csrf import CSRF

app = Microdot()
cors = CORS(app, allowed_origins=["https://example.org"], allow_credentials=True, max_age=600)
csrf = CSRF(app, cors)
balance = 100


@app.get("/balance")
async def show(request):
    return {"balance": balance}


@app.post("/pay")
async def pay(request):
    global balance
    balance -= int(request.form["amount"])
    return {"balance": balance}


app.run(port=80)
