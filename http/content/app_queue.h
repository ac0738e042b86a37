/* http/content/app_queue.h: who waits for a place with the application. */
#ifndef HTTP_CONTENT_APP_QUEUE_H
#define HTTP_CONTENT_APP_QUEUE_H

#include "http/conn/conn.h"
#include "http/parse/request.h"

struct app_slot;

void app_queue_open(void);       /* the application has said what the site is: it may be asked */
void app_queue_close(void);      /* it has started anew */
void app_queue_serve_soon(void); /* there may be a place; in an event of its own */
/* For the connection's request. NULL: it has to wait. */
struct app_slot *app_queue_take_slot(struct http_conn *connection, const struct http_request *request);

#endif
