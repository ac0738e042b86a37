/* irq.h: interrupts, each a channel of one PD. Masked from its delivery to its acknowledgement. */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include "sdk/abi/system.h"

void irq_init(const struct abi_system *system);

/* The CPU has an interrupt pending (or had one). */
void irq_handle(void);

/* `number` is an index into the system's irqs, decoded. */
void irq_ack(unsigned number);

#endif
