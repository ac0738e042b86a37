/* gather.c: the head of a request, which mostly lies whole in the first buffer that was received, and is parsed
 * there. One that comes in pieces is gathered in a buffer of a pool.
 *   invariant bytes behind the head are never taken: what was appended last stays unread until the head is done with
 *   when full the client that has been at its head for longest, of those with a buffer, gets 408
 */
#include "http/internal.h"

#include <string.h>

#define GATHERED_MAX 32

static struct {
    struct gathered pool[GATHERED_MAX];
    struct gathered *free;
    bool pooled;
} self;

static void pool_gathered(void)
{
    for (uint32_t i = 0; i < GATHERED_MAX; i++) {
        self.pool[i].next = self.free;
        self.free = &self.pool[i];
    }
    self.pooled = true;
}

void gather_give_back(struct connection *c)
{
    if (c->gathered) {
        c->gathered->next = self.free;
        self.free = c->gathered;
        c->gathered = NULL;
    }
}

static void free_a_gathered(void)
{
    for (struct connection *c = server_oldest(CLOCK_HEAD); c; c = c->next) {
        if (c->gathered) {
            connection_expire(c, CLOCK_HEAD);
            return;
        }
    }
}

static bool take_gathered(struct connection *c)
{
    if (!self.pooled) {
        pool_gathered();
    }
    if (!self.free) {
        free_a_gathered();
    }
    if (!self.free) {
        return false;
    }
    c->gathered = self.free;
    self.free = c->gathered->next;
    c->gathered->length = c->gathered->taken = 0;
    return true;
}

/* All that is unread and fits, behind what is gathered. */
static void gather(struct connection *c)
{
    struct gathered *g = c->gathered;
    uint32_t skip = g->length - g->taken;
    for (struct pbuf *p = c->unread; p && g->length < HTTP_HEAD_MAX; p = p->next) {
        if (skip >= p->len) {
            skip -= p->len;
            continue;
        }
        uint32_t count = p->len - skip, space = HTTP_HEAD_MAX - g->length;
        count = count < space ? count : space;
        memcpy(g->bytes + g->length, (char *)p->payload + skip, count);
        g->length += count;
        skip = 0;
    }
}

static int parse_gathered(struct connection *c, struct http_request *request)
{
    struct gathered *g = c->gathered;
    gather(c);
    int status = http_request_parse(g->bytes, g->length, request);
    if (status != HTTP_INCOMPLETE) {
        return status;
    }
    connection_consume(c, g->length - g->taken);
    g->taken = g->length;
    return g->length == HTTP_HEAD_MAX ? 431 : HTTP_INCOMPLETE;
}

int gather_parse(struct connection *c, struct http_request *request)
{
    if (!c->gathered) {
        int status = http_request_parse(c->unread->payload, c->unread->len, request);
        if (status != HTTP_INCOMPLETE || !c->unread->next) {
            return status;
        }
        if (!take_gathered(c)) {
            return 503;
        }
    }
    return parse_gathered(c, request);
}

const char *gather_head(const struct connection *c)
{
    return c->gathered ? c->gathered->bytes : c->unread->payload;
}
