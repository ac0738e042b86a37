/* timer/device.h: what the driver (timer/driver.c) asks of a timer. driver_DEVICE.c answers. */
#ifndef TIMER_DEVICE_H
#define TIMER_DEVICE_H

#include <stdint.h>

/* An interrupt at `ticks` of CNTPCT_EL0, at once if that has passed.
 * One that comes earlier does no harm: the driver asks again. */
void timer_device_set(uint64_t ticks);

/* None, but for one that is under way. */
void timer_device_off(void);

#endif
