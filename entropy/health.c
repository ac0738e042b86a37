/* health.c: the repetition count test and the adaptive proportion test of SP 800-90B 4.4. Pure: no more than the struct
 * is known, nothing is kept of samples but two of them. */
#include "entropy/health.h"

/* 4.4.1: how often the last sample has come in a row. */
static bool repetition_count(struct health *health, uint8_t sample)
{
    if (health->samples == 0 || sample != health->last) {
        health->last = sample;
        health->repetitions = 0;
    }
    return ++health->repetitions < HEALTH_REPETITIONS;
}

/* 4.4.2: how often a window's first sample is in it. */
static bool adaptive_proportion(struct health *health, uint8_t sample)
{
    if (health->samples % HEALTH_WINDOW == 0) {
        health->counted = sample;
        health->proportion = 0;
    }
    health->proportion += sample == health->counted;
    return health->proportion < HEALTH_PROPORTION;
}

bool health_sample(struct health *health, uint8_t sample)
{
    bool repeats = !repetition_count(health, sample), prefers = !adaptive_proportion(health, sample);
    health->samples++;
    return !repeats && !prefers;
}
