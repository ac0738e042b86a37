/* peer.c: what is measured talks to this: answers calls with as many words, ignores notifications, but an equal's. */
#include "costs.h"

void init(void) {}

void notified(microkit_channel channel)
{
    if (microkit_name[0] == 'e') {
        microkit_deferred_notify(channel);
    }
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    return info;
}
