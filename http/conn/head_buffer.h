/* http/conn/head_buffer.h: heads, and lines of a body, that cannot be done with at once. */
#ifndef HTTP_CONN_HEAD_BUFFER_H
#define HTTP_CONN_HEAD_BUFFER_H

#include "http/conn/conn.h"
#include "http/parse/request.h"

/* As http_request_parse(), or 503: no place for a beginning. Something is unread or kept. A beginning is copied out. */
int head_buffer_parse(struct http_conn *connection, struct http_request *request);
/* The head that was parsed is copied out, so that it can wait. False: there is no place. */
bool head_buffer_keep(struct http_conn *connection, uint32_t head_length, bool for_app);
void head_buffer_drop(struct kept *kept);
/* The next line, with its end, of at most so many bytes. 0: it is whole. HTTP_INCOMPLETE: what there is of it is copied
 * out. Else why not: 400, too long; 503, no place for a beginning. */
int head_buffer_line(struct http_conn *connection, uint32_t most, struct http_slice *line);
void head_buffer_take_line(struct http_conn *connection, uint32_t length);

#endif
