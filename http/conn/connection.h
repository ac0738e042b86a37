/* http/conn/connection.h: one connection's life. */
#ifndef HTTP_CONN_CONNECTION_H
#define HTTP_CONN_CONNECTION_H

#include "http/conn/head_buffer.h"
#include "http/conn/timeouts.h"
#include "http/conn/unread.h"
#include "http/response/page.h"

/* Who says what a request gets. */
struct connection_handlers {
    bool (*request)(struct connection *connection); /* there may be one at the front. False: nothing can be done now */
    void (*waited)(struct connection *connection, int status); /* too long: WAITING or QUEUED */
    /* CONTENT_REDIRECT. True: it is answered, or has another content now. False: later, again. */
    bool (*redirect)(struct connection *connection);
};
void connection_init(const struct connection_handlers *handlers);
void connection_open(struct connection *connection, struct tcp_pcb *pcb);
/* Its head is done with. */
void connection_take_request(struct connection *connection, const struct http_request *request);
/* Bytes that may be written now; `stays`: by reference, to memory of the cache. */
uint32_t connection_room(const struct connection *connection, bool stays);
/* False: no memory, nothing has been written; connection_go_on() tries again. */
bool connection_write(struct connection *connection, const void *data, uint32_t length, bool more);
/* In the last pin's piece. */
bool connection_refer(struct connection *connection, const void *data, uint32_t length, bool more);
/* Takes over the caller's pin; there is room for it. */
void connection_pin(struct connection *connection, struct cache_block *piece);
void connection_answered(struct connection *connection); /* all is written: on to the next request, or the end */
void connection_go_on(struct connection *connection);    /* what it waited for may be there */
void connection_update_deadline(struct connection *connection, bool progress);
bool connection_stalls(struct connection *connection); /* of an idle one: it has CLOCK_STALL then */
void connection_expire(struct connection *connection, enum clock clock);
/* A page that says what went wrong, now or as soon as there is memory for it. The request has been taken. */
void connection_tell(struct connection *connection, int status, const struct reply *reply);
/* A small page that says what happened; field: a further line, or "". False: no memory now. */
bool connection_page(struct connection *connection, const struct reply *reply, int status, const char *field);
/* The same, counted as refused: not what the application has ordered. */
bool connection_refusal(struct connection *connection, const struct reply *reply, int status, const char *field);
void connection_tell_next(struct connection *connection, int status, const struct reply *reply); /* when it goes on */
void connection_let_go_file(struct connection *connection); /* its resource, or the wait for it */
void connection_evict(struct connection *connection);
void connection_abort(struct connection *connection);

#endif
