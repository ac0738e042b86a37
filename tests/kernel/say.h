/* say.h: words on the debug console, for programs that use nothing but microkit.h. */
#ifndef TESTS_KERNEL_SAY_H
#define TESTS_KERNEL_SAY_H

#include <microkit.h>
#include <stdint.h>

static inline void say(const char *text, unsigned number)
{
    char digits[11];
    unsigned first = sizeof(digits) - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    microkit_dbg_puts(text);
    microkit_dbg_puts(&digits[first]); /* microkit_dbg_put32 came with 2.0 */
    microkit_dbg_puts("\n");
}

static inline uint64_t now(void)
{
    uint64_t ticks;

    __asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(ticks));
    return ticks;
}

static inline uint64_t ticks_of_ms(uint64_t ms)
{
    uint64_t frequency;

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return frequency / 1000 * ms;
}

/* Spins for `ms` of time; returns how much of it this PD had the CPU, in 0.1 %: gaps over 50 us were others'. */
static inline unsigned share_of(uint64_t ms)
{
    uint64_t start = now();
    uint64_t end = start + ticks_of_ms(ms);
    uint64_t gap = ticks_of_ms(1) / 20;
    uint64_t mine = 0;

    for (uint64_t last = start; last < end;) {
        uint64_t t = now();
        mine += t - last < gap ? t - last : 0;
        last = t;
    }
    return (unsigned)(mine * 1000 / ticks_of_ms(ms));
}

#endif
