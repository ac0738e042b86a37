/* kernel_machine.c: a machine of variables for the kernel's own C. */
#include "tests/unit/kernel_machine.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/kernel/clock.h"
#include "sdk/kernel/decode.h"
#include "sdk/kernel/gicv2.h"
#include "sdk/kernel/irq.h"
#include "sdk/kernel/sched.h"
#include "sdk/kernel/syscall.h"
#include "sdk/kernel/uart.h"
#include "tests/unit/check.h"

#define NO_INTID 1023
#define SLICE_US 1000

uint64_t fake_read_ticks;
uint64_t fake_cntvct_el0, fake_cntfrq_el0 = 1000000, fake_cntv_ctl_el0, fake_cntv_cval_el0, fake_cntkctl_el1;
uint64_t fake_tpidr_el0, fake_ttbr0_el1, fake_cpacr_el1;

static struct {
    struct abi_message messages[ABI_PDS_MAX];
    unsigned pending;
} self = {.pending = NO_INTID};

/* -- what the kernel calls -- */

unsigned gicv2_intids(void)
{
    return MACHINE_INTIDS;
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

/* A function that the firmware does not have. */
void smc_call(uint64_t *words)
{
    words[0] = UINT64_MAX;
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
    self.pending = machine_idle();
}

/* -- what a test calls -- */

struct abi_system *machine_system(unsigned pds, unsigned irqs)
{
    size_t size = sizeof(struct abi_system) + pds * sizeof(struct abi_pd);
    struct abi_system *system = calloc(1, size);

    *system = (struct abi_system){
        .magic = ABI_SYSTEM_MAGIC, .size = (uint32_t)size, .pd_count = pds, .irq_count = irqs};
    for (unsigned n = 0; n < pds; n++) {
        struct abi_pd *pd = &system->pds[n];
        pd->priority = (uint8_t)(pds - n);
        pd->parent = ABI_NONE;
        pd->budget_us = pd->period_us = SLICE_US;
        memset(pd->children, ABI_NONE, sizeof(pd->children));
    }
    return system;
}

struct pd *machine_boot(const struct abi_system *system)
{
    CHECK(decode_system_valid(system, gicv2_intids()));
    clock_init();
    pd_init(system);
    for (unsigned n = 0; n < system->pd_count; n++) {
        pd_get(n)->message = &self.messages[n];
    }
    sched_init();
    irq_init(system);
    return sched_exit();
}

struct pd *machine_interrupt(unsigned intid)
{
    self.pending = intid;
    return (struct pd *)interrupt_handle();
}

struct pd *machine_call(struct pd *pd, uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2)
{
    pd->context.x[8] = number;
    pd->context.x[0] = x0;
    pd->context.x[1] = x1;
    pd->context.x[2] = x2;
    return (struct pd *)syscall_handle(&pd->context);
}

uint64_t machine_timer(void)
{
    return fake_cntv_ctl_el0 == 1 ? fake_cntv_cval_el0 : CLOCK_NEVER;
}
