/* accept.c: a place for a new connection, and which one is evicted for it.
 *   when full a new connection takes the place of an old one: of the one that has lingered longest; else of a client
 *             that has closed its side and waits for an answer; else of the one that has been idle longest; else of
 *             the one that has been at its head longest, which is told 408, if that is a second; else of the client
 *             that has taken nothing of its answer for longest, which is reset, if that is SILENT_NS; else of any at
 *             its head. If there is none the caller resets the new one. Connections that wait for files or the
 *             application are always fewer than the pool (waiting.c)
 */
#include "http/conn/accept.h"

#include "http/conn/connection.h"
#include "http/conn/pool.h"
#include "http/conn/timeouts.h"

#define S 1000000000ull
#define LOOKS_MAX 32      /* at connections in the idle list, for one newcomer */
#define SILENT_NS (4 * S) /* of a client that takes nothing; less may be a segment lost */

/* Those of the first ones whose answer is on its way go to their own list, each once for an answer. NULL: none is idle,
 * or a newcomer may not look at more of them. */
static struct http_conn *oldest_idle(void)
{
    for (uint32_t left = LOOKS_MAX; left > 0; left--) {
        struct http_conn *c = timeouts_oldest(CLOCK_IDLE);
        if (!c || !http_conn_stalls(c)) {
            return c;
        }
    }
    return NULL;
}

static struct http_conn *oldest_from(enum clock clock, uint64_t age_ns)
{
    struct http_conn *c = timeouts_oldest(clock);
    return c && timeouts_age_ns(c) >= age_ns ? c : NULL;
}

static void evict_one(void)
{
    struct http_conn *c = timeouts_oldest(CLOCK_LINGER);
    c = c ? c : timeouts_oldest(CLOCK_GONE);
    c = c ? c : oldest_idle();
    c = c ? c : oldest_from(CLOCK_HEAD, S);
    c = c ? c : oldest_from(CLOCK_STALL, SILENT_NS);
    c = c ? c : timeouts_oldest(CLOCK_HEAD);
    if (c) {
        http_conn_evict(c);
    }
}

struct http_conn *accept_take(void)
{
    struct http_conn *c = pool_take();
    if (!c) {
        evict_one();
        c = pool_take();
    }
    return c;
}
