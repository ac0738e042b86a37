/* lib/pd/start.S: the first instruction of every PD, at PD_ENTRY, on either SDK, at the first start and at each
 * restart; at PD_ENTRY_COLD it forgets what it has kept, too.
 *
 * At the first start sp is the stack that the kernel made; at a restart it is whatever it was when the PD stopped. Our
 * SDK's library has the stack's end as a constant. Where it has none the first one is kept, in three places of which one
 * may have been written over: pd_kept (lib/pd/start.c) lies in
 * .noinit, which nothing ever zeroes, the others behind the copies of .data (mk/pd.ld). Floating point's mode is that of
 * a former life, too; a program without it does not touch these registers at all, so that the kernel need
 * not switch them for it (lib/pd/without_fp.S).
 */
    .weak   pd_without_fp
    .weak   microkit_stack_top
    .arch_extension fp              /* the file's flags say -mgeneral-regs-only, newer assemblers take it at its word */

    .section .text.pd_entry, "ax"
    .global pd_entry
    .type pd_entry, %function
pd_entry:
    mov     x22, xzr
    b       0f
    mov     x22, #1                 /* PD_ENTRY_COLD */
0:  ldr     x9, =microkit_stack_top
    cbz     x9, 4f
    ldr     x9, [x9]
    b       5f
4:  adrp    x19, pd_kept
    add     x19, x19, :lo12:pd_kept
    adrp    x20, pd_stack_top_too
    add     x20, x20, :lo12:pd_stack_top_too
    adrp    x21, pd_stack_top_third
    add     x21, x21, :lo12:pd_stack_top_third
    ldr     x9, [x19]               /* pd_kept.stack_top: 0 at the first start */
    ldr     x10, [x20]
    cmp     x9, x10
    b.eq    1f
    ldr     x9, [x21]               /* one of the two was written over, so the third is right */
1:  cbnz    x9, 2f
    mov     x9, sp
2:  str     x9, [x19]
    str     x9, [x20]
    str     x9, [x21]
5:  mov     sp, x9
    ldr     x9, =pd_without_fp
    cbnz    x9, 3f
    msr     fpcr, xzr
3:
    mov     x29, xzr                /* the end of every backtrace */
    mov     x30, xzr
    mov     x0, x22
    bl      pd_prepare
    adrp    x9, pd_thread_pointer   /* mk/pd.ld */
    add     x9, x9, :lo12:pd_thread_pointer
    msr     tpidr_el0, x9
    mov     x30, xzr
    b       _start                  /* the SDK's: constructors, init(), then waits */
    .ltorg
    .size pd_entry, . - pd_entry
