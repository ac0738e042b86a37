/* timer/client.h: any number of one-shot timers in one PD over the one deadline that the driver keeps for it.
 *
 * Handlers run in the event loop when the driver notifies. The driver is called only when the earliest deadline moves
 * earlier than what it was last asked for; a later one is asked for when the earlier event has come.
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

/* (Re)arm: at an absolute time of pd_now_ns(). */
void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context);
void timer_stop(struct timer *timer);

#endif
