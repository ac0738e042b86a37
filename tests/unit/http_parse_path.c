/* http_parse_path.c: what paths mean, and which a site cannot have. */
#include <string.h>
#include "http/parse/request.h"
#include "tests/unit/check.h"

static uint32_t clean(const char *path, size_t length, char *result)
{
    char *copy = malloc(length + !length), *room = malloc(HTTP_PATH_MAX);

    memcpy(copy, path, length);
    uint32_t size = http_path_clean((struct http_slice){copy, (uint32_t)length}, room);
    CHECK(size <= HTTP_PATH_MAX);
    memcpy(result, room, size);
    result[size] = '\0';
    free(copy);
    free(room);
    return size;
}

/* NULL: there is none. */
/* clang-format off */
static const struct {
    const char *path, *expected;
} cases[] = {
    {"/", "/"}, {"/a", "/a"}, {"/a/", "/a/"}, {"/a/b.html", "/a/b.html"},
    {"/a//b", "/a/b"}, {"//a", "/a"}, {"///", "/"},
    {"/.", "/"}, {"/./", "/"}, {"/a/.", "/a/"}, {"/a/./b", "/a/b"},
    {"/./././a/././", "/a/"}, {"/a/%2e", "/a/"}, {"/a%2fb", "/a/b"},
    {"/a%2F%2Fb%2f", "/a/b/"}, {"/...", "/..."}, {"/..a", "/..a"},
    {"/a..", "/a.."}, {"/.a/b.", "/.a/b."}, {"/a.../b", "/a.../b"},
    {"/%41%5a%7a", "/AZz"}, {"/%2541", "/%41"}, {"/%252e%252e/x", "/%2e%2e/x"}, {"/a+b", "/a+b"}, {"/a%20b", "/a b"},
    {"/gr%C3%BC%c3%9fe", "/gr\xc3\xbc\xc3\x9f" "e"},
    {"/%e4%bd%a0", "/\xe4\xbd\xa0"}, {"/%f0%9f%98%80", "/\xf0\x9f\x98\x80"},
    {"/\xc3\xbc", "/\xc3\xbc"}, {"/%f4%8f%bf%bf", "/\xf4\x8f\xbf\xbf"},
    {"/%ed%9f%bf", "/\xed\x9f\xbf"}, {"/%0a", "/\n"},
    {"/[a]:@!$&'()*+,;=~_-|^`{}\"<>", "/[a]:@!$&'()*+,;=~_-|^`{}\"<>"},
    {"", NULL}, {"a", NULL}, {"*", NULL}, {"%2fa", NULL}, {"?", NULL},
    {"/..", NULL}, {"/../", NULL}, {"/a/..", NULL}, {"/a/../b", NULL},
    {"/%2e%2e", NULL}, {"/%2E./x", NULL}, {"/.%2e/x", NULL},
    {"/a/..%2fb", NULL}, {"/a%2f..", NULL}, {"//../x", NULL}, {"/./../x", NULL}, {"/a/./..", NULL},
    {"/%00", NULL}, {"/a%00.html", NULL}, {"/a\\b", NULL}, {"/..%5cx", NULL}, {"/%5C", NULL},
    {"/%", NULL}, {"/%4", NULL}, {"/%zz", NULL}, {"/%4g", NULL},
    {"/%+1", NULL}, {"/% 1", NULL}, {"/%%41", NULL}, {"/%u0041", NULL},
    {"/%ff", NULL}, {"/%80", NULL}, {"/%c3", NULL}, {"/%c3x", NULL},
    {"/%c0%ae", NULL}, {"/%c1%bf", NULL}, {"/%e0%80%ae", NULL},
    {"/%e0%9f%bf", NULL}, {"/%ed%a0%80", NULL}, {"/%f0%80%80%ae", NULL},
    {"/%f4%90%80%80", NULL}, {"/%f5%80%80%80", NULL},
    {"/%e4%bd", NULL}, {"/%e4%bd/%a0", NULL}, {"/\xfe", NULL},
};
/* clang-format on */

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char result[HTTP_PATH_MAX + 1];
        uint32_t length = clean(cases[i].path, strlen(cases[i].path), result);
        CHECK_CASE(length == (cases[i].expected ? strlen(cases[i].expected) : 0), cases[i].path);
        CHECK_CASE(!cases[i].expected || strcmp(result, cases[i].expected) == 0, cases[i].path);
    }
    char result[HTTP_PATH_MAX + 1];
    CHECK(clean("/a\0b", 4, result) == 0);
}

static void test_length(void)
{
    char path[3 * HTTP_PATH_MAX + 1] = "/", result[HTTP_PATH_MAX + 1];

    memset(path + 1, 'p', sizeof(path) - 1);
    CHECK(clean(path, HTTP_PATH_MAX, result) == HTTP_PATH_MAX);
    CHECK(clean(path, HTTP_PATH_MAX + 1, result) == 0);
    path[HTTP_PATH_MAX] = '/';
    CHECK(clean(path, HTTP_PATH_MAX + 1, result) == 0);
    for (uint32_t i = 0; i < HTTP_PATH_MAX; i++) { /* each %70 is one byte */
        memcpy(path + 3 * i, i ? "%70" : "///", 3);
    }
    CHECK(clean(path, 3 * HTTP_PATH_MAX, result) == HTTP_PATH_MAX);
    memset(path, '/', sizeof(path)); /* what is taken out does not count */
    path[sizeof(path) - 2] = 'a';
    CHECK(clean(path, sizeof(path) - 1, result) == 2);
}

int main(void)
{
    test_cases();
    test_length();
    return 0;
}
