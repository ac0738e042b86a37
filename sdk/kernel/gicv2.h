/* gicv2.h: the interrupt controller. A board with another one has another file. */
#ifndef KERNEL_GICV2_H
#define KERNEL_GICV2_H

#include <stdbool.h>

#define GICV2_INTIDS 1020 /* larger numbers are no interrupts */

void gicv2_init(void);
unsigned gicv2_intids(void); /* how many this one has */
void gicv2_configure(unsigned intid, bool edge);
void gicv2_mask(unsigned intid);
void gicv2_unmask(unsigned intid);

/* Takes the pending interrupt of highest priority; gicv2_end() must follow. GICV2_INTIDS or more: there is none. */
unsigned gicv2_acknowledge(void);
void gicv2_end(unsigned intid);

#endif
