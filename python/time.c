/* time.c: clocks. The counter gives time since reset; the board's clock, read once, gives the time of day at reset. */
#include "lib/pd.h"

#include "python/port.h"

#include "py/mphal.h"
#include "py/runtime.h"

uint64_t mp_hal_time_ns(void)
{
    return pd_unix_time_ns();
}

mp_uint_t mp_hal_ticks_ms(void)
{
    return pd_now_ns() / 1000000;
}

mp_uint_t mp_hal_ticks_us(void)
{
    return pd_now_ns() / 1000;
}

mp_uint_t mp_hal_ticks_cpu(void)
{
    return pd_now_ticks();
}

static void delay_until(uint64_t deadline_ns)
{
    while (pd_now_ns() < deadline_ns) {
        mp_handle_pending(true);
        port_wait(deadline_ns);
    }
    mp_handle_pending(true);
}

void mp_hal_delay_ms(mp_uint_t ms)
{
    delay_until(pd_now_ns() + ms * 1000000);
}

void mp_hal_delay_us(mp_uint_t us)
{
    delay_until(pd_now_ns() + us * 1000);
}
