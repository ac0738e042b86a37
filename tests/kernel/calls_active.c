/* calls_active.c: has a scheduling context of its own, so it does not run on its caller's. */
#include "say.h"

void init(void)
{
    microkit_dbg_puts("active: init\n");
}

void notified(microkit_channel channel) {}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    return microkit_msginfo_new(share_of(200), 0);
}
