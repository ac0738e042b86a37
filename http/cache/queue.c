/* http/cache/queue.c: those who wait for memory; see queue.h.
 *   consumes  events: something has become free
 *   produces  calls of waiters, each when there is room for what it wants
 *   order     among those that want as many pages: who came first. Those that want many and those that want few have
 *             precedence by turns
 */
#include "http/cache/queue.h"

#include "lib/pd.h"
#include "timer/client.h"

/* Those who wait for a run of so many pages: `oldest` in the order in which they came, then `newest` from its end. */
struct queue {
    struct cache_waiter *newest, *oldest;
};

static struct {
    bool (*room_for)(uint32_t pages);
    struct queue queues[CACHE_RUN_MAX + 1]; /* [0]: for an entry */
    bool awaited;                           /* somebody may be in a queue */
    uint32_t turn;
    struct timer soon;
} self;

/* Behind the oldest those that came since. Who waits anew meanwhile has its turn at the next event. */
static void line_up(struct queue *queue)
{
    struct cache_waiter *waiter, *turned = NULL, **end = &queue->oldest;

    while ((waiter = queue->newest)) {
        waiters_remove(waiter);
        waiters_add(&turned, waiter);
    }
    while (turned && *end) {
        end = &(*end)->next;
    }
    if (turned) {
        waiters_move(&turned, end);
    }
}

static void wake_waiters(void *context)
{
    uint32_t turn = self.turn++;
    bool awaited = false;
    for (uint32_t i = 0; i <= CACHE_RUN_MAX; i++) {
        uint32_t pages = turn & 1 ? i : CACHE_RUN_MAX - i;
        struct queue *queue = &self.queues[pages];
        struct cache_waiter *waiter;
        line_up(queue);
        while ((waiter = queue->oldest) && self.room_for(pages)) {
            waiters_remove(waiter);
            waiter->ready(waiter);
        }
    }
    for (uint32_t i = 0; i <= CACHE_RUN_MAX; i++) {
        awaited |= self.queues[i].oldest || self.queues[i].newest;
    }
    self.awaited = awaited;
}

void cache_queue_wait(uint32_t pages, struct cache_waiter *waiter)
{
    waiters_add(&self.queues[pages].newest, waiter);
    self.awaited = true;
}

bool cache_queue_awaited(void)
{
    return self.awaited;
}

void cache_queue_event(void)
{
    if (self.awaited) {
        timer_start(&self.soon, pd_now_ns(), wake_waiters, NULL);
    }
}

void cache_queue_event_at(uint64_t time_ns)
{
    if (!self.soon.armed) {
        timer_start(&self.soon, time_ns, wake_waiters, NULL);
    }
}

void cache_queue_init(bool (*room_for)(uint32_t pages))
{
    self.room_for = room_for;
}
