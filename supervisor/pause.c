/* pause.c: the supervisor's sense of time: wakes it when the clock has reached what its notes say.
 *   consumes  until_ns    of the supervisor's notes, trusted; 0: nothing has been due yet
 *   produces  one notification in each life
 *   invariant while nothing is due it waits, and costs nothing
 *   restart   is how the supervisor asks for it: whatever became of the last life, the next one begins with good memory
 *
 * It spins. That is cheap because its budget is small (compose/supervisor.py): when that is used up the kernel lets
 * everybody else run until the period is over, so between two looks the kernel's own timer is what waits. A deadline of
 * the timer driver would be as good, but for the one case that matters: that driver is dead. This PD needs no other one
 * alive, and no interrupt; it has a higher priority than all that could keep the CPU.
 */
#include "lib/pd.h"
#include "supervisor/config.h"

void init(void)
{
    const struct supervisor_pause_config *config = &supervisor_pause_config;

    if (config->notes->until_ns == 0) {
        return;
    }
    while (pd_now_ns() < __atomic_load_n(&config->notes->until_ns, __ATOMIC_RELAXED)) {
    }
    microkit_notify(config->supervisor);
}

/* Nobody calls. */
void notified(microkit_channel channel)
{
    (void)channel;
}
