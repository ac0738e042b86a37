/* child.h: what a parent may do with its children. */
#ifndef KERNEL_CHILD_H
#define KERNEL_CHILD_H

#include "sdk/kernel/pd.h"

void child_stop(struct pd *child);

/* From `pc` on, with its other registers, its memory and its pending notifications as they are. */
void child_restart(struct pd *child, uint64_t pc);

/* One that is stopped goes on where it was, one that has faulted at the same instruction; else nothing happens. */
void child_resume(struct pd *child);

/* As struct abi_message has them, from ABI_REGISTERS on. */
void child_registers(const struct pd *child, struct abi_message *message);

#endif
