/* http/response/lines.h: the lines that heads of answers are made of, whoever answers. Pure functions. */
#ifndef HTTP_RESPONSE_LINES_H
#define HTTP_RESPONSE_LINES_H

#include "http/response/writer.h"

void response_status_line(struct writer *head, int status);
/* With the application's own reason, where that is not empty. */
void response_status_line_as(struct writer *head, int status, struct http_slice reason);
void response_server(struct writer *head);
void response_content_length(struct writer *head, uint64_t length);

#endif
