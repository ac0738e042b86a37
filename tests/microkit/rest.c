/* rest.c: what the other programs here do not use: executable memory, a large stack, numbers on the debug console, an
 * end that may not notify, and a crash on purpose, of which crasher.c's parent, this one, is told.
 */
#include "check.h"

#define CODE 0x6000000
#define STACK_USED 0x18000 /* of 0x20000 */

#ifdef MICROKIT_MAX_CHANNEL_ID /* from 2.0 on */
uint64_t code_size;

static void use_what_came_with_2_0(void)
{
    check(code_size == 0x1000, "setvar_size");
    microkit_notify(1);
    microkit_dbg_put8(0);
    microkit_dbg_putc(' ');
    microkit_dbg_put8(255);
    microkit_dbg_putc(' ');
    microkit_dbg_put32(4294967295);
    microkit_dbg_putc('\n');
}
#else
static void use_what_came_with_2_0(void) {}
#endif

static int stack_is_large(void)
{
    volatile uint8_t bytes[STACK_USED];
    __asm__ volatile("" : : "r"(bytes) : "memory"); /* or the compiler needs no array */
    for (unsigned n = 0; n < STACK_USED; n += 0x800) {
        bytes[n] = (uint8_t)(n >> 11);
    }
    return bytes[0] == 0 && bytes[0x17800] == 0x2f;
}

void init(void)
{
    check(((unsigned (*)(void))CODE)() == 42, "executable memory");
    check(stack_is_large(), "stack_size");
    use_what_came_with_2_0();
}

void notified(microkit_channel channel) {}

seL4_Bool fault(microkit_child child, microkit_msginfo message, microkit_msginfo *reply)
{
    check(microkit_msginfo_get_label(message) == seL4_Fault_VMFault, "the crash is a fault of memory");
    check(microkit_mr_get(seL4_VMFault_Addr) == seL4_InvalidCapability, "at the error's number");
    say("done");
    return seL4_False;
}
