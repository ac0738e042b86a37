/* http/conn/watch.h: those who hear of each request and its answer: the access log, the status port. Nobody, unless they
 * ask. The connection has the answer's `status` and `body_bytes`.
 */
#ifndef HTTP_CONN_WATCH_H
#define HTTP_CONN_WATCH_H

#include "http/conn/conn.h"

struct http_watch {
    /* One is there: at connection->began_ns. Told once, however often it is looked at; of nonsense never. */
    void (*begun)(const struct http_conn *connection, const struct http_request *request);
    /* All of an answer is with its transport, or the connection has gone: answered or not. */
    void (*ended)(const struct http_conn *connection, uint64_t now_ns, bool answered);
    struct http_watch *next;
};

/* One may ask for what is said, too: a request whose head goes now. NULL: a page is told, perhaps without a request. */
typedef void http_reader(const struct http_conn *connection, const struct http_request *request);

extern struct http_watch *http_watch; /* NULL: nobody */
extern http_reader *http_read_by;     /* the same */

void watch_add(struct http_watch *watch);
void watch_tell_begun(struct http_conn *connection, const struct http_request *request);
void watch_tell_ended(struct http_conn *connection, bool answered);

static inline bool watch_any(void)
{
    return http_watch != NULL;
}

static inline void watch_begun(struct http_conn *c, const struct http_request *request)
{
    if (http_watch && c->began_ns == 0) {
        watch_tell_begun(c, request);
    }
}

static inline void watch_taken(const struct http_conn *c, const struct http_request *request)
{
    if (http_read_by) {
        http_read_by(c, request);
    }
}

static inline void watch_ended(struct http_conn *c, bool answered)
{
    if (http_watch) {
        watch_tell_ended(c, answered);
    }
}

#endif
