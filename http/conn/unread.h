/* http/conn/unread.h: what a client has sent and nobody has taken yet. */
#ifndef HTTP_CONN_UNREAD_H
#define HTTP_CONN_UNREAD_H

#include "http/conn/conn.h"
#include "http/parse/request.h"
#include "lwip/pbuf.h"

void unread_drop(struct http_conn *connection); /* all; the window stays as it is */
uint32_t unread_bytes(const struct http_conn *connection);
uint32_t unread_consume(struct http_conn *connection, uint32_t count);             /* how many there were */
uint32_t unread_copy(const struct http_conn *connection, void *to, uint32_t size); /* so many there were; they stay */
uint32_t unread_read(struct http_conn *connection, void *to, uint32_t size);       /* copied and consumed */

static inline bool unread_any(const struct http_conn *c)
{
    return c->unread;
}

/* There is any: those that came in one packet; whether they are all. */
static inline struct http_slice unread_first(const struct http_conn *c)
{
    return (struct http_slice){c->unread->payload, c->unread->len};
}

static inline bool unread_is_one(const struct http_conn *c)
{
    return !c->unread->next;
}

static inline void unread_append(struct http_conn *c, struct pbuf *data)
{
    if (c->unread) {
        c->unread_last->next = data;
    } else {
        c->unread = data;
    }
    while (data->next) {
        data = data->next;
    }
    c->unread_last = data;
}

#endif
