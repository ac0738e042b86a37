/* timer_idler.c: waits; two deferred notifications in one wake-up both arrive. */
#include "say.h"

void init(void)
{
    microkit_dbg_puts("idler: init\n");
}

void notified(microkit_channel channel)
{
    microkit_deferred_notify(0);
    microkit_deferred_notify(0);
    microkit_dbg_puts("idler: done\n");
}
