/* http/conn/watch.h: one who hears of each request and its answer: the access log. Nobody, unless it asks. */
#ifndef HTTP_CONN_WATCH_H
#define HTTP_CONN_WATCH_H

#include "http/conn/conn.h"

struct http_watch {
    void (*begun)(
        const struct http_conn *connection); /* a head is there; again, when a request that has waited goes on */
    void (*taken)(const struct http_conn *connection, const struct http_request *request); /* or never: nonsense */
    /* With its transport. data: NULL: by reference; a head is the first, at once when it is made (response/head.h). */
    void (*written)(const struct http_conn *connection, const char *data, uint32_t length);
    void (*ended)(const struct http_conn *connection); /* all is, or the connection has gone; perhaps twice */
};
extern const struct http_watch *http_watch; /* NULL: nobody */

#endif
