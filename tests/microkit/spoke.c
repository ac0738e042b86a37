/* spoke.c: one of 62 around centre.c; its name ends with its number. */
#include "spoke.h"

void init(void)
{
    microkit_channel channel = SPOKE_CHANNEL(number_in_name());
    if (number_in_name() % 2 == 1) {
        microkit_notify(channel);
        return;
    }
    microkit_msginfo answer = microkit_ppcall(channel, microkit_msginfo_new(channel, 0));
    if (microkit_msginfo_get_label(answer) != number_in_name()) {
        check(0, "the centre's answer");
    }
}

void notified(microkit_channel channel)
{
    if (channel != SPOKE_CHANNEL(number_in_name())) {
        check(0, "notified on its only channel");
    }
    microkit_notify(channel);
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    if (microkit_msginfo_get_label(message) != number_in_name()) {
        check(0, "called as its number");
    }
    return microkit_msginfo_new(channel, 0);
}
