/* watchdog.c: a PD that runs on and on and takes no event.
 *   consumes  the limit of each PD (struct abi_pd); the PD that runs when the timer comes
 *   produces  the verdict on that PD
 *   invariant no look is due while nobody is ready: an idle machine is not woken for this
 */
#include "sdk/kernel/watchdog.h"

#include <stddef.h>

#include "sdk/kernel/clock.h"

#define LOOK_US 100000

static struct {
    uint64_t between; /* ticks from look to look; 0: nobody is watched */
    uint64_t due;
} self;

void watchdog_init(void)
{
    for (unsigned index = 0; index < pd_count(); index++) {
        if (pd_get(index)->abi->watchdog_us != 0) {
            self.between = clock_ticks_of_us(LOOK_US);
        }
    }
    watchdog_resume();
}

uint64_t watchdog_due(void)
{
    return self.due;
}

void watchdog_pause(void)
{
    self.due = CLOCK_NEVER;
}

void watchdog_resume(void)
{
    self.due = self.between != 0 ? clock_now() + self.between : CLOCK_NEVER;
}

bool watchdog_look(struct pd *pd)
{
    if (clock_now() < self.due) {
        return false;
    }
    watchdog_resume();
    if (pd == NULL || pd->abi->watchdog_us == 0) {
        return false;
    }
    pd->looks++;
    return pd->looks * (uint64_t)LOOK_US >= pd->abi->watchdog_us;
}
