/* calls_deep.c: passive; returns its words in reverse, and is asked to spin on its caller's time. */
#include "say.h"

void init(void)
{
    microkit_dbg_puts("deep: init\n");
}

void notified(microkit_channel channel) {}

static microkit_msginfo reverse(unsigned count)
{
    for (unsigned n = 0; n < count / 2; n++) {
        seL4_Word word = microkit_mr_get(n);
        microkit_mr_set(n, microkit_mr_get(count - 1 - n));
        microkit_mr_set(count - 1 - n, word);
    }
    return microkit_msginfo_new(count, count);
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    if (microkit_msginfo_get_label(message) == 99) {
        return microkit_msginfo_new(share_of(500), 0);
    }
    return reverse((unsigned)microkit_msginfo_get_count(message));
}
