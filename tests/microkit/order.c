/* order.c: says when it runs. One program in five protection domains, which know themselves by name.
 *   above    wakes the three equals and the one below, in one go, from its init(); again when it is notified
 *   first    woken by above, wakes its equals and the one below
 *   below    woken by first, wakes the three equals, who are above it; at the end wakes above
 */
#include "check.h"

#define FROM_ABOVE 0
#define FROM_FIRST 6
#define FROM_BELOW 9

static unsigned rounds;

static int is(const char *name)
{
    int n = 0;

    while (name[n] != '\0' && name[n] == microkit_name[n]) {
        n++;
    }
    return name[n] == microkit_name[n];
}

static void notify_all(microkit_channel from, microkit_channel to)
{
    for (microkit_channel channel = from; channel <= to; channel++) {
        microkit_notify(channel);
    }
    say("notified them all");
}

void init(void)
{
    say("init");
    if (is("above")) {
        notify_all(1, 4);
    }
}

static void first_notified(void)
{
    microkit_notify(5);
    microkit_notify(7);
    microkit_notify(8);
    say("notified them all");
}

void notified(microkit_channel channel)
{
    if (is("above")) {
        say("notified");
        notify_all(1, 3);
        return;
    }
    /* Woken by one above them, they wait until that one does. */
    say(channel == FROM_ABOVE ? "by above" : channel == FROM_FIRST ? "by first" : "by below");
    if (is("first") && channel == FROM_ABOVE && !rounds++) {
        first_notified();
    }
    if (is("below") && channel == FROM_FIRST) {
        notify_all(10, 12);
        microkit_notify(FROM_ABOVE);
        say("done");
    }
}
