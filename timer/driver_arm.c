/* timer/driver_arm.c: the architected timer, for timer/driver.c. Its interrupt is a level. */
#include "timer/arm_timer.h"
#include "timer/device.h"

void timer_device_set(uint64_t ticks)
{
    arm_timer_set(ticks);
}

void timer_device_off(void)
{
    arm_timer_off();
}
