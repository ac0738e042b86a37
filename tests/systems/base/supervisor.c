/* supervisor.c: has a child that crashes again and again, and starts it anew each time.
 *
 *   faults of the child come here; the answer is a restart, RESTARTS times, then it stays where it is
 */
#include "lib/log.h"
#include "lib/pd.h"
#include "serial/client.h"

#define CHILD 0
#define RESTARTS 4

static struct {
    unsigned faults;
} self;

void init(void)
{
    serial_client_init(&serial_client_config);
    log_to(serial_client_log_sink);
    pd_flush();
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    self.faults++;
    log_line("child %u has stopped, %u", child, self.faults);
    if (self.faults <= RESTARTS) {
        microkit_pd_restart(child, PD_ENTRY);
    }
    pd_flush();
    return seL4_False;
}
