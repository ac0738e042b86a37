/* child.c: writes where nothing is, at each start. */
#include "check.h"

static unsigned starts = 1; /* a restart sets the program counter and nothing else: this goes on counting */

void init(void)
{
    check(starts < 4, "starts");
    starts++;
    *(volatile uint64_t *)BAD_ADDRESS = 1;
    check(0, "comes back from a fault");
}

void notified(microkit_channel channel) {}
