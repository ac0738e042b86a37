/* start.S: the first instructions of a protection domain. */
#include "sdk/abi/mmu.h"

    .section .text.start, "ax"

/* A restart sets the program counter only: the stack begins afresh here. */
    .globl  _start
    .type   _start, @function
_start:
    ldr     x0, =USER_VA_STACK_TOP
    mov     sp, x0
    mov     x29, xzr
    mov     x30, xzr
    b       microkit_main
    .ltorg
    .size   _start, . - _start
