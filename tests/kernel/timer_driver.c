/* timer_driver.c: five interrupts, 10 ms apart. */
#include "say.h"

static struct {
    unsigned count;
    uint64_t due;
} self;

static void arm(void)
{
    self.due = now() + ticks_of_ms(10);
    __asm__ volatile("msr cntp_cval_el0, %0; msr cntp_ctl_el0, %1" : : "r"(self.due), "r"(1ul));
}

void init(void)
{
    arm();
}

void notified(microkit_channel channel)
{
    if (channel != 5) {
        say("timer: notified on ", channel);
        return;
    }
    if (now() < self.due) {
        microkit_dbg_puts("timer: too early\n");
    }
    say("timer: interrupt ", ++self.count);
    if (self.count == 5) {
        __asm__ volatile("msr cntp_ctl_el0, xzr");
        microkit_irq_ack(channel);
        microkit_notify(0);
        return;
    }
    arm();
    if (self.count % 2) {
        microkit_irq_ack(channel);
    } else {
        microkit_deferred_irq_ack(channel);
    }
}
