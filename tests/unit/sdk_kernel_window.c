/* sdk_kernel_window.c: what a limited PD gets when others interrupt it: in no window of one period more than its
 * budget, wherever the window begins, and over time not much less. The kernel's own C on a machine of variables; one
 * tick is one microsecond.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/check.h"
#include "tests/unit/in_turn.h"
#include "tests/unit/kernel_machine.h"

#define PERIOD 1000
#define BUDGET 100
#define HORIZON 400000
#define INTID 40

/* By falling priority: comes by its interrupt and works for a while; always wants to run, on a budget;
 * the same without. */
enum { INTRUDER, SPINNER, FILLER, PDS };

static struct {
    struct pd *running;
    uint64_t intrusion; /* when the next one begins, or the present one ends */
    bool used_at[HORIZON + 2 * PERIOD];
} self;

unsigned machine_idle(void)
{
    FAIL("nobody can run");
}

static void start(void)
{
    struct abi_system *system = machine_system(PDS, 1);

    system->irqs[0] = (struct abi_irq){.intid = INTID, .pd = INTRUDER, .channel = 0};
    system->pds[SPINNER].budget_us = BUDGET;
    system->pds[INTRUDER].channels[0] = (struct abi_channel){.flags = ABI_CHANNEL_IRQ};
    self.running = machine_boot(system);
}

static void wait_as_intruder(void)
{
    CHECK(self.running->index == INTRUDER);
    self.running = machine_call(self.running, ABI_SYSCALL_RECV, ABI_RECV_IRQ_ACK, 0, 0);
}

/* Time passes until the timer's interrupt, or until the intruder comes or goes. */
static void step(unsigned pause, unsigned work)
{
    bool timer = machine_timer() <= self.intrusion;
    uint64_t until = timer ? machine_timer() : self.intrusion;

    for (; fake_cntvct_el0 < until; fake_cntvct_el0++) {
        self.used_at[fake_cntvct_el0] = self.running->index == SPINNER;
    }
    if (timer) {
        self.running = machine_interrupt(ABI_INTID_KERNEL_TIMER);
    } else if (self.running->index == INTRUDER) {
        wait_as_intruder();
        self.intrusion += 1 + (uint64_t)rand() % pause;
    } else {
        self.running = machine_interrupt(INTID);
        self.intrusion += 1 + (uint64_t)rand() % work;
    }
}

/* One run with pauses and work of the intruder up to these lengths. Returns the use of the fullest window. */
static uint64_t fullest(unsigned pause, unsigned work, uint64_t *total)
{
    uint64_t sum = 0, largest = 0;

    start();
    wait_as_intruder();
    self.intrusion = 1;
    while (fake_cntvct_el0 < HORIZON) {
        step(pause, work);
    }
    *total = 0;
    for (uint64_t t = 0; t < HORIZON; t++) {
        sum += self.used_at[t];
        sum -= t >= PERIOD ? self.used_at[t - PERIOD] : 0;
        *total += self.used_at[t];
        largest = sum > largest ? sum : largest;
    }
    return largest;
}

/* What may be lost where others leave enough time: pieces that were too small, or too many to be kept apart. */
static const struct {
    unsigned pause, work; /* of the intruder, at most */
    unsigned percent;     /* of the budget that must be used, at least */
    unsigned read_ticks;  /* what the kernel takes for itself */
} cases[] = {{150, 400, 80, 0},  {40, 60, 95, 0},   {600, 600, 80, 0}, {20, 5, 95, 0},    {3000, 50, 95, 0},
             {150, 1500, 40, 0}, {150, 400, 10, 1}, {3000, 50, 10, 1}, {600, 600, 10, 3}, {3000, 50, 5, 9}};

static void run(uint64_t n)
{
    fake_read_ticks = cases[n].read_ticks;
    uint64_t total, largest = fullest(cases[n].pause, cases[n].work, &total);
    uint64_t percent = total * 100 / (HORIZON / PERIOD * BUDGET);

    if (largest > BUDGET || percent < cases[n].percent) {
        FAIL("the fullest window has %lu of %d, in all %lu %%", largest, BUDGET, percent);
    }
}

/* The kernel starts once: a process for each case. */
int main(int argc, char **argv)
{
    srand(1);
    return in_turn(argc, argv, 0, sizeof(cases) / sizeof(cases[0]) - 1, NULL, run);
}
