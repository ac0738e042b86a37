/* fake_rest.c: the timer of programs that use it for what an event has left alone: the next event follows at once. */
#include "timer/client.h"

void timer_start(struct timer *timer, uint64_t deadline_ns, void (*handler)(void *), void *context)
{
    handler(context);
}
