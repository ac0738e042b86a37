/* sdk_kernel_budget.c: no window of one period sees more than the budget, whatever its user does, and a user that
 * always wants time gets all of it. Time is simulated; the user runs in random pieces. */
#include "sdk/kernel/budget.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tests/unit/check.h"

#define PERIOD 1000
#define AMOUNT 100
#define MINIMUM 5
#define HORIZON 200000

static bool used_at[HORIZON + 2 * PERIOD];

static uint64_t total(const struct budget *budget)
{
    uint64_t sum = 0;

    for (unsigned n = 0; n < budget->count; n++) {
        sum += budget->refills[(budget->first + n) % BUDGET_REFILLS].amount;
    }
    return sum;
}

static void check_order(const struct budget *budget)
{
    CHECK(budget->count >= 1 && budget->count <= BUDGET_REFILLS);
    for (unsigned n = 1; n < budget->count; n++) {
        CHECK(budget->refills[(budget->first + n - 1) % BUDGET_REFILLS].at <=
              budget->refills[(budget->first + n) % BUDGET_REFILLS].at);
    }
}

static uint64_t largest_window(void)
{
    uint64_t sum = 0;
    uint64_t largest = 0;

    for (uint64_t t = 0; t < HORIZON; t++) {
        sum += used_at[t];
        sum -= t >= PERIOD ? used_at[t - PERIOD] : 0;
        largest = sum > largest ? sum : largest;
    }
    return largest;
}

/* `pause`: how long the user sleeps after each piece, at most; 0: it always wants to run. Returns its total use. */
static uint64_t simulate(unsigned pause)
{
    struct budget budget;
    uint64_t now = 0;
    uint64_t sum = 0;

    for (unsigned n = 0; n < HORIZON + 2 * PERIOD; n++) {
        used_at[n] = false;
    }
    budget_init(&budget, AMOUNT, PERIOD, MINIMUM, 0);
    while (now < HORIZON) {
        if (pause != 0) {
            now += (uint64_t)(rand() % (int)pause);
            budget_wake(&budget, now);
        }
        if (budget_usable_at(&budget) > now) {
            now = budget_usable_at(&budget);
        }
        uint64_t piece = budget_usable(&budget);
        if (pause != 0 && piece > 1) {
            piece = 1 + (uint64_t)rand() % piece;
        }
        for (uint64_t n = 0; n < piece; n++) {
            used_at[now++] = true;
        }
        sum += piece;
        budget_charge(&budget, piece);
        CHECK(total(&budget) == AMOUNT);
        check_order(&budget);
    }
    return sum;
}

static void overrun(void)
{
    struct budget budget;

    budget_init(&budget, AMOUNT, PERIOD, MINIMUM, 0);
    budget_charge(&budget, AMOUNT + 30);
    CHECK(total(&budget) == AMOUNT);
    CHECK(budget_usable_at(&budget) >= PERIOD + 30);
    budget_charge(&budget, 5 * AMOUNT);
    CHECK(total(&budget) == AMOUNT);
    check_order(&budget);
}

int main(void)
{
    srand(1);
    uint64_t busy = simulate(0);
    CHECK(busy >= HORIZON / PERIOD * AMOUNT - AMOUNT && busy <= HORIZON / PERIOD * AMOUNT + AMOUNT);
    CHECK(largest_window() <= AMOUNT);
    for (unsigned pause = 2; pause < 3000; pause = pause * 3 / 2 + 1) {
        simulate(pause);
        CHECK(largest_window() <= AMOUNT);
    }
    overrun();
    return 0;
}
