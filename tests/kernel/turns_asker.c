/* turns_asker.c: asks the server, waits for its answer, and asks again. */
#include <microkit.h>

void init(void)
{
    microkit_deferred_notify(0);
}

void notified(microkit_channel channel)
{
    microkit_deferred_notify(channel); /* leaves with the wait: the server finds it waiting */
}
