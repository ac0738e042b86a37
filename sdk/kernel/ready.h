/* ready.h: which PDs are ready to run, by priority; first in, first out within one.
 *
 * A structure of indices with a bit per priority that has somebody: every operation is constant time. It holds the
 * PDs that could run but do not: the running one is not in it.
 */
#ifndef KERNEL_READY_H
#define KERNEL_READY_H

#include <stdbool.h>
#include <stdint.h>

#define READY_IDS 64
#define READY_NONE 0xff
#define READY_PRIORITIES 256

struct ready {
    int top; /* highest priority that has somebody, -1: nobody is ready */
    uint64_t priorities[READY_PRIORITIES / 64];
    uint8_t first[READY_PRIORITIES];
    uint8_t last[READY_PRIORITIES]; /* means something only where `priorities` has the bit */
    uint8_t next[READY_IDS];
    uint8_t previous[READY_IDS];
};

void ready_init(struct ready *ready);

/* `id` must not be in it. */
void ready_push_back(struct ready *ready, uint8_t id, uint8_t priority);
void ready_push_front(struct ready *ready, uint8_t id, uint8_t priority);

/* `id` must be in it, with this priority. */
void ready_remove(struct ready *ready, uint8_t id, uint8_t priority);

/* The first of the highest priority; top must not be -1. */
static inline uint8_t ready_first(const struct ready *ready)
{
    return ready->first[ready->top];
}

#endif
