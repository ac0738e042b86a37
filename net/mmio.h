/* net/mmio.h: a device's 32-bit registers; a host test has a model of the device in place of mmio.c. */
#ifndef NET_MMIO_H
#define NET_MMIO_H

#include <stdint.h>

uint32_t mmio_read(volatile void *registers, uint32_t offset);
void mmio_write(volatile void *registers, uint32_t offset, uint32_t value);

#endif
