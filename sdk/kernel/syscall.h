/* syscall.h: what entry.S calls, with the running PD's registers saved. Each returns the registers to go on with. */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <stdint.h>

#include "sdk/kernel/context.h"

struct context *syscall_handle(struct context *context);
struct context *exception_handle(uint64_t esr, uint64_t address);
struct context *interrupt_handle(void);

/* boot.c */
struct context *boot(const void *system);
_Noreturn void boot_kernel_exception(uint64_t esr, uint64_t address, uint64_t pc);

#endif
