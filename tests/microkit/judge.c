/* judge.c: lets its child go on to its next trial after a fault, and tells what the fault's message says. */
#include "check.h"

static void hex(seL4_Word value)
{
    for (int shift = 60; shift >= 0; shift -= 4) {
        if (value >> shift != 0 || shift == 0) {
            microkit_dbg_putc("0123456789abcdef"[(value >> shift) & 0xf]);
        }
    }
    microkit_dbg_putc(' ');
}

void init(void) {}

void notified(microkit_channel channel) {}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    microkit_dbg_puts("fault ");
    hex(microkit_msginfo_get_label(info));
    hex(microkit_msginfo_get_count(info));
    for (seL4_Word n = 0; n < microkit_msginfo_get_count(info); n++) {
        hex(microkit_mr_get((seL4_Uint8)n));
    }
    microkit_dbg_putc('\n');
    microkit_pd_restart(child, PROGRAM_ENTRY);
    return seL4_False;
}
