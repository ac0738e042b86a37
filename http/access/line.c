/* line.c: a line of the access log; see line.h.
 *   consumes  what clients have sent, NOT trusted: the parser has let through all that may stand in a field
 *   when full a part ends at its bound; a whole line always has room
 */
#include "http/access/line.h"

#include <stdbool.h>

#include "http/parse/date.h"
#include "http/response/head.h"
#include "lib/pd.h"
#include "lib/rare.h"

#define S 1000000u /* in microseconds */

/* -- escaping -- */

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

static bool is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Ones in bytes that are not plain: is_plain(), of sixteen. */
static inline bytes16 special_in(bytes16 text)
{
    return (bytes16)((text - ' ' > '~' - ' ') | (text == '"') | (text == '\\'));
}

static inline bytes16 copy16(char *to, const char *from)
{
    bytes16 text;
    memcpy(&text, from, sizeof(text));
    memcpy(to, &text, sizeof(text));
    return special_in(text);
}

/* Of eight to sixteen: the first and the last eight. */
static inline bytes16 copy_to_16(char *to, const char *from, uint32_t length)
{
    uint64_t first, last;
    memcpy(&first, from, sizeof(first));
    memcpy(&last, from + length - sizeof(last), sizeof(last));
    memcpy(to, &first, sizeof(first));
    memcpy(to + length - sizeof(last), &last, sizeof(last));
    return special_in((bytes16)(words2){first, last});
}

static inline bytes16 copy_from_16(char *to, const char *from, uint32_t length)
{
    bytes16 special = copy16(to + length - 16, from + length - 16);
    for (uint32_t i = 0; i < length - 16; i += 16) { /* the last of them overlaps */
        special |= copy16(to + i, from + i);
        __asm__("" : "+r"(i)); /* not unrolled: they are few */
    }
    return special;
}

/* Nearly no text has anything that is not plain: that is found out at its end, and then it is copied anew. */
static inline bool copy_plain(char *to, const char *from, uint32_t length)
{
    words2 special = (words2)(length >= 16 ? copy_from_16(to, from, length) : copy_to_16(to, from, length));
    return (special[0] | special[1]) == 0;
}

static RARE uint32_t put_special(char *text, struct http_slice from, uint32_t room)
{
    static const char hex[] = "0123456789ABCDEF";
    uint32_t at = 0;
    for (uint32_t i = 0; i < from.length && at < room; i++) {
        uint8_t c = (uint8_t)from.at[i];
        if (is_plain(c)) {
            text[at++] = (char)c;
        } else if (room - at < 4) {
            break;
        } else {
            memcpy(text + at, (char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
            at += 4;
        }
    }
    return at;
}

uint32_t line_put_escaped(char *text, struct http_slice from, uint32_t room)
{
    uint32_t length = from.length < room ? from.length : room;
    return length >= 8 && copy_plain(text, from.at, length) ? length : put_special(text, from, room);
}

/* -- time -- */

/* All parts of a date are those of HTTP's text of it. */
static void put_month(struct writer *text, const char *date)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint32_t month = 0;
    while (month < 11 && memcmp(months + 3 * month, date + HTTP_DATE_MONTH, 3) != 0) {
        month++;
    }
    month++;
    writer_put_bytes(text, (char[]){(char)('0' + month / 10), (char)('0' + month % 10)}, 2);
}

void line_put_time(struct writer *text, int64_t now_s)
{
    char date[HTTP_DATE_LENGTH];
    http_date_format(now_s, date);
    writer_put_bytes(text, date + HTTP_DATE_YEAR, 4);
    writer_put(text, "-");
    put_month(text, date);
    writer_put(text, "-");
    writer_put_bytes(text, date + HTTP_DATE_DAY, 2);
    writer_put(text, "T");
    writer_put_bytes(text, date + HTTP_DATE_TIME, 8);
    writer_put(text, "Z");
}

void line_put_path(struct writer *path, const char *pattern, int64_t now_s)
{
    char date[HTTP_DATE_LENGTH];
    http_date_format(now_s, date);
    for (; *pattern; pattern++) {
        char which = *pattern == '%' ? *++pattern : '\0';
        switch (which) {
        case 'Y': writer_put_bytes(path, date + HTTP_DATE_YEAR, 4); break;
        case 'm': put_month(path, date); break;
        case 'd': writer_put_bytes(path, date + HTTP_DATE_DAY, 2); break;
        case 'H': writer_put_bytes(path, date + HTTP_DATE_TIME, 2); break;
        default: writer_put_bytes(path, pattern, 1); break;
        }
    }
}

/* " - - [...] \"", the same for all lines of a second. */
static struct {
    uint64_t until; /* pd_now_ticks() */
    char text[LINE_STAMP];
} stamp;

static RARE void make_stamp(uint64_t now)
{
    uint64_t now_ns = pd_ns_from_ticks(now);
    char date[HTTP_DATE_LENGTH];
    struct writer text = writer_in(stamp.text, sizeof(stamp.text));
    http_date_format(response_s_at(now_ns), date);
    writer_put(&text, " - - [");
    writer_put_bytes(&text, date + HTTP_DATE_DAY, 2);
    writer_put(&text, "/");
    writer_put_bytes(&text, date + HTTP_DATE_MONTH, 3);
    writer_put(&text, "/");
    writer_put_bytes(&text, date + HTTP_DATE_YEAR, 4);
    writer_put(&text, ":");
    writer_put_bytes(&text, date + HTTP_DATE_TIME, 8);
    writer_put(&text, " +0000] \"");
    stamp.until = pd_ticks_from_ns(response_s_until(now_ns));
}

/* -- what clients say -- */

/* "M / HTTP/1.1" are twelve bytes, and four more end a head: sixteen can be read. The last sixteen may overlap. */
static inline char *copy_line(char *to, const char *from, uint32_t length)
{
    memcpy(to, from, 16);
    if (length > 16) {
        memcpy(to + length - 16, from + length - 16, 16);
        for (uint32_t i = 16; i < length - 16; i += 16) {
            memcpy(to + i, from + i, 16);
            __asm__("" : "+r"(i)); /* not unrolled: they are few */
        }
    }
    return to + length;
}

/* As it came: between its line's begin and the CR LF before the fields. A method, a target and a version have nothing that
 * is to be escaped but what `quoted` tells. */
char *line_put_request(char *at, const struct http_request *request)
{
    const char *start = request->method_text.at;
    uint32_t length = (uint32_t)(request->fields.at - 2 - start);
    if (request->quoted || length > LINE_REQUEST_MAX) {
        return at + line_put_escaped(at, (struct http_slice){start, length}, LINE_REQUEST_MAX);
    }
    return copy_line(at, start, length);
}

static inline char *put_field(char *at, struct http_slice text)
{
    *at++ = '"';
    if (text.at) {
        at += line_put_escaped(at, text, LINE_FIELD_MAX);
    } else {
        *at++ = '-';
    }
    memcpy(at, "\" ", 2);
    return at + 2;
}

RARE char *line_put_both_fields(char *at, const struct http_request *request)
{
    return put_field(put_field(at, request->referer), request->user_agent);
}

/* "000 001 .. 999 ": what a number below 1000 looks like. */
#define TEN(p) p "0 " p "1 " p "2 " p "3 " p "4 " p "5 " p "6 " p "7 " p "8 " p "9 "
#define HUNDRED(p) \
    TEN(p "0") TEN(p "1") TEN(p "2") TEN(p "3") TEN(p "4") TEN(p "5") TEN(p "6") TEN(p "7") TEN(p "8") TEN(p "9")
static const char triples[] = HUNDRED("0") HUNDRED("1") HUNDRED("2") HUNDRED("3") HUNDRED("4") HUNDRED("5") HUNDRED("6")
    HUNDRED("7") HUNDRED("8") HUNDRED("9");
#define TRIPLE 4
_Static_assert(sizeof(triples) == 1000 * TRIPLE + 1, "all are there");

static inline char *put_triple(char *at, uint32_t number)
{
    memcpy(at, triples + TRIPLE * number, TRIPLE);
    return at + 3;
}

/* Without the zeros in front, which are shifted out (little-endian). */
static inline char *put_below_1000(char *at, uint32_t number)
{
    uint32_t zeros = (number < 100) + (number < 10), word;
    memcpy(&word, triples + TRIPLE * number, sizeof(word));
    word >>= 8 * zeros;
    memcpy(at, &word, sizeof(word));
    return at + 3 - zeros;
}

static RARE char *put_large(char *at, uint64_t number)
{
    return at + http_put_decimal(at, number);
}

static inline char *put_number(char *at, uint64_t number)
{
    if (number >= 1000000) {
        return put_large(at, number);
    }
    uint32_t small = (uint32_t)number;
    return small < 1000 ? put_below_1000(at, small) : put_triple(put_below_1000(at, small / 1000), small % 1000);
}

/* Mostly of less than one. */
static inline char *put_seconds(char *at, uint64_t us)
{
    if (us >= S) {
        at = put_large(at, us / S);
        us %= S;
        *at++ = '.';
    } else {
        memcpy(at, "0.", 2);
        at += 2;
    }
    return put_triple(put_triple(at, (uint32_t)us / 1000), (uint32_t)us % 1000);
}

char *line_begin(char *at, const char *address, uint32_t length, uint64_t now)
{
    memcpy(at, address, HTTP_ADDRESS_MAX + 1);
    at += length;
    if (now >= stamp.until) {
        make_stamp(now);
    }
    memcpy(at, stamp.text, LINE_STAMP);
    return at + LINE_STAMP;
}

char *line_put_outcome(char *at, int status, uint64_t bytes)
{
    memcpy(at, "\" ", 2);
    at = put_triple(at + 2, (uint32_t)status);
    at = put_number(at + 1, bytes); /* behind a triple's space */
    *at = ' ';
    return at + 1;
}

char *line_end(char *at, uint64_t took_us)
{
    at = put_seconds(at, took_us);
    *at = '\n';
    return at + 1;
}
