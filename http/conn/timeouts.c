/* timeouts.c: how long each connection may still take. One timer of lib serves all: a list per limit, each ordered by
 * time.
 *   consumes  the time (timer/client.h)
 *   produces  calls of the handler, for each connection whose time is over
 */
#include "http/conn/timeouts.h"

#include <string.h>

#include "lib/pd.h"
#include "timer/client.h"

#define S 1000000000ull
#define FOREVER UINT64_MAX

struct ordered {
    struct list list; /* by due_ns */
    uint32_t count;
};

static struct {
    void (*expire)(struct http_conn *connection, enum clock clock);
    uint64_t limits_ns[CLOCKS];
    struct ordered lists[CLOCKS];
    struct timer timer;
    uint64_t timer_at_ns;
} self;

static const uint64_t limits_ns[CLOCKS] = {
    [CLOCK_HEAD] = HTTP_HEAD_S * S,     [CLOCK_IDLE] = HTTP_IDLE_S * S, [CLOCK_STALL] = HTTP_STALL_S * S,
    [CLOCK_LINGER] = HTTP_LINGER_S * S, [CLOCK_WAIT] = HTTP_WAIT_S * S, [CLOCK_PAGE] = HTTP_PAGE_S * S,
    [CLOCK_REST] = HTTP_REST_S * S,     [CLOCK_QUEUE] = HTTP_APP_S * S, [CLOCK_GONE] = HTTP_GONE_S * S,
    [CLOCK_APP] = HTTP_APP_S * S,
};

static struct http_conn *conn_of(struct list_link *link)
{
    return link ? LIST_ITEM(struct http_conn, link, link) : NULL;
}

/* In the order of time; with one limit for all that is last. */
static void put_in(struct ordered *to, struct http_conn *c)
{
    struct list_link *before = list_last(&to->list);
    while (before && conn_of(before)->due_ns > c->due_ns) {
        before = list_previous(&to->list, before);
    }
    list_add_after(before ? before : &to->list.ends, &c->link);
    to->count++;
}

static void on_timer(void *context);

static void see_timer(uint64_t due_ns)
{
    if (due_ns < self.timer_at_ns) {
        self.timer_at_ns = due_ns;
        timer_start(&self.timer, due_ns, on_timer, NULL);
    }
}

void timeouts_set_for(struct http_conn *c, enum clock clock, uint64_t limit_ns)
{
    if (c->clock != CLOCK_NONE) {
        list_remove(&c->link);
        self.lists[c->clock].count--;
    }
    c->clock = clock;
    if (clock != CLOCK_NONE) {
        c->due_ns = pd_now_ns() + limit_ns;
        put_in(&self.lists[clock], c);
        see_timer(c->due_ns);
    }
}

void timeouts_set(struct http_conn *c, enum clock clock)
{
    timeouts_set_for(c, clock, self.limits_ns[clock]);
}

uint64_t timeouts_limit_ns(enum clock clock)
{
    return self.limits_ns[clock];
}

uint64_t timeouts_age_ns(const struct http_conn *c)
{
    return pd_now_ns() + self.limits_ns[c->clock] - c->due_ns;
}

struct http_conn *timeouts_oldest(enum clock clock)
{
    return conn_of(list_first(&self.lists[clock].list));
}

struct http_conn *timeouts_next(const struct http_conn *c)
{
    return conn_of(list_next(&self.lists[c->clock].list, &c->link));
}

/* A connection that expires leaves its list, or is put at the list's end with a new limit. */
static void on_timer(void *context)
{
    uint64_t now = pd_now_ns(), next = FOREVER;
    self.timer_at_ns = 0; /* armed below, once */
    for (enum clock clock = CLOCK_HEAD; clock < CLOCKS; clock++) {
        struct http_conn *c;
        while ((c = timeouts_oldest(clock)) != NULL && c->due_ns <= now) {
            self.expire(c, clock);
        }
    }
    for (enum clock clock = CLOCK_HEAD; clock < CLOCKS; clock++) {
        const struct http_conn *c = timeouts_oldest(clock);
        next = c && c->due_ns < next ? c->due_ns : next;
    }
    self.timer_at_ns = FOREVER;
    if (next != FOREVER) {
        see_timer(next);
    }
}

void timeouts_expire(struct http_conn *c)
{
    self.expire(c, c->clock);
}

uint32_t timeouts_count(enum clock clock)
{
    return self.lists[clock].count;
}

void timeouts_init(uint32_t wait_s, void (*expire)(struct http_conn *connection, enum clock clock))
{
    self.expire = expire;
    memcpy(self.limits_ns, limits_ns, sizeof(self.limits_ns));
    if (wait_s > 0) {
        self.limits_ns[CLOCK_WAIT] = wait_s * S;
    }
    self.timer_at_ns = FOREVER;
    for (enum clock clock = CLOCK_NONE; clock < CLOCKS; clock++) {
        list_init(&self.lists[clock].list);
    }
}
