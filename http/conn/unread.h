/* http/conn/unread.h: what a client has sent and nobody has taken yet. */
#ifndef HTTP_CONN_UNREAD_H
#define HTTP_CONN_UNREAD_H

#include "http/conn/conn.h"

void unread_drop(struct http_conn *connection); /* all; the window stays as it is */
uint32_t unread_bytes(const struct http_conn *connection);
void unread_open_window(struct http_conn *connection, uint32_t count);
uint32_t unread_consume(struct http_conn *connection, uint32_t count);       /* how many there were */
uint32_t unread_read(struct http_conn *connection, void *to, uint32_t size); /* the same, copied */
bool unread_any(const struct http_conn *connection);

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
