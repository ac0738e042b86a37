/* signal.c: what a program can see of its deferred call: of which kind it is, and on which channel. */
#include "check.h"

#define CHANNEL 3
#define INTERRUPT 4

void init(void)
{
    check(!microkit_have_signal, "nothing is deferred");
    microkit_deferred_notify(CHANNEL);
    check(microkit_have_signal && microkit_signal_cap == BASE_OUTPUT_NOTIFICATION_CAP + CHANNEL, "a notification");
    microkit_have_signal = seL4_False;
    microkit_deferred_irq_ack(INTERRUPT);
    check(microkit_have_signal && microkit_signal_cap == BASE_IRQ_CAP + INTERRUPT, "an acknowledgement");
    microkit_have_signal = seL4_False;
    microkit_deferred_irq_ack(BASE_IRQ_CAP - BASE_OUTPUT_NOTIFICATION_CAP + CHANNEL); /* which it does not have */
    microkit_deferred_notify(BASE_IRQ_CAP - BASE_OUTPUT_NOTIFICATION_CAP + INTERRUPT);
    microkit_deferred_notify(CHANNEL);
}

void notified(microkit_channel channel)
{
    check(channel == CHANNEL, "notified by its peer");
    say("done");
}
