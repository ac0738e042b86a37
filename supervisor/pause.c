/* pause.c: the supervisor's sense of time: ends when the clock has reached what the supervisor's notes say.
 *   consumes  until_ns    of the supervisor's notes, trusted; 0: nothing has been due yet
 *   produces  its own end, a fault, in each life
 *   invariant it never waits: whatever is broken in it, it ends, or spins until the kernel's watchdog ends it
 *   restart   is how the supervisor asks for it: whatever became of the last life, the next one begins with good memory
 *
 * It spins. That is cheap because its budget is small (compose/supervisor.py): when that is used up the kernel lets
 * everybody else run until the period is over, so between two looks the kernel's own timer is what waits. A deadline of
 * the timer driver would be as good, but for the one case that matters: that driver is dead. This PD needs no other one
 * alive, and no interrupt; it has a higher priority than all that could keep the CPU. A fault needs no channel, and no
 * other way to say that the time has come could not be missed.
 */
#include "lib/pd.h"
#include "supervisor/config.h"

void init(void)
{
    const struct supervisor_pause_config *config = &supervisor_pause_config;

    while (pd_now_ns() < __atomic_load_n(&config->notes->until_ns, __ATOMIC_RELAXED)) {
    }
    for (;;) {
        __asm__ volatile("brk #0");
    }
}

/* Nobody calls. */
void notified(microkit_channel channel)
{
    (void)channel;
}
