/* http/conn/connection.h: one connection's life. */
#ifndef HTTP_CONN_CONNECTION_H
#define HTTP_CONN_CONNECTION_H

#include "http/conn/head_buffer.h"
#include "http/conn/timeouts.h"
#include "http/conn/unread.h"
#include "http/conn/watch.h"
#include "http/response/page.h"

/* Who says what a request gets. */
struct http_conn_handlers {
    bool (*request)(struct http_conn *connection); /* there may be one at the front. False: nothing can be done now */
    void (*waited)(struct http_conn *connection, int status); /* too long: WAITING or QUEUED */
    void (*forget)(struct http_conn *connection);             /* what was found for its request, or is waited for */
    /* CONTENT_REDIRECT. True: it is answered, or has another content now. False: later, again. */
    bool (*redirect)(struct http_conn *connection);
    /* c->telling is due to c->told. True: the connection has a content for that. */
    bool (*tell)(struct http_conn *connection);
};
void http_conn_init(const struct http_conn_handlers *handlers);
void http_conn_open(struct http_conn *connection, const struct transport *transport); /* a copy of it is its own */
/* Its head is done with. */
void http_conn_take_request(struct http_conn *connection, const struct http_request *request);
void http_conn_answered(struct http_conn *connection); /* all is written: on to the next request, or the end */
void http_conn_go_on(struct http_conn *connection);    /* what it waited for may be there */
void http_conn_update_deadline(struct http_conn *connection, bool progress);
bool http_conn_stalls(struct http_conn *connection); /* of an idle one: it has CLOCK_STALL then */
void http_conn_expire(struct http_conn *connection, enum clock clock);
/* A page that says what went wrong, now or as soon as there is memory for it. The request has been taken. */
void http_conn_tell(struct http_conn *connection, int status, const struct reply *reply);
/* A small page that says what happened; field: a further line, or "". False: no memory now. */
bool http_conn_page(struct http_conn *connection, const struct reply *reply, int status, const char *field);
/* The same, counted as refused: not what the application has ordered. */
bool http_conn_refusal(struct http_conn *connection, const struct reply *reply, int status, const char *field);
void http_conn_tell_next(struct http_conn *connection, int status, const struct reply *reply); /* when it goes on */
void http_conn_evict(struct http_conn *connection);
void http_conn_abort(struct http_conn *connection);

/* -- what the transport does: transport.h -- */

static inline uint32_t http_conn_room(const struct http_conn *c, bool by_reference)
{
    return c->transport.ops->room(&c->transport, by_reference);
}

static inline bool http_conn_write(struct http_conn *c, const void *data, uint32_t length, bool more)
{
    bool done = c->transport.ops->write(&c->transport, data, length, more);
    if (done && watch_any()) {
        c->body_bytes += length;
    }
    return done;
}

/* An answer's head, the one that was made last (response/head.h), and what there is of a body behind it; no interim one.
 * status: 101, or 200 to 599. */
static inline bool http_conn_write_head(struct http_conn *c, const void *data, uint32_t length, bool more, int status)
{
    bool done = c->transport.ops->write(&c->transport, data, length, more);
    if (done && watch_any()) {
        c->status = (uint16_t)status;
        c->body_bytes = length - response_head_length();
    }
    return done;
}

static inline bool http_conn_refer(struct http_conn *c, struct cache_bytes *bytes, uint32_t count, bool more)
{
    bool done = c->transport.ops->refer(&c->transport, bytes, count, more);
    if (done && watch_any()) {
        c->body_bytes += count;
    }
    return done;
}

/* -- what the transport tells -- */

void http_conn_received(struct http_conn *connection, struct pbuf *data); /* NULL: no more will come */
void http_conn_sent(struct http_conn *connection);   /* bytes are acknowledged; there may be memory */
void http_conn_failed(struct http_conn *connection); /* the transport has ended */

#endif
