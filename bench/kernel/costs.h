/* bench/kernel/costs.h: what the programs of bench/kernel share. microkit.h only: they run on any SDK.
 *
 * In release and debug time is the physical counter: under QEMU's -icount shift=0 an instruction is a nanosecond and
 * the counter runs at 62.5 MHz, so that a tick is 16 guest instructions, whoever executes them. In benchmark it is the
 * PMU's cycle counter, which QEMU lets run at 1 GHz: there a cycle is an instruction; on hardware it is a cycle.
 */
#ifndef BENCH_KERNEL_COSTS_H
#define BENCH_KERNEL_COSTS_H

#include <stdint.h>
#include <microkit.h>

#define TICK_INSTRUCTIONS 16ul /* of the physical counter */
#define ROUNDS 1000ul

/* Channels of `measurer`; the other ends are all 0. */
#define LOWER 1
#define HIGHER 2
#define SERVER 3
#define PASSIVE 4
#define EQUAL 5
#define TICKER 6
#define TIMER_IRQ 1 /* of `ticker` */

#define UART 0x5000000ul

#ifdef CONFIG_EXPORT_PMU_USER

/* Arm ARM D13: counts cycles at every exception level, also at EL2, where the official kernel runs. */
static inline void begin_counting(void)
{
    __asm__ volatile("msr pmccfiltr_el0, %0; msr pmcntenset_el0, %1; msr pmcr_el0, %2; isb"
                     :
                     : "r"(1ul << 27), "r"(1ul << 31), "r"(1ul << 6 | 1ul));
}

static inline uint64_t count(void)
{
    uint64_t cycles;

    __asm__ volatile("isb; mrs %0, pmccntr_el0" : "=r"(cycles) : : "memory");
    return cycles;
}

#define COUNT_VALUE 1ul

#else

static inline void begin_counting(void) {}

static inline uint64_t count(void)
{
    uint64_t ticks;

    __asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

#define COUNT_VALUE TICK_INSTRUCTIONS

#endif

/* On the PL011 (Arm DDI 0183: data at 0, flags at 0x18, bit 5 "transmit FIFO full"), in every configuration. */
static inline void print(const char *text)
{
    volatile uint32_t *uart = (volatile uint32_t *)UART;

    for (; *text != '\0'; text++) {
        while (uart[0x18 / 4] & (1u << 5)) {
        }
        uart[0] = (uint8_t)*text;
    }
}

static inline void result(const char *name, uint64_t value)
{
    char digits[24];
    unsigned first = sizeof(digits) - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(name);
    print(": ");
    print(&digits[first]);
    print("\n");
}

/* Of ROUNDS that began at `since`. */
static inline void result_per_round(const char *name, uint64_t since)
{
    result(name, ((count() - since) * COUNT_VALUE + ROUNDS / 2) / ROUNDS);
}

#endif
