/* tests/unit/entropy_health.c: entropy/health.c: its cutoffs are those that SP 800-90B's formulas give, each test fails
 * at its cutoff and not before, and random bytes pass. */
#include <math.h>
#include "entropy/health.h"
#include "tests/unit/check.h"

#define ALPHA_BITS 30

/* 4.4.2: the least c with P(X <= c) >= 1 - 2^-30, X binomial of `trials` and p = 2^-H; by its tail, from above. */
static unsigned critical(unsigned trials, double p)
{
    double tail = 0;
    unsigned c = trials;
    while (c > 0) {
        double term = lgamma(trials + 1) - lgamma(c + 1) - lgamma(trials - c + 1) + c * log(p) +
                      (trials - c) * log1p(-p);
        tail += exp(term);
        if (tail > ldexp(1, -ALPHA_BITS)) {
            return c;
        }
        c--;
    }
    return 0;
}

static void test_cutoffs(void)
{
    CHECK_EQUAL(HEALTH_REPETITIONS, 1 + (ALPHA_BITS + HEALTH_BITS - 1) / HEALTH_BITS);
    CHECK_EQUAL(HEALTH_PROPORTION, 1 + critical(HEALTH_WINDOW, ldexp(1, -HEALTH_BITS)));
    CHECK(HEALTH_START_SAMPLES >= 1024);
}

/* So many of the same, after others: the one that fails. 0: none. */
static unsigned fails_at(struct health *health, uint8_t sample, unsigned count)
{
    for (unsigned i = 1; i <= count; i++) {
        if (!health_sample(health, sample)) {
            return i;
        }
    }
    return 0;
}

static void test_repetitions(void)
{
    struct health health = {0};
    CHECK_EQUAL(fails_at(&health, 0, 100), HEALTH_REPETITIONS); /* from the very first */
    health = (struct health){0};
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(fails_at(&health, (uint8_t)i, HEALTH_REPETITIONS - 1), 0);
    }
    CHECK_EQUAL(fails_at(&health, 49, 1), 1); /* one more of the last */
}

/* `often` times the first of each window, never twice in a row, among others that come once or twice. */
static unsigned windows_passed(unsigned often, unsigned windows)
{
    struct health health = {0};
    for (unsigned window = 0; window < windows; window++) {
        for (unsigned i = 0; i < HEALTH_WINDOW; i++) {
            bool favourite = i % 2 == 0 && i / 2 < often;
            if (!health_sample(&health, favourite ? 7 : (uint8_t)(8 + i / 2 % 200))) {
                CHECK(favourite && i / 2 + 1 == HEALTH_PROPORTION);
                return window;
            }
        }
    }
    return windows;
}

static void test_proportion(void)
{
    CHECK_EQUAL(windows_passed(HEALTH_PROPORTION - 1, 10), 10); /* counted anew in each window */
    CHECK_EQUAL(windows_passed(HEALTH_PROPORTION, 10), 0);
}

static void test_random_bytes_pass(void)
{
    struct health health = {0};
    uint64_t state = 88172645463325252u; /* xorshift64*, G. Marsaglia and S. Vigna */
    for (int i = 0; i < 10000000; i++) {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        CHECK(health_sample(&health, (uint8_t)(state * 2685821657736338717u >> 56)));
    }
}

/* Values with a little less than what is promised: one of them comes with 1/8. It is noticed soon. */
static void test_a_biased_source_fails(void)
{
    struct health health = {0};
    uint64_t state = 1;
    for (int i = 0; i < 1000000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint8_t sample = state >> 61 == 0 ? 5 : (uint8_t)(state >> 40);
        if (!health_sample(&health, sample)) {
            return;
        }
    }
    CHECK(!"a source of three bits passed");
}

int main(void)
{
    test_cutoffs();
    test_repetitions();
    test_proportion();
    test_random_bytes_pass();
    test_a_biased_source_fails();
    return 0;
}
