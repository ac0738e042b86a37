/* tests/unit/fiber_host.S: lib/fiber/switch.S for an x86-64 host (System V ABI: rbx, rbp, r12-r15 and rsp are kept). */
    .text
    .global fiber_switch
fiber_switch:
    push    %rbx
    push    %rbp
    push    %r12
    push    %r13
    push    %r14
    push    %r15
    mov     %rsp, (%rdi)
    mov     %rsi, %rsp
    pop     %r15
    pop     %r14
    pop     %r13
    pop     %r12
    pop     %rbp
    pop     %rbx
    ret

    .global fiber_first
fiber_first:
    mov     %rbx, %rdi
    xor     %ebp, %ebp
    push    %rbp                    /* rsp is 8 below a multiple of 16 at a function's first instruction */
    jmp     fiber_run

    .section .note.GNU-stack, "", %progbits
