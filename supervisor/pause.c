/* pause.c: the supervisor's sense of time: wakes it when the clock has reached what its notes say.
 *   consumes  until_ns    of the supervisor's notes, trusted
 *   produces  one notification for each
 *   invariant while nothing is due it waits, and costs nothing
 *
 * It spins. That is cheap because its budget is small (compose/supervisor.py): when that is used up the kernel lets
 * everybody else run until the period is over, so between two looks the kernel's own timer is what waits. A deadline of
 * the timer driver would be as good, but for the one case that matters: that driver is dead. This PD needs no other one
 * alive, and no interrupt; it has a higher priority than all that could keep the CPU.
 */
#include "lib/pd.h"
#include "supervisor/config.h"

static void wait_and_wake(void)
{
    const struct supervisor_pause_config *config = &supervisor_pause_config;

    while (pd_now_ns() < __atomic_load_n(&config->notes->until_ns, __ATOMIC_RELAXED)) {
    }
    microkit_notify(config->supervisor);
}

/* It may have died in the middle of a pause. */
void init(void)
{
    if (pd_generation() > 1) {
        wait_and_wake();
    }
}

void notified(microkit_channel channel)
{
    (void)channel; /* there is one */
    wait_and_wake();
}
