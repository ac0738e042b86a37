/* fault.h: a PD did what it may not: its parent gets a message, or the kernel prints a line and the PD stops. */
#ifndef KERNEL_FAULT_H
#define KERNEL_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/kernel/pd.h"

void fault_init(const struct abi_system *system);

/* Which image this is: `make explain` must know, or it would look up an address in another program. */
void fault_print_build(void);

/* The running PD took an exception that is no system call. */
void fault_exception(uint64_t esr, uint64_t address);

/* The running PD made a system call that does not exist. */
void fault_unknown_syscall(void);
void fault_timeout(void); /* it has run for too long */

/* The words of `child`'s fault for its parent (abi/syscall.h). */
void fault_message(struct pd *child, struct abi_message *message);

/* The parent's answer: true if the child goes on, with the registers that the answer gives where it may give any. */
bool fault_reply(struct pd *child, const struct abi_message *message, uint64_t info);

#endif
