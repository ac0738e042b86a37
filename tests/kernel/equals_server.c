/* equals_server.c: uses its budget up; meanwhile callers queue. */
#include "say.h"

void init(void)
{
    uint64_t end = now() + ticks_of_ms(40);

    while (now() < end) {
    }
}

void notified(microkit_channel channel) {}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    say("server: called on ", channel);
    return message;
}
