/* equals_spinner.c: spins in parts of a slice, with values of its own in all FP registers that must stay. */
#include "say.h"

uint64_t seed; /* the address of a region of its own: different in each */

static uint64_t checked_spin(uint64_t ticks)
{
    uint64_t wrong;

    __asm__ volatile("dup v0.2d, %2\n\t"
                     "add v8.2d, v0.2d, v0.2d\n\t"
                     "add v17.2d, v8.2d, v0.2d\n\t"
                     "add v31.2d, v17.2d, v0.2d\n\t"
                     "msr fpcr, %3\n\t"
                     "msr tpidr_el0, %2\n\t"
                     "mrs x9, cntpct_el0\n\t"
                     "add x9, x9, %1\n"
                     "1: mrs x10, cntpct_el0\n\t"
                     "cmp x10, x9\n\t"
                     "b.lo 1b\n\t"
                     "add v1.2d, v0.2d, v0.2d\n\t"
                     "add v2.2d, v8.2d, v0.2d\n\t"
                     "add v3.2d, v17.2d, v0.2d\n\t"
                     "eor v1.16b, v1.16b, v8.16b\n\t"
                     "eor v2.16b, v2.16b, v17.16b\n\t"
                     "eor v3.16b, v3.16b, v31.16b\n\t"
                     "orr v1.16b, v1.16b, v2.16b\n\t"
                     "orr v1.16b, v1.16b, v3.16b\n\t"
                     "mov x9, v1.d[0]\n\t"
                     "mov x10, v1.d[1]\n\t"
                     "orr %0, x9, x10\n\t"
                     "mrs x9, fpcr\n\t"
                     "eor x9, x9, %3\n\t"
                     "orr %0, %0, x9\n\t"
                     "mrs x9, tpidr_el0\n\t"
                     "eor x9, x9, %2\n\t"
                     "orr %0, %0, x9\n\t"
                     : "=&r"(wrong)
                     : "r"(ticks), "r"(seed), "r"(seed & 0x3000 ? 0x800000ul << (seed >> 12 & 1) : 0ul)
                     : "x9", "x10", "v0", "v1", "v2", "v3", "v8", "v17", "v31", "cc", "memory");
    __asm__ volatile("msr fpcr, xzr");
    return wrong;
}

void init(void)
{
    unsigned wrong = 0;

    for (unsigned n = 0; n < 100; n++) {
        wrong += checked_spin(ticks_of_ms(5)) != 0;
    }
    unsigned share = share_of(500);
    microkit_dbg_puts(microkit_name);
    say(": registers lost ", wrong);
    microkit_dbg_puts(microkit_name);
    say(": share ", share);
    while (now() < ticks_of_ms(3000)) {
    }
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": done\n");
}

void notified(microkit_channel channel) {}
