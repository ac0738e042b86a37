/* select.h: what of a file a GET or HEAD is to get: conditions and ranges (RFC 9110 13, 14). Pure functions. */
#ifndef HTTP_PARSE_SELECT_H
#define HTTP_PARSE_SELECT_H

#include "http/parse/request.h"

#define HTTP_ETAG_MAX 40 /* quotes, two numbers of 64 bits, '-' and what a coding adds to it */

/* A representation's validators. The entity tag is strong: of modification time, size and coding. */
struct http_validators {
    uint64_t size;   /* bytes */
    int64_t mtime_s; /* since 1970; may lie ahead of now. 0: not known, as of a file in the image */
    uint32_t etag_length;
    char etag[HTTP_ETAG_MAX]; /* with its quotes */
};
/* mtime_ns: since 1970, two's complement before. Where it came with the 32 bits of NFSv3's seconds, which run over at
 * both ends, the latest of the times that they may stand for is meant that is not ahead of now_s by more than a day;
 * so 1901 to 1969, and what comes after 2106, are told, and years from 2038 on that lie ahead are not. */
void http_validators_set(struct http_validators *validators, uint64_t size, uint64_t mtime_ns, int64_t now_s,
                         const char *coding_suffix);
#define HTTP_CLOCK_LEAST_S 1000000000 /* a clock that says less has not been set */

#define HTTP_SELECTED_PARTS 207 /* 206, of several ranges: http_select_ranges() */
struct http_selection {
    uint16_t status;        /* 200, 206, HTTP_SELECTED_PARTS, 304, 412, 416 */
    uint64_t first, length; /* bytes of the body to send: all for 200, none but for 206 */
};
/* Precedence as in RFC 9110 13.2.2. Units other than bytes, and ranges that are too many or too much, are answered with
 * the whole (14.2 allows it). */
struct http_selection http_select(const struct http_request *request, const struct http_validators *validators,
                                  int64_t now_s);

struct http_range {
    uint64_t first, length;
};
#define HTTP_RANGES_MAX 32 /* in one answer */
/* A Range field's ranges, of a file of this size, that it has, in order; together not more bytes than that. 206: one;
 * HTTP_SELECTED_PARTS: *count; 416: none; 200: the field is to be ignored. */
uint16_t http_select_ranges(struct http_slice range, uint64_t size, struct http_range ranges[HTTP_RANGES_MAX],
                            uint32_t *count);

#endif
