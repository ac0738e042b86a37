/* fault.c: a PD did what it may not.
 *   consumes  the exception's syndrome, address and registers; a parent's answer, NOT trusted: it sets registers of its
 *             own child, and of the flags only those that EL0 has
 *   produces  with a parent, a call to it (labels and words as in seL4 with MCS). Without one, or when the parent has
 *             stopped, one line that names PD, cause, address, pc and build; return addresses and registers follow
 *   invariant only this PD stops; without a parent it is dead, and a PD that calls it gets no reply
 */
#include "sdk/kernel/fault.h"

#include <stddef.h>

#include "sdk/abi/mmu.h"
#include "sdk/kernel/arch.h"
#include "sdk/kernel/call.h"
#include "sdk/kernel/callers.h"
#include "sdk/kernel/message.h"
#include "sdk/kernel/print.h"
#include "sdk/kernel/sched.h"

#define UNKNOWN_SYSCALL_WORDS 13
#define USER_EXCEPTION_WORDS 5
#define TIMEOUT_WORDS 2
#define VM_WORDS 4
#define EXCEPTION_WORDS 1

static struct {
    uint32_t build;
} self;

void fault_init(const struct abi_system *system)
{
    self.build = system->build;
}

void fault_print_build(void)
{
    print(", build ");
    print_hex(self.build, 8);
}

/* -- words -- */

static uint64_t put_unknown_syscall(const struct pd *child, uint64_t *words)
{
    for (unsigned n = 0; n < 8; n++) {
        words[n] = child->context.x[n];
    }
    words[8] = child->context.pc;
    words[9] = child->context.sp;
    words[10] = child->context.pc + 4;
    words[11] = child->context.spsr;
    words[12] = child->context.x[8];
    return UNKNOWN_SYSCALL_WORDS;
}

static uint64_t put_user_exception(const struct pd *child, uint64_t *words)
{
    words[0] = child->context.pc;
    words[1] = child->context.sp;
    words[2] = child->context.spsr;
    words[3] = child->fault.esr;
    words[4] = 0;
    return USER_EXCEPTION_WORDS;
}

static uint64_t put_vm(const struct pd *child, uint64_t *words)
{
    words[0] = child->context.pc;
    words[1] = child->fault.address;
    words[2] = ESR_CLASS(child->fault.esr) == ESR_CLASS_INSTRUCTION_ABORT;
    words[3] = child->fault.esr;
    return VM_WORDS;
}

/* seL4's: data of the scheduling context, by which a handler knows whose it is; what was used of it. */
static void put_timeout(const struct pd *child, uint64_t *words)
{
    words[0] = child->abi->child_id;
    words[1] = 0;
}

/* Where it was, for whoever restarts it: afterwards nobody can look. */
static void put_more(struct pd *child, uint64_t *words)
{
    struct callers callers = callers_of(child);
    uint64_t count = 0;

    while (count < ABI_FAULT_MORE_CALLERS_MAX && callers_next(&callers, &words[ABI_FAULT_MORE_CALLERS + 1 + count])) {
        count++;
    }
    words[ABI_FAULT_MORE_BUILD] = self.build | ABI_FAULT_MORE_IS_THERE;
    words[ABI_FAULT_MORE_PC] = child->context.pc;
    words[ABI_FAULT_MORE_ESR] = child->fault.esr;
    words[ABI_FAULT_MORE_ADDRESS] = child->fault.address;
    words[ABI_FAULT_MORE_CALLERS] = count;
}

void fault_message(struct pd *child, struct abi_message *message)
{
    put_more(child, message->words);
    switch (child->fault.label) {
    case ABI_FAULT_VM: put_vm(child, message->words); break;
    case ABI_FAULT_UNKNOWN_SYSCALL: put_unknown_syscall(child, message->words); break;
    case ABI_FAULT_USER_EXCEPTION: put_user_exception(child, message->words); break;
    case ABI_FAULT_TIMEOUT: put_timeout(child, message->words); break;
    default: message->words[0] = child->fault.esr;
    }
}

static uint64_t word_count(uint64_t label)
{
    switch (label) {
    case ABI_FAULT_VM: return VM_WORDS;
    case ABI_FAULT_UNKNOWN_SYSCALL: return UNKNOWN_SYSCALL_WORDS;
    case ABI_FAULT_USER_EXCEPTION: return USER_EXCEPTION_WORDS;
    case ABI_FAULT_TIMEOUT: return TIMEOUT_WORDS;
    default: return EXCEPTION_WORDS;
    }
}

static void take_flags(struct pd *child, uint64_t spsr)
{
    child->context.spsr = SPSR_EL0 | (spsr & SPSR_USER_FLAGS);
}

static void take_user_exception(struct pd *child, const uint64_t *words, uint64_t count)
{
    if (count > 0) {
        child->context.pc = words[0];
    }
    if (count > 1) {
        child->context.sp = words[1];
    }
    if (count > 2) {
        take_flags(child, words[2]);
    }
}

static void take_unknown_syscall(struct pd *child, const uint64_t *words, uint64_t count)
{
    for (unsigned n = 0; n < 8 && n < count; n++) {
        child->context.x[n] = words[n];
    }
    if (count > 8) {
        child->context.pc = words[8];
    }
    if (count > 9) {
        child->context.sp = words[9];
    }
    if (count > 11) {
        take_flags(child, words[11]);
    }
}

bool fault_reply(struct pd *child, const struct abi_message *message, uint64_t info)
{
    if (child->fault.label == ABI_FAULT_UNKNOWN_SYSCALL) {
        take_unknown_syscall(child, message->words, message_count(info));
    } else if (child->fault.label == ABI_FAULT_USER_EXCEPTION) {
        take_user_exception(child, message->words, message_count(info));
    }
    return message_label(info) == 0;
}

/* -- lines -- */

static const char *exception_name(uint64_t exception_class)
{
    switch (exception_class) {
    case ESR_CLASS_UNKNOWN: return "undefined instruction";
    case ESR_CLASS_WF: return "trapped wait";
    case ESR_CLASS_ILLEGAL_STATE: return "illegal execution state";
    case ESR_CLASS_SYSREG: return "system register or instruction not allowed";
    case ESR_CLASS_PC_ALIGNMENT: return "misaligned pc";
    case ESR_CLASS_SP_ALIGNMENT: return "misaligned sp";
    case ESR_CLASS_FLOAT: return "floating point exception";
    case ESR_CLASS_SERROR: return "asynchronous error";
    case ESR_CLASS_BRK: return "brk";
    default: return "exception";
    }
}

/* As much below the stack as the stack is large: a frame may reach over the guard page. */
static bool below_stack(const struct abi_pd *abi, uint64_t address)
{
    uint64_t reach = abi->stack_top - abi->stack_bottom;

    return address < abi->stack_bottom && address >= abi->stack_bottom - reach;
}

static const char *data_abort_name(const struct pd *pd)
{
    if ((pd->fault.esr & ESR_ABORT_STATUS) == ESR_ABORT_EXTERNAL) {
        return " bus error"; /* mapped, but nothing answers there */
    }
    return below_stack(pd->abi, pd->fault.address) ? " stack overflow" : " data abort";
}

static void print_cause(const struct pd *pd)
{
    const struct fault *fault = &pd->fault;

    if (fault->label == ABI_FAULT_UNKNOWN_SYSCALL) {
        print(" unknown system call ");
        print_hex(pd->context.x[8], 16);
        return;
    }
    if (fault->label == ABI_FAULT_TIMEOUT) {
        print(" took no event for too long");
        return;
    }
    if (fault->label != ABI_FAULT_VM) {
        print(" ");
        print(exception_name(ESR_CLASS(fault->esr)));
        return;
    }
    if (ESR_CLASS(fault->esr) == ESR_CLASS_INSTRUCTION_ABORT) {
        print(" instruction abort, fetch from ");
    } else {
        print(data_abort_name(pd));
        print(fault->esr & ESR_DATA_WRITE ? ", write to " : ", read from ");
    }
    print_hex(fault->address, 16);
}

static void print_registers(const struct context *context)
{
    for (unsigned n = 0; n < 31; n++) {
        print(n % 4 == 0 ? "\n  x" : "  x");
        print_decimal(n);
        print(n < 10 ? "  " : " ");
        print_hex(context->x[n], 16);
    }
    print("  sp  ");
    print_hex(context->sp, 16);
    print("\n  spsr ");
    print_hex(context->spsr, 8);
    print("\n");
}

/* Registers tell nothing of a stack, and nobody can look at it afterwards where there is no debugger. */
static void print_callers(struct pd *pd)
{
    struct callers callers = callers_of(pd);
    uint64_t address;

    for (unsigned n = 0; callers_next(&callers, &address); n++) {
        print(n % 4 == 0 ? "\n  called from " : " ");
        print_hex(address, 16);
    }
}

static void print_fault(struct pd *pd)
{
    /* The serial driver may be in the middle of a line. */
    print("\nfault: PD '");
    print(pd->abi->name);
    print("'");
    print_cause(pd);
    print(", pc ");
    print_hex(pd->context.pc, 16);
    print(", esr ");
    print_hex(pd->fault.esr, 8);
    fault_print_build();
    print_callers(pd);
    print_registers(&pd->context);
}

/* Nobody restarts it. Faults of children that it has not looked at are told here, since nobody else will. */
static void bury(struct pd *pd)
{
    for (struct pd *caller = pd->queue; caller != NULL; caller = caller->queue_next) {
        if (caller->event & ABI_EVENT_FAULT) {
            print_fault(caller);
        }
    }
    call_abandon_all(pd);
}

static void raise(struct pd *pd)
{
    struct pd *parent = pd->abi->parent != ABI_NONE ? pd_get(pd->abi->parent) : NULL;

    if (parent != NULL && parent->state != PD_STOPPED) {
        call_begin(pd, parent, ABI_EVENT_FAULT | pd->abi->child_id,
                   message_info(pd->fault.label, word_count(pd->fault.label)));
        return;
    }
    print_fault(pd);
    pd->state = PD_STOPPED;
    sched_block();
    if (parent == NULL) {
        bury(pd);
    }
}

static uint64_t label_of(uint64_t exception_class)
{
    switch (exception_class) {
    case ESR_CLASS_INSTRUCTION_ABORT:
    case ESR_CLASS_DATA_ABORT: return ABI_FAULT_VM;
    case ESR_CLASS_UNKNOWN: return ABI_FAULT_USER_EXCEPTION;
    default: return ABI_FAULT_EXCEPTION;
    }
}

void fault_exception(uint64_t esr, uint64_t address)
{
    struct pd *pd = sched_current();

    pd->fault = (struct fault){
        .label = label_of(ESR_CLASS(esr)),
        .esr = esr,
        .address = address,
    };
    raise(pd);
}

void fault_unknown_syscall(void)
{
    struct pd *pd = sched_current();

    pd->context.pc -= 4; /* a fault's pc is the instruction's own, here too */
    pd->fault = (struct fault){.label = ABI_FAULT_UNKNOWN_SYSCALL};
    raise(pd);
}

void fault_timeout(void)
{
    struct pd *pd = sched_current();

    pd->looks = 0; /* the parent may let it go on */
    pd->fault = (struct fault){.label = ABI_FAULT_TIMEOUT};
    raise(pd);
}
