/* http_site_types.c: which type a name has, and what follows from a type. */
#include "http/site/types.h"
#include "tests/unit/check.h"

static void check(const char *path, const char *expected, uint8_t flags)
{
    struct http_type type = http_type_of(path, (uint32_t)strlen(path));
    if (type.text.length != strlen(expected) || memcmp(type.text.at, expected, type.text.length) != 0) {
        FAIL("%s has %.*s, not %s", path, (int)type.text.length, type.text.at, expected);
    }
    CHECK_CASE(type.flags == flags, path);
}

static void test_names(void)
{
    enum { NONE, PAGE = TYPE_PAGE, LOOSE = TYPE_COMPRESSIBLE, TEXT = TYPE_TEXT, CODE = TYPE_CODE, MEDIA = TYPE_MEDIA };
    check("/index.html", "text/html", PAGE | LOOSE | TEXT);
    check(".htm", "text/html", PAGE | LOOSE | TEXT); /* an ending that was tried */
    check("/a.xhtml", "application/xhtml+xml", PAGE | LOOSE | TEXT);
    check("/a.css", "text/css", PAGE | LOOSE | TEXT | CODE);
    check("/a.js", "text/javascript", PAGE | LOOSE | TEXT | CODE);
    check("/a.min.mjs", "text/javascript", PAGE | LOOSE | TEXT | CODE);
    check("/a.cjs", "text/javascript", PAGE | LOOSE | TEXT | CODE);
    check("/a.txt", "text/plain", LOOSE | TEXT);
    check("/a.h", "text/plain", LOOSE | TEXT);
    check("/a.vtt", "text/vtt", LOOSE | TEXT);
    check("/a.ics", "text/calendar", LOOSE | TEXT);
    check("/a.json", "application/json", LOOSE | CODE);
    check("/a.js.map", "application/json", LOOSE | CODE);
    check("/a.jsonld", "application/ld+json", LOOSE);
    check("/a.geojson", "application/geo+json", LOOSE);
    check("/a.gltf", "model/gltf+json", LOOSE);
    check("/a.webmanifest", "application/manifest+json", LOOSE | CODE);
    check("/feed.atom", "application/atom+xml", LOOSE);
    check("/feed.rss", "application/rss+xml", LOOSE);
    check("/a.svg", "image/svg+xml", LOOSE | MEDIA);
    check("/a.yaml", "application/yaml", LOOSE);
    check("/a.wasm", "application/wasm", LOOSE | CODE);
    check("/a.ttf", "font/ttf", LOOSE | MEDIA);
    check("/favicon.ico", "image/x-icon", LOOSE | MEDIA);
    check("/a.m3u8", "application/vnd.apple.mpegurl", LOOSE);
    check("/a.woff2", "font/woff2", MEDIA);
    check("/a.ts", "video/mp2t", MEDIA);
    check("/a.opus", "audio/ogg", MEDIA);
    check("/a.flac", "audio/flac", MEDIA);
    check("/a.heic", "image/heic", MEDIA);
    check("/a.jxl", "image/jxl", MEDIA);
    check("/a.7z", "application/x-7z-compressed", NONE);
    check("/a.tar.gz", "application/gzip", NONE);
    check("/a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", NONE);
    check("/a.ods", "application/vnd.oasis.opendocument.spreadsheet", NONE);
    check("/A.JPG", "image/jpeg", MEDIA);
    check("/a.WebP", "image/webp", MEDIA);
}

static void test_names_without_a_type(void)
{
    static const char *const names[] = {"/",
                                        "/a",
                                        "/a.",
                                        "/html",
                                        "/.html/a",
                                        "/a.html.",
                                        "/a.htmlx",
                                        "/a.0",
                                        "/a.zzz",
                                        "/a.htm ",
                                        "/a.\xc3\xbc",
                                        "/a.aaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                        "/a.html0",
                                        "/a.0html",
                                        "/a.zzzzzzzzzzzz",
                                        "/a.zzzzzzzzzzzzz",
                                        "html",
                                        ".",
                                        "/a.h@ml",
                                        "/a.h[ml",
                                        ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        check(names[i], "application/octet-stream", 0);
    }
}

static uint8_t flags_of(const char *text)
{
    return http_type_named((struct http_slice){text, (uint32_t)strlen(text)}).flags;
}

/* What was made of it: the name in the file's table is not in the program's. */
static void put_extension(uint64_t number, char *to)
{
    char reversed[16];
    uint32_t count = 0;
    for (; number > 0; number /= 37) {
        reversed[count++] = "?0123456789abcdefghijklmnopqrstuvwxyz"[number % 37];
    }
    while (count > 0) {
        *to++ = reversed[--count];
    }
    *to = '\0';
}

static void test_the_whole_table(void)
{
    CHECK(http_extension_count >= 150);
    for (uint32_t i = 0; i < http_extension_count; i++) {
        char name[40] = "/x.";
        put_extension(http_extensions[i].number, name + 3);
        CHECK(strchr(name, '?') == NULL);
        for (int again = 0; again < 2; again++) { /* flags are made once */
            check(name, http_extensions[i].type, flags_of(http_extensions[i].type));
            name[3] &= name[3] >= 'a' ? ~0x20 : ~0;
        }
        CHECK(i == 0 || http_extensions[i - 1].number < http_extensions[i].number);
    }
}

static void test_types_that_others_name(void)
{
    CHECK_EQUAL(flags_of("text/x-mine"), TYPE_COMPRESSIBLE | TYPE_TEXT);
    CHECK_EQUAL(flags_of("text/x-mine; charset=latin1"), TYPE_COMPRESSIBLE); /* has said so itself */
    CHECK_EQUAL(flags_of("text/html ;a=b"), TYPE_PAGE | TYPE_COMPRESSIBLE);
    CHECK_EQUAL(flags_of("application/x-mine+json"), TYPE_COMPRESSIBLE);
    CHECK_EQUAL(flags_of("application/x-mine"), 0);
    CHECK_EQUAL(flags_of("application/x+xmlish"), 0);
    CHECK_EQUAL(flags_of(""), 0);
}

int main(void)
{
    test_names();
    test_names_without_a_type();
    test_the_whole_table();
    test_types_that_others_name();
    return 0;
}
