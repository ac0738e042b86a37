/* line.c: a line of the access log; see line.h.
 *   consumes  what clients have sent, NOT trusted: the parser has let through all that may stand in a field
 *   when full a part ends at its bound; a whole line always has room
 */
#include "http/access/line.h"

#include <stdbool.h>

#include "http/parse/date.h"

#define US 1000ull
#define US_PER_S 1000000ull

/* -- escaping -- */

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef uint64_t words2 __attribute__((vector_size(16)));

static bool is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Copies them if all are. */
static bool copy16(char *to, const char *from)
{
    bytes16 text;
    memcpy(&text, from, sizeof(text));
    words2 odd = (words2)((text - ' ' > '~' - ' ') | (text == '"') | (text == '\\'));
    bool plain = (odd[0] | odd[1]) == 0;
    if (plain) {
        memcpy(to, &text, sizeof(text));
    }
    return plain;
}

static bool copy8(char *to, const char *from)
{
    bytes8 text;
    uint64_t odd;
    memcpy(&text, from, sizeof(text));
    bytes8 which = (bytes8)((text - ' ' > '~' - ' ') | (text == '"') | (text == '\\'));
    memcpy(&odd, &which, sizeof(odd));
    if (odd == 0) {
        memcpy(to, &text, sizeof(text));
    }
    return odd == 0;
}

/* How many of them are plain, from the first on; they have been copied. The last sixteen, or eight, may be looked at with
 * some that were before. */
static uint32_t copy_plain(char *to, const char *from, uint32_t length)
{
    uint32_t i = 0;
    while (length - i >= 16 && copy16(to + i, from + i)) {
        i += 16;
    }
    if (i == length) {
        return i;
    }
    if (length - i < 16 && length >= 16 && copy16(to + length - 16, from + length - 16)) {
        return length;
    }
    if (length < 16 && length >= 8 && copy8(to, from) && copy8(to + length - 8, from + length - 8)) {
        return length;
    }
    while (i < length && is_plain((uint8_t)from[i])) {
        to[i] = from[i];
        i++;
    }
    return i;
}

uint32_t line_put_escaped(char *text, struct http_slice from, uint32_t room)
{
    static const char hex[] = "0123456789ABCDEF";
    uint32_t at = 0;
    for (;;) { /* each turn takes a byte of the text at least */
        uint32_t left = room - at, count = copy_plain(text + at, from.at, from.length < left ? from.length : left);
        at += count;
        if (count == from.length || room - at < 4) {
            return at;
        }
        uint8_t odd = (uint8_t)from.at[count];
        memcpy(text + at, (char[]){'\\', 'x', hex[odd >> 4], hex[odd & 15]}, 4);
        at += 4;
        from.at += count + 1;
        from.length -= count + 1;
    }
}

/* -- time -- */

/* All parts of a date are those of HTTP's text of it. */
static void put_month(struct writer *text, const char *date)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint32_t month = 0;
    while (month < 11 && memcmp(months + 3 * month, date + 8, 3) != 0) {
        month++;
    }
    month++;
    writer_put_bytes(text, (char[]){(char)('0' + month / 10), (char)('0' + month % 10)}, 2);
}

void line_put_time(struct writer *text, int64_t now_s)
{
    char date[HTTP_DATE_LENGTH];
    http_date_format(now_s, date);
    writer_put_bytes(text, date + 12, 4);
    writer_put(text, "-");
    put_month(text, date);
    writer_put(text, "-");
    writer_put_bytes(text, date + 5, 2);
    writer_put(text, "T");
    writer_put_bytes(text, date + 17, 8);
    writer_put(text, "Z");
}

void line_put_name(struct writer *name, const char *pattern, int64_t now_s)
{
    char date[HTTP_DATE_LENGTH];
    http_date_format(now_s, date);
    for (; *pattern; pattern++) {
        char which = *pattern == '%' ? *++pattern : '\0';
        switch (which) {
        case 'Y': writer_put_bytes(name, date + 12, 4); break;
        case 'm': put_month(name, date); break;
        case 'd': writer_put_bytes(name, date + 5, 2); break;
        case 'H': writer_put_bytes(name, date + 17, 2); break;
        default: writer_put_bytes(name, pattern, 1); break;
        }
    }
}

/* " - - [...] \"", the same for all lines of a second. */
static struct {
    int64_t now_s;
    char text[35];
} stamp = {.now_s = -1};

static void see_stamp(int64_t now_s)
{
    char date[HTTP_DATE_LENGTH];
    struct writer text = writer_in(stamp.text, sizeof(stamp.text));
    if (now_s == stamp.now_s) {
        return;
    }
    http_date_format(now_s, date);
    writer_put(&text, " - - [");
    writer_put_bytes(&text, date + 5, 2);
    writer_put(&text, "/");
    writer_put_bytes(&text, date + 8, 3);
    writer_put(&text, "/");
    writer_put_bytes(&text, date + 12, 4);
    writer_put(&text, ":");
    writer_put_bytes(&text, date + 17, 8);
    writer_put(&text, " +0000] \"");
    stamp.now_s = now_s;
}

/* -- the parts -- */

uint32_t line_put_address(char *text, const uint8_t address[4])
{
    uint32_t length = 0;
    for (uint32_t i = 0; i < 4; i++) {
        length += http_put_decimal(text + length, address[i]);
        text[length++] = '.';
    }
    return length - 1;
}

/* As it came: between its line's begin and the CR LF before the fields. */
uint32_t line_put_request(char *text, const struct http_request *request)
{
    const char *start = request->method_text.at;
    struct http_slice line = {start, (uint32_t)(request->fields.at - 2 - start)};
    return line_put_escaped(text, line, LINE_REQUEST_MAX);
}

static char *put_field(char *at, struct http_slice text)
{
    *at++ = '"';
    if (text.at) {
        at += line_put_escaped(at, text, LINE_FIELD_MAX);
    } else {
        *at++ = '-';
    }
    *at++ = '"';
    return at;
}

uint32_t line_put_names(char *text, const struct http_request *request)
{
    if (!request->referer.at && !request->user_agent.at) {
        return 0;
    }
    char *at = put_field(text, request->referer);
    *at++ = ' ';
    return (uint32_t)(put_field(at, request->user_agent) - text);
}

/* -- the whole -- */

static char *put_text(char *at, struct http_slice text)
{
    for (uint32_t i = 0; i < text.length; i += LINE_SPARE) {
        memcpy(at + i, text.at + i, LINE_SPARE);
    }
    return at + text.length;
}

static const char pairs[] = "0001020304050607080910111213141516171819"
                            "2021222324252627282930313233343536373839"
                            "4041424344454647484950515253545556575859"
                            "6061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

static inline uint16_t pair_of(uint32_t number)
{
    uint16_t pair;
    memcpy(&pair, pairs + 2 * number, sizeof(pair));
    return pair;
}

static inline char *put_pair(char *at, uint32_t number)
{
    memcpy(at, pairs + 2 * number, 2);
    return at + 2;
}

/* Mostly it has four digits at most: one word, from which the zeros in front are shifted out (little-endian). */
static inline char *put_number(char *at, uint64_t number)
{
    if (number >= 10000) {
        return at + http_put_decimal(at, number);
    }
    uint32_t small = (uint32_t)number, zeros = (small < 1000) + (small < 100) + (small < 10);
    uint32_t word = ((uint32_t)pair_of(small % 100) << 16 | pair_of(small / 100)) >> 8 * zeros;
    memcpy(at, &word, sizeof(word));
    return at + sizeof(word) - zeros;
}

/* Mostly of less than one. */
static inline char *put_seconds(char *at, uint64_t ns)
{
    uint64_t us = ns / US;
    if (us >= US_PER_S) {
        at += http_put_decimal(at, us / US_PER_S);
        us %= US_PER_S;
    } else {
        *at++ = '0';
    }
    uint32_t rest = (uint32_t)us, low = rest % 10000;
    *at++ = '.';
    at = put_pair(at, rest / 10000);
    at = put_pair(at, low / 100);
    return put_pair(at, low % 100);
}

uint32_t line_make(char *line, const struct line_parts *parts)
{
    char *at = line + parts->address.length;
    memcpy(line, parts->address.at, LINE_SPARE);
    see_stamp(parts->now_s);
    memcpy(at, stamp.text, sizeof(stamp.text));
    at += sizeof(stamp.text);
    if (parts->request.length > 0) {
        at = put_text(at, parts->request);
    } else {
        *at++ = '-';
    }
    *at++ = '"';
    *at++ = ' ';
    at = put_number(at, (uint64_t)parts->status);
    *at++ = ' ';
    at = put_number(at, parts->bytes);
    *at++ = ' ';
    if (parts->names.length > 0) {
        at = put_text(at, parts->names);
    } else {
        memcpy(at, "\"-\" \"-\"", 7);
        at += 7;
    }
    *at++ = ' ';
    at = put_seconds(at, parts->took_ns);
    *at++ = '\n';
    return (uint32_t)(at - line);
}
