/* syscall.c: the system calls (abi/syscall.h): decode, then commit.
 *
 * Each function first asks decode.c what the PD's numbers mean; a refusal leaves everything as it was. What follows
 * cannot fail.
 */
#include "sdk/kernel/syscall.h"

#include <stddef.h>

#include "config.h"
#include "sdk/kernel/call.h"
#include "sdk/kernel/child.h"
#include "sdk/kernel/decode.h"
#include "sdk/kernel/fault.h"
#include "sdk/kernel/irq.h"
#include "sdk/kernel/print.h"
#include "sdk/kernel/sched.h"

/* A program's mistake that has no effect: said once per PD, where a developer looks. */
static enum abi_error refuse(struct pd *pd, const char *what, uint64_t number, enum abi_error error)
{
    if (CONFIG_DEBUG && !pd->warned) {
        pd->warned = true;
        print("\nkernel: PD '");
        print(pd->abi->name);
        print("' ");
        print(what);
        print(" ");
        print_decimal(number);
        print(", which it does not have: ignored, and so are later ones\n");
    }
    return error;
}

static enum abi_error notify(struct pd *pd, uint64_t number)
{
    const struct abi_channel *channel = decode_channel(pd->abi, number, ABI_CHANNEL_NOTIFY);

    if (channel == NULL) {
        return refuse(pd, "notifies on channel", number, ABI_ERROR_CHANNEL);
    }
    call_notify(pd_get(channel->peer), channel->peer_channel);
    return ABI_OK;
}

static enum abi_error ack(struct pd *pd, uint64_t number)
{
    const struct abi_channel *channel = decode_channel(pd->abi, number, ABI_CHANNEL_IRQ);

    if (channel == NULL) {
        return refuse(pd, "acknowledges an interrupt on channel", number, ABI_ERROR_CHANNEL);
    }
    irq_ack(channel->irq);
    return ABI_OK;
}

/* x0 and x1 are written later, by the answer. */
static void call(struct pd *pd, uint64_t number, uint64_t info)
{
    const struct abi_channel *channel = decode_channel(pd->abi, number, ABI_CHANNEL_PPCALL);

    if (channel == NULL) {
        pd->context.x[0] = refuse(pd, "calls on channel", number, ABI_ERROR_CHANNEL);
        return;
    }
    call_begin(pd, pd_get(channel->peer), ABI_EVENT_CALL | channel->peer_channel, decode_info(info));
}

static void receive(struct pd *pd, uint64_t flags, uint64_t info, uint64_t channel)
{
    if (flags & ABI_RECV_REPLY) {
        call_reply(pd, decode_info(info));
    }
    if (flags & ABI_RECV_NOTIFY) {
        notify(pd, channel);
    }
    if (flags & ABI_RECV_IRQ_ACK) {
        ack(pd, channel);
    }
    call_receive(pd);
}

static enum abi_error stop(struct pd *pd, uint64_t number)
{
    uint8_t child = decode_child(pd->abi, number);

    if (child == ABI_NONE) {
        return refuse(pd, "stops child", number, ABI_ERROR_CHILD);
    }
    child_stop(pd_get(child));
    return ABI_OK;
}

static enum abi_error restart(struct pd *pd, uint64_t number, uint64_t pc)
{
    uint8_t child = decode_child(pd->abi, number);

    if (child == ABI_NONE) {
        return refuse(pd, "restarts child", number, ABI_ERROR_CHILD);
    }
    child_restart(pd_get(child), pc);
    return ABI_OK;
}

static enum abi_error dbg_putc(uint64_t c)
{
    if (!CONFIG_DEBUG) {
        return ABI_ERROR_CONFIG;
    }
    print_char((char)c);
    return ABI_OK;
}

struct context *syscall_handle(struct context *context)
{
    struct pd *pd = sched_current();
    uint64_t *x = context->x;

    switch (x[8]) {
    case ABI_SYSCALL_RECV:
        receive(pd, x[0], x[1], x[2]);
        break;
    case ABI_SYSCALL_NOTIFY:
        x[0] = notify(pd, x[0]);
        break;
    case ABI_SYSCALL_CALL:
        call(pd, x[0], x[1]);
        break;
    case ABI_SYSCALL_IRQ_ACK:
        x[0] = ack(pd, x[0]);
        break;
    case ABI_SYSCALL_PD_STOP:
        x[0] = stop(pd, x[0]);
        break;
    case ABI_SYSCALL_PD_RESTART:
        x[0] = restart(pd, x[0], x[1]);
        break;
    case ABI_SYSCALL_DBG_PUTC:
        x[0] = dbg_putc(x[0]);
        break;
    default:
        fault_unknown_syscall();
        break;
    }
    return &sched_exit()->context;
}

struct context *exception_handle(uint64_t esr, uint64_t address)
{
    fault_exception(esr, address);
    return &sched_exit()->context;
}

struct context *interrupt_handle(void)
{
    irq_handle();
    return &sched_exit()->context;
}
