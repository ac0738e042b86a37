/* line.c: a line of the access log; see line.h.
 *   consumes  what clients have sent, NOT trusted: the parser has let through all that may stand in a field
 *   when full a part ends at its bound; a whole line always has room
 */
#include "http/access/line.h"

#include <stdbool.h>

#include "http/parse/date.h"
#include "http/response/head.h"

#define US 1000u
#define S 1000000000ull

/* -- escaping -- */

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

static bool is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Ones in bytes that are not plain. */
static inline bytes16 odd_of(bytes16 text)
{
    return (bytes16)((text - ' ' > '~' - ' ') | (text == '"') | (text == '\\'));
}

static inline bytes16 copy16(char *to, const char *from)
{
    bytes16 text;
    memcpy(&text, from, sizeof(text));
    memcpy(to, &text, sizeof(text));
    return odd_of(text);
}

/* Of eight to sixteen: the first and the last eight. */
static inline bytes16 copy_to_16(char *to, const char *from, uint32_t length)
{
    uint64_t first, last;
    memcpy(&first, from, sizeof(first));
    memcpy(&last, from + length - sizeof(last), sizeof(last));
    memcpy(to, &first, sizeof(first));
    memcpy(to + length - sizeof(last), &last, sizeof(last));
    return odd_of((bytes16)(words2){first, last});
}

static inline bytes16 copy_from_16(char *to, const char *from, uint32_t length)
{
    bytes16 odd = copy16(to + length - 16, from + length - 16);
    for (uint32_t i = 0; i < length - 16; i += 16) { /* the last of them overlaps */
        odd |= copy16(to + i, from + i);
        __asm__("" : "+r"(i)); /* not unrolled: they are few */
    }
    return odd;
}

/* Nearly no text has anything that is not plain: that is found out at its end, and then it is copied anew. */
static inline bool copy_plain(char *to, const char *from, uint32_t length)
{
    words2 odd = (words2)(length >= 16 ? copy_from_16(to, from, length) : copy_to_16(to, from, length));
    return (odd[0] | odd[1]) == 0;
}

static __attribute__((noinline)) uint32_t put_odd(char *text, struct http_slice from, uint32_t room)
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
    return length >= 8 && copy_plain(text, from.at, length) ? length : put_odd(text, from, room);
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
    uint64_t until_ns;
    char text[LINE_STAMP];
} stamp;

static __attribute__((noinline)) void make_stamp(uint64_t now_ns)
{
    char date[HTTP_DATE_LENGTH];
    struct writer text = writer_in(stamp.text, sizeof(stamp.text));
    http_date_format(response_s_at(now_ns), date);
    writer_put(&text, " - - [");
    writer_put_bytes(&text, date + 5, 2);
    writer_put(&text, "/");
    writer_put_bytes(&text, date + 8, 3);
    writer_put(&text, "/");
    writer_put_bytes(&text, date + 12, 4);
    writer_put(&text, ":");
    writer_put_bytes(&text, date + 17, 8);
    writer_put(&text, " +0000] \"");
    stamp.until_ns = response_s_until(now_ns);
}

/* -- what clients say -- */

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
char *line_put_request(char *at, const struct http_request *request)
{
    if (!request) {
        *at = '-';
        return at + 1;
    }
    const char *start = request->method_text.at;
    struct http_slice line = {start, (uint32_t)(request->fields.at - 2 - start)};
    return at + line_put_escaped(at, line, LINE_REQUEST_MAX);
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

char *line_put_both_names(char *at, const struct http_request *request)
{
    return put_field(put_field(at, request->referer), request->user_agent);
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

/* Mostly it is as it was. */
static inline char *put_status(char *at, int status)
{
    static struct {
        int status;
        char text[4];
    } last;
    if (status != last.status) {
        uint32_t number = (uint32_t)status % 1000;
        last.status = status;
        last.text[0] = (char)('0' + number / 100);
        put_pair(last.text + 1, number % 100);
        last.text[3] = ' ';
    }
    memcpy(at, last.text, sizeof(last.text));
    return at + sizeof(last.text);
}

/* Mostly of less than one. */
static inline char *put_seconds(char *at, uint64_t ns)
{
    if (ns >= S) {
        at += http_put_decimal(at, ns / S);
        ns %= S;
    } else {
        *at++ = '0';
    }
    *at++ = '.';
    uint32_t rest = (uint32_t)ns / US, low = rest % 10000;
    at = put_pair(at, rest / 10000);
    at = put_pair(at, low / 100);
    return put_pair(at, low % 100);
}

char *line_begin(char *at, const char *address, uint32_t length, uint64_t now_ns)
{
    memcpy(at, address, LINE_ADDRESS_MAX + 1);
    at += length;
    if (now_ns >= stamp.until_ns) {
        make_stamp(now_ns);
    }
    memcpy(at, stamp.text, LINE_STAMP);
    return at + LINE_STAMP;
}

char *line_put_outcome(char *at, int status, uint64_t bytes)
{
    memcpy(at, "\" ", 2);
    at = put_number(put_status(at + 2, status), bytes);
    *at = ' ';
    return at + 1;
}

char *line_end(char *at, uint64_t took_ns)
{
    at = put_seconds(at, took_ns);
    *at = '\n';
    return at + 1;
}
