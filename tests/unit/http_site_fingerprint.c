/* http_site_fingerprint.c: names that tools give, and names that look like them. */
#include <stdlib.h>

#include "http/site/fingerprint.h"
#include "tests/unit/check.h"

static bool has(const char *name, enum fingerprint_of what)
{
    size_t length = strlen(name);
    char *copy = malloc(length + !length);
    bool yes = site_has_fingerprint((struct http_slice){memcpy(copy, name, length), (uint32_t)length}, what);
    free(copy);
    return yes;
}

/* Of a script and of a picture. */
static void check(const char *name, bool code, bool media)
{
    CHECK_CASE(has(name, FINGERPRINT_CODE) == code, name);
    CHECK_CASE(has(name, FINGERPRINT_MEDIA) == media, name);
}

static void test_those_of_tools(void)
{
    static const char *const both[] = {"app-3f9a1c2b.js",
                                       "main.3f9a1c2b.css",
                                       "main.3cba04c6.min.css",
                                       "js/bundle.83f73b43.min.js",
                                       "static/js/main.8c8b27cf.chunk.js",
                                       "assets/index-BgQ3x_9z.js",
                                       "index-BgQ3x_9z.js.map",
                                       "a-Bg-3x_9z.js",
                                       "base.27e20196a850.css",
                                       "admin/a.b.c_27e20196a850.css",
                                       "main-3f9a1c2b4d5e6f70.js",
                                       "_astro/index.D4f2xAbQ.css",
                                       "SourceCodePro-It-fc8b9304.ttf.woff2",
                                       "logo.5a3c9e17b0d24f68.svg",
                                       "x.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.css"};
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
        check(both[i], true, true);
    }
    check("chunk-3VQZ7A2P.js", true, false);
    check("main-XDKQUJ2E.js", true, false);
    check("style-20240101b.css", true, false); /* of a picture a date, and which of that day */
    check("index-Bx4fQabc.js", true, false);
}

static void test_those_of_people(void)
{
    static const char *const neither[] = {"",
                                          "a",
                                          ".",
                                          "..",
                                          ".js",
                                          "a.js",
                                          "-.js",
                                          "--------.js",
                                          "report-20240101.pdf",
                                          "photo-12345678.jpg",
                                          "IMG_20240101.jpg",
                                          "IMG-20240101-WA0001.jpg",
                                          "backup-20240101T120000.png",
                                          "t-1518791841217.jpg",
                                          "jquery-3.7.1.min.js",
                                          "jquery-3.7.1.js",
                                          "bootstrap.bundle.min.js",
                                          "john-smithson.js",
                                          "chapter-appendix.css",
                                          "my-big_logo.png",
                                          "Big-Big_Logo.png",
                                          "report-June2024.png",
                                          "scan-Page0012.png",
                                          "holiday-Dscf2345.jpg",
                                          "a-FaceBook.js",
                                          "a-MyReport.js",
                                          "a-Q3Report.js",
                                          "a-deadbeef.js",
                                          "a-fabaceae.css",
                                          "a-DEADBEE0.js",
                                          "a-3F9A1C2B.js",
                                          "3f9a1c2b.js",
                                          "-3f9a1c2b.js",
                                          "3f9a1c2b4d5e6f70.png",
                                          "BgQ3x_9z.js",
                                          "BgQ3x_9z",
                                          ".3f9a1c2b.js",
                                          "a3f9a1c2b.js",
                                          "a-3f9a1c2.js",
                                          "a-3f9a1c2g.js",
                                          "a-BgQ3x_9.js",
                                          "a-BgQ3x_9zz.js",
                                          "a_BgQ3x_9z.js",
                                          "3f2504e0-4f89-11d3-9a0c-0305e82c3301.jpg",
                                          "x-3f2504e0-4f89-11d3-9a0c-0305e82c3301.jpg",
                                          "x.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0.css",
                                          "a-3f9a1c2b/b.js",
                                          "a-3f9a1c2b.js/",
                                          "a-3f9a1c2b.Min.js",
                                          "a-3f9a1c2b..js",
                                          "a-3f9a1c2b.extension.js",
                                          "a-3f9a1c2b-.js",
                                          "a-\303\274a1c2b4.js"};
    for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
        check(neither[i], false, false);
    }
}

/* Each end of each name, whatever it is, in memory of exactly that size. */
static void test_parts(void)
{
    static const char name[] = "x/3f2504e0-4f89-11d3-9a0c-0305e82c3301.a-BgQ3x_9z.min.js";
    char part[sizeof(name)];
    for (size_t from = 0; from < sizeof(name); from++) {
        for (size_t length = 0; length < sizeof(name) - from; length++) {
            memcpy(part, name + from, length);
            part[length] = '\0';
            has(part, FINGERPRINT_CODE);
            has(part, FINGERPRINT_MEDIA);
        }
    }
}

int main(void)
{
    test_those_of_tools();
    test_those_of_people();
    test_parts();
    return 0;
}
