/* adder.c: adds two numbers for whoever may call it, and answers a notification with one.
 *
 *   called by greeter, NOT trusted: a message of another shape gets no sum
 */
#include "examples/hello/config.h"
#include "lib/log.h"
#include "lib/pd.h"

void init(void)
{
    log_line("ready");
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    if (microkit_msginfo_get_count(message) != 2) {
        return microkit_msginfo_new(0, 0);
    }
    microkit_mr_set(0, microkit_mr_get(0) + microkit_mr_get(1));
    return microkit_msginfo_new(0, 1);
}

void notified(microkit_channel channel)
{
    log_line("notified on channel %u", channel);
    microkit_notify(channel);
}
