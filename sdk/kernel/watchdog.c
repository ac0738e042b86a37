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

static bool has_limit(const struct pd *pd)
{
    return pd->abi->budget_us < pd->abi->period_us;
}

/* It was found running once more, each time for so long. */
static bool is_late(struct pd *pd, uint64_t us)
{
    if (pd->abi->watchdog_us == 0) {
        return false;
    }
    pd->looks++;
    return pd->looks * us >= pd->abi->watchdog_us;
}

bool watchdog_look(struct pd *pd)
{
    if (clock_now() < self.due) {
        return false;
    }
    watchdog_resume();
    return pd != NULL && !has_limit(pd) && is_late(pd, LOOK_US);
}

bool watchdog_spent(struct pd *pd)
{
    return has_limit(pd) && is_late(pd, pd->abi->period_us);
}
