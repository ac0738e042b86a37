/* spinner.c: runs whenever nobody else does. */
#include <microkit.h>

void init(void)
{
    for (;;) {
        __asm__ volatile("" : : : "memory");
    }
}

void notified(microkit_channel channel) {}
