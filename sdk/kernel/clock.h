/* clock.h: the kernel's time and its one deadline, on the EL1 virtual timer (Arm ARM D11; CNTVOFF_EL2 is 0).
 *
 * No tick: the timer is armed only for the end of a budget, the end of a contended slice, a refill, or, while somebody
 * runs, the watchdog's next look.
 */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

#include <stdint.h>

#include "sdk/kernel/arch.h"

#define CLOCK_NEVER UINT64_MAX

void clock_init(void);
uint64_t clock_ticks_of_us(uint64_t us); /* at least 1 */

static inline uint64_t clock_now(void)
{
    return SYSREG_READ(cntvct_el0);
}

/* The timer's interrupt comes at `at`, or not at all: CLOCK_NEVER. */
void clock_arm(uint64_t at);

#endif
