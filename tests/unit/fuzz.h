/* tests/unit/fuzz.h: a libFuzzer target that `make unit` can run as it runs all tests: without arguments it does a fixed number of
 * runs from a fixed seed. With arguments (a corpus, -max_total_time=3600) it fuzzes as long as you like.
 */
#ifndef UNIT_FUZZ_H
#define UNIT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *count, char ***arguments);

#define FUZZ_BOUNDED(runs, max_length)                                                                               \
    int LLVMFuzzerInitialize(int *count, char ***arguments)                                                          \
    {                                                                                                                \
        static char *bounded[] = {"", "-runs=" runs, "-seed=1", "-max_len=" max_length, "-verbosity=0",              \
                                  "-len_control=0", NULL};                                                           \
        if (*count == 1) {                                                                                           \
            bounded[0] = (*arguments)[0];                                                                            \
            *count = 6;                                                                                              \
            *arguments = bounded;                                                                                    \
        }                                                                                                            \
        return 0;                                                                                                    \
    }

#endif
