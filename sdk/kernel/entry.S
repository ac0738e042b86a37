/* entry.S: exception vectors, and the registers' way into and out of struct context.
 *
 * While a PD runs, SP_EL1 points to its context, so an entry has a place to save registers without a free one. In the
 * kernel, SP_EL1 is the one kernel stack, empty at each entry: the kernel never blocks and takes no exception, so
 * nothing is left on it.
 */
#include "sdk/kernel/context.h"

.macro save
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x21, sp_el0
    mrs     x22, elr_el1
    mrs     x23, spsr_el1
    stp     x30, x21, [sp, #240]
    stp     x22, x23, [sp, #CONTEXT_PC]
    mov     x0, sp
    adrp    x1, stack_top
    mov     sp, x1
.endm

.macro vector label
    .balign 128
    b       \label
.endm

.section .vectors, "ax"
.balign 2048
.global vectors
vectors:
    /* from the kernel with SP_EL0, which it never uses; and from the kernel itself: a bug */
    vector  kernel_exception
    vector  kernel_exception
    vector  kernel_exception
    vector  kernel_exception
    vector  kernel_exception
    vector  kernel_exception
    vector  kernel_exception
    vector  kernel_exception

    /* from EL0, AArch64: synchronous */
    .balign 128
    save
    mrs     x1, esr_el1
    lsr     x2, x1, #26
    cmp     x2, #0x15
    b.ne    exception
    bl      syscall_handle
    b       resume

    /* interrupt */
    .balign 128
    save
    bl      interrupt_handle
    b       resume

    /* fast interrupt: none is configured */
    vector  kernel_exception

    /* asynchronous error: reported as the fault of the PD that runs */
    .balign 128
    save
    mrs     x1, esr_el1
    b       exception

    /* from EL0, AArch32: the tool takes no such program, and SPSR never says so */
    vector  kernel_exception
    vector  kernel_exception
    vector  kernel_exception
    vector  kernel_exception
    .balign 128

.text
exception:
    mov     x0, x1
    mrs     x1, far_el1
    bl      exception_handle

resume:
    mov     sp, x0
    ldp     x22, x23, [sp, #CONTEXT_PC]
    ldp     x30, x21, [sp, #240]
    msr     elr_el1, x22
    msr     spsr_el1, x23
    msr     sp_el0, x21
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x19, [sp, #144]
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldp     x28, x29, [sp, #224]
    ldp     x0, x1, [sp, #0]
    eret

kernel_exception:
    adrp    x3, emergency_stack_top
    mov     sp, x3
    mrs     x0, esr_el1
    mrs     x1, far_el1
    mrs     x2, elr_el1
    bl      boot_kernel_exception

/* From the loader: x0 is the address of the tables, the stack is nowhere yet, .bss is zero. */
.global kernel_entry
kernel_entry:
    adrp    x1, stack_top
    mov     sp, x1
    adrp    x1, vectors
    msr     vbar_el1, x1
    isb
    bl      boot
    b       resume

/* The kernel's own code has none of these registers, by -mgeneral-regs-only: newer assemblers take that for this file, too. */
.arch_extension fp
.macro fp_pairs operation, register
    \operation q0, q1, [\register, #CONTEXT_FP]
    \operation q2, q3, [\register, #CONTEXT_FP + 32]
    \operation q4, q5, [\register, #CONTEXT_FP + 64]
    \operation q6, q7, [\register, #CONTEXT_FP + 96]
    \operation q8, q9, [\register, #CONTEXT_FP + 128]
    \operation q10, q11, [\register, #CONTEXT_FP + 160]
    \operation q12, q13, [\register, #CONTEXT_FP + 192]
    \operation q14, q15, [\register, #CONTEXT_FP + 224]
    \operation q16, q17, [\register, #CONTEXT_FP + 256]
    \operation q18, q19, [\register, #CONTEXT_FP + 288]
    \operation q20, q21, [\register, #CONTEXT_FP + 320]
    \operation q22, q23, [\register, #CONTEXT_FP + 352]
    \operation q24, q25, [\register, #CONTEXT_FP + 384]
    \operation q26, q27, [\register, #CONTEXT_FP + 416]
    \operation q28, q29, [\register, #CONTEXT_FP + 448]
    \operation q30, q31, [\register, #CONTEXT_FP + 480]
.endm

.global context_switch_fp
context_switch_fp:
    fp_pairs stp, x0
    mrs     x2, fpsr
    mrs     x3, fpcr
    add     x0, x0, #CONTEXT_FPSR
    stp     x2, x3, [x0]
    fp_pairs ldp, x1
    add     x1, x1, #CONTEXT_FPSR
    ldp     x2, x3, [x1]
    msr     fpsr, x2
    msr     fpcr, x3
    ret

/* One page each, and the page below each is not mapped (kernel.ld). */
.section .stack, "aw", %nobits
.balign 4096
    .skip 4096
stack_top:

.section .emergency_stack, "aw", %nobits
.balign 4096
    .skip 4096
emergency_stack_top:
