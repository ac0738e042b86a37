/* http/status/paths.h: what the status port answers. lwIP has called: connection.h. */
#ifndef HTTP_STATUS_PATHS_H
#define HTTP_STATUS_PATHS_H

#include "http/status/connection.h"

/* What stands in the buffer is read before an answer is written there. */
err_t status_serve(struct status_connection *c, const struct http_request *request);

/* What is no request; status: of http_request_parse(). */
err_t status_refuse(struct status_connection *c, int status);

#endif
