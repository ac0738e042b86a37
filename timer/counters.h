/* timer/counters.h: what the timer's driver counts (lib/counters.h). */
#ifndef TIMER_COUNTERS_H
#define TIMER_COUNTERS_H

#include "lib/counters.h"

#define TIMER_COUNTERS(ONE, OF)                                      \
    ONE(interrupts, COUNTER, "Interrupts of the timer")              \
    ONE(asked, COUNTER, "Times that a client gave another deadline") \
    ONE(deadlines, COUNTER, "Deadlines that have come")

COUNTERS(timer, TIMER_COUNTERS)

#endif
