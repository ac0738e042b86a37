/* lib/pd/die.c: the end of a PD, with its reason. The trap reaches the kernel (or the PD's parent), which names PD
 * and pc. */
#include <string.h>

#include "lib/log.h"
#include "lib/pd.h"

/* AArch64 BRK immediates, visible in the kernel's fault line as the low bits of ESR_EL1. */
#define BRK_DIE 0x5d

static struct {
    bool dying; /* what we call may fail in turn */
} self;

_Noreturn void pd_die(const char *why)
{
    if (!self.dying) {
        self.dying = true;
        trace_text(died, why, strlen(why));
        log_line("%s", why);
        pd_flush();
    }
    for (;;) {
        __asm__ volatile("brk %0" : : "i"(BRK_DIE));
    }
}

_Noreturn void pd_refuse(const char *what, uint64_t value)
{
    char text[LOG_LINE_MAX];

    log_format(text, sizeof(text), "refused: %s %lu (0x%lx)", what, (unsigned long)value, (unsigned long)value);
    pd_die(text);
}
