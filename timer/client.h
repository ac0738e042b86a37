/* timer/client.h: any number of one-shot timers in one PD over the one deadline that the driver keeps for it.
 *
 * Handlers run in the event loop when the driver notifies. The driver is asked at most once per wake-up, before
 * the flush (lib/pd.h), and only when the earliest deadline moves earlier than what it was last asked for; a later
 * one is asked for when the earlier event has come. Asking waits for nothing: while the driver is dead handlers run, late,
 * at the end of other events. Call timer_client_init() before the init functions of libraries
 * that use timers.
 */
#ifndef TIMER_CLIENT_H
#define TIMER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include "timer/config.h"

struct timer {
    struct timer *next; /* the list is sorted by deadline */
    uint64_t deadline_ns;
    void (*handler)(void *context);
    void *context;
    bool armed;
};

void timer_client_init(const struct timer_client_config *config);

/* (Re)arm: at an absolute time of pd_now_ns(). The struct is the caller's, zero before its first start; it must
 * live until its handler has run or it was stopped. A time that has passed comes with the next event, not within
 * this call. */
void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context);
void timer_stop(struct timer *timer);

/* In a handler, for those who look after the driver: whether it runs without the driver's word. */
bool timer_client_is_late(void);

#endif
