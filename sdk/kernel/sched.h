/* sched.h: who runs.
 *
 * The running PD is not in the ready structure, and no ready PD has a higher priority than it. During an entry into the
 * kernel PDs are woken and the running one may block; sched_exit() then decides once. So a call to a server, which has
 * a higher priority, and its answer are direct switches that queue nobody.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <stdbool.h>

#include "sdk/kernel/pd.h"

void sched_init(void);

/* `pd` has just become runnable and has a scheduling context. */
void sched_wake(struct pd *pd);

/* The running PD ceases to be runnable, or gets another scheduling context (sched_wake follows). */
void sched_block(void);

/* A PD that does not run loses its place; false: it had none, or is the running one. */
bool sched_remove(struct pd *pd);

struct pd *sched_current(void); /* NULL: it has blocked */

/* The kernel timer's interrupt: whoever has a refill that is due is woken. True: the running PD has run for too long
 * without taking an event (watchdog.h). */
bool sched_timer(void);

/* The end of each entry: chooses, waits while nobody is ready, and loads. */
struct pd *sched_exit(void);

#endif
