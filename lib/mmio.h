/* lib/mmio.h: a device's 32-bit registers, and order; a host test has a model of the device in place of mmio.c. */
#ifndef LIB_MMIO_H
#define LIB_MMIO_H

#include <stdint.h>

uint32_t mmio_read(volatile void *registers, uint32_t offset);
void mmio_write(volatile void *registers, uint32_t offset, uint32_t value);

/* What we wrote before, to registers or to memory that a device reads, is seen by devices before what comes after; and
 * what we read before was read before. */
void mmio_fence(void);

#endif
