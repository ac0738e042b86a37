/* measurer.c: does each thing ROUNDS times and prints instructions, or cycles, per round: loop, libmicrokit and
 * kernel together. */
#include "costs.h"

static uint64_t since;
static unsigned turns;

static void measure_notify(void)
{
    since = count();
    for (uint64_t n = 0; n < ROUNDS; n++) {
        microkit_notify(LOWER);
    }
    result_per_round("notify a lower one", since);
    since = count();
    for (uint64_t n = 0; n < ROUNDS; n++) {
        microkit_notify(HIGHER);
    }
    result_per_round("notify a higher one and back", since);
}

static void measure_call(const char *name, microkit_channel server, seL4_Uint16 words)
{
    since = count();
    for (uint64_t n = 0; n < ROUNDS; n++) {
        microkit_ppcall(server, microkit_msginfo_new(0, words));
    }
    result_per_round(name, since);
}

void init(void)
{
    begin_counting();
    measure_notify();
    measure_call("call and answer", SERVER, 0);
    measure_call("call and answer, passive server", PASSIVE, 0);
    measure_call("call and answer, 4 words", PASSIVE, 4);
    measure_call("call and answer, 64 words", PASSIVE, 64);
    since = count();
    microkit_deferred_notify(EQUAL);
}

void notified(microkit_channel channel)
{
    if (channel != EQUAL) {
        return;
    }
    if (++turns < ROUNDS) {
        microkit_deferred_notify(EQUAL);
        return;
    }
    result_per_round("two take turns by notifications", since);
    microkit_notify(TICKER);
}
