/* mmio.c: plain 32-bit accesses; the region is mapped as device memory, so they stay in order among themselves. */
#include "lib/mmio.h"

uint32_t mmio_read(volatile void *registers, uint32_t offset)
{
    return *(volatile uint32_t *)((volatile uint8_t *)registers + offset);
}

void mmio_write(volatile void *registers, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)((volatile uint8_t *)registers + offset) = value;
}

/* Outer shareable: device and CPU are observers of that domain at most (Arm ARM B2.3.7, DMB). */
void mmio_fence(void)
{
    __asm__ volatile("dmb osh" ::: "memory");
}
