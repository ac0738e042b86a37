/* proofs/kernel_budget.c: one step of the budget arithmetic from any state that its invariant allows.
 *
 * The invariant: 1 to BUDGET_REFILLS refills, none empty, in order of time, within one period, which add up to the
 * budget; the second is not due before the first can be used up. And for any window
 * of one period, which begins at any time: what was used in it, and what of the refills could still be used in it, is
 * together no more than the budget. Nothing can then be used in it beyond the budget, whatever its user does.
 *
 *   bound   BUDGET_REFILLS and, in use, COUNT of them, as catalogue.py gives them; times within 2^TIME_BITS ticks of
 *           the first refill's, which is ORIGIN: the code adds, subtracts and compares times, no more. No sum overflows
 *           in truth either: 64 bits of a counter at 1 GHz last 584 years.
 *   premise a user begins a stretch by budget_wake(), as sched.c does when it goes on, and is stopped when the
 *           first refill is used up; how late the kernel's timer may be is charged on top (overrun)
 */
#include "proofs/cbmc.h"
#include "sdk/kernel/budget.c"

#define TIME_BITS 4
#define ORIGIN (1ul << TIME_BITS)

static struct budget budget;
static uint64_t whole;  /* the budget */
static uint64_t window; /* its begin */
static uint64_t used;   /* in the window, so far */

static uint64_t any_time(void)
{
    uint64_t time = nondet_u64();

    ASSUME(time >> TIME_BITS == 0);
    return time;
}

static uint64_t at(unsigned n)
{
    return budget.refills[(budget.first + n) % BUDGET_REFILLS].at;
}

static uint64_t amount(unsigned n)
{
    return budget.refills[(budget.first + n) % BUDGET_REFILLS].amount;
}

static bool in_order(void)
{
    uint64_t sum = 0;
    bool good = budget.count >= 1 && budget.count <= BUDGET_REFILLS && budget.first < BUDGET_REFILLS;

    for (unsigned n = 0; n < BUDGET_REFILLS && good; n++) {
        if (n < budget.count) {
            good = amount(n) > 0 && amount(n) <= whole && (n == 0 || at(n - 1) <= at(n));
            sum += amount(n);
        }
    }
    good = good && (budget.count == 1 || at(0) + amount(0) < at(1));
    return good && sum == whole && at(budget.count - 1) <= at(0) + budget.period;
}

/* How much of a refill can be used in the window, which ends at `window` + period. */
static uint64_t usable_in_window(unsigned n)
{
    uint64_t end = window + budget.period;
    uint64_t time = at(n) < end ? end - at(n) : 0;

    return amount(n) < time ? amount(n) : time;
}

static bool window_holds(void)
{
    uint64_t sum = used;

    for (unsigned n = 0; n < BUDGET_REFILLS; n++) {
        sum += n < budget.count ? usable_in_window(n) : 0;
    }
    return sum <= whole;
}

static void any_budget(void)
{
    ANYTHING(&budget);
    whole = any_time();
    window = any_time() + (nondet_bool() ? ORIGIN : 0);
    used = any_time();
    ASSUME(whole > 0 && whole < budget.period && budget.period >> TIME_BITS == 0 && budget.minimum >> TIME_BITS == 0);
    budget.first = BUDGET_REFILLS - 1;
    budget.count = COUNT;
    for (unsigned n = 0; n < BUDGET_REFILLS; n++) {
        budget.refills[n].at = ORIGIN + any_time();
        budget.refills[n].amount = any_time();
    }
    budget.refills[budget.first].at = ORIGIN;
    ASSUME(in_order());
    ASSUME(window_holds());
}

void begins_in_order(void)
{
    uint64_t period = any_time();

    whole = any_time();
    window = any_time();
    used = 0;
    ASSUME(whole > 0 && whole < period);
    budget_init(&budget, whole, period, any_time(), any_time());
    PROVE(in_order());
    PROVE(window_holds());
    POSSIBLE(1);
}

void waking_gives_nothing(void)
{
    uint64_t now = any_time() + (nondet_bool() ? ORIGIN : 0);

    any_budget();
    bool due = at(0) <= now;
    budget_wake(&budget, now);
    PROVE(in_order());
    PROVE(window_holds());
    PROVE(!due || budget_usable_at(&budget) == now);
    POSSIBLE(1);
}

/* A stretch of `ticks` from the moment at which the first refill became usable. */
void using_stays_within_the_window(void)
{
    uint64_t ticks = any_time();

    any_budget();
    ASSUME(ticks <= amount(0));
    uint64_t begin = at(0) > window ? at(0) : window;
    uint64_t end = at(0) + ticks < window + budget.period ? at(0) + ticks : window + budget.period;
    used += end > begin ? end - begin : 0;

    budget_charge(&budget, ticks);

    PROVE(used <= whole);
    PROVE(in_order());
    PROVE(window_holds());
    POSSIBLE(1);
}

/* More was used than was there: nothing is lost, nothing is given twice, and what comes next comes later. */
void an_overrun_keeps_the_amounts(void)
{
    uint64_t ticks = any_time();

    any_budget();
    uint64_t before = at(0);
    budget_charge(&budget, ticks);
    PROVE(in_order());
    PROVE(budget_usable_at(&budget) >= before);
    POSSIBLE(1);
}
