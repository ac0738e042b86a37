/* http/app_request.h: one request and its answer, between a connection and the application. What the rest of the front
 * knows of the application.
 */
#ifndef HTTP_APP_REQUEST_H
#define HTTP_APP_REQUEST_H

#include "http/app_config.h"
#include "http/internal.h"

struct app_request;

void app_request_init(const struct app_config *config);

/* The connection's request goes to the application: true, and the connection is WITH_APP. Or it has to wait for a
 * place: false, and it is QUEUED. */
bool app_request_begin(struct connection *connection, const struct http_request *request, const struct reply *reply);
/* More of the request, its end, room for the answer. True: the connection goes on without the application. */
bool app_request_go_on(struct app_request *request);
enum clock app_request_clock(const struct app_request *request);
uint64_t app_request_patience_ns(const struct app_request *request); /* with its body */
/* The client is told why; where a part of the answer has gone out it is cut off. */
void app_request_expire(struct app_request *request, int status);
void app_request_gone(struct app_request *request); /* its connection has */

/* While a file is found and its head made, in place of an answer: the request, as far as a file's answer depends on it;
 * the answer's status and its line; its fields that go with a file of this head. */
void app_request_read(const struct app_request *request, struct http_request *parsed);
int app_request_status(const struct app_request *request);
void app_request_put_status_line(const struct app_request *request, struct writer *head);
void app_request_put_fields(const struct app_request *request, const char *lines, uint32_t length, struct writer *head);

void app_request_count_nonsense(void);
uint64_t app_request_nonsense(void); /* so much of it has there been */

#endif
