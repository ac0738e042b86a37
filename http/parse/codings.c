/* codings.c: which codings a client takes (RFC 9110 12.4.2, 12.5.3). What cannot be understood is left out.
 *   consumes  the value of an Accept-Encoding field, of a client, NOT trusted: any bytes
 */
#include "http/parse/text.h"

#define WHOLE 1000 /* of a weight */
#define IDENTITY 4 /* beside HTTP_CODING_.. */

/* A weight after "q=", in thousandths; 0 where it is none. */
static uint32_t number_of(struct http_slice weight)
{
    uint32_t number = 0, place = WHOLE;

    for (uint32_t i = 0; i < weight.length; i++) {
        if (i == 1 ? weight.at[i] != '.' : !http_is(weight.at[i], CLASS_DIGIT)) {
            return 0;
        }
        if (i != 1) {
            number += place * (uint32_t)(weight.at[i] - '0');
            place /= 10;
        }
    }
    return number < WHOLE ? number : WHOLE;
}

/* What follows a coding's name up to the comma: nothing, or a weight. 0: the weight says no, or it is neither. */
static uint32_t weight_of(const char *at, const char *end)
{
    struct http_slice rest = http_trim(at, end);

    if (rest.length == 0) {
        return WHOLE;
    }
    struct http_slice weight = http_trim(rest.at + 1, end);
    if (rest.at[0] != ';' || weight.length <= 2 || (weight.at[0] | 0x20) != 'q' || weight.at[1] != '=') {
        return 0;
    }
    return number_of((struct http_slice){weight.at + 2, weight.length - 2});
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
    return length == 8 && http_same(name, "identity", 8) ? IDENTITY : 0;
}

static bool separates(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

/* Those named with more than nothing, of the others those that '*' stands for; but none that the client wants less
 * than the file as it is. */
static uint8_t choose(uint8_t named, const uint32_t weights[static IDENTITY + 1], uint32_t rest)
{
    uint32_t identity = named & IDENTITY ? weights[IDENTITY] : rest;
    uint8_t taken = 0;

    for (uint8_t coding = HTTP_CODING_GZIP; coding <= HTTP_CODING_BROTLI; coding++) {
        uint32_t weight = named & coding ? weights[coding] : rest;
        taken |= weight > 0 && weight >= identity ? coding : 0;
    }
    return taken;
}

uint8_t http_codings(struct http_slice accept_encoding)
{
    const char *at = accept_encoding.at, *end = at ? at + accept_encoding.length : at;
    uint32_t weights[IDENTITY + 1], rest = 0;
    uint8_t named = 0;

    if (at == end) {
        return 0;
    }
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
        if (coding) {
            named |= coding;
            weights[coding] = weight_of(name_end, at);
        } else if (name_end - name == 1 && *name == '*') {
            rest = weight_of(name_end, at);
        }
    }
    return choose(named, weights, rest);
}
