/* children_faulty.c: an undefined instruction, a system call that does not exist, a write that is not allowed. */
#include "say.h"

static unsigned starts;

void init(void)
{
    register seL4_Word x7 __asm__("x7") = 1234; /* seL4 has the number here */
    register seL4_Word x8 __asm__("x8") = 1234;
    register seL4_Word x0 __asm__("x0") = 0;

    say("faulty: start ", ++starts);
    if (starts == 1) {
        __asm__ volatile("udf #7");
        microkit_dbg_puts("faulty: behind the instruction\n");
        __asm__ volatile("mov x7, #1234; mov x8, #1234; mov x0, #0; svc #0"
                         : "+r"(x0), "+r"(x7), "+r"(x8)
                         :
                         : "memory");
        say("faulty: told ", (unsigned)x0);
    }
    *(volatile int *)(0x5000ul + starts) = 1;
    microkit_dbg_puts("faulty: never here\n");
}

void notified(microkit_channel channel) {}
