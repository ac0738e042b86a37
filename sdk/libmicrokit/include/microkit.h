/* microkit.h: what a protection domain's program sees of the system.
 *
 * Names, signatures and meanings are those of the official seL4 Microkit (1.4.1 to 2.3.0; its manual, "libmicrokit"),
 * but for virtual machines, x86, and capabilities of other PDs.
 * Differences that a program can notice:
 *   - `__thread` stays what it is (1.4.1 and 2.0.1 define it away).
 *   - A second deferred call does not replace the first: it makes the first one happen at once. A deferred call
 *     made in protected() happens together with the reply.
 *   - A call whose server is restarted before it answers, or has died and has no parent to restart it, returns with
 *     label MICROKIT_NO_REPLY; it would never return.
 *   - On a channel that the PD does not have, every call does nothing, in every configuration (`debug` prints it once).
 *
 * The program provides init() and notified(), and protected() and fault() where they can be called.
 */
#ifndef MICROKIT_H
#define MICROKIT_H

#include <sdk/abi/syscall.h>
#include <sel4/sel4.h>

#define MICROKIT_MAX_CHANNELS 62
#define MICROKIT_MAX_CHANNEL_ID (MICROKIT_MAX_CHANNELS - 1)
#define MICROKIT_PD_NAME_LENGTH 64

/* What channels and children are called where there are capabilities: channel n's is BASE_.. + n. The kernel here has
 * none; programs compare these numbers with microkit_signal_cap, or hand them to the calls of seL4 that are there. */
#define MONITOR_EP 5
#define TCB_CAP 6
#define ARM_SMC_CAP 7
#define BASE_OUTPUT_NOTIFICATION_CAP 10
#define BASE_ENDPOINT_CAP 74
#define BASE_IRQ_CAP 138
#define BASE_TCB_CAP 202
#define BASE_VM_TCB_CAP 266
#define BASE_VCPU_CAP 330

#define MICROKIT_NO_REPLY ((1ul << 52) - 1)

typedef unsigned int microkit_channel;
typedef unsigned int microkit_child;
typedef seL4_MessageInfo_t microkit_msginfo;

/* Entry points. */
void init(void);
void notified(microkit_channel ch);
microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo);
/* seL4_True: the child gets the reply and goes on; seL4_False: it stays where it is. */
seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo);

/* Written by the image tool (sdk/abi/pd.h). */
extern char microkit_name[MICROKIT_PD_NAME_LENGTH];
extern seL4_Word microkit_irqs;
extern seL4_Word microkit_notifications;
extern seL4_Word microkit_pps;

/* The deferred call: kept until the PD waits next. `cap` is for the program to look at: notify or acknowledge, and which
 * channel; `msg` has the same for the kernel: ABI_RECV_* as its length, the channel as its label. */
extern seL4_Bool microkit_have_signal;
extern seL4_CPtr microkit_signal_cap;
extern seL4_MessageInfo_t microkit_signal_msg;

/* The debug console: prints in `debug` only. */
void microkit_dbg_putc(int c);
void microkit_dbg_puts(const char *s);
void microkit_dbg_put8(seL4_Uint8 x);   /* decimal */
void microkit_dbg_put32(seL4_Uint32 x); /* decimal */

/* Stops the PD with a fault whose address is `err`, which no compiler may see through: GCC would warn of it. */
static inline void microkit_internal_crash(seL4_Error err)
{
    seL4_Word address = err;

    __asm__("" : "+r"(address));
    *(volatile int *)address = 0;
}

#include <sel4/benchmark.h>
#include <sel4/tcb.h>

static inline void microkit_notify(microkit_channel ch)
{
    microkit_syscall1(ABI_SYSCALL_NOTIFY, ch);
}

static inline void microkit_irq_ack(microkit_channel ch)
{
    microkit_syscall1(ABI_SYSCALL_IRQ_ACK, ch);
}

static inline void microkit_signal_flush(void)
{
    if (microkit_have_signal) {
        microkit_have_signal = seL4_False;
        microkit_syscall1(seL4_MessageInfo_get_length(microkit_signal_msg) == ABI_RECV_NOTIFY ? ABI_SYSCALL_NOTIFY
                                                                                              : ABI_SYSCALL_IRQ_ACK,
                          seL4_MessageInfo_get_label(microkit_signal_msg));
    }
}

static inline void microkit_defer(seL4_Word what, seL4_CPtr base, microkit_channel ch)
{
    microkit_signal_flush();
    microkit_have_signal = seL4_True;
    microkit_signal_msg = seL4_MessageInfo_new(ch, 0, 0, what);
    microkit_signal_cap = base + ch;
}

/* When the PD waits next, without a system call of its own. */
static inline void microkit_deferred_notify(microkit_channel ch)
{
    microkit_defer(ABI_RECV_NOTIFY, BASE_OUTPUT_NOTIFICATION_CAP, ch);
}

static inline void microkit_deferred_irq_ack(microkit_channel ch)
{
    microkit_defer(ABI_RECV_IRQ_ACK, BASE_IRQ_CAP, ch);
}

static inline void microkit_pd_restart(microkit_child pd, seL4_Word entry_point)
{
    if (microkit_syscall(ABI_SYSCALL_PD_RESTART, pd, &entry_point) != ABI_OK) {
        microkit_dbg_puts("microkit_pd_restart: no such child\n");
        microkit_internal_crash(seL4_InvalidCapability);
    }
}

static inline void microkit_pd_stop(microkit_child pd)
{
    if (microkit_syscall1(ABI_SYSCALL_PD_STOP, pd) != ABI_OK) {
        microkit_dbg_puts("microkit_pd_stop: no such child\n");
        microkit_internal_crash(seL4_InvalidCapability);
    }
}

/* From where it was stopped; after a fault, from the instruction that did it. A system call in which it waited is made
 * anew. */
static inline void microkit_pd_resume(microkit_child pd)
{
    if (microkit_syscall1(ABI_SYSCALL_PD_RESUME, pd) != ABI_OK) {
        microkit_dbg_puts("microkit_pd_resume: no such child\n");
        microkit_internal_crash(seL4_InvalidCapability);
    }
}

/* Not in the official SDK: for how many ticks of the system counter the child has had the CPU. 0: there is no such child. */
static inline seL4_Word microkit_pd_ticks(microkit_child pd)
{
    return microkit_syscall1(ABI_SYSCALL_PD_REGISTERS, pd) == ABI_OK ? __sel4_ipc_buffer->msg[ABI_REGISTERS_TICKS] : 0;
}

static inline microkit_msginfo microkit_msginfo_new(seL4_Word label, seL4_Uint16 count)
{
    return seL4_MessageInfo_new(label, 0, 0, count);
}

static inline seL4_Word microkit_msginfo_get_label(microkit_msginfo msginfo)
{
    return seL4_MessageInfo_get_label(msginfo);
}

static inline seL4_Word microkit_msginfo_get_count(microkit_msginfo msginfo)
{
    return seL4_MessageInfo_get_length(msginfo);
}

static inline void microkit_mr_set(seL4_Uint8 mr, seL4_Word value)
{
    seL4_SetMR(mr, value);
}

static inline seL4_Word microkit_mr_get(seL4_Uint8 mr)
{
    return seL4_GetMR(mr);
}

/* A call of the firmware (Arm DEN 0028), for a PD whose description has smc="true"; another one stops with a fault. */
static inline void microkit_arm_smc_call(seL4_ARM_SMCContext *args, seL4_ARM_SMCContext *response)
{
    const seL4_Word words[ABI_SMC_WORDS] = {args->x0, args->x1, args->x2, args->x3,
                                            args->x4, args->x5, args->x6, args->x7};

    for (seL4_Uint8 n = 0; n < ABI_SMC_WORDS; n++) {
        microkit_mr_set(n, words[n]);
    }
    if (microkit_syscall1(ABI_SYSCALL_SMC, 0) != ABI_OK) {
        microkit_dbg_puts("microkit_arm_smc_call: this PD may not\n");
        microkit_internal_crash(seL4_InvalidCapability);
    }
    *response = (seL4_ARM_SMCContext){microkit_mr_get(0), microkit_mr_get(1), microkit_mr_get(2), microkit_mr_get(3),
                                      microkit_mr_get(4), microkit_mr_get(5), microkit_mr_get(6), microkit_mr_get(7)};
}

static inline microkit_msginfo microkit_ppcall(microkit_channel ch, microkit_msginfo msginfo)
{
    seL4_Word info = msginfo.words[0];
    seL4_Word error = microkit_syscall(ABI_SYSCALL_CALL, ch, &info);

    if (error == ABI_OK) {
        return (microkit_msginfo){{info}};
    }
    return microkit_msginfo_new(error == ABI_ERROR_NO_REPLY ? MICROKIT_NO_REPLY : 0, 0);
}

#endif
