/* http/site/types.h: media types by the extension of a name (RFC 9110 8.3), capital or small. */
#ifndef HTTP_TYPES_H
#define HTTP_TYPES_H

#include "http/parse/text.h"

enum {
    TYPE_PAGE = 1 << 0,         /* what a page is made of: changes together, and more often than the rest */
    TYPE_COMPRESSIBLE = 1 << 1, /* worth looking for a compressed variant */
};

struct http_type {
    const char *extension;
    const char *text; /* Content-Type */
    uint8_t extension_length, flags;
};

/* Never NULL: what is unknown is application/octet-stream. */
const struct http_type *http_type_lookup(const char *path, uint32_t length);
/* Its text. */
struct http_slice http_type_of(const char *path, uint32_t length);

#endif
