/* gather.c: the head of a request, which mostly lies whole in the first buffer that was received, and is parsed
 * there. One that comes in pieces is gathered in a buffer of a pool, which exchanges use, too (exchange.c).
 *   invariant bytes behind the head are never taken: what was appended last stays unread until the head is done with
 *   when full the client that has been at its head for longest, of those with a buffer, gets 408; where there is none,
 *             as all are exchanges', or wait for one, it waits in their queue
 */
#include "http/internal.h"

#include <string.h>

#define GATHERED_MAX 28
#define FOR_ANSWERS 4 /* of them, so that what waits for an answer's end does not wait for ever */

static struct {
    struct gathered pool[GATHERED_MAX];
    struct gathered *free;
    uint32_t free_count;
    bool pooled;
} self;

static void pool_gathered(void)
{
    for (uint32_t i = 0; i < GATHERED_MAX; i++) {
        self.pool[i].next = self.free;
        self.free = &self.pool[i];
    }
    self.free_count = GATHERED_MAX;
    self.pooled = true;
}

void gather_let_go(struct gathered *g)
{
    if (--g->users == 0) {
        g->next = self.free;
        self.free = g;
        self.free_count++;
        exchange_heads_again();
    }
}

void gather_give_back(struct connection *c)
{
    struct gathered *g = c->gathered;
    if (g) {
        c->gathered = NULL;
        gather_let_go(g);
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

struct gathered *gather_take(bool answer)
{
    uint32_t left = answer ? 0 : FOR_ANSWERS;
    if (!self.pooled) {
        pool_gathered();
    }
    if (self.free_count <= left) {
        free_a_gathered();
    }
    if (self.free_count <= left) {
        return NULL;
    }
    struct gathered *g = self.free;
    self.free = g->next;
    self.free_count--;
    g->users = 1;
    g->length = g->taken = 0;
    return g;
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
        c->gathered = gather_take(false);
        if (!c->gathered) {
            return 503;
        }
    }
    return parse_gathered(c, request);
}

const char *gather_head(const struct connection *c)
{
    return c->gathered ? c->gathered->bytes : c->unread->payload;
}
