/* deaths_server.c: takes longer than its budget for what it is asked, and dies of it. */
#include "say.h"

void init(void) {}

void notified(microkit_channel channel) {}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo msginfo)
{
    if (channel == 1) {
        share_of(15);
    }
    __builtin_trap();
}
