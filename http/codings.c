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

/* Cuts ";q=.." off an element. False: the weight says no. */
static bool is_taken(struct http_slice *element)
{
    const char *end = element->at + element->length;
    const char *semicolon = memchr(element->at, ';', element->length);

    if (!semicolon) {
        return true;
    }
    struct http_slice weight = http_trim(semicolon + 1, end);
    *element = http_trim(element->at, semicolon);
    if (weight.length < 2 || !http_same(weight.at, "q", 1) || weight.at[1] != '=') {
        return false; /* a parameter that codings do not have: not understood */
    }
    return is_positive((struct http_slice){weight.at + 2, weight.length - 2});
}

static uint8_t coding_of(struct http_slice name)
{
    if (http_slice_is(name, "gzip") || http_slice_is(name, "x-gzip")) {
        return HTTP_CODING_GZIP;
    }
    if (http_slice_is(name, "br")) {
        return HTTP_CODING_BROTLI;
    }
    return name.length == 1 && name.at[0] == '*' ? HTTP_CODING_GZIP | HTTP_CODING_BROTLI : 0;
}

uint8_t http_codings(struct http_slice accept_encoding)
{
    struct http_slice element;
    uint8_t named = 0, taken = 0, rest = 0;

    while (http_next_element(&accept_encoding, &element)) {
        bool yes = is_taken(&element);
        uint8_t coding = coding_of(element);
        bool all = element.length == 1 && coding != 0;
        if (all) {
            rest = yes ? coding : 0; /* "*": those that are not named, before it or behind */
        } else {
            named |= coding;
            taken |= yes ? coding : 0;
        }
    }
    return taken | (uint8_t)(rest & ~named);
}
