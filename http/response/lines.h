/* http/response/lines.h: the lines that heads of answers are made of, whoever answers, and addresses in them. Pure functions. */
#ifndef HTTP_RESPONSE_LINES_H
#define HTTP_RESPONSE_LINES_H

#include "http/response/writer.h"

void response_status_line(struct writer *head, int status);
/* With the application's own reason, where that is not empty. */
void response_status_line_as(struct writer *head, int status, struct http_slice reason);
void response_server(struct writer *head);
void response_content_length(struct writer *head, uint64_t length);
/* count bytes from the first one on, of a file of that size. */
void response_content_range(struct writer *head, uint64_t first, uint64_t count, uint64_t size);

/* A part of an address, percent-encoded (RFC 3986 2.1): letters, digits and the characters in `plain` stand as they are. */
void response_put_encoded(struct writer *text, struct http_slice part, const char *plain);

#endif
