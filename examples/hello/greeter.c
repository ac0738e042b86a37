/* greeter.c: says hello, then uses the two ways to reach another protection domain.
 *
 *   calls     adder      protected call: two numbers there, their sum back
 *   notifies  adder      which answers with a notification
 *   prints    serial     its lines appear on the console as `greeter| ...`
 */
#include "examples/hello/config.h"
#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"

static void answered(void *context)
{
    log_line("notified on channel %u", (unsigned)hello_config.peer);
}

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    pd_on_channel(hello_config.peer, answered, NULL);
    log_line("hello");
    microkit_mr_set(0, 40);
    microkit_mr_set(1, 2);
    microkit_msginfo answer = microkit_ppcall(hello_config.peer, microkit_msginfo_new(0, 2));
    log_line("adder says %lu", microkit_msginfo_get_count(answer) == 1 ? (unsigned long)microkit_mr_get(0) : 0ul);
    microkit_notify(hello_config.peer);
    pd_flush();
}
