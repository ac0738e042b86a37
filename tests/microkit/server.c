/* server.c: passive; sums what it is sent, has it doubled by a server of its own, notifies back. */
#include "check.h"

void init(void)
{
    check(microkit_passive != 0, "it is passive");
}

void notified(microkit_channel channel)
{
    volatile uint64_t *region = (volatile uint64_t *)REGION_IN_SERVER;
    check(channel == SERVER_CLIENT, "notified by the client");
    check(*region == 42, "what the client wrote");
    *region = 43;
    microkit_notify(channel);
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    if (microkit_msginfo_get_label(info) == 0) {
        return microkit_msginfo_new(0, 0);
    }
    check(channel == SERVER_CLIENT, "called by the client");
    check(microkit_msginfo_get_count(info) == WORDS, "a hundred words");
    uint64_t sum = 0;
    for (unsigned n = 0; n < WORDS; n++) {
        sum += microkit_mr_get((uint8_t)n);
    }
    microkit_mr_set(0, sum);
    microkit_msginfo answer = microkit_ppcall(SERVER_DEEP, microkit_msginfo_new(LABEL_TWICE, 1));
    check(microkit_msginfo_get_label(answer) == LABEL_TWICE, "the deep answer's label");
    uint64_t twice = microkit_mr_get(0);
    microkit_mr_set(0, sum);
    microkit_mr_set(1, twice);
    return microkit_msginfo_new(LABEL_SUM + 1, 2);
}
