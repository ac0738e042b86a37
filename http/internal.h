/* http/internal.h: what answers on a connection: answer.c (what a request gets), file.c (a file's bytes). The application
 * is app_request.h's; connections are conn/'s; what answers' heads are made of, response/'s.
 */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "http/conn/connection.h"
#include "http/site/types.h"

/* -- answer.c -- */
/* The request at the front. False: nothing can be done now. */
bool answer_request(struct connection *connection);
bool answer_refuse(struct connection *connection, const struct http_request *request, const struct reply *reply,
                   int status);
void answer_waited(struct connection *connection,
                   int status); /* too long: WAITING or QUEUED, not with the application */
/* In place of its answer the application has ordered the file at `target`. False: later, again. */
bool answer_redirected(struct connection *connection, struct http_slice target, const struct reply *reply);

/* -- file.c -- */
/* connection->resource, or a part of it. False: later, again. */
bool file_answer(struct connection *connection, const struct http_request *request, const struct reply *reply);
bool file_go_on(struct connection *connection); /* true: all is written */
void file_let_go(struct connection *connection);

#endif
