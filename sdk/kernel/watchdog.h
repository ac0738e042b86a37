/* watchdog.h: a PD that runs on and on and takes no event.
 *
 * While the machine is busy the kernel looks every 100 ms at the PD that runs. One that is found running so often, and
 * has taken no event since it was first found, faults (ABI_FAULT_TIMEOUT, seL4's name for a use of time that is too
 * long). What is counted is looks, not time, so a PD whose work is late because others took the CPU is not guilty. One
 * with a limited budget runs too seldom to be found: there a budget that is used up counts, as its period.
 */
#ifndef KERNEL_WATCHDOG_H
#define KERNEL_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/kernel/pd.h"

void watchdog_init(void);

/* When the next look is due; CLOCK_NEVER while the machine is idle, or nobody is watched. */
uint64_t watchdog_due(void);

/* Nobody is ready, or no longer so. */
void watchdog_pause(void);
void watchdog_resume(void);

/* The timer has come while `pd` ran, NULL: nobody did. Whether that has run for too long. */
bool watchdog_look(struct pd *pd);

/* The PD has used its budget up. The same. */
bool watchdog_spent(struct pd *pd);

#endif
