/* sel4/syscalls.h: the kernel's calls (sdk/abi/syscall.h), and those of seL4's that are one of them. Included by sel4.h. */
#ifndef SEL4_SYSCALLS_H
#define SEL4_SYSCALLS_H

#include <sdk/abi/syscall.h>

/* The two forms: number, arguments; *second goes in and comes out. */
static inline seL4_Word microkit_syscall(seL4_Word number, seL4_Word first, seL4_Word *second)
{
    register seL4_Word x8 __asm__("x8") = number;
    register seL4_Word x0 __asm__("x0") = first;
    register seL4_Word x1 __asm__("x1") = *second;

    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1) : "r"(x8) : "memory");
    *second = x1;
    return x0;
}

static inline seL4_Word microkit_syscall1(seL4_Word number, seL4_Word first)
{
    register seL4_Word x8 __asm__("x8") = number;
    register seL4_Word x0 __asm__("x0") = first;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8) : "memory");
    return x0;
}

#ifdef CONFIG_PRINTING

static inline void seL4_DebugPutChar(char c)
{
    microkit_syscall1(ABI_SYSCALL_DBG_PUTC, (seL4_Uint8)c);
}

#endif

#endif
