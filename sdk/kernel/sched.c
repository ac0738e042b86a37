/* sched.c: who runs, for how long, and what the timer is armed for.
 *   invariant the highest priority that is ready, and has budget, runs; equals take turns of their slice
 *             a PD that can run is the current one, the candidate, in `ready`, or waits for its budget (`spent`)
 *   ends      every entry by sched_exit(): one choice, and the timer armed for what ends it
 */
#include "sdk/kernel/sched.h"

#include <stddef.h>

#include "sdk/kernel/arch.h"
#include "sdk/kernel/clock.h"
#include "sdk/kernel/irq.h"
#include "sdk/kernel/kassert.h"
#include "sdk/kernel/ready.h"
#include "sdk/kernel/utilisation.h"
#include "sdk/kernel/watchdog.h"

static struct {
    struct ready ready;
    struct pd *current;   /* who runs; NULL: has blocked in this entry */
    struct pd *candidate; /* the highest of those woken in this entry; it is not in `ready` */
    struct sc *measured;  /* the context whose use is counted since `since`; NULL: none, nobody would notice */
    uint64_t since;
    bool settled;   /* of that one all is charged: what the kernel takes from now on is not its use */
    uint64_t spent; /* one bit per scheduling context (its home's index): budget used up, its holder else runnable */
} self;

static uint64_t bit(const struct sc *sc)
{
    return 1ul << sc->home->index;
}

void sched_init(void)
{
    ready_init(&self.ready);
    for (unsigned index = 0; index < pd_count(); index++) {
        struct pd *pd = pd_get(index);
        ready_push_front(&self.ready, pd->index, pd->priority);
    }
    watchdog_init();
    clock_arm(watchdog_due());
}

struct pd *sched_current(void)
{
    return self.current;
}

/* -- time -- */

static uint64_t left(const struct sc *sc)
{
    uint64_t amount = sc->limited ? budget_usable(&sc->budget) : sc->slice;

    return amount > sc->used ? amount - sc->used : 0;
}

static bool usable(const struct sc *sc)
{
    return !sc->limited || budget_usable_at(&sc->budget) <= clock_now();
}

static void measure(void)
{
    if (self.measured != NULL && !self.settled) {
        uint64_t now = clock_now();
        self.measured->used += now - self.since;
        self.since = now;
    }
}

/* What was used is final: the next use begins another refill, or another slice. Nothing is counted before: a context that
 * has used something already is not woken, and would find refills of all the time in which it waited. */
static void settle(struct sc *sc)
{
    if (sc->limited && sc->used != 0) {
        budget_charge(&sc->budget, sc->used);
    }
    sc->used = 0;
    self.settled |= sc == self.measured;
}

/* The budget or slice of the running PD may be at its end: it then waits for a refill, or for its equals. */
static void end_stretch(void)
{
    struct pd *pd = self.current;

    measure();
    if (pd == NULL || (left(pd->sc) > 0 && usable(pd->sc))) {
        return;
    }
    if (left(pd->sc) == 0) {
        settle(pd->sc);
    }
    self.current = NULL;
    if (usable(pd->sc)) {
        ready_push_back(&self.ready, pd->index, pd->priority);
    } else {
        self.spent |= bit(pd->sc);
    }
}

static uint64_t next_refill(void)
{
    uint64_t soonest = CLOCK_NEVER;

    for (uint64_t rest = self.spent; rest != 0; rest &= rest - 1) {
        const struct sc *sc = &pd_get((unsigned)__builtin_ctzl(rest))->own;
        if (budget_usable_at(&sc->budget) < soonest) {
            soonest = budget_usable_at(&sc->budget);
        }
    }
    return soonest;
}

static bool contended(const struct pd *pd)
{
    return self.ready.top == pd->priority;
}

/* `pd` (or nobody) goes on: whether its time is counted, and when the timer has to come. */
static void arm(const struct pd *pd)
{
    uint64_t at = next_refill();

    measure();
    self.measured = NULL;
    self.settled = false;
    if (pd != NULL && (pd->sc->limited || contended(pd))) {
        self.measured = pd->sc;
        self.since = clock_now();
        if (pd->sc->limited && pd->sc->used == 0) {
            budget_wake(&pd->sc->budget, self.since); /* what is used now comes back a period from now, not earlier */
        }
        uint64_t end = self.since + left(pd->sc);
        at = end < at ? end : at;
    }
    clock_arm(at < watchdog_due() ? at : watchdog_due());
}

static bool time_matters(const struct pd *pd)
{
    return self.measured != NULL || self.spent != 0 || pd->sc->limited || contended(pd);
}

bool sched_timer(void)
{
    uint64_t now = clock_now();
    bool late = watchdog_look(self.current);

    measure();
    if (self.current != NULL && self.current->sc->limited && left(self.current->sc) == 0) {
        late |= watchdog_spent(self.current);
    }
    clock_arm(watchdog_due());
    for (uint64_t rest = self.spent; rest != 0; rest &= rest - 1) {
        struct sc *sc = &pd_get((unsigned)__builtin_ctzl(rest))->own;
        if (budget_usable_at(&sc->budget) <= now) {
            self.spent &= ~bit(sc);
            kassert(sc->holder != NULL && sc->holder->state == PD_RUNNABLE);
            sched_wake(sc->holder);
        }
    }
    return late;
}

/* -- choice -- */

void sched_wake(struct pd *pd)
{
    struct sc *sc = pd->sc;

    kassert(sc != NULL);
    if (sc->limited && sc->used == 0) {
        budget_wake(&sc->budget, clock_now());
    }
    if (!usable(sc)) {
        self.spent |= bit(sc);
        return;
    }
    if (self.candidate == NULL) {
        self.candidate = pd;
    } else if (pd->priority > self.candidate->priority) {
        ready_push_front(&self.ready, self.candidate->index, self.candidate->priority);
        self.candidate = pd;
    } else {
        ready_push_front(&self.ready, pd->index, pd->priority);
    }
}

/* A budget's stretch ends; a slice goes on at the next wake-up, or equals of one that blocks often had no turn. */
void sched_block(void)
{
    struct sc *sc = self.current->sc;

    if (sc != NULL && sc == self.measured) {
        measure();
    }
    if (sc != NULL && sc->limited) {
        settle(sc);
    }
    self.current = NULL;
}

bool sched_remove(struct pd *pd)
{
    if (pd->state != PD_RUNNABLE || pd == self.current || pd->sc == NULL) {
        return false;
    }
    if (pd == self.candidate) {
        self.candidate = NULL;
    } else if (self.spent & bit(pd->sc)) {
        self.spent &= ~bit(pd->sc);
    } else {
        ready_remove(&self.ready, pd->index, pd->priority);
    }
    return true;
}

static struct pd *pop(void)
{
    struct pd *pd = pd_get(ready_first(&self.ready));

    ready_remove(&self.ready, pd->index, pd->priority);
    return pd;
}

/* Somebody of a higher priority runs. A stretch on a budget ends here: what was used comes back a period after it
 * began, and the rest is used in a stretch of its own, or comes with the next refill where it is too small for one. */
static void step_aside(struct pd *pd)
{
    if (pd->sc->limited) {
        settle(pd->sc);
        if (!usable(pd->sc)) {
            self.spent |= bit(pd->sc);
            return;
        }
    }
    ready_push_front(&self.ready, pd->index, pd->priority);
}

/* The highest of running, woken and ready; NULL: nobody. Of equals the running one stays, and who was woken goes before
 * those that were ready, unless it is an equal of the running one: as on seL4, whose programs see it
 * (tests/microkit/order.c). */
static struct pd *choose(void)
{
    struct pd *current = self.current;
    struct pd *woken = self.candidate;

    self.candidate = NULL;
    if (current != NULL) {
        if (woken == NULL) {
            return current;
        }
        if (woken->priority == current->priority) {
            ready_push_back(&self.ready, woken->index, woken->priority);
            return current;
        }
        if (woken->priority < current->priority) {
            ready_push_front(&self.ready, woken->index, woken->priority);
            return current;
        }
        step_aside(current);
        return woken;
    }
    if (woken != NULL) {
        if (woken->priority >= self.ready.top) {
            return woken;
        }
        ready_push_front(&self.ready, woken->index, woken->priority);
    }
    return self.ready.top >= 0 ? pop() : NULL;
}

/* Nobody is ready. The last PD stays loaded: it is the likeliest to be next,
 * and the kernel reads nothing through it. */
static void idle(void)
{
    watchdog_pause();
    arm(NULL);
    pd_stop_counting();
    utilisation_left(UTILISATION_IDLE);
    WAIT_FOR_INTERRUPT();
    utilisation_entered();
    pd_go_on_counting();
    irq_handle();
}

static struct pd *choose_when_ready(void)
{
    struct pd *pd = choose();

    if (pd == NULL) {
        while (pd == NULL) {
            idle();
            pd = choose();
        }
        watchdog_resume();
        clock_arm(watchdog_due());
    }
    return pd;
}

/* Time is being counted, or will be, or nobody is ready. `pd` has been chosen if nothing was counted until now. */
static __attribute__((noinline)) struct pd *exit_in_time(struct pd *pd)
{
    if (pd == NULL) {
        end_stretch();
        pd = choose_when_ready();
    }
    if (time_matters(pd)) {
        arm(pd);
    }
    self.current = pd;
    pd_load(pd);
    return pd;
}

struct pd *sched_exit(void)
{
    struct pd *pd = self.current;

    if (self.measured != NULL || (pd != NULL && pd->sc->limited)) {
        return exit_in_time(NULL);
    }
    if (pd == NULL || self.candidate != NULL) {
        pd = choose();
    }
    if (pd == NULL || time_matters(pd)) {
        return exit_in_time(pd);
    }
    self.current = pd;
    pd_load(pd);
    return pd;
}
