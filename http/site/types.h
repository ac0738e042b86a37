/* http/site/types.h: media types by the extension of a name (RFC 9110 8.3), capital or small, and what follows from one. */
#ifndef HTTP_SITE_TYPES_H
#define HTTP_SITE_TYPES_H

#include "http/parse/text.h"

enum {
    TYPE_PAGE = 1 << 0,         /* what a page is made of: changes together, and more often than the rest */
    TYPE_COMPRESSIBLE = 1 << 1, /* worth looking for a compressed variant */
    TYPE_TEXT = 1 << 2,         /* Content-Type says in which charset it is */
    TYPE_CODE = 1 << 3,  /* of those that tools may give a name with a fingerprint: scripts, styles, their data */
    TYPE_MEDIA = 1 << 4, /* pictures, fonts, sounds, films */
};

struct http_type {
    struct http_slice text; /* without a charset */
    uint8_t flags;
};

/* What is unknown is application/octet-stream. */
struct http_type http_type_of(const char *path, uint32_t length);
/* Of that name. */
struct http_type http_type_named(struct http_slice text);

/* The table: http/site/types.list, as make-types has made it, in the order of numbers, each of which is an extension
 * (extension_of()); beside it each one's flags, 0 until somebody asks. */
struct http_extension {
    uint64_t number;
    const char *type;
};
extern const struct http_extension http_extensions[];
extern const uint32_t http_extension_count;
extern uint8_t http_extension_flags[];

#endif
