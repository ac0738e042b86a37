/* children_server.c: passive; faults in its first call, answers after its restart. */
#include "say.h"

static unsigned starts;

void init(void)
{
    say("server: start ", ++starts);
}

void notified(microkit_channel channel) {}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    if (starts == 1) {
        *(volatile int *)0x6000 = 1;
    }
    return microkit_msginfo_new(77, 0);
}
