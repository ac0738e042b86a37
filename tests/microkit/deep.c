/* deep.c: a server's server. */
#include "check.h"

void init(void) {}

void notified(microkit_channel channel) {}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    check(channel == DEEP_SERVER && microkit_msginfo_get_label(info) == LABEL_TWICE, "called by the server");
    microkit_mr_set(0, 2 * microkit_mr_get(0));
    return microkit_msginfo_new(LABEL_TWICE, 1);
}
