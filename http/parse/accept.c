/* accept.c: fields that few look for, by name; does Accept name a page? (RFC 9110 12.5.1.) What cannot be understood is left
 * out.
 *   consumes  field lines that http_request_parse() let through, of a client: NOT trusted beyond that
 */
#include "http/parse/text.h"

struct http_slice http_field(struct http_slice lines, const char *lower)
{
    const char *at = lines.at, *end = at + lines.length;
    uint32_t length = (uint32_t)strlen(lower);
    while (at < end) {
        const char *stop = memchr(at, '\r', (size_t)(end - at));
        if ((size_t)(stop - at) > length && at[length] == ':' && http_same(at, lower, length)) {
            return http_trim(at + length + 1, stop);
        }
        at = stop + 2;
    }
    return (struct http_slice){NULL, 0};
}

/* q=0, in whatever spelling: it is not wanted. */
static bool is_refused(struct http_slice parameters)
{
    while (parameters.length > 0) {
        const char *end = parameters.at + parameters.length, *next = memchr(parameters.at, ';', parameters.length);
        struct http_slice one = http_trim(parameters.at, next ? next : end);
        if (one.length > 2 && (one.at[0] | 0x20) == 'q' && one.at[1] == '=') {
            bool any = false;
            for (uint32_t i = 2; i < one.length; i++) {
                any |= one.at[i] >= '1' && one.at[i] <= '9';
            }
            return !any;
        }
        parameters = next ? (struct http_slice){next + 1, (uint32_t)(end - next - 1)} : (struct http_slice){end, 0};
    }
    return false;
}

bool http_accepts_html(struct http_slice accept)
{
    struct http_slice element;
    if (!accept.at) {
        return false;
    }
    while (http_next_element(&accept, &element)) {
        const char *end = element.at + element.length, *rest = memchr(element.at, ';', element.length);
        struct http_slice type = http_trim(element.at, rest ? rest : end);
        if (http_slice_is(type, "text/html") || http_slice_is(type, "application/xhtml+xml")) {
            return !rest || !is_refused((struct http_slice){rest + 1, (uint32_t)(end - rest - 1)});
        }
    }
    return false;
}
