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

#define LINE_TARGET_MAX 512 /* bytes, escaped: of path and query */
#define LINE_METHOD_MAX 32
#define LINE_FIELD_MAX 200
#define LINE_BEGIN_MAX (16 + 34 + LINE_METHOD_MAX + LINE_TARGET_MAX + 16)
#define LINE_NAMES_MAX (2 * LINE_FIELD_MAX + 8)
#define LINE_MAX (LINE_BEGIN_MAX + 28 + LINE_NAMES_MAX + 32)

/* '"', '\\' and what is no visible ASCII as \xNN, at most `room` bytes. */
void line_put_escaped(struct writer *line, struct http_slice text, uint32_t room);
/* From the address to the space behind the request. request: NULL: one that could not be read. */
void line_put_begin(struct writer *line, const uint8_t address[4], int64_t now_s, const struct http_request *request);
/* Referer and user agent, with their quotes; "-" for what was not sent. */
void line_put_names(struct writer *line, const struct http_request *request);
void line_put_end(struct writer *line, int status, uint64_t bytes, struct http_slice names, uint64_t took_ns);

/* A path with the time of day: %Y, %m, %d, %H. */
void line_put_name(struct writer *name, const char *pattern, int64_t now_s);
/* 2026-11-30T06:39:00Z */
void line_put_time(struct writer *text, int64_t now_s);

#endif
