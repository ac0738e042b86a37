/* writer.c: puts code into memory that rest.c may execute and not write. */
#include "check.h"

#define CODE 0x5000000

void init(void)
{
    volatile uint32_t *code = (volatile uint32_t *)CODE;
    code[0] = 0x52800540; /* mov w0, #42 */
    code[1] = 0xd65f03c0; /* ret */
    __asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish" : : "r"(code) : "memory");
}

void notified(microkit_channel channel)
{
    check(0, "notified by one who may not");
}
