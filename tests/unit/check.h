/* tests/unit/check.h: checks for tests that need nothing of a protection domain. */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* Fails the test, naming the line. Side effects are welcome. */
#define CHECK(condition)                                                                                             \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            fprintf(stderr, "%s:%d: %s: check failed: %s\n", __FILE__, __LINE__, __func__, #condition);              \
            exit(1);                                                                                                 \
        }                                                                                                            \
    } while (0)

/* The same inside a loop over cases: names the case, too. */
#define CHECK_CASE(condition, name)                                                                                  \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            fprintf(stderr, "%s:%d: %s: '%s': check failed: %s\n", __FILE__, __LINE__, __func__, (name), #condition);\
            exit(1);                                                                                                 \
        }                                                                                                            \
    } while (0)

#endif
