/* http/codings.c: which codings a client takes (RFC 9110 12.4.2, 12.5.3). What cannot be understood is left out. */
#include "http/text.h"

/* A weight after "q=" that is one, and more than nothing. */
static bool is_positive(struct http_slice weight)
{
    bool positive = false;

    for (uint32_t i = 0; i < weight.length; i++) {
        if (i == 1 ? weight.at[i] != '.' : !http_is(weight.at[i], CLASS_DIGIT)) {
            return false;
        }
        positive |= i != 1 && weight.at[i] != '0';
    }
    return positive;
}

/* What follows a coding's name up to the comma: nothing, or a weight. False: the weight says no, or it is neither. */
static bool is_taken(const char *at, const char *end)
{
    struct http_slice rest = http_trim(at, end);

    if (rest.length == 0) {
        return true;
    }
    struct http_slice weight = http_trim(rest.at + 1, end);
    return rest.at[0] == ';' && weight.length > 2 && (weight.at[0] | 0x20) == 'q' && weight.at[1] == '=' &&
           is_positive((struct http_slice){weight.at + 2, weight.length - 2});
}

static uint8_t coding_of(const char *name, uint32_t length)
{
    if (length == 4 && http_same(name, "gzip", 4)) {
        return HTTP_CODING_GZIP;
    }
    if (length == 2 && http_same(name, "br", 2)) {
        return HTTP_CODING_BROTLI;
    }
    if (length == 6 && http_same(name, "x-gzip", 6)) {
        return HTTP_CODING_GZIP;
    }
    return length == 1 && *name == '*' ? HTTP_CODING_GZIP | HTTP_CODING_BROTLI : 0;
}

static bool separates(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

uint8_t http_codings(struct http_slice accept_encoding)
{
    const char *at = accept_encoding.at, *end = at ? at + accept_encoding.length : at;
    uint8_t named = 0, taken = 0, rest = 0;

    while (at < end) {
        if (separates(*at)) {
            at++;
            continue;
        }
        const char *name = at, *name_end;
        while (at < end && http_is(*at, CLASS_TOKEN)) {
            at++;
        }
        name_end = at;
        while (at < end && *at != ',') {
            at++;
        }
        uint8_t coding = coding_of(name, (uint32_t)(name_end - name));
        bool yes = coding && is_taken(name_end, at);
        if (*name == '*') {
            rest = yes ? coding : 0; /* those that are not named, before it or behind */
        } else {
            named |= coding;
            taken |= yes ? coding : 0;
        }
    }
    return taken | (uint8_t)(rest & ~named);
}
