/* timer/registers.h: a driver's only way to its device, 32 bits at a time; a unit test puts a model in its place. */
#ifndef TIMER_REGISTERS_H
#define TIMER_REGISTERS_H

#include <stdint.h>
#include "timer/config.h"

static inline volatile uint32_t *device_register(uint32_t offset)
{
    return (volatile uint32_t *)((volatile char *)timer_driver_config.registers + offset);
}

static inline uint32_t device_read(uint32_t offset)
{
    return *device_register(offset);
}

static inline void device_write(uint32_t offset, uint32_t value)
{
    *device_register(offset) = value;
}

#endif
