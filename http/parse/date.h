/* http/parse/date.h: dates of HTTP (RFC 9110 5.6.7). */
#ifndef HTTP_PARSE_DATE_H
#define HTTP_PARSE_DATE_H

#include <stdbool.h>
#include <stdint.h>
#include "http/parse/request.h"

#define HTTP_DATE_LENGTH 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */
#define HTTP_DATE_DAY 5     /* where in it each begins */
#define HTTP_DATE_MONTH 8
#define HTTP_DATE_YEAR 12
#define HTTP_DATE_TIME 17

void http_date_format(int64_t seconds, char text[HTTP_DATE_LENGTH]); /* since 1970; not terminated */
/* All three forms. False: it is none. Two-digit years as that section says, relative to now_s. */
bool http_date_parse(struct http_slice text, int64_t now_s, int64_t *seconds);

#endif
