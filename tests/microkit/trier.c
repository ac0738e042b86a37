/* trier.c: tries instructions that user level may do, or not; then its parent restarts it, and it tries the next. */
#include "check.h"

#define CACHED 0x5000000ul
#define UNCACHED 0x6000000ul

/* clang-format off */
#define READ(reg) static void read_##reg(void) { seL4_Word value; __asm__ volatile("mrs %0, " #reg : "=r"(value)); }
#define WRITE(reg) static void write_##reg(void) { __asm__ volatile("msr " #reg ", %0" : : "r"(0ul)); }
#define DO(name, instruction, address) \
    static void name(void) { __asm__ volatile(instruction : : "r"(address) : "memory", "x2", "x3", "v0"); }
/* clang-format on */

READ(cntpct_el0)
READ(cntvct_el0)
READ(cntfrq_el0)
READ(cntv_ctl_el0)
READ(ctr_el0)
READ(dczid_el0)
READ(pmccntr_el0)
READ(tpidr_el0)
WRITE(tpidr_el0)
READ(tpidrro_el0)
WRITE(daif)
READ(midr_el1)
READ(currentel)
READ(fpcr)
DO(clean, "dc cvac, %0", CACHED)
DO(clean_to_unification, "dc cvau, %0", CACHED)
DO(clean_and_invalidate, "dc civac, %0", CACHED)
DO(invalidate, "dc ivac, %0", CACHED)
DO(invalidate_instructions, "ic ivau, %0", CACHED)
DO(zero_line, "dc zva, %0", CACHED)
DO(zero_line_uncached, "dc zva, %0", UNCACHED)
DO(unaligned, "ldr x2, [%0, #1]", CACHED)
DO(unaligned_uncached, "ldr x2, [%0, #1]", UNCACHED)
DO(pair_uncached, "ldp x2, x3, [%0]", UNCACHED)
DO(vector_uncached, "ldr q0, [%0]", UNCACHED)
DO(wait_for_interrupt, "wfi", 0ul)
DO(wait_for_event, "sevl\n\twfe", 0ul)
DO(yield, "yield", 0ul)
DO(undefined, "udf #0", 0ul)
DO(breakpoint, "brk #7", 0ul)
DO(hypervisor_call, "hvc #0", 0ul)
DO(monitor_call, "smc #0", 0ul)
DO(read_null, "ldr x2, [%0]", 0ul)
DO(write_text, "str x2, [%0]", 0x200000ul)
DO(execute_memory, "blr %0", CACHED)
DO(execute_unmapped, "blr %0", 0x900000ul)
DO(execute_unaligned, "br %0", 0x200002ul)
DO(kernel_address, "ldr x2, [%0]", 0xffffff8000000000ul)
DO(unknown_call, "mov x7, #77\n\tmov x8, #77\n\tsvc #0", 0ul)

static const struct {
    const char *name;
    void (*trial)(void);
} trials[] = {
/* clang-format off */
#define TRIAL(name) {#name, name}
    TRIAL(read_cntpct_el0), TRIAL(read_cntvct_el0), TRIAL(read_cntfrq_el0), TRIAL(read_cntv_ctl_el0),
    TRIAL(read_ctr_el0), TRIAL(read_dczid_el0), TRIAL(read_pmccntr_el0), TRIAL(read_tpidr_el0),
    TRIAL(write_tpidr_el0), TRIAL(read_tpidrro_el0), TRIAL(write_daif), TRIAL(read_midr_el1), TRIAL(read_currentel),
    TRIAL(read_fpcr), TRIAL(clean), TRIAL(clean_to_unification), TRIAL(clean_and_invalidate), TRIAL(invalidate),
    TRIAL(invalidate_instructions), TRIAL(zero_line), TRIAL(zero_line_uncached), TRIAL(unaligned),
    TRIAL(unaligned_uncached), TRIAL(pair_uncached), TRIAL(vector_uncached), TRIAL(wait_for_interrupt),
    TRIAL(wait_for_event), TRIAL(yield), TRIAL(undefined), TRIAL(breakpoint), TRIAL(hypervisor_call),
    TRIAL(monitor_call), TRIAL(read_null), TRIAL(write_text), TRIAL(execute_memory), TRIAL(execute_unmapped),
    TRIAL(execute_unaligned), TRIAL(kernel_address), TRIAL(unknown_call),
};
/* clang-format on */

static unsigned next = 1; /* a restart sets the program counter and nothing else: this goes on counting */

void init(void)
{
    for (;;) {
        unsigned now = next - 1;
        if (now == sizeof(trials) / sizeof(trials[0])) {
            say("done");
            return;
        }
        next++;
        microkit_dbg_puts(trials[now].name);
        microkit_dbg_puts(": ");
        trials[now].trial();
        microkit_dbg_puts("goes on\n");
    }
}

void notified(microkit_channel channel) {}
