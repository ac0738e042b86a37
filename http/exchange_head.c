/* exchange_head.c: the head of an application's answer: what it says of the body, and what of it the client gets.
 *   input     the application's bytes: lines that end in LF or CR LF, up to and with the empty one; may hold what a
 *             client has sent, so names and values are checked byte by byte
 *   output    lines that end in CR LF; fields that speak of the connection are the front's own
 *   when full the head is not sent: 502
 */
#include "http/internal.h"

#include <string.h>

#include "http/text.h"

struct line {
    struct http_slice name, value, all; /* all: without its end */
};

/* The line at *at, which moves on. False: the empty one, or the end. A line without a colon has no name. */
static bool next_line(const char **at, const char *end, struct line *line)
{
    const char *start = *at, *stop = memchr(start, '\n', (size_t)(end - start));
    if (!stop) {
        return false;
    }
    *at = stop + 1;
    stop -= stop > start && stop[-1] == '\r';
    const char *colon = memchr(start, ':', (size_t)(stop - start));
    line->all = (struct http_slice){start, (uint32_t)(stop - start)};
    line->name = (struct http_slice){start, colon ? (uint32_t)(colon - start) : 0};
    line->value = colon ? http_trim(colon + 1, stop) : (struct http_slice){stop, 0};
    return stop > start;
}

static bool one_of(struct http_slice name, const char *const *names)
{
    for (; *names; names++) {
        if (http_slice_is(name, *names)) {
            return true;
        }
    }
    return false;
}

static bool all_are(struct http_slice text, uint8_t classes)
{
    for (uint32_t i = 0; i < text.length; i++) {
        if (!http_is(text.at[i], classes)) {
            return false;
        }
    }
    return true;
}

/* "HTTP/1.x SSS reason" */
static bool parse_status(struct http_slice line, int *status)
{
    const char *at = line.at;
    if (line.length < 12 || memcmp(at, "HTTP/1.", 7) != 0 || at[8] != ' ' || at[9] < '1' || at[9] > '5') {
        return false;
    }
    *status = 0;
    for (int i = 9; i < 12; i++) {
        if (!http_is(at[i], CLASS_DIGIT)) {
            return false;
        }
        *status = *status * 10 + at[i] - '0';
    }
    return (line.length == 12 || at[12] == ' ') && all_are(line, CLASS_TEXT);
}

/* False: a length that is none, or two that differ. */
static bool parse_length(struct http_slice value, struct answer_head *head)
{
    uint64_t length;
    if (!http_decimal(value, UINT64_MAX - 1, &length) || (head->has_length && head->length != length)) {
        return false;
    }
    head->has_length = true;
    head->length = length;
    return true;
}

/* A field line that may reach a client: RFC 9112 5.1, RFC 9110 5.5. A folded one, which begins with SP, is none. */
static bool is_field(const struct line *line)
{
    const char *value = line->name.at + line->name.length + 1;
    return line->name.length > 0 && all_are(line->name, CLASS_TOKEN) &&
           all_are((struct http_slice){value, (uint32_t)(line->all.at + line->all.length - value)}, CLASS_TEXT);
}

bool answer_head_parse(const char *text, uint32_t length, struct answer_head *head)
{
    const char *at = text, *end = text + length;
    struct line line;
    *head = (struct answer_head){.status = 0};
    if (!next_line(&at, end, &line) || !parse_status(line.all, &head->status)) {
        return false;
    }
    while (next_line(&at, end, &line)) {
        if (!is_field(&line)) {
            return false;
        }
        if (http_slice_is(line.name, "content-length")) {
            if (!parse_length(line.value, head)) {
                return false;
            }
        } else if (http_slice_is(line.name, "transfer-encoding")) {
            head->framed = true;
        } else if (http_slice_is(line.name, "date")) {
            head->has_date = true;
        } else if (http_slice_is(line.name, "x-accel-redirect")) {
            head->redirect = line.value;
        }
    }
    return !(head->framed && head->has_length); /* two ends: RFC 9112 6.1 */
}

static void put_line(struct writer *head, struct http_slice line)
{
    writer_put_slice(head, line);
    writer_put(head, "\r\n");
}

bool answer_has_no_body(int status)
{
    return status < 200 || status == 204 || status == 205 || status == 304;
}

/* What the application says, but the client must not hear: of the connection, which is ours, and of a body where there
 * is none (RFC 9110 8.6; RFC 9112 6.1). */
static bool is_kept_back(struct http_slice name, int status)
{
    static const char *const connection[] = {"connection", "keep-alive", "proxy-connection", "x-accel-redirect", NULL};
    static const char *const body[] = {"content-length",
                                       "content-type",
                                       "content-encoding",
                                       "content-language",
                                       "content-range",
                                       "transfer-encoding",
                                       NULL};
    return (status != 101 && one_of(name, connection)) || (answer_has_no_body(status) && one_of(name, body));
}

const char *answer_head_status(const char *text, uint32_t length, struct writer *head)
{
    struct line line;
    next_line(&text, text + length, &line);
    writer_put(head, "HTTP/1.1");
    /* NOLINTNEXTLINE(clang-analyzer-core.*): answer_head_parse() has found this line, of 12 bytes at least */
    writer_put_bytes(head, line.all.at + 8, line.all.length - 8);
    writer_put(head, line.all.length == 12 ? " \r\n" : "\r\n"); /* the space before an empty reason: RFC 9112 4 */
    return text;
}

void answer_head_copy(const char *text, uint32_t length, int status, struct writer *head)
{
    const char *end = text + length, *from = answer_head_status(text, length, head);
    struct line line;
    while (next_line(&from, end, &line)) {
        if (!is_kept_back(line.name, status)) {
            put_line(head, line.all);
        }
    }
    if (status == 205) {
        writer_put(head, "Content-Length: 0\r\n"); /* else it would end with the connection: RFC 9110 15.3.6 */
    }
}

/* What a file says of itself nobody else can; its type the application may, by a field of ours: Microdot sets a
 * Content-Type of its own wherever the route says none. */
static const char type_ordered[] = "x-accel-content-type";

static bool of_a_file(struct http_slice name)
{
    static const char *const names[] = {"connection",
                                        "keep-alive",
                                        "proxy-connection",
                                        "content-type",
                                        "content-length",
                                        "content-encoding",
                                        "content-range",
                                        "transfer-encoding",
                                        "accept-ranges",
                                        "etag",
                                        "last-modified",
                                        "vary",
                                        "date",
                                        "server",
                                        "x-accel-redirect",
                                        type_ordered,
                                        NULL};
    return one_of(name, names);
}

static bool overridden(const char *text, uint32_t length, struct http_slice name)
{
    const char *at = text;
    struct line line;
    if (of_a_file(name)) {
        return false;
    }
    next_line(&at, text + length, &line);
    while (next_line(&at, text + length, &line)) {
        if (line.name.length == name.length && strncasecmp(line.name.at, name.at, name.length) == 0) {
            return true;
        }
    }
    return false;
}

/* Its value; at: NULL where there is no such field. */
static struct http_slice field_of(const char *text, uint32_t length, const char *name)
{
    const char *at = text;
    struct line line;
    next_line(&at, text + length, &line);
    while (next_line(&at, text + length, &line)) {
        if (http_slice_is(line.name, name)) {
            return line.value;
        }
    }
    return (struct http_slice){.at = NULL};
}

/* What makes caches keep an answer, or ask for a part of it: not of a file that says what went wrong. */
static bool of_a_success(struct http_slice name)
{
    static const char *const names[] = {"accept-ranges", "cache-control", "etag", "last-modified", NULL};
    return one_of(name, names);
}

/* The file's fields, but the application's where it has one of that name, and those that only it has. */
void answer_head_merge(const char *text, uint32_t length, const char *lines, uint32_t lines_length, int status,
                       struct writer *head)
{
    static const struct http_slice policy = {"cache-control", 13};
    struct http_slice type = field_of(text, length, type_ordered);
    const char *from = lines, *end = text + length;
    struct line line;
    while (next_line(&from, lines + lines_length, &line)) {
        bool replaced = type.at && http_slice_is(line.name, "content-type");
        if (!replaced && !(status >= 400 && of_a_success(line.name)) && !overridden(text, length, line.name)) {
            put_line(head, line.all);
        }
    }
    if (type.at) {
        writer_put(head, "Content-Type: ");
        put_line(head, type);
    }
    if (status >= 400 && !overridden(text, length, policy)) {
        writer_put(head, "Cache-Control: no-cache\r\n");
    }
    from = text;
    next_line(&from, end, &line);
    while (next_line(&from, end, &line)) {
        if (!of_a_file(line.name)) {
            put_line(head, line.all);
        }
    }
}
