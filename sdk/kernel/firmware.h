/* firmware.h: calls of the firmware. */
#ifndef KERNEL_FIRMWARE_H
#define KERNEL_FIRMWARE_H

#include <stdint.h>

/* A call of the firmware (SMC Calling Convention, DEN 0028, 2.6): words[0..7] are x0 to x7, in and out; it may change x8
 * to x17. */
static inline void smc_call(uint64_t words[8])
{
    register uint64_t x0 __asm__("x0") = words[0], x1 __asm__("x1") = words[1], x2 __asm__("x2") = words[2];
    register uint64_t x3 __asm__("x3") = words[3], x4 __asm__("x4") = words[4], x5 __asm__("x5") = words[5];
    register uint64_t x6 __asm__("x6") = words[6], x7 __asm__("x7") = words[7];

    __asm__ volatile("smc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
                     :
                     : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    words[0] = x0;
    words[1] = x1;
    words[2] = x2;
    words[3] = x3;
    words[4] = x4;
    words[5] = x5;
    words[6] = x6;
    words[7] = x7;
}

#endif
