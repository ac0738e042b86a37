/* child.c: what a parent may do with its children.
 *   trusts    nothing: syscall.c has found the child in the parent's own table
 *   invariant a child that is stopped is in no queue. A PD that waits for its answer goes on waiting, until it is
 *             resumed and answers, or restarted: then it gets MICROKIT_NO_REPLY
 */
#include "sdk/kernel/child.h"

#include <stddef.h>

#include "sdk/kernel/arch.h"
#include "sdk/kernel/call.h"
#include "sdk/kernel/sched.h"

#define SVC_SIZE 4

static bool has_faulted(const struct pd *pd)
{
    return (pd->state == PD_QUEUED || pd->state == PD_CALLED) && pd->event & ABI_EVENT_FAULT;
}

static bool waits(const struct pd *pd)
{
    return pd->state != PD_STOPPED && pd->state != PD_RUNNABLE && !has_faulted(pd);
}

/* A system call in which it waits is made anew when it is resumed: its arguments are still there. What came before a
 * wait (ABI_RECV_*) has been done. */
void child_stop(struct pd *child)
{
    if (waits(child)) {
        child->context.pc -= SVC_SIZE;
    }
    if (child->state == PD_WAITING) {
        child->context.x[0] = 0;
    }
    sched_remove(child);
    call_cancel(child);
    child->state = PD_STOPPED;
}

void child_resume(struct pd *child)
{
    if (child->state != PD_STOPPED && !has_faulted(child)) {
        return;
    }
    child_stop(child);
    if (child->sc == NULL) {
        pd_take_home_sc(child);
    }
    child->looks = 0;
    child->state = PD_RUNNABLE;
    sched_wake(child);
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

void child_registers(const struct pd *child, struct abi_message *message)
{
    for (unsigned n = 0; n < 31; n++) {
        message->words[ABI_REGISTERS + n] = child->context.x[n];
    }
    message->words[ABI_REGISTERS_SP] = child->context.sp;
    message->words[ABI_REGISTERS_PC] = child->context.pc;
    message->words[ABI_REGISTERS_SPSR] = child->context.spsr;
    message->words[ABI_REGISTERS_TPIDR] = child->context.tpidr;
    message->words[ABI_REGISTERS_TICKS] = child->ticks;
}
