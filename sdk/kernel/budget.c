/* budget.c: how much time a PD may use. Pure: no hardware, no other state; also built for the host (tests/unit). */
#include "sdk/kernel/budget.h"

static struct budget_refill *refill(struct budget *budget, unsigned n)
{
    return &budget->refills[(budget->first + n) % BUDGET_REFILLS];
}

static void pop(struct budget *budget)
{
    budget->first = (budget->first + 1) % BUDGET_REFILLS;
    budget->count--;
}

/* Time given back: last in order. Where there is no room the last refill takes it, which only makes it later. */
static void give_back(struct budget *budget, uint64_t at, uint64_t amount)
{
    if (budget->count == BUDGET_REFILLS) {
        struct budget_refill *last = refill(budget, budget->count - 1);
        last->amount += amount;
        last->at = at > last->at ? at : last->at;
        return;
    }
    *refill(budget, budget->count) = (struct budget_refill){.at = at, .amount = amount};
    budget->count++;
}

/* The second refill is due before the first can be used up: they are one, which keeps the order of times. */
static void merge_overlapping(struct budget *budget)
{
    for (unsigned n = 1; n < BUDGET_REFILLS && budget->count > 1; n++) {
        struct budget_refill first = *refill(budget, 0);
        if (first.at + first.amount < refill(budget, 1)->at) {
            return;
        }
        pop(budget);
        refill(budget, 0)->at = first.at;
        refill(budget, 0)->amount += first.amount;
    }
}

/* The first refill's amount goes to the second, at the second's time. */
static void merge_into_second(struct budget *budget)
{
    refill(budget, 1)->amount += refill(budget, 0)->amount;
    pop(budget);
}

static void delay_all(struct budget *budget, uint64_t ticks)
{
    for (unsigned n = 0; n < budget->count; n++) {
        refill(budget, n)->at += ticks;
    }
}

void budget_init(struct budget *budget, uint64_t amount, uint64_t period, uint64_t minimum, uint64_t now)
{
    *budget = (struct budget){.period = period, .minimum = minimum, .count = 1};
    budget->refills[0] = (struct budget_refill){.at = now, .amount = amount};
}

void budget_wake(struct budget *budget, uint64_t now)
{
    if (refill(budget, 0)->at > now) {
        return;
    }
    refill(budget, 0)->at = now;
    merge_overlapping(budget);
}

void budget_charge(struct budget *budget, uint64_t used)
{
    /* Each turn either uses a refill up or ends; none is used twice, because what is given back lies a period ahead. */
    for (unsigned n = budget->count; n > 0 && used >= refill(budget, 0)->amount; n--) {
        struct budget_refill whole = *refill(budget, 0);
        used -= whole.amount;
        pop(budget);
        give_back(budget, whole.at + budget->period, whole.amount);
    }
    struct budget_refill *first = refill(budget, 0);
    if (used >= first->amount) {
        delay_all(budget, used);
    } else if (used > 0) {
        give_back(budget, first->at + budget->period, used);
        first->at += used;
        first->amount -= used;
        if (first->amount < budget->minimum) {
            merge_into_second(budget);
        }
    }
    merge_overlapping(budget);
}
