/* unread.c: what a client has sent and nobody has taken yet: packets, linked by `next`.
 *   consumes  packets of lwIP, from whichever transport, which become ours; other files see bytes
 *   invariant the transport's window opens for what was taken, and only for that
 */
#include "http/conn/unread.h"

#include <string.h>

static void drop_first(struct http_conn *c)
{
    struct pbuf *first = c->unread;
    c->unread = first->next;
    first->next = NULL;
    pbuf_free(first);
}

uint32_t unread_consume(struct http_conn *c, uint32_t count)
{
    uint32_t left = count;
    while (c->unread && c->unread->len <= left) {
        left -= c->unread->len;
        drop_first(c);
    }
    if (c->unread && left > 0) {
        pbuf_remove_header(c->unread, left);
        left = 0;
    }
    if (left < count) {
        c->transport.ops->consumed(&c->transport, count - left);
    }
    return count - left;
}

uint32_t unread_copy(const struct http_conn *c, void *to, uint32_t size)
{
    uint32_t done = 0;
    for (const struct pbuf *p = c->unread; p && done < size; p = p->next) {
        uint32_t count = p->len < size - done ? p->len : size - done;
        memcpy((char *)to + done, p->payload, count);
        done += count;
    }
    return done;
}

uint32_t unread_read(struct http_conn *c, void *to, uint32_t size)
{
    return unread_consume(c, unread_copy(c, to, size));
}

void unread_drop(struct http_conn *c)
{
    while (c->unread) {
        drop_first(c);
    }
}

uint32_t unread_bytes(const struct http_conn *c)
{
    uint32_t bytes = 0;
    for (const struct pbuf *p = c->unread; p; p = p->next) {
        bytes += p->len;
    }
    return bytes;
}
