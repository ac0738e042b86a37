/* http/site/types.c: media types by the extension of a name. */
#include "http/site/types.h"

/* flags, short */
#define P TYPE_PAGE | TYPE_COMPRESSIBLE
#define C TYPE_COMPRESSIBLE

static const struct http_type types[] = {
    {"html", "text/html; charset=utf-8", P},
    {"css", "text/css; charset=utf-8", P},
    {"js", "text/javascript; charset=utf-8", P},
    {"png", "image/png", 0},
    {"jpg", "image/jpeg", 0},
    {"svg", "image/svg+xml", C},
    {"htm", "text/html; charset=utf-8", P},
    {"xhtml", "application/xhtml+xml; charset=utf-8", P},
    {"mjs", "text/javascript; charset=utf-8", P},
    {"json", "application/json", C},
    {"map", "application/json", C},
    {"webmanifest", "application/manifest+json", C},
    {"xml", "application/xml", C},
    {"txt", "text/plain; charset=utf-8", C},
    {"md", "text/markdown; charset=utf-8", C},
    {"csv", "text/csv; charset=utf-8", C},
    {"jpeg", "image/jpeg", 0},
    {"gif", "image/gif", 0},
    {"webp", "image/webp", 0},
    {"avif", "image/avif", 0},
    {"ico", "image/x-icon", C},
    {"woff", "font/woff", 0},
    {"woff2", "font/woff2", 0},
    {"ttf", "font/ttf", C},
    {"otf", "font/otf", C},
    {"mp3", "audio/mpeg", 0},
    {"ogg", "audio/ogg", 0},
    {"wav", "audio/wav", 0},
    {"mp4", "video/mp4", 0},
    {"webm", "video/webm", 0},
    {"pdf", "application/pdf", 0},
    {"wasm", "application/wasm", C},
    {"zip", "application/zip", 0},
    {"gz", "application/gzip", 0},
};
static const struct http_type unknown = {"", "application/octet-stream", 0};

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
        uint32_t size = (uint32_t)strlen(types[i].extension);
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
