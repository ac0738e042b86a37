"""Events, a stream of parts, and a WebSocket."""

import asyncio

from microdot import Microdot
from microdot.sse import with_sse
from microdot.websocket import WebSocketError, with_websocket

app = Microdot()
left = []


@app.get("/events")
@with_sse
async def events(request, sse):
    for i in range(3):
        await sse.send({"n": i}, event="count", event_id=str(i))
        await asyncio.sleep_ms(5)
    await sse.send("that is all")


@app.get("/forever")
@with_sse
async def forever(request, sse):
    try:
        while True:
            await sse.send("on")
            await asyncio.sleep_ms(20)
    finally:
        left.append("events")


class Frames:
    def __init__(self, count):
        self.count = count

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.count == 0:
            raise StopAsyncIteration
        self.count -= 1
        await asyncio.sleep_ms(5)
        return b"--frame\r\nContent-Type: text/plain\r\n\r\nframe %d\r\n" % self.count

    async def aclose(self):
        if self.count:
            left.append("frames")


@app.get("/frames/<int:count>")
async def frames(request, count):
    return Frames(count), 200, {"Content-Type": "multipart/x-mixed-replace; boundary=frame"}


@app.get("/echo")
@with_websocket
async def echo(request, ws):
    try:
        while True:
            message = await ws.receive()
            if message == "end":
                break
            await ws.send(message)
    except WebSocketError:
        left.append("socket")


@app.get("/left")
async def who_left(request):
    return {"left": left}


app.run()
