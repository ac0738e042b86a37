/* lib/fiber/switch.S: from one stack to the other and back.
 *
 * void fiber_switch(void **save_sp, void *load_sp): what AAPCS64 6.1.1 and 6.1.2 ask a function to preserve
 * (x19-x30, sp, d8-d15) goes to the stack that is left, sp to *save_sp; then the same from the other stack. A new
 * stack is prepared by fiber.c so that the first switch to it "returns" to fiber_first with the fiber in x19. 160
 * bytes.
 */
    .section .text.fiber_switch, "ax"
    .global fiber_switch
    .type fiber_switch, %function
fiber_switch:
    stp     x29, x30, [sp, #-160]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    stp     d8, d9, [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    mov     x9, sp
    str     x9, [x0]
    mov     sp, x1
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     d8, d9, [sp, #96]
    ldp     d10, d11, [sp, #112]
    ldp     d12, d13, [sp, #128]
    ldp     d14, d15, [sp, #144]
    ldp     x29, x30, [sp], #160
    ret
    .size fiber_switch, . - fiber_switch

    .section .text.fiber_first, "ax"
    .global fiber_first
    .type fiber_first, %function
fiber_first:
    mov     x0, x19
    mov     x29, xzr                /* the end of every backtrace */
    mov     x30, xzr
    b       fiber_run
    .size fiber_first, . - fiber_first
