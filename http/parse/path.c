/* http/parse/path.c: the path that a target means, once and for all who compare paths afterwards.
 *   consumes  a target's path, NOT trusted
 *   invariant what is returned begins with '/', is UTF-8, has no NUL, no backslash and no empty, "." or ".." name:
 *             joined to a folder it stays in it
 */
#include "http/parse/text.h"

/* What the sequence beginning with `lead` must have: how many bytes follow, and the range of the first of them (RFC
 * 3629 4). */
static bool utf8_lead(uint8_t lead, uint32_t *follow, uint8_t *least, uint8_t *most)
{
    *least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    *follow = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    return lead < 0x80 || (lead >= 0xc2 && lead <= 0xf4);
}

bool http_is_utf8(const char *text, uint32_t length)
{
    const uint8_t *at = (const uint8_t *)text, *end = at + length;

    while (at < end) {
        uint32_t follow;
        uint8_t least, most;
        if (!utf8_lead(*at++, &follow, &least, &most) || (uint32_t)(end - at) < follow) {
            return false;
        }
        for (; follow > 0; follow--, at++, least = 0x80, most = 0xbf) {
            if (*at < least || *at > most) {
                return false;
            }
        }
    }
    return true;
}

/* The name clean[name..*length) is complete: taken out if it is empty or ".". False: "..". */
static bool close_name(const char *clean, uint32_t *length, uint32_t name)
{
    uint32_t size = *length - name;

    if (size == 1 && clean[name] == '.') {
        *length = name;
    }
    return size != 2 || clean[name] != '.' || clean[name + 1] != '.';
}

/* %XX at `at`, behind the '%'. False: it is none. */
static bool decode(const char *at, const char *end, char *c)
{
    uint32_t above = end - at < 2 ? 16 : http_hex_digit(at[0]);
    uint32_t below = above < 16 ? http_hex_digit(at[1]) : 16;

    *c = (char)(above << 4 | below);
    return below < 16;
}

static uint32_t plain_run(const char *at, const char *end)
{
    const char *start = at;

    while (at < end && http_is(*at, CLASS_PLAIN)) {
        at++;
    }
    return (uint32_t)(at - start);
}

uint32_t http_path_clean(struct http_slice path, char *clean)
{
    const char *at = path.at, *end = path.at + path.length;
    uint32_t length = 0, name = 1;
    uint8_t high = 0;

    if (path.length == 0 || *at != '/') {
        return 0;
    }
    clean[length++] = *at++;
    for (;;) {
        uint32_t plain = plain_run(at, end);
        if (plain > HTTP_PATH_MAX - length) {
            return 0;
        }
        memcpy(clean + length, at, plain);
        length += plain;
        at += plain;
        if (at == end) {
            break;
        }
        char c = *at++;
        if (c == '%') {
            if (!decode(at, end, &c)) {
                return 0;
            }
            at += 2;
        }
        if (c == '/') {
            if (!close_name(clean, &length, name)) {
                return 0;
            }
            if (length == name) {
                continue; /* nothing between two of them */
            }
            name = length + 1;
        }
        if (c == 0 || c == '\\' || length == HTTP_PATH_MAX) {
            return 0;
        }
        high |= (uint8_t)c;
        clean[length++] = c;
    }
    if (!close_name(clean, &length, name) || (high & 0x80 && !http_is_utf8(clean, length))) {
        return 0;
    }
    return length;
}
