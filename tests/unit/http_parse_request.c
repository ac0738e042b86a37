/* http_parse_request.c: heads of requests, good and bad, whole and in pieces, in memory of exactly their size. */
#include <string.h>
#include "http/parse/request.h"
#include "tests/unit/check.h"

#define H "Host: a\r\n"
#define ENOUGH (3 * HTTP_HEAD_MAX)

static char text[ENOUGH];

/* In memory of its own, so that a byte too far is seen. The request's slices point into it until the next call. */
static int parse(const char *data, size_t length, struct http_request *request)
{
    static char *copy;

    free(copy);
    copy = malloc(length + !length);
    memcpy(copy, data, length);
    return http_request_parse(copy, (uint32_t)length, request);
}

/* Whatever comes in pieces must not be refused earlier than it is wrong, nor differently,
 * and must not be accepted early. */
static void check_pieces(const char *data, size_t length, int status)
{
    struct http_request request;
    size_t step = length > 1000 ? 97 : 1;

    for (size_t i = 0; i < length; i += step) {
        int early = parse(data, i, &request);
        CHECK_CASE(early == HTTP_INCOMPLETE || (status != 0 && early == status), data);
    }
}

static const struct {
    int status;
    const char *data;
} cases[] = {
    {0, "GET / HTTP/1.1\r\n" H "\r\n"},
    {0, "GET / HTTP/1.0\r\n\r\n"},
    {0, "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"},
    {0, "GET / HTTP/1.9\r\n" H "\r\n"},
    {0, "M-SEARCH /x HTTP/1.1\r\n" H "\r\n"},
    {0, "GET /a|b{}^`\"<>\\[]%zz?x={}|?/ HTTP/1.1\r\n" H "\r\n"},
    {0, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {0, "GET / HTTP/1.1\r\nHost: \t a:80 \t\r\n\r\n"},
    {0, "GET / HTTP/1.1\r\nhOST: [::1]:8080\r\n\r\n"},
    {0, "GET / HTTP/1.1\r\nHost: [::ffff:1.2.3.4]\r\n\r\n"},
    {0, "GET / HTTP/1.1\r\n" H "X:\r\nY: a\tb \x80\xff!\r\n!#$%&'*+-.^_`|~09AZaz: 1\r\n\r\n"},
    {0, "OPTIONS * HTTP/1.1\r\n" H "\r\n"},
    {0, "OPTIONS http://a HTTP/1.1\r\n" H "\r\n"},
    {0, "GET HTTP://b:81/x?y HTTP/1.1\r\n" H "\r\n"},
    {0, "GET https://b?y HTTP/1.1\r\n" H "\r\n"},
    {0, "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"},
    {0, "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775806\r\n\r\n"},
    {0, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"},
    {0, "GET / HTTP/1.1\r\n" H "Content-Lengt: 1\r\nContent-Length2: x\r\n\r\n"},

    {400, " GET / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET\t/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET  / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /  HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/1.1 \r\n" H "\r\n"},
    {400, "GET /\r\n"},
    {400, "GET\r\n"},
    {400, "G(T / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / http/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/1\r\n" H "\r\n"},
    {400, "GET / HTTP/1.\r\n" H "\r\n"},
    {400, "GET / HTTP/1.10\r\n" H "\r\n"},
    {400, "GET / HTTP/1,1\r\n" H "\r\n"},
    {400, "GET / HTTP/x.1\r\n" H "\r\n"},
    {400, "GET /a b HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /\xc3\xbc HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /# HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /?# HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /\x7f HTTP/1.1\r\n" H "\r\n"},
    {400, "GET /\ta HTTP/1.1\r\n" H "\r\n"},
    {400, "GET a HTTP/1.1\r\n" H "\r\n"},
    {400, "GET a:80 HTTP/1.1\r\n" H "\r\n"},
    {400, "GET * HTTP/1.1\r\n" H "\r\n"},
    {400, "OPTIONS *? HTTP/1.1\r\n" H "\r\n"},
    {400, "GET ?x HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http:///x HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http:// HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http:/x/y/z HTTP/1.1\r\n" H "\r\n"},
    {400, "GET ftp://a/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http://u@a/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET http://a/ HTTP/1.1\r\n\r\n"},
    {400, "GET http://a:x/ HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/1.1\n" H "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"},
    {400, "GET / HTTP/1.1\r" H "\r\n"},
    {400, "\nGET / HTTP/1.1\r\n" H "\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X y: 1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H ": 1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X\xc3: 1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: \x01\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: \x7f\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H "X: 0123456789abcdef0123456789\x1f and more than sixteen\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" H H "\r\n"},
    {400, "GET / HTTP/1.0\r\n" H H "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a, b\t\r\nHost: \r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: []\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [:]\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1 2\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999999999999\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"},
    {400, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: ,chunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;a=b\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n"},
    {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n"},
    {400, "\x16\x03\x01\x02\x00\x01"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"},
    {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {501, "CONNECT a:443 HTTP/1.1\r\n" H "\r\n"},
    {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {505, "GET / HTTP/0.9\r\n" H "\r\n"},
};

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *data = cases[i].data;
        struct http_request request;
        CHECK_CASE(parse(data, strlen(data), &request) == cases[i].status, data);
        check_pieces(data, strlen(data), cases[i].status);
        if (cases[i].status == 0) {
            CHECK_CASE(request.head_length == 0 || request.head_length <= strlen(data), data);
            snprintf(text, sizeof(text), "%sGET /next", data);
            CHECK_CASE(parse(text, strlen(text), &request) == 0 && request.head_length == strlen(data), data);
        }
    }
}

/* A NUL ends C's strings, so its cases are not in the table. */
static void test_nul(void)
{
    static const char line[] = "GET /\0 HTTP/1.1\r\n" H "\r\n", field[] = "GET / HTTP/1.1\r\n" H "X: \0\r\n\r\n";
    struct http_request request;

    CHECK(parse(line, sizeof(line) - 1, &request) == 400);
    CHECK(parse(field, sizeof(field) - 1, &request) == 400);
}

static bool is(struct http_slice slice, const char *expected)
{
    return slice.at && slice.length == strlen(expected) && memcmp(slice.at, expected, slice.length) == 0;
}

static struct http_request good(const char *data)
{
    struct http_request request;

    CHECK_CASE(parse(data, strlen(data), &request) == 0, data);
    return request;
}

static void test_what_is_found(void)
{
    struct http_request r = good("GET /a%20b?c=d?e HTTP/1.1\r\nHost: h:1\r\nACCEPT-encoding: gzip, br\r\n"
                                 "Range:\tbytes=0-1 \r\nIf-Range: \"x\"\r\n"
                                 "If-Match: *\r\nIf-None-Match: W/\"1\"\r\n"
                                 "If-Modified-Since: then\r\nIf-Unmodified-Since: now\r\n\r\nbody");
    CHECK(r.method == HTTP_GET && r.minor == 1 && is(r.method_text, "GET"));
    CHECK(is(r.path, "/a%20b") && is(r.query, "c=d?e") && is(r.host, "h:1"));
    CHECK(is(r.accept_encoding, "gzip, br") && is(r.range, "bytes=0-1") && is(r.if_range, "\"x\"") &&
          is(r.if_match, "*"));
    CHECK(is(r.if_none_match, "W/\"1\"") && is(r.if_modified_since, "then") && is(r.if_unmodified_since, "now"));
    CHECK(!r.has_length && !r.chunked && !r.expect_continue && !r.upgrade && r.keep_alive);

    r = good("HEAD / HTTP/1.1\r\n" H "\r\n");
    CHECK(r.method == HTTP_HEAD && r.query.at == NULL && r.range.at == NULL && r.if_match.at == NULL &&
          r.accept_encoding.at == NULL);
    r = good("GET /? HTTP/1.1\r\n" H "Range: a\r\nRange: b\r\n\r\n");
    CHECK(is(r.query, "") && is(r.range, "a"));
    r = good("GET / HTTP/1.1\r\n" H "Range: \ta\r\nIf-Range:b\t\r\nIf-Match: \r\nIf-None-Match:\t\t\r\n"
             "Accept-Encoding:  c d  \r\n\r\n");
    CHECK(is(r.range, "a") && is(r.if_range, "b") && is(r.if_match, "") && is(r.if_none_match, "") &&
          is(r.accept_encoding, "c d"));
    r = good("OPTIONS * HTTP/1.1\r\n" H "\r\n");
    CHECK(r.method == HTTP_OPTIONS && is(r.path, "*"));
    r = good("get /x HTTP/1.1\r\n" H "\r\n");
    CHECK(r.method == HTTP_OTHER && is(r.method_text, "get"));
}

static void test_absolute_form(void)
{
    struct http_request r = good("GET http://b:81/x/y?z HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(is(r.host, "b:81") && is(r.path, "/x/y") && is(r.query, "z"));
    r = good("GET https://b?z HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(is(r.host, "b") && is(r.path, "/") && is(r.query, "z"));
    r = good("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(is(r.path, "*"));
    r = good("GET http://[::1] HTTP/1.0\r\n\r\n");
    CHECK(is(r.host, "[::1]") && is(r.path, "/"));
}

static void test_bodies(void)
{
    struct http_request r = good("POST / HTTP/1.1\r\n" H "Content-Length: 0012\r\nExpect: 100-Continue\r\n\r\n");
    CHECK(r.has_length && r.content_length == 12 && r.expect_continue);
    CHECK(!good("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").expect_continue);
    CHECK(!good("POST / HTTP/1.1\r\n" H "Expect: 200-maybe\r\n\r\n").expect_continue);
    CHECK(good("POST / HTTP/1.1\r\n" H "Transfer-Encoding: CHUNKED\r\n\r\n").chunked);
}

static void test_connection(void)
{
    CHECK(!good("GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n").keep_alive);
    CHECK(!good("GET / HTTP/1.1\r\n" H "Connection: foo , CLOSE\r\n\r\n").keep_alive);
    CHECK(!good("GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\nConnection: close\r\n\r\n").keep_alive);
    CHECK(good("GET / HTTP/1.1\r\n" H "Connection: closed\r\n\r\n").keep_alive);
    CHECK(!good("GET / HTTP/1.0\r\n\r\n").keep_alive);
    CHECK(good("GET / HTTP/1.0\r\nConnection: ,Keep-Alive,\r\n\r\n").keep_alive);
    CHECK(!good("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keep_alive);
    CHECK(good("GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n").upgrade);
    CHECK(!good("GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\n\r\n").upgrade);
    CHECK(!good("GET / HTTP/1.1\r\n" H "Connection: upgrade\r\n\r\n").upgrade);
    CHECK(!good("GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n").upgrade);
}

/* "GET /nnn.. HTTP/1.1", Host, and one field of `field` bytes: a head of how many bytes? */
static size_t large(uint32_t target, uint32_t field)
{
    int length = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\n" H "X: %0*d\r\n\r\n", (int)target, 0, (int)field,
                          0);

    return (size_t)length;
}

static void test_bounds(void)
{
    struct http_request request;
    size_t rest = large(1, 1) - 2;

    CHECK(parse(text, large(4000, HTTP_HEAD_MAX - (uint32_t)rest - 4000), &request) == 0 &&
          request.head_length == HTTP_HEAD_MAX);
    check_pieces(text, HTTP_HEAD_MAX, 0);
    CHECK(parse(text, large(4000, HTTP_HEAD_MAX - (uint32_t)rest - 3999), &request) == 431);
    check_pieces(text, HTTP_HEAD_MAX + 1, 431);
    CHECK(parse(text, large(HTTP_HEAD_MAX, 1), &request) == 414);
    CHECK(parse(text, HTTP_HEAD_MAX - 1, &request) == HTTP_INCOMPLETE && parse(text, HTTP_HEAD_MAX, &request) == 414);
    CHECK(parse(text, large(100, 2 * HTTP_HEAD_MAX), &request) == 431);
    memset(text, 'A', sizeof(text));
    CHECK(parse(text, sizeof(text), &request) == 414);
}

static void test_number_of_fields(void)
{
    struct http_request request;

    for (uint32_t count = HTTP_FIELDS_MAX - 1; count <= HTTP_FIELDS_MAX + 1; count++) {
        size_t length = (size_t)sprintf(text, "GET / HTTP/1.1\r\n" H);
        for (uint32_t i = 1; i < count; i++) {
            length += (size_t)sprintf(text + length, "X: %u\r\n", i);
        }
        length += (size_t)sprintf(text + length, "\r\n");
        CHECK(parse(text, length, &request) == (count <= HTTP_FIELDS_MAX ? 0 : 431));
    }
}

/* Each byte at each place of a name, a value and a target, in the middle of a head and near its end. */
static void check_byte(const char *before, uint8_t byte, const char *after, int expected)
{
    struct http_request request;

    for (uint32_t place = 0; place < 40; place++) {
        for (uint32_t rest = 0; rest < 40; rest += 13) {
            int length = snprintf(text, sizeof(text), "%s%.*s%c%.*s%s", before, (int)place,
                                  "abcdefghi-abcdefghi-abcdefghi-abcdefghi-", byte ? byte : 'x', (int)rest,
                                  "abcdefghi-abcdefghi-abcdefghi-abcdefghi-", after);
            if (byte == 0) {
                text[strlen(before) + place] = '\0';
            }
            CHECK_CASE(parse(text, (size_t)length, &request) == expected, text);
        }
    }
}

static void test_each_byte(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        bool letter = byte < 128 && ((byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z'));
        bool token = letter || (byte && byte < 128 && strchr("!#$%&'*+-.^_`|~", (int)byte));
        bool visible = byte > ' ' && byte < 127;
        check_byte("GET / HTTP/1.1\r\n" H "N", (uint8_t)byte, ": 1\r\n\r\n", token || byte == ':' ? 0 : 400);
        check_byte("GET / HTTP/1.1\r\n" H "X: ", (uint8_t)byte, "\r\n\r\n",
                   (byte >= ' ' && byte != 127) || byte == '\t' ? 0 : 400);
        check_byte("GET /", (uint8_t)byte, " HTTP/1.1\r\n" H "\r\n", visible && byte != '#' ? 0 : 400);
        check_byte("GET /?", (uint8_t)byte, " HTTP/1.1\r\n" H "\r\n", visible && byte != '#' ? 0 : 400);
        check_byte("M", (uint8_t)byte, " / HTTP/1.1\r\n" H "\r\n", token ? 0 : 400);
    }
}

/* Wherever it stands, in the path or the query. */
static void test_quoted(void)
{
    char head[128];
    for (int byte = '!'; byte < 127; byte++) {
        for (int before = 0; byte != '#' && before < 40; before++) {
            struct http_request request;
            int length = snprintf(head, sizeof(head), "GET /%.*s%c0123456789abcdef0123 HTTP/1.1\r\n" H "\r\n", before,
                                  "aaaaaaaaaaaaaaaaaaaa?bbbbbbbbbbbbbbbbbbbbbbbb", byte);
            CHECK_EQUAL(parse(head, (size_t)length, &request), 0);
            CHECK_EQUAL(request.quoted, byte == '"' || byte == '\\');
        }
    }
}

int main(void)
{
    test_quoted();
    test_cases();
    test_each_byte();
    test_nul();
    test_what_is_found();
    test_absolute_form();
    test_bodies();
    test_connection();
    test_bounds();
    test_number_of_fields();
    return 0;
}
