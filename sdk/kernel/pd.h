/* pd.h: a protection domain as the kernel sees it while the system runs, and its scheduling context.
 *
 * What a PD is allowed lies in the image tool's tables (abi/system.h), which nobody writes. Here is what changes.
 *
 *     PD_STOPPED    by its parent, or after a fault that nobody handles; only its parent makes it run again
 *     PD_RUNNABLE   runs, or would run if it had the CPU and time
 *     PD_WAITING    in RECV with nothing to do
 *     PD_QUEUED     has called (or faulted) and is in its server's queue
 *     PD_CALLED     has called (or faulted), its server has the message and owes the answer
 */
#ifndef KERNEL_PD_H
#define KERNEL_PD_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/abi/syscall.h"
#include "sdk/abi/system.h"
#include "sdk/kernel/budget.h"
#include "sdk/kernel/context.h"

enum pd_state { PD_STOPPED, PD_RUNNABLE, PD_WAITING, PD_QUEUED, PD_CALLED };

/* A scheduling context: the right to use time. Each PD has one that is its own (`home`); it runs on that or on the
 * one that a caller lent it. A PD without one does not run. */
struct sc {
    struct pd *home;
    struct pd *holder; /* who runs on it; NULL: it is free (its home is passive and waits) */
    bool limited;      /* has a budget; otherwise it has a slice */
    uint64_t slice;    /* ticks until its equals have their turn */
    uint64_t used;     /* ticks of the slice, or of the budget's first refill, used so far */
    struct budget budget;
};

struct fault {
    uint64_t label; /* ABI_FAULT_* */
    uint64_t esr;
    uint64_t address;
};

struct pd {
    struct context context; /* first: entry.S saves into it */
    const struct abi_pd *abi;
    struct abi_message *message; /* its IPC buffer */
    struct sc *sc;
    enum pd_state state;
    uint8_t index;
    uint8_t priority;
    uint32_t looks;        /* at which it was found running, since it last took an event (watchdog.h) */
    bool warned;           /* has been told of a channel it does not have (debug) */
    uint64_t notified;     /* channels notified and not yet delivered */
    uint64_t cntkctl;      /* its rights on the generic timer */
    uint64_t ticks;        /* for which it was loaded and the CPU did not idle, up to when that last changed */
    uint64_t cpacr;        /* CPACR_FPEN_ALL once it has used FP/SIMD, until then CPACR_FPEN_KERNEL */
    struct pd *caller;     /* whom it owes an answer */
    struct pd *queue;      /* who waits to be served: by priority, then in order of time */
    struct pd *queue_next; /* PD_QUEUED: who comes after it */
    struct pd *server;     /* PD_QUEUED, PD_CALLED: whom it called */
    uint64_t event;        /* PD_QUEUED, PD_CALLED: the event its server gets */
    uint64_t info;         /* and the message info */
    struct fault fault;    /* where the event is ABI_EVENT_FAULT */
    struct sc own;         /* the scheduling context whose home it is */
};

void pd_init(const struct abi_system *system);
struct pd *pd_get(unsigned index); /* index < pd_count */
unsigned pd_count(void);

/* Whose address space, thread pointer and timer rights the CPU has, also while nobody runs. */
extern struct pd *pd_loaded;

/* Makes them `pd`'s, which are not loaded. */
void pd_load_other(struct pd *pd);

/* While nobody runs no PD's ticks are counted. */
void pd_stop_counting(void);
void pd_go_on_counting(void);

/* The running PD uses FP/SIMD for the first time: from now on it has these registers whenever it runs. */
void pd_begin_fp(struct pd *pd);

static inline void pd_load(struct pd *pd)
{
    if (pd != pd_loaded) {
        pd_load_other(pd);
    }
}

/* Scheduling contexts change hands. */
void pd_lend_sc(struct pd *from, struct pd *to); /* from has one, to has none */
void pd_release_sc(struct pd *pd);               /* back to its home; free where the home is passive */
void pd_take_home_sc(struct pd *pd);             /* from whoever has it */

static inline bool pd_is_passive(const struct pd *pd)
{
    return pd->abi->flags & ABI_PD_PASSIVE;
}

#endif
