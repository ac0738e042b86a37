/* http/site/types.c: media types by the extension of a name, which is NOT trusted: any bytes, of any length. What the
 * table does not have is application/octet-stream. What a type is, a text or worth compressing, is told from its name,
 * whoever has said it.
 */
#include "http/site/types.h"

#define EXTENSION_MAX 12 /* of any, as a number of 64 bits */
#define KNOWN (1 << 7)   /* in http_extension_flags */

static bool begins(struct http_slice text, const char *with)
{
    size_t length = strlen(with);
    return text.length >= length && memcmp(text.at, with, length) == 0;
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
    bool is_loose_text = is_text || http_ends_in(type, "+xml") || http_ends_in(type, "+json");
    return (is_page ? TYPE_PAGE : 0) | (is_text || (is_page && http_ends_in(type, "+xml")) ? TYPE_TEXT : 0) |
           (is_loose_text || is_loose(type) ? TYPE_COMPRESSIBLE : 0) | part_of_a_page(type);
}

struct http_type http_type_named(struct http_slice text)
{
    const char *parameters = memchr(text.at, ';', text.length);
    struct http_slice type = http_trim(text.at, parameters ? parameters : text.at + text.length);
    uint8_t flags = flags_of(type);
    return (struct http_type){text, parameters ? flags & ~TYPE_TEXT : flags};
}

/* 0: it has none. */
static uint32_t digit_of(char c)
{
    uint8_t letter = (uint8_t)(c | 0x20);
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0') + 1;
    }
    return letter >= 'a' && letter <= 'z' ? letter - 'a' + 11u : 0;
}

/* As a number to the base 37, of which letters, capital or small, and digits are the digits from 1 on: each extension has
 * its own. 0: there is none, or one that the table cannot have. */
static uint64_t extension_of(const char *path, uint32_t length)
{
    uint64_t number = 0, place = 1;
    const char *least = path + (length > EXTENSION_MAX + 1 ? length - EXTENSION_MAX - 1 : 0);
    for (const char *at = path + length; at > least; place *= 37) {
        char c = *--at;
        uint32_t digit = digit_of(c);
        if (digit == 0) {
            return c == '.' ? number : 0;
        }
        number += digit * place;
    }
    return 0;
}

/* http_extension_count: the table does not have it. */
static uint32_t look_up(uint64_t number)
{
    uint32_t first = 0, end = http_extension_count;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (http_extensions[middle].number == number) {
            return middle;
        }
        if (number < http_extensions[middle].number) {
            end = middle;
        } else {
            first = middle + 1;
        }
    }
    return http_extension_count;
}

struct http_type http_type_of(const char *path, uint32_t length)
{
    static const char unknown[] = "application/octet-stream";
    uint32_t index = look_up(extension_of(path, length));
    if (index == http_extension_count) {
        return (struct http_type){{unknown, sizeof(unknown) - 1}, 0};
    }
    const char *type = http_extensions[index].type;
    struct http_slice text = {type, (uint32_t)strlen(type)};
    if (http_extension_flags[index] == 0) {
        http_extension_flags[index] = flags_of(text) | KNOWN;
    }
    return (struct http_type){text, http_extension_flags[index] & ~KNOWN};
}
