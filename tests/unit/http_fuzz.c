/* http_fuzz.c: what a hostile client may send: a head, parsed whole and in pieces, and all that reads its fields.
 * Memory is of exactly the size of the head, so that the address sanitizer sees every byte too many.
 *
 * Input: a byte that says whether a good start and a good end are put around the rest, then characters and words.
 */
#include <stdlib.h>
#include <string.h>
#include "http/date.h"
#include "http/select.h"
#include "http/types.h"
#include "tests/unit/fuzz.h"

#define SIZE 1000
#define MTIME_NS 1600000000000000000ull
#define NOW_S 1790000000

/* Words of the language. Most of an input is made of them: one byte each, from 0x80 on. */
static const char *const words[] = {
    "GET ", "HEAD ", "OPTIONS ", "POST ", "CONNECT ", " HTTP/1.1\r\n",
    " HTTP/1.0\r\n", "PRI * HTTP/2.0\r\n", "\r\n", "\r\n\r\n", ": ",
    "Host: a\r\n", "Host: [::1]:80\r\n", "http://", "https://a",
    "GET / HTTP/1.1\r\nHost: a\r\n", "/", "//", "/.", "/..", "%2e", "%2f", "%",
    "%00", "%c3%bc", "%ed%a0%80", "?", "Content-Length: ",
    "Transfer-Encoding: ", "chunked", "gzip", ", ", "br", ";q=", "0.5", "*",
    "Connection: ", "close", "keep-alive", "upgrade", "Upgrade: x\r\n",
    "Expect: 100-continue\r\n", "Range: bytes=", "-", "0-", "999",
    "18446744073709551616", "If-Range: ", "If-Match: ", "If-None-Match: ",
    "If-Modified-Since: ", "If-Unmodified-Since: ", "\"", "W/",
    "\"16345785d8a00000-3e8\"", "Sun, 13 Sep 2020 12:26:40 GMT",
    "Sunday, 13-Sep-20 12:26:40 GMT", "Sun Sep 13 12:26:40 2020",
    "Accept-Encoding: ", ";", "\t", "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n", "X: 0123456789abcdef", "HTTP/1.1", "\n",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static void demand(int condition)
{
    if (!condition) {
        abort();
    }
}

static void check_slice(struct http_slice slice, const char *data, size_t size)
{
    demand(!slice.at || slice.length == 1 || (slice.at >= data && slice.at + slice.length <= data + size));
}

static void check_path(struct http_slice path)
{
    char clean[HTTP_PATH_MAX], again[HTTP_PATH_MAX];
    uint32_t length = http_path_clean(path, clean);

    if (length > 0) {
        demand(clean[0] == '/' && length <= HTTP_PATH_MAX && !memchr(clean, 0, length) && !memchr(clean, '\\', length));
        demand(!memmem(clean, length, "//", 2) && !memmem(clean, length, "/../", 4) &&
               !memmem(clean, length, "/./", 3));
        demand(length < 3 || memcmp(clean + length - 3, "/..", 3) != 0);
        demand(http_type_lookup(clean, length) != NULL);
        if (!memchr(clean, '%', length)) { /* then it means itself */
            demand(http_path_clean((struct http_slice){clean, length}, again) == length &&
                   memcmp(clean, again, length) == 0);
        }
    }
}

static void check_selection(const struct http_request *request)
{
    struct http_validators validators;
    char date[HTTP_DATE_LENGTH];
    int64_t seconds, again;

    http_validators_set(&validators, SIZE, MTIME_NS, NOW_S, "");
    struct http_selection s = http_select(request, &validators, NOW_S);
    demand(s.status == 200 || s.status == 206 || s.status == 304 || s.status == 412 || s.status == 416);
    demand(s.status == 206 ? s.length > 0 && s.first < SIZE && s.length <= SIZE - s.first : s.first == 0);
    demand(s.status == 206 || s.length == (s.status == 200 ? SIZE : 0));
    if (request->if_modified_since.at && http_date_parse(request->if_modified_since, NOW_S, &seconds) && seconds >= 0) {
        http_date_format(seconds, date);
        demand(http_date_parse((struct http_slice){date, sizeof(date)}, NOW_S, &again) && again == seconds);
    }
}

static void check_request(const struct http_request *request, const char *data, size_t size)
{
    const struct http_slice slices[] = {
        request->method_text, request->path, request->query, request->host,
        request->accept_encoding, request->range, request->if_range,
        request->if_match, request->if_none_match, request->if_modified_since, request->if_unmodified_since};

    for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
        check_slice(slices[i], data, request->head_length);
    }
    demand(request->head_length <= size && request->head_length <= HTTP_HEAD_MAX && request->path.length > 0);
    demand(memcmp(data + request->head_length - 4, "\r\n\r\n", 4) == 0);
    demand(!(request->chunked && request->has_length));
    demand(http_codings(request->accept_encoding) <= (HTTP_CODING_GZIP | HTTP_CODING_BROTLI));
    check_path(request->path);
    check_selection(request);
}

/* A refusal or an end that is found in a part is that of the whole. */
static void check_part(const char *data, size_t size, size_t part, int status, uint32_t head_length)
{
    struct http_request request;
    char *copy = malloc(part + !part);

    memcpy(copy, data, part);
    int early = http_request_parse(copy, (uint32_t)part, &request);
    if (status == HTTP_INCOMPLETE) {
        demand(early == HTTP_INCOMPLETE);
    } else if (status == 0) {
        demand(early == (part < head_length ? HTTP_INCOMPLETE : 0));
    } else {
        demand(early == HTTP_INCOMPLETE || early == status);
    }
    free(copy);
}

static void check_head(const char *data, size_t size)
{
    struct http_request request;
    int status = http_request_parse(data, (uint32_t)size, &request);

    if (status == 0) {
        check_request(&request, data, size);
    } else {
        demand(status == HTTP_INCOMPLETE || status == 400 || status == 414 || status == 431 || status == 501 ||
               status == 505);
    }
    for (size_t i = 1; i < 4; i++) {
        check_part(data, size, size * i / 4, status, request.head_length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[1 << 16];
    size_t length = 0;

    if (size > 0 && bytes[0] & 1) { /* past the request line, which is hard to guess */
        length = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");
    }
    for (size_t i = 1; i < size && length < sizeof(text) - 64; i++) {
        if (bytes[i] >= 0x80 && bytes[i] < 0x80 + WORDS) {
            length += (size_t)sprintf(text + length, "%s", words[bytes[i] - 0x80]);
        } else {
            text[length++] = (char)bytes[i];
        }
    }
    if (size > 0 && bytes[0] & 2) {
        length += (size_t)sprintf(text + length, "\r\n\r\n");
    }
    char *exact = malloc(length + !length);
    memcpy(exact, text, length);
    check_head(exact, length);
    free(exact);
    return 0;
}

FUZZ_BOUNDED("400000", "400")
