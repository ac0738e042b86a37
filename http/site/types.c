/* http/site/types.c: media types by the extension of a name, which is NOT trusted: any bytes, of any length. What the
 * table does not have is application/octet-stream. What a type is, a text or worth compressing, is told from its name,
 * whoever has said it.
 */
#include "http/site/types.h"

#define EXTENSION_MAX 16

static bool begins(struct http_slice text, const char *with)
{
    size_t length = strlen(with);
    return text.length >= length && memcmp(text.at, with, length) == 0;
}

static bool ends(struct http_slice text, const char *with)
{
    size_t length = strlen(with);
    return text.length >= length && memcmp(text.at + text.length - length, with, length) == 0;
}

/* A name's length is known when it is compiled. */
#define NAME(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }
#define IS_ONE_OF(text, names) is_one_of(text, names, sizeof(names) / sizeof((names)[0]))

static bool is_one_of(struct http_slice text, const struct http_slice *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (text.length == names[i].length && memcmp(text.at, names[i].at, text.length) == 0) {
            return true;
        }
    }
    return false;
}

/* Beside texts, XML and JSON. Sounds, films, archives and most pictures are compressed in themselves. */
static bool is_loose(struct http_slice type)
{
    static const struct http_slice names[] = {NAME("application/json"),
                                              NAME("application/xml"),
                                              NAME("application/xml-dtd"),
                                              NAME("application/javascript"),
                                              NAME("application/wasm"),
                                              NAME("application/yaml"),
                                              NAME("application/toml"),
                                              NAME("application/sql"),
                                              NAME("application/rtf"),
                                              NAME("application/postscript"),
                                              NAME("application/mbox"),
                                              NAME("application/vnd.apple.mpegurl"),
                                              NAME("application/vnd.ms-fontobject"),
                                              NAME("application/vnd.sqlite3"),
                                              NAME("application/x-tar"),
                                              NAME("audio/mpegurl"),
                                              NAME("font/collection"),
                                              NAME("font/otf"),
                                              NAME("font/ttf"),
                                              NAME("image/bmp"),
                                              NAME("image/vnd.dxf"),
                                              NAME("image/vnd.microsoft.icon"),
                                              NAME("image/x-icon"),
                                              NAME("message/rfc822"),
                                              NAME("model/gltf-binary"),
                                              NAME("model/obj"),
                                              NAME("model/step"),
                                              NAME("model/stl")};
    return IS_ONE_OF(type, names);
}

static uint8_t part_of_a_page(struct http_slice type)
{
    static const struct http_slice code[] = {NAME("text/css"), NAME("text/javascript"), NAME("application/json"),
                                             NAME("application/wasm"), NAME("application/manifest+json")};
    bool is_media = begins(type, "image/") || begins(type, "font/") || begins(type, "audio/") || begins(type, "video/");
    return IS_ONE_OF(type, code) ? TYPE_CODE : is_media ? TYPE_MEDIA : 0;
}

static uint8_t flags_of(struct http_slice type)
{
    static const struct http_slice page[] = {NAME("text/html"), NAME("text/css"), NAME("text/javascript"),
                                             NAME("application/xhtml+xml")};
    bool is_page = IS_ONE_OF(type, page), is_text = begins(type, "text/");
    bool is_loose_text = is_text || ends(type, "+xml") || ends(type, "+json");
    return (is_page ? TYPE_PAGE : 0) | (is_text || (is_page && ends(type, "+xml")) ? TYPE_TEXT : 0) |
           (is_loose_text || is_loose(type) ? TYPE_COMPRESSIBLE : 0) | part_of_a_page(type);
}

struct http_type http_type_named(struct http_slice text)
{
    const char *parameters = memchr(text.at, ';', text.length);
    struct http_slice type = http_trim(text.at, parameters ? parameters : text.at + text.length);
    uint8_t flags = flags_of(type);
    return (struct http_type){text, parameters ? flags & ~TYPE_TEXT : flags};
}

/* In small letters, with its end; "": there is none, or a longer one than the table has. */
static void extension_of(const char *path, uint32_t length, char extension[EXTENSION_MAX])
{
    uint32_t start = length, size = 0;
    while (start > 0 && path[start - 1] != '.' && path[start - 1] != '/') {
        start--;
    }
    if (start > 0 && path[start - 1] == '.' && length - start < EXTENSION_MAX) {
        for (; size < length - start; size++) {
            char c = path[start + size];
            extension[size] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        }
    }
    extension[size] = '\0';
}

/* NULL: the table does not have it. */
static const char *look_up(const char *extension)
{
    uint32_t first = 0, end = http_extension_count;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        int order = strcmp(extension, http_extensions[middle].extension);
        if (order == 0) {
            return http_extensions[middle].type;
        }
        *(order < 0 ? &end : &first) = order < 0 ? middle : middle + 1;
    }
    return NULL;
}

struct http_type http_type_of(const char *path, uint32_t length)
{
    char extension[EXTENSION_MAX];
    extension_of(path, length, extension);
    const char *type = look_up(extension);
    type = type ? type : "application/octet-stream";
    return http_type_named((struct http_slice){type, (uint32_t)strlen(type)});
}
