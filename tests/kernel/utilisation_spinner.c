/* utilisation_spinner.c: takes all the time that its budget gives it, once it is told to. */
#include <microkit.h>

void init(void) {}

void notified(microkit_channel channel)
{
    for (;;) {
        __asm__ volatile("" : : : "memory");
    }
}
