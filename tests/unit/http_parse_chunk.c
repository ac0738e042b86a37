/* http_parse_chunk.c: lines of chunks, each in memory of its own size; all lines of few characters. */
#include <string.h>
#include "http/parse/chunk.h"
#include "tests/unit/check.h"

#define NONE UINT64_MAX

/* clang-format off */
static const struct {
    const char *line;
    uint64_t size;
} sizes[] = {
    {"0\r\n", 0}, {"5\r\n", 5}, {"aF\r\n", 0xaf}, {"000000000000000f\r\n", 15},
    {"fffffffffffffffe\r\n", UINT64_MAX - 1},
    {"5;a\r\n", 5}, {"5;a=b;c=\"d\"\r\n", 5}, {"5 ; a = b\r\n", 5}, {"5\t;a=\"\\\"\\\\ \xc3\"\r\n", 5},
    {"", NONE}, {"\r\n", NONE}, {"5", NONE}, {"5\n", NONE}, {"5\r", NONE}, {" 5\r\n", NONE}, {"5 \r\n", NONE},
    {"5\t\r\n", NONE}, {"5\r\r\n", NONE}, {"0x5\r\n", NONE}, {"+5\r\n", NONE}, {"-5\r\n", NONE}, {"5 5\r\n", NONE},
    {"5_0\r\n", NONE}, {"5,5\r\n", NONE}, {"g\r\n", NONE}, {"0000000000000000f\r\n", NONE}, {"5;\r\n", NONE},
    {"5;=b\r\n", NONE}, {"5;a=\r\n", NONE}, {"5;a=\"b\r\n", NONE}, {"5;a=\"b\\\"\r\n", NONE},
    {"5;a=\"\x01\"\r\n", NONE},
    {"5;a\rb\r\n", NONE}, {"5;a\nb\r\n", NONE}, {"5;a b\r\n", NONE}, {"5;a ;\r\n", NONE}, {"5;a=b c\r\n", NONE},
    {"5;a=\"b\"c\r\n", NONE}, {";a\r\n", NONE}, {"5;a=\"b\nc\"\r\n", NONE},
};
/* clang-format on */

/* clang-format off */
static const struct {
    const char *line;
    bool good;
} trailers[] = {
    {"A: b\r\n", true}, {"A:\r\n", true}, {"a-b:\t\xc3 \r\n", true}, {"\r\n", false}, {"", false}, {"A\r\n", false},
    {": b\r\n", false}, {"A : b\r\n", false}, {" A: b\r\n", false}, {"A: b\n", false}, {"A: b\rc\r\n", false},
    {"A: b\r", false}, {"A: b\x01\r\n", false}, {"A\x7f: b\r\n", false}, {"A: \nB: c\r\n", false},
};
/* clang-format on */

static struct http_slice copy_of(const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    return (struct http_slice){memcpy(malloc(length + !length), text, length), length};
}

static uint64_t size_of(const char *text)
{
    uint64_t size;
    struct http_slice line = copy_of(text);
    bool good = http_chunk_size(line, &size);
    free((void *)line.at);
    return good ? size : NONE;
}

/* What is taken has the form of the standard, and the sanitizer sees every byte too many. */
static void test_all_short_lines(void)
{
    static const char letters[] = "5a;=\"\\ \r\n";
    for (uint32_t number = 0; number < 9 * 9 * 9 * 9 * 9 * 9; number++) {
        char text[9] = "";
        for (uint32_t i = 0, rest = number; i < 6; i++, rest /= 9) {
            text[i] = letters[rest % 9];
        }
        strcat(text, "\r\n");
        uint64_t size = size_of(text);
        size_t digits = strspn(text, "5a");
        CHECK_CASE(size == NONE || (digits > 0 && strchr("; \r", text[digits])), text);
        CHECK_CASE(size == NONE || (strchr(text, '\r') == text + 6 && strchr(text, '\n') == text + 7), text);
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CHECK_CASE(size_of(sizes[i].line) == sizes[i].size, sizes[i].line);
    }
    for (size_t i = 0; i < sizeof(trailers) / sizeof(trailers[0]); i++) {
        struct http_slice line = copy_of(trailers[i].line);
        CHECK_CASE(http_is_trailer(line) == trailers[i].good, trailers[i].line);
        free((void *)line.at);
    }
    test_all_short_lines();
    return 0;
}
