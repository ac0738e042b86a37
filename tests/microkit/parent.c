/* parent.c: gets the faults of its child, restarts it twice, then stops it. */
#include "check.h"

#define FAULT_VM 6      /* seL4_Fault_VMFault with MCS */
#define FAULT_ADDRESS 1 /* word of its message */
#define FAULT_FETCH 2

static unsigned faults;

void init(void)
{
    check(faults == 0, "init comes first");
}

void notified(microkit_channel channel)
{
    check(channel == PARENT_CLIENT, "notified by the client");
    microkit_deferred_notify(PARENT_CLIENT);
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    check(child == CHILD_ID, "the child's id");
    check(microkit_msginfo_get_label(info) == FAULT_VM, "the fault's label");
    check(microkit_mr_get(FAULT_ADDRESS) == BAD_ADDRESS, "the fault's address");
    check(microkit_mr_get(FAULT_FETCH) == 0, "not a fetch");
    if (++faults < 3) {
        microkit_pd_restart(child, PROGRAM_ENTRY);
    } else {
        microkit_pd_stop(child);
        say("stops its child");
    }
    return seL4_False;
}
