/* http/content/app_request.h: one request and its answer, between a connection and the application. What the rest of
 * the front knows of the application.
 */
#ifndef HTTP_CONTENT_APP_REQUEST_H
#define HTTP_CONTENT_APP_REQUEST_H

#include "http/app_config.h"
#include "http/conn/connection.h"

struct app_request;

/* on_site: the application has said something of the site. True: it has said what the site is, and may be asked. */
void app_request_init(const struct app_config *config, bool (*on_site)(void));

/* The connection's request goes to the application: true, and that is the connection's content. Or it has to wait for a
 * place: false, and it is QUEUED. */
bool app_request_begin(struct http_conn *connection, const struct http_request *request, const struct reply *reply);

/* CONTENT_REDIRECT: the file that goes in place of its answer, and how. */
struct http_slice app_request_redirection(const struct app_request *request, struct reply *reply);
void app_request_redirected(struct app_request *request); /* it has been answered, or begun to be */
/* The request, as far as a file's answer depends on it. */
void app_request_read(const struct app_request *request, struct http_request *parsed);

void app_request_count_nonsense(void);
uint64_t app_request_nonsense(void); /* so much of it has there been */

#endif
