/* timer/proto.h: a client's protected call to the timer driver, and the driver's notification to it.
 *
 * Label TIMER_SET_DEADLINE, message register 0: the absolute time in ticks of CNTPCT_EL0 at which to notify the
 * caller, once; a new call replaces the last; ~0 means never. A time that has passed notifies at once. There is one
 * deadline per client: a client with many timers keeps them itself and asks for the earliest.
 *
 * A notification may come early: the driver has started anew then and knows of no deadline. So a client that is notified
 * believes that it has none there, does what is due, and asks for the next.
 */
#ifndef TIMER_PROTO_H
#define TIMER_PROTO_H

#define TIMER_SET_DEADLINE 1
#define TIMER_NEVER (~0ul)
#define TIMER_CLIENTS_MAX 32

#endif
