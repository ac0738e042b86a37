/* kept.c: wakes its parent, which stops it, and sees whether it goes on as it was. */
#include "check.h"
#include "keeper.h"

static unsigned times;

/* The parent runs at once, since its priority is higher. */
static seL4_Word after_a_stop(void)
{
    register seL4_Word mark __asm__("x20") = KEPT_MARK;

    __asm__ volatile("" : "+r"(mark));
    microkit_notify(KEPT_KEEPER);
    __asm__ volatile("" : "+r"(mark));
    return mark;
}

void init(void) {}

void notified(microkit_channel channel)
{
    check(channel == KEPT_KEEPER, "notified");
    if (++times == 1) {
        check(after_a_stop() == KEPT_MARK, "goes on with its registers");
        microkit_deferred_notify(KEPT_KEEPER); /* with the next wait */
    } else {
        say("done");
    }
}
