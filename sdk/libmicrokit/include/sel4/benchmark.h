/* sel4/benchmark.h: seL4's calls that tell who uses the CPU; in `benchmark` only, as there. Included by microkit.h.
 *
 * A PD is named by what is its capability on the official SDK: TCB_CAP for oneself, BASE_TCB_CAP + id for a child.
 * ResetLog begins to count and resets idling and totals, FinalizeLog ends it; a PD's own counts are reset one by one.
 */
#ifndef SEL4_BENCHMARK_H
#define SEL4_BENCHMARK_H

#ifdef CONFIG_BENCHMARK_TRACK_UTILISATION

static inline seL4_Word microkit_utilisation(seL4_Word what, seL4_CPtr tcb)
{
    seL4_Word whose = tcb == TCB_CAP ? ABI_UTILISATION_SELF : tcb - BASE_TCB_CAP;

    return microkit_syscall(ABI_SYSCALL_UTILISATION, what, &whose);
}

static inline seL4_Error seL4_BenchmarkResetLog(void)
{
    microkit_utilisation(ABI_UTILISATION_BEGIN, TCB_CAP);
    return seL4_NoError;
}

/* There is no log: 0 entries. */
static inline seL4_Word seL4_BenchmarkFinalizeLog(void)
{
    microkit_utilisation(ABI_UTILISATION_END, TCB_CAP);
    return 0;
}

/* The words of <sel4/benchmark_utilisation_types.h>, in the IPC buffer. */
static inline void seL4_BenchmarkGetThreadUtilisation(seL4_Word tcb)
{
    microkit_utilisation(ABI_UTILISATION_READ, tcb);
}

static inline void seL4_BenchmarkResetThreadUtilisation(seL4_Word tcb)
{
    microkit_utilisation(ABI_UTILISATION_RESET, tcb);
}

#endif

#endif
