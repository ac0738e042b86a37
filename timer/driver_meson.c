/* timer/driver_meson.c: timer A of Amlogic's S905X3, for timer/driver.c where EL0 has the physical counter but no
 * timer of its own.
 *
 * It counts 16 bits down, in steps of 1 us to 1 ms, then sends one edge. A deadline further away than 65 ms is
 * approached in coarser steps first, never past it: three interrupts too many at most, and one more for each 65 s.
 *
 * Registers and bits: Fuchsia, aml-hrtimer-regs.h (of the S905D3, the same family); Linux,
 * drivers/clocksource/timer-meson6.c (of older chips, the same). The data sheet was not at hand.
 */
#include "lib/pd.h"
#include "timer/device.h"
#include "timer/registers.h"

enum {
    MUX = 0x00,
    TIMER_A = 0x04, /* writing starts it anew */
};

#define MUX_A_STEP_MASK (3u << 0)
#define MUX_A_PERIODIC (1u << 12)
#define MUX_A_ENABLE (1u << 16)

#define COUNT_MAX 0xffffu
#define FAR_SECONDS 66 /* more than COUNT_MAX of the coarsest step */

static const uint32_t steps_us[] = {1, 10, 100, 1000}; /* by MUX_A_STEP */
#define STEP_COARSEST 3

/* Rounded up. */
static uint64_t us_until(uint64_t ticks)
{
    uint64_t now = pd_now_ticks(), per_second = pd_ticks_per_second();
    uint64_t left = ticks > now ? ticks - now : 0;

    if (left > FAR_SECONDS * per_second) {
        left = FAR_SECONDS * per_second;
    }
    return (left * 1000000 + per_second - 1) / per_second;
}

/* The other timers' bits in MUX are as the firmware left them. */
void timer_device_off(void)
{
    device_write(MUX, device_read(MUX) & ~(MUX_A_ENABLE | MUX_A_PERIODIC | MUX_A_STEP_MASK));
}

/* One more than the time, since the first step may be cut short; coarser ones are too short on purpose. */
void timer_device_set(uint64_t ticks)
{
    uint64_t us = us_until(ticks) + 1;
    uint32_t step = 0;

    while (step < STEP_COARSEST && us / steps_us[step] > COUNT_MAX) {
        step++;
    }
    uint64_t count = us / steps_us[step];
    timer_device_off();
    device_write(TIMER_A, (uint32_t)(count > COUNT_MAX ? COUNT_MAX : count));
    device_write(MUX, device_read(MUX) | MUX_A_ENABLE | step);
}
