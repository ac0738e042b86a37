/* clock.c: the kernel's time and its one deadline: the EL1 virtual timer, which no PD has.
 *   invariant the timer is off while nothing is due: no tick
 */
#include "sdk/kernel/clock.h"

#define CNTV_CTL_ENABLE 1

static struct {
    uint64_t ticks_per_second;
    uint64_t armed_at;
} self;

void clock_init(void)
{
    self.ticks_per_second = SYSREG_READ(cntfrq_el0);
    self.armed_at = CLOCK_NEVER;
    SYSREG_WRITE(cntv_ctl_el0, 0);
}

uint64_t clock_ticks_of_us(uint64_t us)
{
    uint64_t ticks = us / 1000000 * self.ticks_per_second + us % 1000000 * self.ticks_per_second / 1000000;

    return ticks != 0 ? ticks : 1;
}

void clock_arm(uint64_t at)
{
    if (at == self.armed_at) {
        return;
    }
    self.armed_at = at;
    if (at == CLOCK_NEVER) {
        SYSREG_WRITE(cntv_ctl_el0, 0);
        return;
    }
    SYSREG_WRITE(cntv_cval_el0, at);
    SYSREG_WRITE(cntv_ctl_el0, CNTV_CTL_ENABLE);
}
