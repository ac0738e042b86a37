/* lib/pd/die.c: the end of a PD, with its reason.
 *   consumes  the reason: a text of this PD's own code (assert, require, a library that cannot go on)
 *   produces  a line on the log, the event `died` of a trace, then a trap: the kernel, or the PD's parent, names PD and
 *             pc
 *   invariant never returns; what is called on the way may fail in turn, and then it traps at once
 *   when full the log drops the line (lib/log/log.c), and only the trap is seen
 */
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
