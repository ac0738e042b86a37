/* firmware.h: calls of the firmware. */
#ifndef KERNEL_FIRMWARE_H
#define KERNEL_FIRMWARE_H

#include <stdint.h>

/* By the SMC Calling Convention (DEN 0028, 2.6): words[0..7] are x0 to x7, in and out; it may change x8 to x17. */
static inline void smc_call(uint64_t words[8])
{
    __asm__ volatile("ldp x0, x1, [%0]\n\t"
                     "ldp x2, x3, [%0, #16]\n\t"
                     "ldp x4, x5, [%0, #32]\n\t"
                     "ldp x6, x7, [%0, #48]\n\t"
                     "smc #0\n\t"
                     "stp x0, x1, [%0]\n\t"
                     "stp x2, x3, [%0, #16]\n\t"
                     "stp x4, x5, [%0, #32]\n\t"
                     "stp x6, x7, [%0, #48]"
                     :
                     : "r"(words)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                       "x15", "x16", "x17", "memory");
}

#endif
