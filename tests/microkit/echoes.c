/* echoes.c: notifies whoever notifies it. */
#include <microkit.h>

void init(void) {}

void notified(microkit_channel channel)
{
    microkit_deferred_notify(channel);
}
