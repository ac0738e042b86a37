/* waiting.c: how many connections may wait for files and for the application: always fewer than the pool has, so that
 * there are some for requests that need not wait; and how many bytes of packets they hold.
 *   when full the caller tells its client 503
 */
#include "http/conn/waiting.h"

#include "http/conn/timeouts.h"

#define S 1000000000ull

static struct {
    uint32_t held; /* bytes of packets, by connections that wait */
} self;

bool waiting_may_more(const struct http_conn *c)
{
    const struct http_conn *first = timeouts_oldest(CLOCK_WAIT);
    if (c->clock >= CLOCK_WAIT) {
        return true; /* it does already */
    }
    if (c->state == QUEUED) {
        return timeouts_count(CLOCK_QUEUE) < QUEUE_MAX;
    }
    bool slow = first && timeouts_age_ns(first) >= S;
    uint32_t waiting = timeouts_count(CLOCK_WAIT) + timeouts_count(CLOCK_PAGE) + timeouts_count(CLOCK_REST) +
                       timeouts_count(CLOCK_GONE);
    return waiting < (slow ? WAITERS_SLOW : WAITERS_MAX);
}

bool waiting_held(int32_t more)
{
    self.held += (uint32_t)more;
    return self.held <= HELD_MAX;
}
