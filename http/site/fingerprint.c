/* http/site/fingerprint.c: is there a fingerprint in a name? See fingerprint.h.
 *   consumes  names of files, NOT trusted: any bytes. Whoever can name a file can call it one that never changes
 */
#include "http/site/fingerprint.h"

#include "http/parse/text.h"

#define HEX_LEAST 8
#define HEX_MOST 64
#define SHORT 8      /* of the other two */
#define EXTENSION 7  /* characters of one that is passed over */
#define UUID_LAST 12 /* digits of a UUID's last group, */
#define UUID_REST 24 /* and what stands before it: 8-4-4-4- */

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_base64(char c)
{
    return is_small(c) || is_capital(c) || is_digit(c) || c == '-' || c == '_';
}

static bool is_base32(char c)
{
    return is_capital(c) || (c >= '2' && c <= '7');
}

static bool any(const char *at, const char *end, bool (*is)(char))
{
    while (at < end && !is(*at)) {
        at++;
    }
    return at < end;
}

static const char *past(const char *at, const char *end, bool (*is)(char))
{
    while (at < end && is(*at)) {
        at++;
    }
    return at;
}

static uint32_t groups(const char *at, const char *end)
{
    uint32_t count = 0;
    for (; at < end; count++) {
        if (is_digit(*at)) {
            at = past(at, end, is_digit);
        } else if (is_small(*at) || (is_capital(*at) && at + 1 < end && is_small(at[1]))) {
            at = past(at + 1, end, is_small);
        } else if (is_capital(*at)) {
            at = past(at, end, is_capital);
        } else {
            at++;
        }
    }
    return count;
}

static bool ends_a_uuid(const char *start, const char *at, const char *end)
{
    static const uint8_t dashes[] = {8, 13, 18, 23};
    if (end - at != UUID_LAST || at - start < UUID_REST) {
        return false;
    }
    const char *rest = at - UUID_REST;
    for (uint32_t i = 0, dash = 0; i < UUID_REST; i++) {
        bool is_dash = i == dashes[dash];
        if (is_dash ? rest[i] != '-' : !is_hex(rest[i])) {
            return false;
        }
        dash += is_dash;
    }
    return true;
}

static bool ends_in_hex(const char *start, const char *end, enum fingerprint_of what)
{
    const char *at = end;
    while (at > start && is_hex(at[-1])) {
        at--;
    }
    if (at - start < 2 || !strchr("-._", at[-1]) || end - at < HEX_LEAST || end - at > HEX_MOST) {
        return false;
    }
    return any(at, end, is_digit) && any(at, end, is_small) && groups(at, end) >= (what == FINGERPRINT_CODE ? 2 : 3) &&
           !ends_a_uuid(start, at, end);
}

static bool ends_in_eight(const char *start, const char *end, enum fingerprint_of what)
{
    const char *at = end - SHORT;
    if (end - start < SHORT + 2 || !strchr("-.", at[-1])) {
        return false;
    }
    if (what == FINGERPRINT_CODE && past(at, end, is_base32) == end && any(at, end, is_capital) &&
        any(at, end, is_digit)) {
        return true;
    }
    return past(at, end, is_base64) == end && any(at, end, is_capital) && any(at, end, is_small) &&
           any(at, end, is_digit) && groups(at, end) >= (what == FINGERPRINT_CODE ? 4 : 5);
}

/* Where the extension that ends the name begins; its end where there is none. */
static const char *extension(const char *start, const char *end)
{
    const char *at = end;
    while (at > start && at[-1] != '.') {
        at--;
    }
    return at > start ? at - 1 : end;
}

static bool is_passed_over(const char *dot, const char *end)
{
    const char *at = dot + 1;
    while (at < end && (is_small(*at) || is_digit(*at))) {
        at++;
    }
    return dot < end && at == end && end - dot > 1 && end - dot <= EXTENSION + 1;
}

bool site_has_fingerprint(struct http_slice path, enum fingerprint_of what)
{
    const char *end = path.at + path.length, *start = end;
    while (start > path.at && start[-1] != '/') {
        start--;
    }
    end = extension(start, end);
    for (const char *dot; dot = extension(start, end), is_passed_over(dot, end);) {
        end = dot;
    }
    return ends_in_hex(start, end, what) || ends_in_eight(start, end, what);
}
