/* sdk_kernel_watchdog.c: who runs on and on is told to its parent in time, and nobody else ever is; an idle machine is
 * not woken for that. */
#include <stdlib.h>

#include "sdk/kernel/clock.h"
#include "sdk/kernel/message.h"
#include "tests/unit/check.h"
#include "tests/unit/in_turn.h"
#include "tests/unit/kernel_machine.h"

#define LIMIT_US 300000
#define LATEST_US 500000
#define LONG_US 10000000
#define INTID 40

enum { PARENT, CHILD, LOW, PDS };
enum { ID = 5 };

static struct {
    struct abi_system *system;
    struct pd *running;
    bool small;        /* the child's budget; nobody else is watched then */
    uint64_t wakes_at; /* of an idle machine: the interrupt comes then */
} self;

/* The machine is idle until the interrupt; nothing is due before. */
unsigned machine_idle(void)
{
    CHECK(machine_timer() == CLOCK_NEVER);
    fake_cntvct_el0 = self.wakes_at;
    return INTID;
}

static void boot(uint64_t limit_us, unsigned irq_of)
{
    self.system = machine_system(PDS, 1);
    struct abi_pd *pds = self.system->pds;
    for (unsigned n = CHILD; n < PDS; n++) {
        pds[n].parent = PARENT;
        pds[n].child_id = (uint8_t)(ID + n);
        pds[PARENT].children[ID + n] = (uint8_t)n;
        pds[n].watchdog_us = limit_us;
    }
    if (self.small) {
        pds[CHILD].budget_us = 50;
        pds[CHILD].period_us = 10000;
        pds[LOW].watchdog_us = 0;
    }
    self.system->irqs[0] = (struct abi_irq){.intid = INTID, .pd = (uint8_t)irq_of};
    pds[irq_of].channels[0] = (struct abi_channel){.flags = ABI_CHANNEL_IRQ};
    self.running = machine_boot(self.system);
}

static void wait_for_events(void)
{
    self.running = machine_call(self.running, ABI_SYSCALL_RECV, ABI_RECV_IRQ_ACK, 0, 0);
}

static bool parent_is_told(unsigned child)
{
    return self.running->index == PARENT && self.running->context.x[0] == (ABI_EVENT_FAULT | (ID + child)) &&
           message_label(self.running->context.x[1]) == ABI_FAULT_TIMEOUT;
}

/* Time passes, and the timer comes when it should. */
static void run_until(uint64_t at)
{
    while (machine_timer() <= at) {
        fake_cntvct_el0 = machine_timer();
        self.running = machine_interrupt(ABI_INTID_KERNEL_TIMER);
        if (self.running->index == PARENT) {
            return;
        }
    }
    fake_cntvct_el0 = at;
}

static void told_in_time(void)
{
    boot(LIMIT_US, LOW);
    wait_for_events(); /* the parent; the child spins */
    run_until(LONG_US);
    CHECK(parent_is_told(CHILD) && fake_cntvct_el0 >= LIMIT_US / 2 && fake_cntvct_el0 <= LATEST_US);
}

/* In whatever phase it begins. */
static void told_in_time_after_work(void)
{
    boot(LIMIT_US, CHILD);
    wait_for_events();
    wait_for_events(); /* the child: now LOW runs */
    run_until(130000);
    self.running = machine_interrupt(INTID);
    CHECK(self.running->index == CHILD);
    run_until(LONG_US);
    CHECK(parent_is_told(CHILD) && fake_cntvct_el0 <= 130000 + LATEST_US);
}

static void goes_on_if_its_parent_says_so(void)
{
    told_in_time();
    self.running = machine_call(self.running, ABI_SYSCALL_RECV, ABI_RECV_REPLY, message_info(0, 0), 0);
    uint64_t at = fake_cntvct_el0;
    CHECK(self.running->index == CHILD);
    run_until(LONG_US);
    CHECK(parent_is_told(CHILD) && fake_cntvct_el0 >= at + LIMIT_US / 2 && fake_cntvct_el0 <= at + LATEST_US);
}

/* What its former life has used is forgotten. */
static void begins_anew(void)
{
    boot(LIMIT_US, PARENT);
    wait_for_events();
    run_until(250000);
    self.running = machine_interrupt(INTID);
    CHECK(self.running->index == PARENT && self.running->context.x[0] == 1);
    machine_call(self.running, ABI_SYSCALL_PD_RESTART, ID + CHILD, 0x200000, 0);
    wait_for_events();
    CHECK(self.running->index == CHILD);
    run_until(LONG_US);
    CHECK(parent_is_told(CHILD) && fake_cntvct_el0 >= 250000 + LIMIT_US / 2);
}

static void without_a_limit_for_ever(void)
{
    boot(0, LOW);
    wait_for_events();
    CHECK(machine_timer() == CLOCK_NEVER);
}

/* It works all the time, and takes an event now and then. */
static void who_takes_events_is_never_told(void)
{
    boot(LIMIT_US, CHILD);
    wait_for_events();
    for (uint64_t at = 0; at < LONG_US; at += LIMIT_US / 2) {
        run_until(at);
        machine_interrupt(INTID);
        CHECK(self.running->index == CHILD);
        wait_for_events();
    }
}

/* LOW has one long piece of work, of which others leave it little. */
static void who_is_kept_from_work_is_not_told(void)
{
    boot(LIMIT_US, CHILD);
    wait_for_events();
    for (uint64_t at = 0; at < LONG_US; at += 100000) {
        wait_for_events(); /* the child: LOW runs, before the kernel looks */
        CHECK(self.running->index == LOW);
        run_until(at + 100);
        self.running = machine_interrupt(INTID);
        CHECK(self.running->index == CHILD);
        run_until(at + 100000);
    }
}

/* The child has so small a budget that no look finds it running. */
static void boot_with_a_small_budget(void)
{
    self.small = true;
    boot(LIMIT_US, CHILD);
    wait_for_events();
}

static void told_though_it_seldom_runs(void)
{
    boot_with_a_small_budget();
    run_until(LONG_US);
    CHECK(parent_is_told(CHILD) && fake_cntvct_el0 >= LIMIT_US / 2 && fake_cntvct_el0 <= LATEST_US);
}

/* It uses all of its budget in each period, and takes an event now and then. */
static void who_takes_events_of_a_small_budget_is_never_told(void)
{
    boot_with_a_small_budget();
    for (uint64_t at = LIMIT_US / 2; at < LONG_US; at += LIMIT_US / 2) {
        run_until(at);
        self.running = machine_interrupt(INTID);
        while (self.running->index != CHILD) {
            CHECK(self.running->index == LOW);
            run_until(machine_timer());
        }
        wait_for_events();
    }
}

static void idle_is_idle(void)
{
    boot(LIMIT_US, LOW);
    wait_for_events();
    wait_for_events();
    for (self.wakes_at = 1000; self.wakes_at < LONG_US; self.wakes_at += 777777) {
        wait_for_events();
        CHECK(self.running->index == LOW && machine_timer() != CLOCK_NEVER);
    }
}

static void (*const cases[])(void) = {told_in_time,
                                      told_in_time_after_work,
                                      goes_on_if_its_parent_says_so,
                                      begins_anew,
                                      without_a_limit_for_ever,
                                      who_takes_events_is_never_told,
                                      who_is_kept_from_work_is_not_told,
                                      told_though_it_seldom_runs,
                                      who_takes_events_of_a_small_budget_is_never_told,
                                      idle_is_idle};

static void run(uint64_t n)
{
    cases[n]();
}

/* The kernel starts once: a process for each case. */
int main(int argc, char **argv)
{
    return in_turn(argc, argv, 0, sizeof(cases) / sizeof(cases[0]) - 1, NULL, run);
}
