/* http/access/line.h: a line of the access log: the combined log format, and behind it the seconds that the answer took.
 *
 *   ADDRESS - - [30/Nov/2026:06:39:00 +0000] "GET / HTTP/1.1" 200 1024 "REFERER" "USER AGENT" 0.000123
 *
 * What the client has sent stands between quotes, escaped: nobody ends a line or a field, or reaches the terminal of who
 * reads it. Each of the three has a bound; what is longer is cut off.
 */
#ifndef HTTP_ACCESS_LINE_H
#define HTTP_ACCESS_LINE_H

#include "http/response/writer.h"

#define LINE_SPARE 16 /* bytes behind a text that may be read, or written, with it: copies are of sixteen at a time */
#define LINE_ADDRESS_MAX 15
#define LINE_REQUEST_MAX 544 /* escaped: method, target and version */
#define LINE_FIELD_MAX 200
#define LINE_NAMES_MAX (2 * LINE_FIELD_MAX + 5)
#define LINE_MAX (LINE_ADDRESS_MAX + 35 + LINE_REQUEST_MAX + 27 + LINE_NAMES_MAX + 30 + LINE_SPARE)

/* The texts with LINE_SPARE readable bytes behind them. */
struct line_parts {
    struct http_slice address, request; /* request: of length 0: one that could not be read */
    struct http_slice names;            /* of length 0: neither was sent */
    int status;
    uint64_t bytes, took_ns;
    int64_t now_s;
};

/* Each returns how many bytes it has put. */
uint32_t line_put_address(char *text, const uint8_t address[4]);
/* '"', '\\' and what is no visible ASCII as \xNN, at most `room` bytes. */
uint32_t line_put_escaped(char *text, struct http_slice from, uint32_t room);
uint32_t line_put_request(char *text, const struct http_request *request);
/* Referer and user agent, with their quotes; "-" for what was not sent. */
uint32_t line_put_names(char *text, const struct http_request *request);
uint32_t line_make(char *line, const struct line_parts *parts);

/* A path with the time of day: %Y, %m, %d, %H. */
void line_put_name(struct writer *name, const char *pattern, int64_t now_s);
/* 2026-11-30T06:39:00Z */
void line_put_time(struct writer *text, int64_t now_s);

#endif
