/* calls_middle.c: passive; hands calls on, and is notified. */
#include "say.h"

void init(void)
{
    microkit_dbg_puts("middle: init\n");
}

void notified(microkit_channel channel)
{
    say("middle: notified on ", channel);
    say("middle: share ", share_of(100));
    microkit_mr_set(0, 1);
    microkit_mr_set(1, 2);
    microkit_msginfo answer = microkit_ppcall(2, microkit_msginfo_new(0, 2));
    say("middle: deep answers ",
        (unsigned)(microkit_msginfo_get_label(answer) * 100 + microkit_mr_get(0) * 10 + microkit_mr_get(1)));
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    return microkit_ppcall(2, message);
}
