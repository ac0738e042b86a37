/* child.c: what a parent may do with its children.
 *   trusts    nothing: syscall.c has found the child in the parent's own table
 *   invariant a child that is stopped is in no queue. A PD that waits for its answer goes on waiting, until it is
 *             restarted: then it gets MICROKIT_NO_REPLY
 */
#include "sdk/kernel/child.h"

#include "sdk/kernel/arch.h"
#include "sdk/kernel/call.h"
#include "sdk/kernel/sched.h"

void child_stop(struct pd *child)
{
    sched_remove(child);
    call_cancel(child);
    child->state = PD_STOPPED;
}

void child_restart(struct pd *child, uint64_t pc)
{
    child_stop(child);
    call_abandon(child);
    pd_take_home_sc(child);
    child->looks = 0;
    child->context.pc = pc;
    child->context.spsr = SPSR_EL0;
    child->state = PD_RUNNABLE;
    sched_wake(child);
}
