/* http/parse/chunk.c: lines of chunks.
 *   consumes  a line from a client, NOT trusted
 */
#include "http/parse/chunk.h"
#include "http/parse/text.h"

/* Without its CR LF. False: that is not how it ends. */
static bool without_end(struct http_slice *line)
{
    if (line->length < 2 || memcmp(line->at + line->length - 2, "\r\n", 2) != 0) {
        return false;
    }
    line->length -= 2;
    return true;
}

static const char *past(const char *at, const char *end, uint8_t classes)
{
    while (at < end && http_is(*at, classes)) {
        at++;
    }
    return at;
}

static const char *past_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    return at;
}

/* A quoted-string (RFC 9110 5.6.4) that begins at `at`. NULL: it is none. */
static const char *past_quoted(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        at += *at == '\\';
        if (at == end || !http_is(*at, CLASS_TEXT)) {
            return NULL;
        }
    }
    return at < end ? at + 1 : NULL;
}

/* [ BWS "=" BWS value ], where NULL is none. */
static const char *past_value(const char *at, const char *end)
{
    const char *equals = past_blanks(at, end);
    if (equals == end || *equals != '=') {
        return at;
    }
    const char *value = past_blanks(equals + 1, end);
    if (value < end && *value == '"') {
        return past_quoted(value, end);
    }
    at = past(value, end, CLASS_TOKEN);
    return at > value ? at : NULL;
}

/* *( BWS ";" BWS name [ value ] ): RFC 9112 7.1.1. */
static bool are_extensions(const char *at, const char *end)
{
    while (at < end) {
        at = past_blanks(at, end);
        if (at == end || *at != ';') {
            return false;
        }
        const char *name = past_blanks(at + 1, end);
        at = past(name, end, CLASS_TOKEN);
        at = at > name ? past_value(at, end) : NULL;
        if (!at) {
            return false;
        }
    }
    return true;
}

bool http_chunk_size(struct http_slice line, uint64_t *size)
{
    if (!without_end(&line)) {
        return false;
    }
    uint32_t count = 0, digit;
    for (*size = 0; count < line.length && (digit = http_hex_digit(line.at[count])) < 16; count++) {
        *size = *size << 4 | digit;
    }
    return count > 0 && count <= HTTP_HEX_MAX && are_extensions(line.at + count, line.at + line.length);
}

bool http_is_trailer(struct http_slice line)
{
    if (!without_end(&line)) {
        return false;
    }
    const char *end = line.at + line.length, *colon = past(line.at, end, CLASS_TOKEN);
    return colon > line.at && colon < end && *colon == ':' && past(colon + 1, end, CLASS_TEXT) == end;
}
