/* timer/arm_timer.h: the EL1 physical timer from EL0 (Arm ARM D13.8: CNTP_CVAL_EL0, CNTP_CTL_EL0). */
#ifndef TIMER_ARM_TIMER_H
#define TIMER_ARM_TIMER_H

#include <stdint.h>

/* The interrupt line is up while the counter is at or past `ticks`. */
static inline void arm_timer_set(uint64_t ticks)
{
    __asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" : : "r"(ticks), "r"(1ul) : "memory");
}

/* The line goes down. */
static inline void arm_timer_off(void)
{
    __asm__ volatile("msr cntp_ctl_el0, xzr\n\tisb" : : : "memory");
}

#endif
