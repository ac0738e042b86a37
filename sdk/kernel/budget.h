/* budget.h: how much time a PD may use, and when it gets it back.
 *
 * A sporadic server, as in seL4 with MCS: the budget is a queue of refills, each an amount of time that may be used
 * from a moment on. What is used comes back one period after the moment at which it became usable, so that no
 * window of one period, wherever it begins, sees more than the budget. The amounts always add up to the budget.
 *
 * All times are ticks of the generic timer.
 */
#ifndef KERNEL_BUDGET_H
#define KERNEL_BUDGET_H

#include <stdint.h>

#define BUDGET_REFILLS 8

struct budget_refill {
    uint64_t at;     /* usable from then on */
    uint64_t amount; /* never 0 */
};

struct budget {
    uint64_t period;
    uint64_t minimum; /* a smaller rest is not worth an interrupt: it waits for the next refill */
    unsigned first;
    unsigned count; /* 1..BUDGET_REFILLS, in order of time */
    struct budget_refill refills[BUDGET_REFILLS];
};

/* 0 < amount < period. */
void budget_init(struct budget *budget, uint64_t amount, uint64_t period, uint64_t minimum, uint64_t now);

/* Its user becomes ready to run after it had nothing to do: refills that are due become one that starts now. */
void budget_wake(struct budget *budget, uint64_t now);

/* `used` ticks were used since the last charge, starting with the first refill. More than was there delays what comes
 * next by the excess. */
void budget_charge(struct budget *budget, uint64_t used);

static inline uint64_t budget_usable_at(const struct budget *budget)
{
    return budget->refills[budget->first].at;
}

static inline uint64_t budget_usable(const struct budget *budget)
{
    return budget->refills[budget->first].amount;
}

#endif
