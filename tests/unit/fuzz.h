/* tests/unit/fuzz.h: a libFuzzer target that `make unit` can run as it runs all tests: without arguments it does a
 * fixed number of runs from a fixed seed, and leaves the input that failed beside itself (PROGRAM.crash-..). With
 * arguments (a corpus, -max_total_time=3600) it fuzzes as long as you like.
 */
#ifndef UNIT_FUZZ_H
#define UNIT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *count, char ***arguments);

static inline void fuzz_bounded(int *count, char ***arguments, char *runs, char *max_length)
{
    static char prefix[4096];
    static char *bounded[] = {"", "", "", "-seed=1", "-len_control=0", "-verbosity=0", prefix, NULL};

    if (*count == 1) {
        snprintf(prefix, sizeof(prefix), "-artifact_prefix=%s.", (*arguments)[0]);
        bounded[0] = (*arguments)[0];
        bounded[1] = runs;
        bounded[2] = max_length;
        *count = 7;
        *arguments = bounded;
    }
}

#define FUZZ_BOUNDED(runs, max_length)                                                                               \
    int LLVMFuzzerInitialize(int *count, char ***arguments)                                                          \
    {                                                                                                                \
        fuzz_bounded(count, arguments, "-runs=" runs, "-max_len=" max_length);                                       \
        return 0;                                                                                                    \
    }

#endif
