/* later.c: what releases after 2.0 brought to the description: numbers of channels and children, and filled memory. */
#include "check.h"

#ifdef MICROKIT_NO_REPLY /* ours writes as many bytes as the symbol has; official tools want a word */
typedef microkit_channel id;
#else
typedef seL4_Word id;
#endif

id end_id;
id irq_id;
uint64_t child_id;
uintptr_t filled_vaddr;
uint64_t filled_size;
uint64_t filled_bytes;

void init(void)
{
    const volatile uint8_t *filled = (const volatile uint8_t *)filled_vaddr;
    check(end_id == 13, "setvar_id of an end");
    check(irq_id == 14, "setvar_id of an irq");
    check(child_id == 15, "setvar_id of a child");
    check(filled_size == 0x2000, "setvar_size");
    check(filled_bytes == 5000, "setvar_prefill_size");
    check(filled[0] == 'x' && filled[4999] == 'x' && filled[5000] == 0 && filled[0x1fff] == 0, "prefill_path");
    say("done");
}

void notified(microkit_channel channel) {}
