/* tests/unit/in_turn.h: a test's cases, one after another, each in a process of its own: what is made only once is made
 * anew, and no case sees what another one left. An argument chooses one, by its name or number, which then runs in this
 * process: under a debugger, say.
 */
#ifndef UNIT_IN_TURN_H
#define UNIT_IN_TURN_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int in_own_process(void (*run)(uint64_t n), uint64_t n)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        run(n);
        exit(0);
    }
    return child < 0 || waitpid(child, &status, 0) != child ? -1 : status;
}

/* Those from `first` to `last`, named by name_of() or, where it is NULL, by their numbers. What main() returns. */
static inline int in_turn(int argc, char **argv, uint64_t first, uint64_t last, const char *(*name_of)(uint64_t n),
                          void (*run)(uint64_t n))
{
    char number[24];
    int ran = 0, failed = 0;

    if (argc > 1 && !name_of) { /* any seed will do */
        first = last = strtoull(argv[1], NULL, 0);
    }
    for (uint64_t n = first; n <= last; n++) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)n);
        const char *called = name_of ? name_of(n) : number;
        if (argc > 1 && name_of && strcmp(argv[1], called) != 0) {
            continue;
        }
        ran++;
        if (argc > 1) {
            run(n);
        } else if (in_own_process(run, n) != 0) {
            fprintf(stderr, "%s failed; alone: %s %s\n", called, argv[0], called);
            failed++;
        }
    }
    if (ran == 0) {
        fprintf(stderr, "%s: there is no case %s\n", argv[0], argv[1]);
        return 2;
    }
    return failed > 0;
}

#endif
