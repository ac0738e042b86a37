/* pool.c: the connections that there can be, HTTP_CONNECTIONS_MAX, and what is counted of them.
 *   when full NULL: accept.c makes one of them free
 */
#include "http/conn/pool.h"

static struct {
    struct http_conn connections[HTTP_CONNECTIONS_MAX];
    struct http_conn *free;
} self;

struct http_counters http_counts;

struct http_conn *pool_take(void)
{
    struct http_conn *c = self.free;
    if (c) {
        self.free = c->next;
        http_counts.connections++;
    }
    return c;
}

void pool_give_back(struct http_conn *c)
{
    c->next = self.free;
    self.free = c;
    http_counts.connections--;
}

void pool_init(void)
{
    for (uint32_t i = HTTP_CONNECTIONS_MAX; i-- > 0;) {
        self.connections[i].next = self.free;
        self.free = &self.connections[i];
    }
}
