/* exchange_head.c: the head of an application's answer: what it says of the body, and what of it the client gets.
 *   input     the application's bytes: lines that end in LF or CR LF, up to and with the empty one; trusted, but may be
 *             wrong
 *   output    lines that end in CR LF; fields that speak of the connection are the front's own
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
    return line.length == 12 || at[12] == ' ';
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

bool answer_head_parse(const char *text, uint32_t length, struct answer_head *head)
{
    const char *at = text, *end = text + length;
    struct line line;
    *head = (struct answer_head){.status = 0};
    if (!next_line(&at, end, &line) || !parse_status(line.all, &head->status)) {
        return false;
    }
    while (next_line(&at, end, &line)) {
        if (line.name.length == 0) {
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
    return true;
}

static char *put_line(char *at, struct http_slice line)
{
    return head_put(head_put_slice(at, line), "\r\n");
}

char *answer_head_copy(const char *text, uint32_t length, char *at)
{
    static const char *const ours[] = {"connection", "keep-alive", "proxy-connection", NULL};
    const char *from = text, *end = text + length;
    struct line line;
    next_line(&from, end, &line);
    at = head_put(at, "HTTP/1.1");
    at = put_line(at, (struct http_slice){line.all.at + 8, line.all.length - 8});
    if (line.all.length == 12) {
        at = head_put(at - 2, " \r\n"); /* the space before an empty reason is not optional: RFC 9112 4 */
    }
    while (next_line(&from, end, &line)) {
        if (!one_of(line.name, ours)) {
            at = put_line(at, line.all);
        }
    }
    return at;
}

/* What a file says of itself nobody else can. */
static bool of_a_file(struct http_slice name)
{
    static const char *const names[] = {"connection", "keep-alive", "proxy-connection", "content-type",
        "content-length", "content-encoding", "content-range", "transfer-encoding", "accept-ranges", "etag",
        "last-modified", "vary", "date", "server", "x-accel-redirect", NULL};
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

/* The file's fields, but the application's where it has one of that name, and those that only it has. */
char *answer_head_merge(const char *text, uint32_t length, const char *lines, uint32_t lines_length, char *at)
{
    const char *from = lines, *end = text + length;
    struct line line;
    while (next_line(&from, lines + lines_length, &line)) {
        if (!overridden(text, length, line.name)) {
            at = put_line(at, line.all);
        }
    }
    from = text;
    next_line(&from, end, &line);
    while (next_line(&from, end, &line)) {
        if (!of_a_file(line.name)) {
            at = put_line(at, line.all);
        }
    }
    return at;
}
