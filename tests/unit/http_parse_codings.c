/* http_parse_codings.c: Accept-Encoding. */
#include <string.h>
#include "http/parse/request.h"
#include "tests/unit/check.h"

#define G HTTP_CODING_GZIP
#define B HTTP_CODING_BROTLI

/* clang-format off */
static const struct {
    const char *text;
    uint8_t expected;
} cases[] = {
    {"", 0}, {"gzip", G}, {"GZIP", G}, {"x-gzip", G}, {"br", B}, {"gzip, deflate, br, zstd", G | B}, {"gzip,br", G | B},
    {"deflate", 0}, {"identity", 0}, {"gzi", 0}, {"gzipp", 0}, {"brotli", 0}, {"*", G | B}, {"identity;q=0", 0},
    {"gzip;q=0", 0}, {"gzip;q=0.0", 0}, {"gzip;q=0.000", 0}, {"gzip;q=0.001", G}, {"gzip;q=1", G}, {"gzip;q=1.000", G},
    {"gzip ; q=0.5 , br;q=0", G}, {"gzip\t;\tQ=0", 0}, {"*;q=0", 0},
    {"*;q=0, gzip", G}, {"gzip, *;q=0", G}, {"gzip;q=0, *", B},
    {"*, gzip;q=0", B}, {"br;q=0.5, *;q=0.1", G | B}, {"identity;q=0, *", G | B}, {",, gzip ,,", G}, {",", 0},
    {"gzip;q=", 0}, {"gzip;q", 0}, {"gzip;q=x", 0}, {"gzip;q=-1", 0},
    {"gzip;q=.5", 0}, {"gzip;level=9", 0}, {";q=1", 0}, {"gzip;", 0},
    {"gzip;q=0.5, identity;q=1", 0}, {"identity, gzip;q=0.999", 0}, {"gzip;q=0.5, identity;q=0.5", G},
    {"gzip;q=0.5, br, identity;q=0.7", B}, {"gzip;q=0.5, *", B}, {"gzip, identity;q=0.5", G}, {"*;q=0.5, identity", 0},
    {"identity;q=0.5, *;q=0.1", 0}, {"gzip;q=0.4, identity;q=0.40", G}, {"gzip;q=7, identity;q=1", G},
    {"identity", 0}, {"gzip, identity;q=x", G},
};
/* clang-format on */

int main(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = strlen(cases[i].text);
        char *copy = malloc(length + !length);
        memcpy(copy, cases[i].text, length);
        CHECK_CASE(http_codings((struct http_slice){copy, (uint32_t)length}) == cases[i].expected, cases[i].text);
        free(copy);
    }
    CHECK(http_codings((struct http_slice){NULL, 0}) == 0);
    return 0;
}
