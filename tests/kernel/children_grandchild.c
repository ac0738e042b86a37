#include "say.h"

void init(void)
{
    microkit_dbg_puts("grandchild: never here\n");
}

void notified(microkit_channel channel) {}
