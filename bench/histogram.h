/* histogram.h: how often which time came, to 1/64 of it, in constant memory (1 us to 19 hours). */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#define HISTOGRAM_STEPS 64 /* buckets for each power of two */
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 31)

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
};

/* Bucket b < 64 holds the value b; then each next 64 buckets cover a power of two. */
static inline unsigned histogram_bucket(uint64_t value)
{
    if (value < HISTOGRAM_STEPS) {
        return (unsigned)value;
    }
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - 6u;
    unsigned bucket = HISTOGRAM_STEPS * shift + (unsigned)(value >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest value of a bucket. */
static inline uint64_t histogram_upper(unsigned bucket)
{
    if (bucket < 2 * HISTOGRAM_STEPS) {
        return bucket;
    }
    unsigned shift = bucket / HISTOGRAM_STEPS - 1;
    return ((uint64_t)(bucket - HISTOGRAM_STEPS * shift + 1) << shift) - 1;
}

static inline void histogram_add(struct histogram *h, uint64_t value)
{
    h->counts[histogram_bucket(value)]++;
}

/* As JSON: [[largest value of the bucket, count], ...], without the empty ones. */
static inline void histogram_print(const struct histogram *h)
{
    const char *comma = "";
    printf("[");
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->counts[i] > 0) {
            printf("%s[%" PRIu64 ", %" PRIu64 "]", comma, histogram_upper(i), h->counts[i]);
            comma = ", ";
        }
    }
    printf("]");
}

#endif
