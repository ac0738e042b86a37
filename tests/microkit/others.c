/* others.c: what the sources of sDDF (0.6 and later) and LionsOS use of an SDK, by name and value. Compiled for each
 * configuration, never run. What came with a later release is asked for where the header says that it has it.
 */
#include <autoconf.h>
#include <stdbool.h>
#include <stdint.h>
#include <microkit.h>
#include <sel4/benchmark_track_types.h>
#include <sel4/benchmark_utilisation_types.h>
#include <sel4/sel4.h>

_Static_assert(BASE_OUTPUT_NOTIFICATION_CAP == 10 && BASE_ENDPOINT_CAP == 74 && BASE_IRQ_CAP == 138, "channels");
_Static_assert(BASE_TCB_CAP == 202 && BASE_VM_TCB_CAP == 266 && BASE_VCPU_CAP == 330, "children");
_Static_assert(MONITOR_EP == 5 && TCB_CAP == 6, "its own");
_Static_assert(1 << CONFIG_L1_CACHE_LINE_SIZE_BITS == 64 && CONFIG_MAX_NUM_NODES == 1, "figures");

#if !CONFIG_ARCH_ARM || !CONFIG_ARCH_AARCH64 || !CONFIG_AARCH64_USER_CACHE_ENABLE
#error "the processor"
#endif
#if !(CONFIG_EXPORT_PCNT_USER && CONFIG_EXPORT_PTMR_USER)
#error "counter and timer"
#endif
#if IS_BENCHMARK && !(CONFIG_ENABLE_BENCHMARKS && CONFIG_BENCHMARK_TRACK_UTILISATION && CONFIG_EXPORT_PMU_USER)
#error "what benchmark is"
#endif
#if IS_DEBUG && !(CONFIG_DEBUG_BUILD && CONFIG_PRINTING)
#error "what debug is"
#endif
#if defined(CONFIG_ENABLE_SMP_SUPPORT) || defined(CONFIG_BENCHMARK_TRACK_KERNEL_ENTRIES) || defined(CONFIG_ARCH_X86_64)
#error "what is not there"
#endif

static seL4_Word sum;

static unsigned notification_that_is_due(void)
{
    return microkit_have_signal ? (unsigned)(microkit_signal_cap - BASE_OUTPUT_NOTIFICATION_CAP) : -1u;
}

#ifdef CONFIG_DEBUG_BUILD /* where official SDKs have the type */
static void count(const kernel_entry_t *entry)
{
    sum += entry->path == Entry_Syscall && entry->is_fastpath;
    sum += entry->path == Entry_Interrupt || entry->path == Entry_UserLevelFault;
    sum += entry->path == Entry_VMFault || entry->path == Entry_DebugFault;
}
#endif

#ifdef CONFIG_BENCHMARK_TRACK_UTILISATION
static void utilisation(void)
{
    const uint64_t *words = (const uint64_t *)&seL4_GetIPCBuffer()->msg[0];

    seL4_BenchmarkResetThreadUtilisation(TCB_CAP);
    seL4_BenchmarkResetThreadUtilisation(BASE_TCB_CAP + 1);
    seL4_BenchmarkResetLog();
    sum += seL4_BenchmarkFinalizeLog();
    seL4_BenchmarkGetThreadUtilisation(TCB_CAP);
    sum += words[BENCHMARK_TOTAL_UTILISATION] + words[BENCHMARK_TOTAL_NUMBER_SCHEDULES];
    sum += words[BENCHMARK_TOTAL_KERNEL_UTILISATION] + words[BENCHMARK_TOTAL_NUMBER_KERNEL_ENTRIES];
    sum += words[BENCHMARK_TCB_UTILISATION] + words[BENCHMARK_TCB_NUMBER_SCHEDULES];
    sum += words[BENCHMARK_TCB_KERNEL_UTILISATION] + words[BENCHMARK_TCB_NUMBER_KERNEL_ENTRIES];
}
#endif

void init(void)
{
#ifdef CONFIG_PRINTING
    seL4_DebugPutChar('!');
#endif
#ifdef CONFIG_DEBUG_BUILD
    count(&(const kernel_entry_t){.path = Entry_Syscall});
#endif
#ifdef CONFIG_BENCHMARK_TRACK_UTILISATION
    utilisation();
#endif
    sum += notification_that_is_due() + (seL4_Word)microkit_name[sizeof(microkit_name) - 1];
}

void notified(microkit_channel ch)
{
    seL4_SetMR(0, seL4_GetMR(1));
    seL4_ARM_VSpace_Invalidate_Data(3, sum, sum + ch);
#if defined(BASE_USER_CAPS) || defined(MICROKIT_NO_REPLY) /* 2.3, and ours */
    microkit_pd_resume(ch);
#endif
}

static seL4_Word words_of(seL4_Word label)
{
    switch (label) {
    case seL4_Fault_CapFault:
        return seL4_GetMR(seL4_CapFault_IP) + seL4_GetMR(seL4_CapFault_Addr) + seL4_GetMR(seL4_CapFault_InRecvPhase);
    case seL4_Fault_UserException: return seL4_GetMR(seL4_UserException_FaultIP);
    case seL4_Fault_VMFault:
        return seL4_GetMR(seL4_VMFault_IP) + seL4_GetMR(seL4_VMFault_Addr) + seL4_GetMR(seL4_VMFault_PrefetchFault) +
               seL4_GetMR(seL4_VMFault_FSR);
    case seL4_Fault_Timeout: return seL4_GetMR(seL4_Timeout_Data);
    default: return 0;
    }
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    seL4_UserContext regs;

    seL4_TCB_ReadRegisters(BASE_TCB_CAP + child, false, 0, sizeof(regs) / sizeof(seL4_Word), &regs);
    sum += regs.pc + regs.sp + regs.spsr + regs.x0 + regs.x1 + regs.x2 + regs.x3 + regs.x4 + regs.x5 + regs.x6 +
           regs.x7 + regs.x30 + regs.x28 + regs.tpidr_el0;
    sum += words_of(microkit_msginfo_get_label(msginfo));
    *reply_msginfo = microkit_msginfo_new(0, 0);
    return seL4_False;
}
