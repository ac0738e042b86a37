/* http/internal.h: what answers on a connection: answer.c (what a request gets), file.c (a file's bytes). The application
 * is app_request.h's; connections are conn/'s; what answers' heads are made of, response/'s.
 */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "http/conn/connection.h"
#include "http/site/types.h"

/* -- answer.c -- */
void answer_init(void);

/* -- file.c -- */
/* connection->resource, or a part of it: it is the connection's content then, or was refused. False: later, again. */
bool file_answer(struct connection *connection, const struct http_request *request, const struct reply *reply);

#endif
