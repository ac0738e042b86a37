/* sel4/tcb.h: what a parent may do with a child, by seL4's names. Included by microkit.h.
 *
 * A child is named by what is its capability on the official SDK, BASE_TCB_CAP + id; another number is refused with
 * seL4_InvalidCapability. Registers are read, and of what may be written there the program counter is, for one that
 * then runs from there: anything else is seL4_IllegalOperation.
 */
#ifndef SEL4_TCB_H
#define SEL4_TCB_H

typedef seL4_CPtr seL4_TCB;

typedef struct {
    seL4_Word pc, sp, spsr, x0, x1, x2, x3, x4, x5, x6, x7, x8, x16, x17, x18, x29, x30;
    seL4_Word x9, x10, x11, x12, x13, x14, x15, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
    seL4_Word tpidr_el0, tpidrro_el0;
} seL4_UserContext;

static inline seL4_Error microkit_of_child(seL4_Word error)
{
    return error == ABI_OK ? seL4_NoError : seL4_InvalidCapability;
}

static inline seL4_Error seL4_TCB_Suspend(seL4_TCB tcb)
{
    return microkit_of_child(microkit_syscall1(ABI_SYSCALL_PD_STOP, tcb - BASE_TCB_CAP));
}

static inline seL4_Error seL4_TCB_Resume(seL4_TCB tcb)
{
    return microkit_of_child(microkit_syscall1(ABI_SYSCALL_PD_RESUME, tcb - BASE_TCB_CAP));
}

/* The words of the fault that a parent is told of stay in its message registers. */
static inline seL4_Error seL4_TCB_ReadRegisters(seL4_TCB tcb, seL4_Bool suspend_source, seL4_Uint8 arch_flags,
                                                seL4_Word count, seL4_UserContext *regs)
{
    const seL4_Word *word = __sel4_ipc_buffer->msg, *x = word + ABI_REGISTERS;
    seL4_Error error = suspend_source ? seL4_TCB_Suspend(tcb) : seL4_NoError;

    (void)arch_flags;
    if (count == 0 || count > sizeof(*regs) / sizeof(seL4_Word)) {
        return seL4_RangeError;
    }
    if (error == seL4_NoError) {
        error = microkit_of_child(microkit_syscall1(ABI_SYSCALL_PD_REGISTERS, tcb - BASE_TCB_CAP));
    }
    if (error == seL4_NoError) {
        /* clang-format off */
        *regs = (seL4_UserContext){
            word[ABI_REGISTERS_PC], word[ABI_REGISTERS_SP], word[ABI_REGISTERS_SPSR],
            x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[16], x[17], x[18], x[29], x[30],
            x[9], x[10], x[11], x[12], x[13], x[14], x[15],
            x[19], x[20], x[21], x[22], x[23], x[24], x[25], x[26], x[27], x[28],
            word[ABI_REGISTERS_TPIDR], 0,
        };
        /* clang-format on */
    }
    return error;
}

static inline seL4_Error seL4_TCB_WriteRegisters(seL4_TCB tcb, seL4_Bool resume_target, seL4_Uint8 arch_flags,
                                                 seL4_Word count, seL4_UserContext *regs)
{
    seL4_Word pc = regs->pc;

    (void)arch_flags;
    if (!resume_target || count != 1) {
        return seL4_IllegalOperation;
    }
    return microkit_of_child(microkit_syscall(ABI_SYSCALL_PD_RESTART, tcb - BASE_TCB_CAP, &pc));
}

#endif
