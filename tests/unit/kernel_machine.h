/* kernel_machine.h: a machine of variables for the kernel's own C. One tick of its clock is one microsecond. */
#ifndef KERNEL_MACHINE_H
#define KERNEL_MACHINE_H

#include "sdk/abi/system.h"
#include "sdk/kernel/context.h"
#include "sdk/kernel/pd.h"

#define MACHINE_INTIDS 288

/* `count` PDs without parents, channels or limits; the first has the highest priority, 1 below the next. */
struct abi_system *machine_system(unsigned pds, unsigned irqs);
/* Boots it; who runs first. */
struct pd *machine_boot(const struct abi_system *system);
struct pd *machine_interrupt(unsigned intid); /* who runs then */
/* `pd` runs, and makes a system call. */
struct pd *machine_call(struct pd *pd, uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2);

/* CLOCK_NEVER: the timer is off. */
uint64_t machine_timer(void);
extern uint64_t fake_cntvct_el0; /* the time */
extern uint64_t fake_read_ticks; /* how much of it the kernel takes for each register that it reads */

/* The test's: nobody can run. It may make time pass, and says which interrupt comes. */
unsigned machine_idle(void);

#endif
