/* sdk_kernel_window.c: what a limited PD gets when others interrupt it: in no window of one period more than its
 * budget, wherever the window begins, and over time not much less. The kernel's own C on a machine of variables; one
 * tick is one microsecond.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/kernel/clock.h"
#include "sdk/kernel/decode.h"
#include "sdk/kernel/gicv2.h"
#include "sdk/kernel/irq.h"
#include "sdk/kernel/pd.h"
#include "sdk/kernel/sched.h"
#include "sdk/kernel/syscall.h"
#include "sdk/kernel/uart.h"
#include "tests/unit/check.h"
#include "tests/unit/in_turn.h"

#define PERIOD 1000
#define BUDGET 100
#define HORIZON 400000
#define INTID 40
#define NO_INTID 1023

/* By falling priority: comes by its interrupt and works for a while; always wants to run, on a budget;
 * the same without. */
enum { INTRUDER, SPINNER, FILLER, PDS };

uint64_t fake_cntvct_el0, fake_cntfrq_el0 = 1000000, fake_cntv_ctl_el0, fake_cntv_cval_el0, fake_cntkctl_el1;
uint64_t fake_tpidr_el0, fake_ttbr0_el1, fake_cpacr_el1;

static struct {
    struct abi_system *system;
    unsigned pending;
    struct pd *running;
    uint64_t intrusion; /* when the next one begins, or the present one ends */
    bool used_at[HORIZON + 2 * PERIOD];
} self = {.pending = NO_INTID};

unsigned gicv2_intids(void)
{
    return 288;
}

void gicv2_init(void) {}

void gicv2_configure(unsigned intid, bool edge) {}

void gicv2_mask(unsigned intid) {}

void gicv2_unmask(unsigned intid) {}

unsigned gicv2_acknowledge(void)
{
    return self.pending;
}

void gicv2_end(unsigned intid)
{
    self.pending = NO_INTID;
}

void uart_putc(char c) {}

_Noreturn void kassert_failed(const char *file, int line, const char *what)
{
    check_failed(file, line, "kassert", "not so: %s", what);
}

void context_switch_fp(struct context *from, const struct context *to) {}

uint64_t fake_translate(uint64_t address)
{
    return PAR_FAULT;
}

uint64_t fake_load(uint64_t address)
{
    FAIL("the kernel reads at %#lx", address);
}

void fake_wait_for_interrupt(void)
{
    FAIL("nobody can run");
}

static void start(void)
{
    size_t size = sizeof(struct abi_system) + PDS * sizeof(struct abi_pd);

    self.system = calloc(1, size);
    *self.system = (struct abi_system){
        .magic = ABI_SYSTEM_MAGIC, .size = (uint32_t)size, .pd_count = PDS, .irq_count = 1};
    self.system->irqs[0] = (struct abi_irq){.intid = INTID, .pd = INTRUDER, .channel = 0};
    for (unsigned n = 0; n < PDS; n++) {
        struct abi_pd *pd = &self.system->pds[n];
        pd->priority = (uint8_t)(PDS - n);
        pd->parent = ABI_NONE;
        pd->budget_us = n == SPINNER ? BUDGET : PERIOD;
        pd->period_us = PERIOD;
        memset(pd->children, ABI_NONE, sizeof(pd->children));
    }
    self.system->pds[INTRUDER].channels[0] = (struct abi_channel){.flags = ABI_CHANNEL_IRQ};
    CHECK(decode_system_valid(self.system, gicv2_intids()));
    clock_init();
    pd_init(self.system);
    sched_init();
    irq_init(self.system);
    self.running = sched_exit();
}

static void interrupt(unsigned intid)
{
    self.pending = intid;
    self.running = (struct pd *)interrupt_handle();
}

static void wait_as_intruder(void)
{
    CHECK(self.running->index == INTRUDER);
    self.running->context.x[8] = ABI_SYSCALL_RECV;
    self.running->context.x[0] = ABI_RECV_IRQ_ACK;
    self.running->context.x[2] = 0;
    self.running = (struct pd *)syscall_handle(&self.running->context);
}

/* Time passes until the timer's interrupt, or until the intruder comes or goes. */
static void step(unsigned pause, unsigned work)
{
    bool timer = fake_cntv_ctl_el0 == 1 && fake_cntv_cval_el0 <= self.intrusion;
    uint64_t until = timer ? fake_cntv_cval_el0 : self.intrusion;

    for (; fake_cntvct_el0 < until; fake_cntvct_el0++) {
        self.used_at[fake_cntvct_el0] = self.running->index == SPINNER;
    }
    if (timer) {
        interrupt(ABI_INTID_KERNEL_TIMER);
    } else if (self.running->index == INTRUDER) {
        wait_as_intruder();
        self.intrusion += 1 + (uint64_t)rand() % pause;
    } else {
        interrupt(INTID);
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
} cases[] = {{150, 400, 80}, {40, 60, 95}, {600, 600, 80}, {20, 5, 95}, {3000, 50, 95}, {150, 1500, 40}};

static void run(uint64_t n)
{
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
