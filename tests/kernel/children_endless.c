/* children_endless.c: asks to be stopped, and would print if it were not. */
#include "say.h"

static unsigned starts;

void init(void)
{
    say("endless: start ", ++starts);
    microkit_notify(1);
    microkit_dbg_puts("endless: never here\n");
}

void notified(microkit_channel channel) {}
