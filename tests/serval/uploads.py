"""For tests that write: folders where the guest may, and the route that stores what is put."""


def route(folder):
    """PUT /api/put/NAME into `folder` of the file service, by blocks; text for the body of routes(app)."""
    return f'''
    @app.put("/api/put/<name>")
    async def put(request, name):
        file = await fs_async.open("{folder}/" + name, "w")
        try:
            left = request.content_length
            while left > 0:
                block = await request.stream.read(min(left, 8192))
                if not block:
                    return "short", 400
                left -= len(block)
                await file.write(block)
        finally:
            await file.close()
        return "stored"
'''


def writable(top, *names):
    """`top` and these folders in it are there, and anybody may write in them. Returns `top`."""
    for folder in (top, *(top / name for name in names)):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
    return top
