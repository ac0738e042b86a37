"""Files that come in forms, and as they are; these in parts, whatever their size, and written with await or without."""

import hashlib

import fs_async
from microdot import Microdot, Request
from microdot.multipart import FileUpload, with_form_data

Request.max_content_length = 1 << 24
FileUpload.max_memory_size = 4096
app = Microdot()


@app.post("/form")
@with_form_data
async def form(request):
    answer = {name: value for name, value in request.form.items()}
    for name, upload in request.files.items():
        data = await upload.read()
        answer[name] = [upload.filename, upload.content_type, len(data), hashlib.sha256(data).digest().hex()]
    return answer


@app.put("/raw/<name>")
async def raw(request, name):
    file, size = await fs_async.open("/written/" + name, "w"), 0
    try:
        while part := await request.stream.read(8192):
            await file.write(part)
            size += len(part)
    finally:
        await file.close()
    return {"size": size}, 201


@app.post("/plain")
async def plain(request):
    name, left = request.headers["Content-Disposition"].split("filename=")[1].strip('"'), request.content_length
    with open("written/" + name, "wb") as file:
        while left:
            part = await request.stream.read(min(left, 1024))
            file.write(part)
            left -= len(part)
    return ""


app.run()
