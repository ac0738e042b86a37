"""Files that come in forms, and as they are; the second in parts, whatever their size."""

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


app.run()
