/* pem.c: RFC 7468: lines of base64 between two that name what it is.
 *   consumes  bytes of a file of the site's owner, NOT trusted to be one of this kind
 *   invariant of n bytes of text come no more than n / 4 * 3 of DER, which lie where those have been read
 */
#include "tls/pem.h"

#include <string.h>

static const char begins[] = "-----BEGIN CERTIFICATE-----";
static const char ends[] = "-----END CERTIFICATE-----";

static char *find(char *text, size_t length, const char *what)
{
    size_t size = strlen(what);

    for (size_t i = 0; i + size <= length; i++) {
        if (memcmp(text + i, what, size) == 0) {
            return text + i;
        }
    }
    return NULL;
}

/* 0 to 63, -1: it is none. */
static int sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Blanks anywhere; at the end up to two '=' that fill up four. Three bytes follow four characters, in their place. */
static size_t decode(const char *text, size_t length, uint8_t *der)
{
    size_t count = 0, seen = 0, filled = 0;
    uint32_t bits = 0;

    for (size_t i = 0; i < length; i++) {
        int value = sextet(text[i]);
        if (is_blank(text[i])) {
            continue;
        }
        if (text[i] == '=' ? ++filled > 2 : value < 0 || filled > 0) {
            return PEM_BROKEN;
        }
        bits = bits << 6 | (uint32_t)(value < 0 ? 0 : value);
        if (++seen % 4 == 0) {
            der[count++] = (uint8_t)(bits >> 16);
            der[count++] = (uint8_t)(bits >> 8);
            der[count++] = (uint8_t)bits;
        }
    }
    return seen % 4 || count == 0 ? PEM_BROKEN : count - filled;
}

size_t pem_next_certificate(char **text, size_t *length, uint8_t **der)
{
    char *end_of_all = *text + *length, *begin = find(*text, *length, begins);

    if (!begin) {
        return 0;
    }
    begin += strlen(begins);
    char *end = find(begin, (size_t)(end_of_all - begin), ends);
    if (!end) {
        return PEM_BROKEN;
    }
    *text = end + strlen(ends);
    *length = (size_t)(end_of_all - *text);
    *der = (uint8_t *)begin;
    return decode(begin, (size_t)(end - begin), *der);
}
