/* bystander.c: works beside the hostile ones and tells the conductor whether anything has touched it.
 *   consumes  a call from the conductor; calls from the worker; notifications from hostile ones, NOT trusted
 *   produces  the conductor's answer: label 0 and how many it has had, or label 1 and what has changed
 *             the worker's answer: one more than the number given
 *   invariant its memory, its global and its thread-local data hold what it put there
 */
#include "lib/pd.h"
#include "tests/isolation/config.h"

#define PATTERN 0x9e3779b97f4a7c15ul
#define KEPT 0x5eed5eed5eed5eedul

static _Thread_local uint64_t own_word = KEPT;

static struct self {
    uint64_t answered;
    uint64_t kept;
} self = {.kept = KEPT};

static uint64_t pattern(uint64_t n)
{
    return (n + 1) * PATTERN;
}

static uint64_t words_changed(void)
{
    uint64_t changed = own_word != KEPT || self.kept != KEPT;
    for (uint64_t n = 0; n < bystander_config.words; n++) {
        changed += bystander_config.memory[n] != pattern(n);
    }
    return changed;
}

void init(void)
{
    for (uint64_t n = 0; n < bystander_config.words; n++) {
        bystander_config.memory[n] = pattern(n);
    }
}

void notified(microkit_channel channel)
{
    microkit_notify(channel);
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo info)
{
    if (channel != bystander_config.conductor) {
        microkit_mr_set(0, microkit_mr_get(0) + 1);
        return microkit_msginfo_new(0, 1);
    }
    uint64_t changed = words_changed();
    microkit_mr_set(0, changed != 0 ? changed : ++self.answered);
    return microkit_msginfo_new(changed != 0, 1);
}
