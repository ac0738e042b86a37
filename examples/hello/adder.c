/* adder.c: adds two numbers for whoever may call it, and answers a notification with one.
 *
 *   called by greeter, NOT trusted: a message of another shape gets no sum
 */
#include "examples/hello/config.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"

static void notified_by_greeter(void *context)
{
    log_line("notified on channel %u", (unsigned)hello_config.peer);
    microkit_notify(hello_config.peer);
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    pd_on_channel(hello_config.peer, notified_by_greeter, NULL);
    log_line("ready");
    pd_flush();
}

microkit_msginfo protected(microkit_channel channel, microkit_msginfo message)
{
    if (microkit_msginfo_get_count(message) != 2) {
        return microkit_msginfo_new(0, 0);
    }
    microkit_mr_set(0, microkit_mr_get(0) + microkit_mr_get(1));
    return microkit_msginfo_new(0, 1);
}
