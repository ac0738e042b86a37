/* children_left.c: stops its own child, then faults itself and is left alone. */
#include "say.h"

void init(void)
{
    microkit_dbg_puts("left: init\n");
    microkit_pd_stop(0);
    __asm__ volatile("udf #0");
}

void notified(microkit_channel channel) {}
