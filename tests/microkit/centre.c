/* centre.c: the end of 62 channels, as many as a PD has; spoke.c is at the others.
 * Odd ones are above it, even ones below.
 *   those above notify it in their init(), before it runs, and answer its calls
 *   those below call it in theirs; then all are notified, and answer with a notification
 */
#include "spoke.h"

static struct {
    uint64_t notified;
    uint64_t called;
} self;

void init(void)
{
    int answered = 1;
    for (microkit_channel channel = 1; channel < CHANNELS; channel += 2) {
        microkit_msginfo answer = microkit_ppcall(channel, microkit_msginfo_new(channel, 0));
        answered &= microkit_msginfo_get_label(answer) == SPOKE_CHANNEL(channel);
    }
    check(answered, "answers from all above");
}

void notified(microkit_channel channel)
{
    self.notified |= 1ull << channel;
    if (self.notified == ODD_CHANNELS && self.called == 0) {
        say("notified by all above");
    } else if (self.notified == ALL_CHANNELS) {
        say("done");
    }
}

/* The answer to the last one of them comes last of all, when it has been notified, too. */
microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    check(microkit_msginfo_get_label(message) == SPOKE_CHANNEL(channel), "called on the right channel");
    self.called |= 1ull << channel;
    if (self.called == EVEN_CHANNELS) {
        check(self.notified == ODD_CHANNELS, "called by all below");
        self.notified = 0;
        for (microkit_channel each = 0; each < CHANNELS; each++) {
            microkit_notify(each);
        }
    }
    return microkit_msginfo_new(channel, 0);
}
