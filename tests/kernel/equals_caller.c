#include "say.h"

void init(void)
{
    microkit_ppcall(0, microkit_msginfo_new(0, 0));
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": answered\n");
}

void notified(microkit_channel channel) {}
