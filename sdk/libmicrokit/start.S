/* start.S: the first instructions of a protection domain, and where the image tool has put its stack and IPC buffer
 * (sdk/abi/pd.h): constants that no compiler may know.
 */
#include "sdk/abi/mmu.h"

    .section .text.start, "ax"

/* A restart sets the program counter only: the stack begins afresh here. */
    .globl  _start
    .type   _start, @function
_start:
    adrp    x0, microkit_stack_top
    ldr     x0, [x0, :lo12:microkit_stack_top]
    mov     sp, x0
    mov     x29, xzr
    mov     x30, xzr
    b       microkit_main
    .size   _start, . - _start

    .section .rodata.microkit_places, "a"
    .balign 8
    .globl  microkit_stack_top
    .type   microkit_stack_top, @object
    .size   microkit_stack_top, 8
microkit_stack_top:
    .quad   USER_VA_STACK_TOP
    .globl  __sel4_ipc_buffer
    .type   __sel4_ipc_buffer, @object
    .size   __sel4_ipc_buffer, 8
__sel4_ipc_buffer:
    .quad   USER_VA_STACK_TOP + USER_VA_IPC_BEHIND
