/* calls_client.c: has a tenth of the time; measures its own and its servers' share. */
#include "say.h"

static void words(unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        microkit_mr_set(n, n * n + 1);
    }
    microkit_msginfo answer = microkit_ppcall(1, microkit_msginfo_new(1, count));
    unsigned right = 0;
    for (unsigned n = 0; n < count; n++) {
        right += microkit_mr_get(n) == (count - 1 - n) * (count - 1 - n) + 1;
    }
    say("client: words right ", right);
    say("client: label ", (unsigned)microkit_msginfo_get_label(answer));
}

void init(void)
{
    microkit_dbg_puts("client: init\n");
    words(0);
    words(5);
    words(120);
    say("client: share of client ", share_of(500));
    say("client: share of deep ",
        (unsigned)microkit_msginfo_get_label(microkit_ppcall(1, microkit_msginfo_new(99, 0))));
    say("client: share of active ",
        (unsigned)microkit_msginfo_get_label(microkit_ppcall(3, microkit_msginfo_new(0, 0))));
    say("client: on a channel for notifications ",
        (unsigned)microkit_msginfo_get_count(microkit_ppcall(7, microkit_msginfo_new(5, 5))));
    microkit_dbg_puts("client: done\n");
}

void notified(microkit_channel channel) {}
