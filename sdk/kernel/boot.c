/* boot.c: from the loader's hands to the first PD, and the end of everything if the kernel itself is wrong.
 *   consumes  the image tool's tables: checked as a whole before anything is taken from them but the empty table's
 *             address and the size of the lower half
 *   produces  every PD, ready to run from its entry; the processor with its lower half empty until one does
 *   order     interrupts are let through last, when whatever they wake is there
 *   ends      by a kassert that fails, or an exception in the kernel: one line, then the processor stands still
 */
#include <stdbool.h>

#include "config.h"
#include "sdk/abi/mmu.h"
#include "sdk/abi/system.h"
#include "sdk/kernel/arch.h"
#include "sdk/kernel/callers.h"
#include "sdk/kernel/clock.h"
#include "sdk/kernel/decode.h"
#include "sdk/kernel/fault.h"
#include "sdk/kernel/gicv2.h"
#include "sdk/kernel/irq.h"
#include "sdk/kernel/kassert.h"
#include "sdk/kernel/pd.h"
#include "sdk/kernel/print.h"
#include "sdk/kernel/sched.h"
#include "sdk/kernel/syscall.h"

/* PMU (Arm ARM D13): the cycle counter. */
#define PMCR_ENABLE (1ul << 0)
#define PMCR_LONG_CYCLES (1ul << 6)
#define PMU_CYCLES (1ul << 31)
#define PMUSERENR_ALL 0xful

/* The loader's identity map is no longer needed: from here on nobody's addresses are in the lower half. */
static void leave_loader(const struct abi_system *system)
{
    SYSREG_WRITE(ttbr0_el1, system->empty_ttbr0);
    SYSREG_WRITE(tcr_el1, system->is_small ? MMU_TCR_OF(MMU_VA_BITS_SMALL) : MMU_TCR);
    __asm__ volatile("isb; tlbi vmalle1; dsb nsh; isb" : : : "memory");
}

static void init_cpu(void)
{
    uint64_t sctlr = SYSREG_READ(sctlr_el1);

    sctlr &= ~(SCTLR_NTWI | SCTLR_NTWE);
    SYSREG_WRITE(sctlr_el1, sctlr | SCTLR_DZE | SCTLR_UCT | SCTLR_WXN | SCTLR_UCI);
    SYSREG_WRITE(cpacr_el1, CPACR_FPEN_KERNEL);
    SYSREG_WRITE(mdscr_el1, 0); /* no debug exceptions, whatever the firmware did */
    __asm__ volatile("isb");
}

/* ID_AA64DFR0_EL1.PMUVer: 0 none, 15 one that is not the architecture's. */
static bool has_pmu(void)
{
    uint64_t version = SYSREG_READ(id_aa64dfr0_el1) >> 8 & 0xf;

    return version != 0 && version != 0xf;
}

static void init_pmu(void)
{
    SYSREG_WRITE(pmuserenr_el0, 0);
    if (!CONFIG_USER_PMU) {
        return;
    }
    SYSREG_WRITE(pmccfiltr_el0, 0);
    SYSREG_WRITE(pmcntenset_el0, PMU_CYCLES);
    SYSREG_WRITE(pmcr_el0, PMCR_ENABLE | PMCR_LONG_CYCLES);
    SYSREG_WRITE(pmuserenr_el0, PMUSERENR_ALL);
}

struct context *boot(const void *tables)
{
    const struct abi_system *system = tables;

    leave_loader(system);
    init_cpu();
    if (has_pmu()) {
        init_pmu();
    }
    clock_init();
    gicv2_init();
    kassert(decode_system_valid(system, gicv2_intids()));
    fault_init(system);
    pd_init(system);
    callers_init(system);
    sched_init();
    irq_init(system);
    if (CONFIG_DEBUG) {
        print("kernel: ");
        print_decimal(system->pd_count);
        print(" protection domains\n");
    }
    return &sched_exit()->context;
}

static _Noreturn void halt(void)
{
    print("; halted\n");
    for (;;) {
        __asm__ volatile("wfe");
    }
}

_Noreturn void kassert_failed(const char *file, int line, const char *what)
{
    print("\nkernel: ");
    print(file);
    print(":");
    print_decimal((uint64_t)line);
    print(": not true: ");
    print(what);
    halt();
}

_Noreturn void boot_kernel_exception(uint64_t esr, uint64_t address, uint64_t pc)
{
    print("\nkernel: exception in the kernel itself, esr ");
    print_hex(esr, 8);
    print(", address ");
    print_hex(address, 16);
    print(", pc ");
    print_hex(pc, 16);
    fault_print_build();
    halt();
}
