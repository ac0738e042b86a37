/* asserter.c: an assertion that fails stops this PD alone, and the console says which. */
#include <assert.h>

#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"

static volatile int one = 1;

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    log_line("before");
    assert(one == 2);
    log_line("after");
    pd_flush();
}
