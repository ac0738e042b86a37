/* abi/syscall.h: the calls of the kernel, agreed between the kernel and libmicrokit.
 *
 * `svc #0` with the number in x8 and arguments from x0 on. x0, x1 return results; every other register, the FP/SIMD
 * state included, is kept. The words of a message lie in the IPC buffers, one page per PD, and the kernel copies
 * as many as the message info says from the sender's page to the receiver's.
 *
 * Message info, as in seL4: bits 6:0 number of words (more than ABI_MESSAGE_WORDS count as that many), bits 11:7 zero,
 * bits 63:12 label.
 *
 *     x8                       arguments                             results
 *     ABI_SYSCALL_RECV         x0 flags, x1 reply's info, x2 chan    x0 event, x1 message info
 *     ABI_SYSCALL_NOTIFY       x0 channel                            x0 enum abi_error
 *     ABI_SYSCALL_CALL         x0 channel, x1 message info           x0 enum abi_error, x1 reply's info
 *     ABI_SYSCALL_IRQ_ACK      x0 channel                            x0 enum abi_error
 *     ABI_SYSCALL_PD_STOP      x0 child                              x0 enum abi_error
 *     ABI_SYSCALL_PD_RESTART   x0 child, x1 program counter          x0 enum abi_error
 *     ABI_SYSCALL_PD_RESUME    x0 child                              x0 enum abi_error
 *     ABI_SYSCALL_PD_REGISTERS x0 child                              x0 enum abi_error; its IPC buffer: ABI_REGISTERS
 *     ABI_SYSCALL_DBG_PUTC     x0 character                          x0 enum abi_error; nothing is printed in release
 *     ABI_SYSCALL_SMC          its IPC buffer's first ABI_SMC_WORDS  x0 enum abi_error; the same words: the answer
 *     ABI_SYSCALL_UTILISATION  x0 enum abi_utilisation, x1 whose     x0 enum abi_error; `benchmark` only
 *
 * RECV is the one place where a PD waits. In one entry it answers the caller it has (ABI_RECV_REPLY), then notifies
 * (ABI_RECV_NOTIFY) or acknowledges (ABI_RECV_IRQ_ACK) on channel x2, then waits for the next event. A flag whose
 * channel the PD does not have is ignored, like any other call on such a channel; other bits of x0 have no meaning.
 * Another number is a fault (ABI_FAULT_UNKNOWN_SYSCALL); an error changes nothing.
 */
#ifndef ABI_SYSCALL_H
#define ABI_SYSCALL_H

#define ABI_SYSCALL_RECV 0
#define ABI_SYSCALL_NOTIFY 1
#define ABI_SYSCALL_CALL 2
#define ABI_SYSCALL_IRQ_ACK 3
#define ABI_SYSCALL_PD_STOP 4
#define ABI_SYSCALL_PD_RESTART 5
#define ABI_SYSCALL_DBG_PUTC 6
#define ABI_SYSCALL_SMC 7
#define ABI_SYSCALL_PD_RESUME 8
#define ABI_SYSCALL_PD_REGISTERS 9
#define ABI_SYSCALL_COUNT 10       /* those of every configuration */
#define ABI_SYSCALL_UTILISATION 10 /* in `benchmark`; elsewhere it is unknown */

#define ABI_SMC_WORDS 8 /* of a call of the SMC Calling Convention (Arm DEN 0028), and of its answer */

/* A child's registers, in words far behind those of a fault, which they leave as they are. */
#define ABI_REGISTERS 64 /* x0 to x30, then */
#define ABI_REGISTERS_SP 95
#define ABI_REGISTERS_PC 96
#define ABI_REGISTERS_SPSR 97
#define ABI_REGISTERS_TPIDR 98
#define ABI_REGISTERS_TICKS 99 /* of the system counter, for which it has had the CPU */

#define ABI_RECV_REPLY (1ul << 0)
#define ABI_RECV_NOTIFY (1ul << 1)
#define ABI_RECV_IRQ_ACK (1ul << 2)

/* The event that RECV returns: ABI_EVENT_CALL | channel, ABI_EVENT_FAULT | child,
 * or else a set of notified channels. */
#define ABI_EVENT_CALL (1ul << 63)
#define ABI_EVENT_FAULT (1ul << 62)
#define ABI_EVENT_NUMBER_MASK 0x3ful

#define ABI_MESSAGE_WORDS 120 /* as seL4 has */
#define ABI_MESSAGE_COUNT_MASK 0x7ful
#define ABI_MESSAGE_LABEL_SHIFT 12

/* Labels of a fault's message and its words, as in seL4 with MCS. A reply with label 0 lets the child go on at
 * the same instruction, unless the reply's words (those before esr or number) name another. */
#define ABI_FAULT_UNKNOWN_SYSCALL 2 /* x0..x7, pc of the svc, sp, pc behind it, spsr, number */
#define ABI_FAULT_USER_EXCEPTION 3  /* an undefined instruction: pc, sp, spsr, esr, 0 */
#define ABI_FAULT_TIMEOUT 5   /* it has taken no event for too long (struct abi_pd, watchdog_us): its child id, 0 */
#define ABI_FAULT_VM 6        /* pc, address, 1 for an instruction fetch, esr */
#define ABI_FAULT_EXCEPTION 8 /* any other exception: esr. seL4 as a hypervisor calls it the fault of a VCPU */

/* Behind a fault's words, and not counted, what seL4 does not tell. Where a kernel writes nothing there, a parent that
 * clears the first of them finds 0. */
#define ABI_FAULT_MORE_BUILD 16 /* the image's, with ABI_FAULT_MORE_IS_THERE */
#define ABI_FAULT_MORE_PC 17
#define ABI_FAULT_MORE_ESR 18     /* 0 for a system call */
#define ABI_FAULT_MORE_ADDRESS 19 /* of an abort */
#define ABI_FAULT_MORE_CALLERS 20 /* how many return addresses follow, the innermost first */
#define ABI_FAULT_MORE_CALLERS_MAX 8
#define ABI_FAULT_MORE_IS_THERE (1ul << 32)

#ifndef __ASSEMBLER__

#include <stdint.h>

enum abi_error {
    ABI_OK,
    ABI_ERROR_CHANNEL,  /* the PD has no such channel, or it does not allow this */
    ABI_ERROR_CHILD,    /* the PD has no such child */
    ABI_ERROR_NO_REPLY, /* the server was restarted, waited again, or died, without an answer */
    ABI_ERROR_CONFIG,   /* not in this configuration */
    ABI_ERROR_SMC,      /* the PD may not call the firmware */
};

/* Who uses the CPU: counted from BEGIN to END. READ writes the words below to the caller's IPC buffer; it and RESET
 * take a child's id, or ABI_UTILISATION_SELF. Ticks are the system counter's (CNTFRQ_EL0 in a second). */
enum abi_utilisation {
    ABI_UTILISATION_BEGIN, /* resets idling and the totals */
    ABI_UTILISATION_END,
    ABI_UTILISATION_READ,
    ABI_UTILISATION_RESET,
};

#define ABI_UTILISATION_SELF (~0ul)

/* The order is seL4's (sel4/benchmark_utilisation_types.h). */
enum abi_utilisation_word {
    ABI_UTILISATION_TICKS,            /* scheduled, the kernel's time for it included */
    ABI_UTILISATION_SCHEDULES,        /* how often its turn came */
    ABI_UTILISATION_KERNEL_TICKS,     /* of its ticks, those in the kernel */
    ABI_UTILISATION_ENTRIES,          /* into the kernel, from it */
    ABI_UTILISATION_IDLE_TICKS,       /* the same of idling */
    ABI_UTILISATION_IDLE_TICKS_THERE, /* on the PD's CPU, which is the only one */
    ABI_UTILISATION_IDLE_SCHEDULES,
    ABI_UTILISATION_IDLE_KERNEL_TICKS,
    ABI_UTILISATION_IDLE_ENTRIES,
    ABI_UTILISATION_TOTAL_TICKS, /* from BEGIN to END, or to now: the sum of all PDs' and of idling */
    ABI_UTILISATION_TOTAL_SCHEDULES,
    ABI_UTILISATION_TOTAL_KERNEL_TICKS,
    ABI_UTILISATION_TOTAL_ENTRIES,
};

/* One IPC buffer. The page's remainder is not touched by the kernel. */
struct abi_message {
    uint64_t words[ABI_MESSAGE_WORDS];
};

#endif
#endif
