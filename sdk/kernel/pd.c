/* pd.c: the table of protection domains, what it takes to run one, and whose scheduling context it runs on.
 *   consumes  the image tool's tables, checked in boot()
 *   invariant a scheduling context has one holder at most; a PD without one does not run. FP/SIMD registers stay loaded
 *             until another PD that uses them runs
 */
#include "sdk/kernel/pd.h"

#include <stddef.h>

#include "sdk/abi/mmu.h"
#include "sdk/kernel/arch.h"
#include "sdk/kernel/clock.h"
#include "sdk/kernel/kassert.h"
#include "sdk/kernel/sched.h"

#define BUDGET_MINIMUM_US 5

_Static_assert(offsetof(struct context, sp) == CONTEXT_SP, "entry.S");
_Static_assert(offsetof(struct context, pc) == CONTEXT_PC, "entry.S");
_Static_assert(offsetof(struct context, q) == CONTEXT_FP, "entry.S");
_Static_assert(offsetof(struct context, fpsr) == CONTEXT_FPSR, "entry.S");
_Static_assert(sizeof(struct context) == CONTEXT_SIZE, "entry.S");

static struct {
    unsigned count;
    struct pd boot;      /* whose registers the CPU has before the first PD */
    struct pd *fp_owner; /* whose FP/SIMD registers it has: they stay while PDs run that do not use them */
    uint64_t since;      /* up to when the loaded one's ticks are counted */
} self;

/* The image tool leaves out the pages behind the last one that there is (sdk/abi/system.h). */
static struct pd kernel_pds[ABI_PDS_MAX] __attribute__((section(".pds")));

struct pd *pd_loaded;

static void init_sc(struct sc *sc, struct pd *home)
{
    const struct abi_pd *abi = home->abi;

    sc->home = home;
    sc->holder = home;
    sc->limited = abi->budget_us < abi->period_us;
    sc->slice = clock_ticks_of_us(abi->budget_us);
    if (sc->limited) {
        budget_init(&sc->budget, sc->slice, clock_ticks_of_us(abi->period_us), clock_ticks_of_us(BUDGET_MINIMUM_US),
                    clock_now());
    }
}

static void init_one(struct pd *pd, const struct abi_pd *abi, unsigned index)
{
    pd->abi = abi;
    pd->index = (uint8_t)index;
    pd->priority = abi->priority;
    pd->message = (struct abi_message *)(KERNEL_VA_IPC + index * MMU_PAGE_SIZE);
    pd->cntkctl = CNTKCTL_EL0PCTEN | (abi->flags & ABI_PD_PHYS_TIMER ? CNTKCTL_EL0PTEN : 0);
    pd->cpacr = CPACR_FPEN_KERNEL;
    pd->context.pc = abi->entry;
    pd->context.sp = abi->stack_top;
    pd->context.spsr = SPSR_EL0;
    pd->sc = &pd->own;
    pd->state = PD_RUNNABLE;
    init_sc(&pd->own, pd);
}

void pd_init(const struct abi_system *system)
{
    self.count = system->pd_count;
    pd_loaded = &self.boot;
    self.boot.cpacr = CPACR_FPEN_KERNEL;
    self.fp_owner = &self.boot;
    for (unsigned index = 0; index < self.count; index++) {
        init_one(&kernel_pds[index], &system->pds[index], index);
    }
    SYSREG_WRITE(cntkctl_el1, 0);
}

unsigned pd_count(void)
{
    return self.count;
}

struct pd *pd_get(unsigned index)
{
    kassert(index < self.count);
    return &kernel_pds[index];
}

static void load_fp(struct pd *pd)
{
    context_switch_fp(&self.fp_owner->context, &pd->context);
    self.fp_owner = pd;
}

/* The return to EL0 synchronises the system registers. */
void pd_begin_fp(struct pd *pd)
{
    pd->cpacr = CPACR_FPEN_ALL;
    SYSREG_WRITE(cpacr_el1, pd->cpacr);
    load_fp(pd);
}

void pd_go_on_counting(void)
{
    self.since = clock_now();
}

static inline void count(struct pd *pd)
{
    uint64_t now = clock_now();

    pd->ticks += now - self.since;
    self.since = now;
}

void pd_stop_counting(void)
{
    count(pd_loaded);
}

void pd_load_other(struct pd *pd)
{
    struct pd *last = pd_loaded;

    count(last);
    last->context.tpidr = SYSREG_READ(tpidr_el0);
    SYSREG_WRITE(tpidr_el0, pd->context.tpidr);
    if (last->cntkctl != pd->cntkctl) {
        SYSREG_WRITE(cntkctl_el1, pd->cntkctl);
    }
    /* The kernel reads nothing through TTBR0, so the return to EL0 is all the synchronisation that this needs. */
    SYSREG_WRITE(ttbr0_el1, pd->abi->ttbr0);
    pd_loaded = pd;
    if (last->cpacr != pd->cpacr) {
        SYSREG_WRITE(cpacr_el1, pd->cpacr);
    }
    if (pd->cpacr == CPACR_FPEN_ALL && pd != self.fp_owner) {
        load_fp(pd);
    }
}

static void bind(struct sc *sc, struct pd *pd)
{
    sc->holder = pd;
    pd->sc = sc;
}

void pd_lend_sc(struct pd *from, struct pd *to)
{
    struct sc *sc = from->sc;

    kassert(sc != NULL && to->sc == NULL);
    from->sc = NULL;
    bind(sc, to);
}

void pd_release_sc(struct pd *pd)
{
    struct sc *sc = pd->sc;

    if (sc == NULL) {
        return;
    }
    pd->sc = NULL;
    sc->holder = NULL;
    if (sc->home != pd && sc->home->sc == NULL) {
        bind(sc, sc->home);
    }
}

void pd_take_home_sc(struct pd *pd)
{
    struct pd *holder = pd->own.holder;

    if (holder == pd) {
        return;
    }
    if (holder != NULL) {
        /* A server whose caller went away: it finishes on its own context, which is free because it is passive. */
        bool was_ready = sched_remove(holder);
        kassert(holder->own.holder == NULL);
        holder->sc = NULL;
        bind(&holder->own, holder);
        if (was_ready) {
            sched_wake(holder);
        }
    }
    pd_release_sc(pd);
    bind(&pd->own, pd);
}
