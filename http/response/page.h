/* http/response/page.h: answers that need no file and no application: head and body, whole. */
#ifndef HTTP_RESPONSE_PAGE_H
#define HTTP_RESPONSE_PAGE_H

#include "http/parse/request.h"
#include "http/response/head.h"

#define RESPONSE_PAGE_MAX 1600                                       /* the longest small page, with its head */
#define RESPONSE_MOVED_MAX (3 * HTTP_PATH_MAX + HTTP_HEAD_MAX + 512) /* an escaped path, and the request's query */

/* A small page that says what happened; field: a further line, or "". */
void response_page(struct writer *answer, const struct reply *reply, int status, const char *field);
/* Of what may be different when it is asked for again: a further line that says when; else "". */
const char *response_retry(int status);
void response_options(struct writer *answer, const struct reply *reply);
/* To the same path with a '/' behind it. */
void response_moved(struct writer *answer, const struct reply *reply, const char *path, uint32_t length,
                    struct http_slice query);
/* To the same target over TLS: of this host, which is named without a port. Returns the status. */
int response_moved_to_tls(struct writer *answer, const struct reply *reply, const struct http_request *request,
                          struct http_slice host, uint16_t port);

#endif
