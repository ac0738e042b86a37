/* callers.h: the return addresses in a PD's frame records, for the lines about its fault. */
#ifndef KERNEL_CALLERS_H
#define KERNEL_CALLERS_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/kernel/pd.h"

/* A way up a stack: where the next record lies, and how many may follow. */
struct callers {
    uint64_t record;
    unsigned left;
};

void callers_init(const struct abi_system *system);

/* Loads `pd`, whose memory is read by what follows. */
struct callers callers_of(struct pd *pd);

/* The next return address, the innermost first; false: there is none, or the chain leads nowhere. */
bool callers_next(struct callers *callers, uint64_t *address);

#endif
