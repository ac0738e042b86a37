/* syscall.c: the system calls (abi/syscall.h): decode, then commit.
 *
 * Each function first asks decode.c what the PD's numbers mean; a refusal leaves everything as it was. What follows
 * cannot fail.
 *
 * Serves every PD, trusts none: all numbers come from its registers, and none is used before decode.c has said what it
 * means. What a PD may do is in the tables that the image tool wrote (abi/), which are trusted.
 */
#include "sdk/kernel/syscall.h"

#include <stddef.h>

#include "config.h"
#include "sdk/kernel/arch.h"
#include "sdk/kernel/call.h"
#include "sdk/kernel/child.h"
#include "sdk/kernel/decode.h"
#include "sdk/kernel/fault.h"
#include "sdk/kernel/firmware.h"
#include "sdk/kernel/irq.h"
#include "sdk/kernel/print.h"
#include "sdk/kernel/sched.h"
#include "sdk/kernel/utilisation.h"

#define APART __attribute__((noinline))

/* A program's mistake that has no effect: said once per PD, where a developer looks. */
static APART enum abi_error refuse(struct pd *pd, const char *what, uint64_t number, enum abi_error error)
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

static enum abi_error resume(struct pd *pd, uint64_t number)
{
    uint8_t child = decode_child(pd->abi, number);

    if (child == ABI_NONE) {
        return refuse(pd, "resumes child", number, ABI_ERROR_CHILD);
    }
    child_resume(pd_get(child));
    return ABI_OK;
}

static enum abi_error registers(struct pd *pd, uint64_t number)
{
    uint8_t child = decode_child(pd->abi, number);

    if (child == ABI_NONE) {
        return refuse(pd, "reads registers of child", number, ABI_ERROR_CHILD);
    }
    child_registers(pd_get(child), pd->message);
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

static enum abi_error smc(struct pd *pd)
{
    if (!(pd->abi->flags & ABI_PD_SMC)) {
        return refuse(pd, "calls the firmware, function", pd->message->words[0], ABI_ERROR_SMC);
    }
    smc_call(pd->message->words);
    return ABI_OK;
}

static enum abi_error utilisation_of(struct pd *pd, uint64_t what, uint64_t number)
{
    uint8_t whose = number == ABI_UTILISATION_SELF ? pd->index : decode_child(pd->abi, number);

    if (whose == ABI_NONE) {
        return refuse(pd, "asks for the utilisation of child", number, ABI_ERROR_CHILD);
    }
    if (what == ABI_UTILISATION_READ) {
        utilisation_read(whose, pd->message);
    } else {
        utilisation_reset(whose);
    }
    return ABI_OK;
}

static enum abi_error utilisation(struct pd *pd, uint64_t what, uint64_t number)
{
    switch (what) {
    case ABI_UTILISATION_BEGIN: utilisation_begin(); return ABI_OK;
    case ABI_UTILISATION_END: utilisation_end(); return ABI_OK;
    case ABI_UTILISATION_READ:
    case ABI_UTILISATION_RESET: return utilisation_of(pd, what, number);
    default: return ABI_ERROR_CONFIG;
    }
}

static struct context *leave(void)
{
    struct pd *pd = sched_exit();

    utilisation_left(pd->index);
    return &pd->context;
}

/* One function per system call, so that none pays for what another one needs: the dispatch is a jump. */

static APART struct context *handle_receive(struct pd *pd)
{
    receive(pd, pd->context.x[0], pd->context.x[1], pd->context.x[2]);
    return leave();
}

static APART struct context *handle_notify(struct pd *pd)
{
    pd->context.x[0] = notify(pd, pd->context.x[0]);
    return leave();
}

static APART struct context *handle_call(struct pd *pd)
{
    call(pd, pd->context.x[0], pd->context.x[1]);
    return leave();
}

static APART struct context *handle_ack(struct pd *pd)
{
    pd->context.x[0] = ack(pd, pd->context.x[0]);
    return leave();
}

static APART struct context *handle_stop(struct pd *pd)
{
    pd->context.x[0] = stop(pd, pd->context.x[0]);
    return leave();
}

static APART struct context *handle_restart(struct pd *pd)
{
    pd->context.x[0] = restart(pd, pd->context.x[0], pd->context.x[1]);
    return leave();
}

static APART struct context *handle_resume(struct pd *pd)
{
    pd->context.x[0] = resume(pd, pd->context.x[0]);
    return leave();
}

static APART struct context *handle_registers(struct pd *pd)
{
    pd->context.x[0] = registers(pd, pd->context.x[0]);
    return leave();
}

static APART struct context *handle_dbg_putc(struct pd *pd)
{
    pd->context.x[0] = dbg_putc(pd->context.x[0]);
    return leave();
}

static APART struct context *handle_smc(struct pd *pd)
{
    pd->context.x[0] = smc(pd);
    return leave();
}

static APART struct context *handle_utilisation(struct pd *pd)
{
    pd->context.x[0] = utilisation(pd, pd->context.x[0], pd->context.x[1]);
    return leave();
}

static APART struct context *handle_unknown(struct pd *pd)
{
    fault_unknown_syscall();
    return leave();
}

struct context *syscall_handle(struct context *context)
{
    struct pd *pd = (struct pd *)context; /* its first member */

    utilisation_entered();
    switch (context->x[8]) {
    case ABI_SYSCALL_RECV: return handle_receive(pd);
    case ABI_SYSCALL_NOTIFY: return handle_notify(pd);
    case ABI_SYSCALL_CALL: return handle_call(pd);
    case ABI_SYSCALL_IRQ_ACK: return handle_ack(pd);
    case ABI_SYSCALL_PD_STOP: return handle_stop(pd);
    case ABI_SYSCALL_PD_RESTART: return handle_restart(pd);
    case ABI_SYSCALL_PD_RESUME: return handle_resume(pd);
    case ABI_SYSCALL_PD_REGISTERS: return handle_registers(pd);
    case ABI_SYSCALL_DBG_PUTC: return handle_dbg_putc(pd);
    case ABI_SYSCALL_SMC: return handle_smc(pd);
    case ABI_SYSCALL_UTILISATION: return CONFIG_UTILISATION ? handle_utilisation(pd) : handle_unknown(pd);
    default: return handle_unknown(pd);
    }
}

struct context *exception_handle(uint64_t esr, uint64_t address)
{
    utilisation_entered();
    if (ESR_CLASS(esr) == ESR_CLASS_WF) {
        /* WFI or WFE: where there is no tick, nothing might ever end it. It is a hint, and waits for nothing here. */
        sched_current()->context.pc += 4;
    } else if (ESR_CLASS(esr) == ESR_CLASS_FP_ACCESS) {
        pd_begin_fp(sched_current());
    } else {
        fault_exception(esr, address);
    }
    return leave();
}

struct context *interrupt_handle(void)
{
    utilisation_entered();
    irq_handle();
    return leave();
}
