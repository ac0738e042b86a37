/* http/response/reason.h: the reason phrase of a status: RFC 9110 15, and IANA's registry of status codes. */
#ifndef HTTP_RESPONSE_REASON_H
#define HTTP_RESPONSE_REASON_H

const char *http_reason(int status); /* "" where there is no such status: a phrase may be empty (RFC 9112 4) */

#endif
