/* calls_background.c: runs when nobody else does; notifies the passive server at the end. */
#include "say.h"

void init(void)
{
    microkit_dbg_puts("background: init\n");
    say("background: share ", share_of(1000));
    microkit_notify(4);
    microkit_dbg_puts("background: done\n");
}

void notified(microkit_channel channel) {}
