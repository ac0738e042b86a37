/* http/select.h: what of a file a GET or HEAD is to get: conditions and ranges (RFC 9110 13, 14). Pure functions. */
#ifndef HTTP_SELECT_H
#define HTTP_SELECT_H

#include "http/request.h"

#define HTTP_ETAG_MAX 48

/* A representation's validators. The entity tag is strong: of modification time, size and coding. */
struct http_validators {
    uint64_t size;     /* bytes */
    int64_t mtime_s;   /* since 1970 */
    uint32_t etag_length;
    char etag[HTTP_ETAG_MAX]; /* with its quotes */
};
void http_validators_set(struct http_validators *validators, uint64_t size, uint64_t mtime_ns,
                         const char *coding_suffix);

struct http_selection {
    uint16_t status;        /* 200, 206, 304, 412, 416 */
    uint64_t first, length; /* bytes of the body to send: all for 200, none for 304, 412, 416 */
};
/* Precedence as in RFC 9110 13.2.2. Several ranges, and units other than bytes, are answered with the whole (14.2
 * allows it). */
struct http_selection http_select(const struct http_request *request, const struct http_validators *validators,
                                  int64_t now_s);

#endif
