/* tests/fuzz/http_request.c: what a hostile client may send: a head, parsed whole and in pieces, and all that reads its
 * fields. Memory is of exactly the size of the head, so that the address sanitizer sees every byte too many.
 *
 * Input: the head.
 */
#include <stdlib.h>
#include <string.h>

#include "http/parse/date.h"
#include "http/parse/select.h"
#include "http/site/types.h"
#include "tests/fuzz/fuzz.h"

#define SIZE 1000
#define MTIME_NS 1600000000000000000ull
#define NOW_S 1790000000

static void check_slice(struct http_slice slice, const char *data, size_t size)
{
    DEMAND(!slice.at || slice.length == 1 || (slice.at >= data && slice.at + slice.length <= data + size));
}

static void check_path(struct http_slice path)
{
    char clean[HTTP_PATH_MAX], again[HTTP_PATH_MAX];
    uint32_t length = http_path_clean(path, clean);

    if (length > 0) {
        DEMAND(clean[0] == '/' && length <= HTTP_PATH_MAX && !memchr(clean, 0, length) && !memchr(clean, '\\', length));
        DEMAND(!memmem(clean, length, "//", 2) && !memmem(clean, length, "/../", 4) &&
               !memmem(clean, length, "/./", 3));
        DEMAND(length < 3 || memcmp(clean + length - 3, "/..", 3) != 0);
        DEMAND(http_type_of(clean, length).text.length > 0);
        if (!memchr(clean, '%', length)) { /* then it means itself */
            DEMAND(http_path_clean((struct http_slice){clean, length}, again) == length &&
                   memcmp(clean, again, length) == 0);
        }
    }
}

static void check_ranges(struct http_slice range)
{
    struct http_range ranges[HTTP_RANGES_MAX];
    uint32_t count;
    uint64_t sum = 0;

    DEMAND(http_select_ranges(range, SIZE, ranges, &count) == HTTP_SELECTED_PARTS);
    DEMAND(count > 1 && count <= HTTP_RANGES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        DEMAND(ranges[i].length > 0 && ranges[i].first < SIZE && ranges[i].length <= SIZE - ranges[i].first);
        sum += ranges[i].length;
    }
    DEMAND(sum <= SIZE);
}

static void check_selection(const struct http_request *request)
{
    struct http_validators validators;
    char date[HTTP_DATE_LENGTH];
    int64_t seconds, again;

    http_validators_set(&validators, SIZE, MTIME_NS, NOW_S, "");
    struct http_selection s = http_select(request, &validators, NOW_S);
    DEMAND(s.status == 200 || s.status == 206 || s.status == 304 || s.status == 412 || s.status == 416 ||
           s.status == HTTP_SELECTED_PARTS);
    if (s.status == HTTP_SELECTED_PARTS) {
        check_ranges(request->range);
    }
    DEMAND(s.status == 206 ? s.length > 0 && s.first < SIZE && s.length <= SIZE - s.first : s.first == 0);
    DEMAND(s.status == 206 || s.length == (s.status == 200 ? SIZE : 0));
    if (request->if_modified_since.at && http_date_parse(request->if_modified_since, NOW_S, &seconds) && seconds >= 0) {
        http_date_format(seconds, date);
        DEMAND(http_date_parse((struct http_slice){date, sizeof(date)}, NOW_S, &again) && again == seconds);
    }
}

static void check_request(const struct http_request *request, const char *data, size_t size)
{
    const struct http_slice slices[] = {request->method_text,
                                        request->path,
                                        request->query,
                                        request->host,
                                        request->accept_encoding,
                                        request->range,
                                        request->if_range,
                                        request->if_match,
                                        request->if_none_match,
                                        request->if_modified_since,
                                        request->if_unmodified_since};

    for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
        check_slice(slices[i], data, request->head_length);
    }
    DEMAND(request->head_length <= size && request->head_length <= HTTP_HEAD_MAX && request->path.length > 0);
    DEMAND(memcmp(data + request->head_length - 4, "\r\n\r\n", 4) == 0);
    DEMAND(!(request->chunked && request->has_length));
    DEMAND(http_codings(request->accept_encoding) <= (HTTP_CODING_GZIP | HTTP_CODING_BROTLI));
    http_accepts_html(http_field(request->fields, "accept"));
    check_path(request->path);
    check_selection(request);
}

/* A refusal or an end that is found in a part is that of the whole. */
static void check_part(const char *data, size_t size, size_t part, int status, uint32_t head_length)
{
    struct http_request request;
    int early = http_request_parse(fuzz_exactly(data, part), (uint32_t)part, &request);

    if (status == HTTP_INCOMPLETE) {
        DEMAND(early == HTTP_INCOMPLETE);
    } else if (status == 0) {
        DEMAND(early == (part < head_length ? HTTP_INCOMPLETE : 0));
    } else {
        DEMAND(early == HTTP_INCOMPLETE || early == status);
    }
}

static void check_head(const char *data, size_t size)
{
    struct http_request request;
    int status = http_request_parse(data, (uint32_t)size, &request);

    if (status == 0) {
        check_request(&request, data, size);
    } else {
        DEMAND(status == HTTP_INCOMPLETE || status == 400 || status == 414 || status == 431 || status == 501 ||
               status == 505);
    }
    for (size_t i = 1; i < 4; i++) {
        check_part(data, size, size * i / 4, status, request.head_length);
    }
}

void fuzz_begin(void) {}

void fuzz_run(struct fuzz_input *in)
{
    check_head(fuzz_exactly(in->at, in->left), in->left);
}
