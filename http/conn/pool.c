/* pool.c: the connections that there can be, HTTP_CONNECTIONS_MAX, and what is counted of them.
 *   when full NULL: accept.c makes one of them free
 */
#include "http/conn/pool.h"

static struct {
    struct http_conn connections[HTTP_CONNECTIONS_MAX];
    struct list free;
} self;

struct http_counters http_counts;

struct http_conn *pool_take(void)
{
    struct list_link *link = list_take_first(&self.free);
    http_counts.connections += link != NULL;
    return link ? LIST_ITEM(struct http_conn, link, link) : NULL;
}

void pool_give_back(struct http_conn *c)
{
    list_add_first(&self.free, &c->link);
    http_counts.connections--;
}

uint32_t pool_number(const struct http_conn *c)
{
    return (uint32_t)(c - self.connections);
}

void pool_init(void)
{
    list_init(&self.free);
    for (uint32_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        list_add_last(&self.free, &self.connections[i].link);
    }
}
