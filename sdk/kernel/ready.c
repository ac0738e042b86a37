/* ready.c: which PDs are ready to run. Pure: no hardware, no other state; also built for the host (tests/unit). */
#include "sdk/kernel/ready.h"

static bool occupied(const struct ready *ready, unsigned priority)
{
    return (ready->priorities[priority / 64] >> (priority % 64)) & 1;
}

static int highest(const struct ready *ready)
{
    for (int word = READY_PRIORITIES / 64 - 1; word >= 0; word--) {
        if (ready->priorities[word] != 0) {
            return word * 64 + 63 - __builtin_clzl(ready->priorities[word]);
        }
    }
    return -1;
}

static void push_only(struct ready *ready, uint8_t id, uint8_t priority)
{
    ready->priorities[priority / 64] |= 1ul << (priority % 64);
    ready->first[priority] = id;
    ready->last[priority] = id;
    ready->next[id] = READY_NONE;
    ready->previous[id] = READY_NONE;
    if (priority > ready->top) {
        ready->top = priority;
    }
}

void ready_init(struct ready *ready)
{
    ready->top = -1;
    for (unsigned word = 0; word < READY_PRIORITIES / 64; word++) {
        ready->priorities[word] = 0;
    }
}

void ready_push_back(struct ready *ready, uint8_t id, uint8_t priority)
{
    if (!occupied(ready, priority)) {
        push_only(ready, id, priority);
        return;
    }
    uint8_t before = ready->last[priority];
    ready->next[before] = id;
    ready->previous[id] = before;
    ready->next[id] = READY_NONE;
    ready->last[priority] = id;
}

void ready_push_front(struct ready *ready, uint8_t id, uint8_t priority)
{
    if (!occupied(ready, priority)) {
        push_only(ready, id, priority);
        return;
    }
    uint8_t after = ready->first[priority];
    ready->previous[after] = id;
    ready->next[id] = after;
    ready->previous[id] = READY_NONE;
    ready->first[priority] = id;
}

void ready_remove(struct ready *ready, uint8_t id, uint8_t priority)
{
    uint8_t before = ready->previous[id];
    uint8_t after = ready->next[id];

    if (before == READY_NONE && after == READY_NONE) {
        ready->priorities[priority / 64] &= ~(1ul << (priority % 64));
        if (ready->top == priority) {
            ready->top = highest(ready);
        }
        return;
    }
    if (before == READY_NONE) {
        ready->first[priority] = after;
    } else {
        ready->next[before] = after;
    }
    if (after == READY_NONE) {
        ready->last[priority] = before;
    } else {
        ready->previous[after] = before;
    }
}
