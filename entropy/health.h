/* entropy/health.h: whether a source of random bytes still gives what it is trusted for: the two continuous tests of
 * NIST SP 800-90B (January 2018), 4.4.
 *
 * A byte of the source is taken for a sample with 4 bits of min-entropy at least. That is half of what both of our
 * sources promise: a source that is as good as it says never fails, and one that repeats itself, or hangs at a
 * value, or favours one, does. The cutoffs are those of a false alarm in 2^30 samples.
 */
#ifndef ENTROPY_HEALTH_H
#define ENTROPY_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#define HEALTH_BITS 4             /* of min-entropy in a sample, H */
#define HEALTH_REPETITIONS 9      /* 4.4.1: 1 + 30/H, rounded up */
#define HEALTH_WINDOW 512         /* 4.4.2: W of samples that are not bits */
#define HEALTH_PROPORTION 71      /* 4.4.2: 1 + CRITBINOM(W, 2^-H, 1 - 2^-30) */
#define HEALTH_START_SAMPLES 1024 /* 4.3: so many are seen before the first is used */

/* Zeros before the first sample. */
struct health {
    uint64_t samples;
    uint8_t last, counted; /* the last one; the window's first one, of which there are so many in it: */
    uint32_t repetitions, proportion;
};

/* The next sample. False: a test has failed; the source is not to be used any more. */
bool health_sample(struct health *health, uint8_t sample);

#endif
