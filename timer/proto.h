/* timer/proto.h: what a client and the timer driver share, and what they notify each other of.
 *
 * Each client has a page, which it and the driver alone map: the client writes, the driver reads. In it is one word, the
 * absolute time in ticks of CNTPCT_EL0 at which the client is to be notified, once; ~0 means never. The client writes it,
 * then notifies the driver, which then reads it: what was asked before no longer counts. A time that has passed notifies at once.
 * There is one deadline per client: a client with many timers keeps them itself and asks for the earliest.
 *
 * A client waits for nothing here: while the driver is dead, or waits for its restart, it goes on without deadlines.
 *
 * A notification may come early: the driver has started anew then and knows of no deadline. So a client that is notified
 * believes that it has none there, does what is due, and asks for the next. The driver does not take from the pages what it
 * has forgotten: what a client's own list says is right, whatever has become of the word or of the client meanwhile.
 */
#ifndef TIMER_PROTO_H
#define TIMER_PROTO_H

#include <stdint.h>

#define TIMER_NEVER (~0ul)
#define TIMER_CLIENTS_MAX 32

struct timer_page {
    uint64_t deadline; /* ticks */
};

/* The client's; it notifies the driver after this. */
static inline void timer_page_set(struct timer_page *page, uint64_t ticks)
{
    __atomic_store_n(&page->deadline, ticks, __ATOMIC_RELEASE);
}

/* The driver's, once it has been notified. */
static inline uint64_t timer_page_get(const struct timer_page *page)
{
    return __atomic_load_n(&page->deadline, __ATOMIC_ACQUIRE);
}

#endif
