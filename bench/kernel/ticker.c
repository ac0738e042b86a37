/* ticker.c: from the moment at which the physical timer is due to the first instruction of notified(), while a PD of
 * low priority runs. The least of ROUNDS, since the official kernel's own timer may come between.
 *
 * The counter steps each TICK_INSTRUCTIONS; how far the first reading was from the next step is found by a loop of
 * LOOP_INSTRUCTIONS: the result is right to that many.
 */
#include "costs.h"

#define LOOP_INSTRUCTIONS 4ul
#define CNTP_CTL_ENABLE 1ul
#define AHEAD 1000ul /* ticks */

static uint64_t due, rounds, least = ~0ul;

static uint64_t now(void)
{
    uint64_t ticks;

    __asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

static uint64_t loops_to_the_next_step(uint64_t at)
{
    uint64_t loops = 0;

    __asm__ volatile("1: mrs x2, cntpct_el0\n\t"
                     "add %0, %0, #1\n\t"
                     "cmp x2, %1\n\t"
                     "b.eq 1b"
                     : "+r"(loops)
                     : "r"(at)
                     : "x2", "cc");
    return loops;
}

static void arm(uint64_t control)
{
    due = now() + AHEAD;
    __asm__ volatile("msr cntp_cval_el0, %0; msr cntp_ctl_el0, %1; isb" : : "r"(due), "r"(control));
}

void init(void) {}

void notified(microkit_channel channel)
{
    uint64_t at = now();

    if (channel == TIMER_IRQ) {
        uint64_t taken = (at - due + 1) * TICK_INSTRUCTIONS - loops_to_the_next_step(at) * LOOP_INSTRUCTIONS;
        least = taken < least ? taken : least;
        if (++rounds == ROUNDS) {
            result("interrupt to notified()", least);
            print("done\n");
        }
    }
    arm(rounds < ROUNDS ? CNTP_CTL_ENABLE : 0);
    if (channel == TIMER_IRQ) {
        microkit_deferred_irq_ack(channel);
    }
}
