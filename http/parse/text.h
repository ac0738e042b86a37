/* http/parse/text.h: characters, lists and numbers as HTTP has them (RFC 9110 5.6), for the parsers in this folder. */
#ifndef HTTP_PARSE_TEXT_H
#define HTTP_PARSE_TEXT_H

#include <string.h>
#include "http/parse/request.h"

enum {
    CLASS_TOKEN = 1 << 0,  /* tchar: RFC 9110 5.6.2 */
    CLASS_TEXT = 1 << 1,   /* of a field's value: VCHAR, SP, HTAB, obs-text */
    CLASS_TARGET = 1 << 2, /* of a target before '?': visible ASCII but '#'; browsers send more than RFC 3986 lists */
    CLASS_PLAIN = 1 << 3,  /* of these, what a path is made of without further thought: not '/', '%', '\\' */
    CLASS_HOST = 1 << 4,   /* of reg-name and IPv4address: RFC 3986 3.2.2 */
    CLASS_DIGIT = 1 << 5,
    CLASS_QUOTED = 1 << 6, /* of these, what stands for itself in no quoted text: '"', '\\' */
};
extern const uint8_t http_classes[256];

static inline bool http_is(char c, uint8_t classes)
{
    return http_classes[(uint8_t)c] & classes;
}

/* Every byte is in one of these classes; of no bytes, too. */
static inline bool http_all_are(struct http_slice text, uint8_t classes)
{
    for (uint32_t i = 0; i < text.length; i++) {
        if (!http_is(text.at[i], classes)) {
            return false;
        }
    }
    return true;
}

static inline bool http_same8(const char *at, const char *lower)
{
    uint64_t word, other;

    memcpy(&word, at, 8);
    memcpy(&other, lower, 8);
    return (word | 0x2020202020202020) == other;
}

/* Letters in `lower` are small. Of the rest only what |0x20 leaves alone may stand in it: digits, '-'; and `at` holds
 * no control characters, since 0x0d would count as '-'. With a length known at compile time this is a few words, no
 * loop. */
static inline bool http_same(const char *at, const char *lower, uint32_t length)
{
    if (length >= 8) {
        for (uint32_t i = 0; i + 8 < length; i += 8) {
            if (!http_same8(at + i, lower + i)) {
                return false;
            }
        }
        return http_same8(at + length - 8, lower + length - 8);
    }
    for (uint32_t i = 0; i < length; i++) {
        if (((uint8_t)at[i] | 0x20u) != (uint8_t)lower[i]) {
            return false;
        }
    }
    return true;
}

static inline bool http_slice_is(struct http_slice text, const char *lower)
{
    return text.length == strlen(lower) && http_same(text.at, lower, (uint32_t)strlen(lower));
}

static inline bool http_ends_in(struct http_slice text, const char *end)
{
    size_t length = strlen(end);
    return text.length >= length && memcmp(text.at + text.length - length, end, length) == 0;
}

/* The text without SP and HTAB on both sides. */
static inline struct http_slice http_trim(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    while (end > at && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return (struct http_slice){.at = at, .length = (uint32_t)(end - at)};
}

/* The next element of a list whose elements hold no quoted commas, trimmed, possibly empty; *rest is what follows its
 * comma, with at == NULL behind the last one. False: there is none. */
bool http_next_element(struct http_slice *rest, struct http_slice *element);

/* A Host field's value without its port. */
struct http_slice http_without_port(struct http_slice host);

/* At most 20 digits, from text[0] on; returns how many. */
#define HTTP_DECIMAL_MAX 20
uint32_t http_put_decimal(char *text, uint64_t number);
#define HTTP_ADDRESS_MAX 15
/* An IPv4 address; text has room for HTTP_ADDRESS_MAX + 1. */
uint32_t http_put_address(char *text, const uint8_t address[4]);
#define HTTP_HEX_MAX 16
uint32_t http_put_hex(char *text, uint64_t number); /* the same, of HTTP_HEX_MAX */

/* 0 to 15; 16: it is no hexadecimal digit. */
static inline uint32_t http_hex_digit(char c)
{
    uint32_t letter = ((uint8_t)c | 0x20u) - 'a';

    if (http_is(c, CLASS_DIGIT)) {
        return (uint32_t)(c - '0');
    }
    return letter < 6 ? letter + 10 : 16;
}

/* Decimal digits and nothing else, at least one. Larger than limit: limit. False: no number. */
bool http_decimal(struct http_slice text, uint64_t limit, uint64_t *number);

#endif
