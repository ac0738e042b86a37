/* http/access/line.h: a line of the access log: the combined log format, and behind it the seconds that the answer took.
 *
 *   ADDRESS - - [30/Nov/2026:06:39:00 +0000] "GET / HTTP/1.1" 200 1024 "REFERER" "USER AGENT" 0.000123
 *
 * What the client has sent stands between quotes, escaped: nobody ends a line or a field, or reaches the terminal of who
 * reads it. Each of the three has a bound; what is longer is cut off.
 */
#ifndef HTTP_ACCESS_LINE_H
#define HTTP_ACCESS_LINE_H

#include <string.h>

#include "http/response/writer.h"
#include "lib/rare.h"

#define LINE_STAMP 35        /* " - - [30/Nov/2026:06:39:00 +0000] \"" */
#define LINE_REQUEST_MAX 544 /* escaped: method, target and version */
#define LINE_FIELD_MAX 200
#define LINE_FIELDS_MAX (2 * LINE_FIELD_MAX + 6)
#define LINE_OUTCOME_MAX 27 /* a quote, the status, bytes of 64 bits, three spaces */
#define LINE_END_MAX 29     /* the longest time taken, in seconds with six decimals, and a newline */
#define LINE_SPARE 32 /* bytes behind a text that may be read, or written, with it: copies are of so many at a time */
#define LINE_MAX \
    (HTTP_ADDRESS_MAX + LINE_STAMP + LINE_REQUEST_MAX + LINE_OUTCOME_MAX + LINE_FIELDS_MAX + LINE_END_MAX + LINE_SPARE)

/* '"', '\\' and what is no visible ASCII as \xNN, at most `room` bytes; returns how many. */
uint32_t line_put_escaped(char *text, struct http_slice from, uint32_t room);

/* The parts of a line, in their order; each returns the end of what it has put. address: of HTTP_ADDRESS_MAX + 1 readable
 * bytes; now: pd_now_ticks(). */
char *line_begin(char *at, const char *address, uint32_t length, uint64_t now);
char *line_put_request(char *at, const struct http_request *request);
char *line_put_outcome(char *at, int status, uint64_t bytes); /* status: below 1000 */
RARE char *line_put_both_fields(char *at, const struct http_request *request);
char *line_end(char *at, uint64_t took_us);

static inline char *line_put_no_fields(char *at)
{
    memcpy(at, "\"-\" \"-\" ", 8);
    return at + 8;
}

/* Referer and user agent, each with quotes and a space behind it; "-" for what was not sent. */
static inline char *line_put_fields(char *at, const struct http_request *request)
{
    return request->referer.at || request->user_agent.at ? line_put_both_fields(at, request) : line_put_no_fields(at);
}

/* One of them that was put elsewhere before, with LINE_SPARE readable bytes behind it. */
static inline char *line_put_text(char *at, const char *text, uint32_t length)
{
    uint32_t i = 0;
    do {
        memcpy(at + i, text + i, LINE_SPARE);
        i += LINE_SPARE;
        __asm__("" : "+r"(i)); /* not unrolled: they are short */
    } while (i < length);
    return at + length;
}

/* The log's file: its path, with the time in the place of %Y, %m, %d, %H. */
void line_put_path(struct writer *path, const char *pattern, int64_t now_s);
/* 2026-11-30T06:39:00Z */
void line_put_time(struct writer *text, int64_t now_s);

#endif
