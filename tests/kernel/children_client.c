/* children_client.c: calls a server that dies in the call, then one that lives. */
#include "say.h"

#ifndef MICROKIT_NO_REPLY /* of ours; elsewhere such a call never returns */
#define MICROKIT_NO_REPLY 0
#endif

void init(void)
{
    microkit_msginfo answer = microkit_ppcall(0, microkit_msginfo_new(0, 0));

    microkit_dbg_puts(microkit_msginfo_get_label(answer) == MICROKIT_NO_REPLY ? "client: no reply\n"
                                                                              : "client: a reply\n");
    say("client: reply ", (unsigned)microkit_msginfo_get_label(microkit_ppcall(0, microkit_msginfo_new(0, 0))));
    microkit_notify(1);
    microkit_dbg_puts("client: done\n");
}

void notified(microkit_channel channel) {}
