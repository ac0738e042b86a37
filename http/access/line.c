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
typedef uint64_t words2 __attribute__((vector_size(16)));

static bool is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

static bool are_plain(bytes16 text)
{
    words2 odd = (words2)((text < ' ') | (text > 0x7e) | (text == '"') | (text == '\\'));
    return (odd[0] | odd[1]) == 0;
}

/* How many of them are, from the first on; they have been copied. */
static uint32_t copy_plain(char *to, const char *from, uint32_t length)
{
    uint32_t i = 0;
    while (length - i >= sizeof(bytes16)) {
        bytes16 text;
        memcpy(&text, from + i, sizeof(text));
        if (!are_plain(text)) {
            break;
        }
        memcpy(to + i, &text, sizeof(text));
        i += sizeof(bytes16);
    }
    while (i < length && is_plain((uint8_t)from[i])) {
        to[i] = from[i];
        i++;
    }
    return i;
}

void line_put_escaped(struct writer *line, struct http_slice text, uint32_t room)
{
    static const char hex[] = "0123456789ABCDEF";
    char *at = line->at, *end = (uint32_t)(line->end - at) < room ? line->end : at + room;
    while (text.length > 0) {
        uint32_t left = (uint32_t)(end - at), count = copy_plain(at, text.at, text.length < left ? text.length : left);
        at += count;
        if (count == text.length || end - at < 4) {
            break;
        }
        uint8_t odd = (uint8_t)text.at[count];
        memcpy(at, (char[]){'\\', 'x', hex[odd >> 4], hex[odd & 15]}, 4);
        at += 4;
        text.at += count + 1;
        text.length -= count + 1;
    }
    line->at = at;
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

static void put_address(struct writer *line, const uint8_t address[4])
{
    char text[16];
    uint32_t length = 0;
    for (uint32_t i = 0; i < 4; i++) {
        length += http_put_decimal(text + length, address[i]);
        text[length++] = '.';
    }
    writer_put_bytes(line, text, length - 1);
}

static void put_request(struct writer *line, const struct http_request *request)
{
    line_put_escaped(line, request->method_text, LINE_METHOD_MAX - 1);
    writer_put_bytes(line, " ", 1);
    const char *target = line->at;
    line_put_escaped(line, request->path, LINE_TARGET_MAX);
    uint32_t used = (uint32_t)(line->at - target);
    if (request->query.at && used < LINE_TARGET_MAX) {
        writer_put_bytes(line, "?", 1);
        line_put_escaped(line, request->query, LINE_TARGET_MAX - used - 1);
    }
    writer_put_bytes(line, request->minor ? " HTTP/1.1" : " HTTP/1.0", 9);
}

void line_put_begin(struct writer *line, const uint8_t address[4], int64_t now_s, const struct http_request *request)
{
    put_address(line, address);
    see_stamp(now_s);
    writer_put_bytes(line, stamp.text, sizeof(stamp.text));
    if (request) {
        put_request(line, request);
    } else {
        writer_put(line, "-");
    }
    writer_put_bytes(line, "\" ", 2);
}

static void put_name(struct writer *line, struct http_slice text)
{
    if (text.at) {
        line_put_escaped(line, text, LINE_FIELD_MAX);
    } else {
        writer_put_bytes(line, "-", 1);
    }
}

/* One look at the lines for both. Of several the last counts. */
void line_put_names(struct writer *line, const struct http_request *request)
{
    static const char referer[] = "referer", agent[] = "user-agent";
    struct http_slice from = {NULL, 0}, by = {NULL, 0};
    const char *at = request->fields.at, *end = at + request->fields.length;
    while (at < end) {
        const char *stop = memchr(at, '\r', (size_t)(end - at));
        if (stop - at >= 8 && at[7] == ':' && http_same(at, referer, 7)) {
            from = http_trim(at + 8, stop);
        } else if (stop - at >= 11 && at[10] == ':' && http_same(at, agent, 10)) {
            by = http_trim(at + 11, stop);
        }
        at = stop + 2;
    }
    writer_put_bytes(line, "\"", 1);
    put_name(line, from);
    writer_put_bytes(line, "\" \"", 3);
    put_name(line, by);
    writer_put_bytes(line, "\"", 1);
}

void line_put_end(struct writer *line, int status, uint64_t bytes, struct http_slice names, uint64_t took_ns)
{
    uint64_t took_us = took_ns / US;
    char fraction[6];
    uint32_t rest = (uint32_t)(took_us % US_PER_S);
    for (uint32_t i = sizeof(fraction); i > 0; i--, rest /= 10) {
        fraction[i - 1] = (char)('0' + rest % 10);
    }
    writer_put_number(line, (uint64_t)status);
    writer_put_bytes(line, " ", 1);
    writer_put_number(line, bytes);
    writer_put_bytes(line, " ", 1);
    if (names.length > 0) {
        writer_put_slice(line, names);
    } else {
        writer_put(line, "\"-\" \"-\"");
    }
    writer_put_bytes(line, " ", 1);
    writer_put_number(line, took_us / US_PER_S);
    writer_put_bytes(line, ".", 1);
    writer_put_bytes(line, fraction, sizeof(fraction));
    writer_put_bytes(line, "\n", 1);
}
