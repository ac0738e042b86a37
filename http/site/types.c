/* http/site/types.c: media types by the extension of a name, which is NOT trusted: any bytes, of any length. What is not
 * here is application/octet-stream. */
#include "http/site/types.h"

/* flags, short */
#define P TYPE_PAGE | TYPE_COMPRESSIBLE
#define C TYPE_COMPRESSIBLE

#define TYPE(extension, text, flags)                  \
    {                                                 \
        extension, text, sizeof(extension) - 1, flags \
    }

static const struct http_type types[] = {
    TYPE("html", "text/html; charset=utf-8", P),
    TYPE("css", "text/css; charset=utf-8", P),
    TYPE("js", "text/javascript; charset=utf-8", P),
    TYPE("png", "image/png", 0),
    TYPE("jpg", "image/jpeg", 0),
    TYPE("svg", "image/svg+xml", C),
    TYPE("htm", "text/html; charset=utf-8", P),
    TYPE("xhtml", "application/xhtml+xml; charset=utf-8", P),
    TYPE("mjs", "text/javascript; charset=utf-8", P),
    TYPE("json", "application/json", C),
    TYPE("map", "application/json", C),
    TYPE("webmanifest", "application/manifest+json", C),
    TYPE("xml", "application/xml", C),
    TYPE("txt", "text/plain; charset=utf-8", C),
    TYPE("md", "text/markdown; charset=utf-8", C),
    TYPE("csv", "text/csv; charset=utf-8", C),
    TYPE("jpeg", "image/jpeg", 0),
    TYPE("gif", "image/gif", 0),
    TYPE("webp", "image/webp", 0),
    TYPE("avif", "image/avif", 0),
    TYPE("ico", "image/x-icon", C),
    TYPE("woff", "font/woff", 0),
    TYPE("woff2", "font/woff2", 0),
    TYPE("ttf", "font/ttf", C),
    TYPE("otf", "font/otf", C),
    TYPE("mp3", "audio/mpeg", 0),
    TYPE("ogg", "audio/ogg", 0),
    TYPE("wav", "audio/wav", 0),
    TYPE("mp4", "video/mp4", 0),
    TYPE("webm", "video/webm", 0),
    TYPE("pdf", "application/pdf", 0),
    TYPE("wasm", "application/wasm", C),
    TYPE("zip", "application/zip", 0),
    TYPE("gz", "application/gzip", 0),
};
static const struct http_type unknown = TYPE("", "application/octet-stream", 0);

const struct http_type *http_type_lookup(const char *path, uint32_t length)
{
    uint32_t start = length;

    while (start > 0 && path[start - 1] != '.' && path[start - 1] != '/') {
        start--;
    }
    if (start == 0 || path[start - 1] == '/') {
        return &unknown;
    }
    for (uint32_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        uint32_t size = types[i].extension_length;
        if (length - start == size && http_same(path + start, types[i].extension, size)) {
            return &types[i];
        }
    }
    return &unknown;
}

struct http_slice http_type_of(const char *path, uint32_t length)
{
    const char *text = http_type_lookup(path, length)->text;

    return (struct http_slice){text, (uint32_t)strlen(text)};
}
