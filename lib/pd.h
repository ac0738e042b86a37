/* lib/pd.h: what every protection domain stands on. The only header that includes microkit.h.
 *
 * The official microkit.h defines `__thread` away, which would turn `errno` into a store to address 0: so <errno.h>
 * is included before it and `__thread` is undefined after it. Include this header, never microkit.h.
 *
 * Start-up (lib/pd/start.S, start.c): sets the stack, restores .data, zeroes .bss, points TPIDR_EL0 at the TLS block,
 * counts this start, then enters the SDK's own _start, which calls init(). On a restart, which sets the program
 * counter and nothing else, all of that happens again; a supervisor restarts at PD_ENTRY.
 */
#ifndef LIB_PD_H
#define LIB_PD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <microkit.h>
#undef __thread

#define PD_ENTRY 0x200000ul /* mk/pd.ld puts the first instruction of each PD there, as the SDKs' own scripts do */

/* Where a supervisor restarts one that has died at each start: what it has kept may be what it dies of, and is forgotten. */
#define PD_ENTRY_COLD (PD_ENTRY + 8)

/* A variable that keeps its value across a restart; zero at the first start, and at one at PD_ENTRY_COLD. A variable that the description patches
 * (setvar) is kept by having a value other than 0 in the source. */
#ifndef PD_KEPT /* tests/fuzz/sections.h puts all back */
#define PD_KEPT __attribute__((section(".noinit")))
#endif

/* How often this PD has started: 1 at first. Carried by rings, so that a peer notices a restart. */
uint32_t pd_generation(void);

/* What fault() returns, by a name that every SDK has. */
typedef __typeof__(microkit_have_signal) pd_bool;

/* The label of the answer to a call whose server began anew before it answered. */
#define PD_NO_REPLY ((1ul << 52) - 1)

/* Time since reset, from CNTPCT_EL0; never a call. */
uint64_t pd_now_ns(void);
uint64_t pd_now_ticks(void);
uint64_t pd_ticks_per_second(void);
uint64_t pd_ticks_from_ns(uint64_t ns);    /* rounded up, so that what is due at the ticks is due at the ns */
uint64_t pd_ns_from_ticks(uint64_t ticks); /* both rounded down */
uint64_t pd_us_from_ticks(uint64_t ticks);

/* Time of day, for gettimeofday() and time(): nanoseconds since 1970-01-01 UTC. Counts from 1970 until it is known. It may
 * be set again, and then go back. */
void pd_set_unix_time_ns(uint64_t ns);
uint64_t pd_unix_time_ns(void);
bool pd_unix_time_is_known(void);

/* The same for several PDs, by a word of memory that all map: what it was at reset, 0 while it is not known. One sets it,
 * with pd_set_unix_time_ns(); the others can only read it. A word that lives longer than its PD is known at once. */
void pd_share_unix_time(uint64_t *word);
void pd_follow_unix_time(const uint64_t *word);

/* What the board's clock says, seconds since 1970 (PL031: its data register, of which there may be none). 0: nothing, or
 * what lies before there was a Serval: it was never set, or its battery is empty. */
#define PD_EARLIEST_S 1767225600 /* 2026-01-01 */
static inline uint64_t pd_clock_s(const volatile uint32_t *clock)
{
    uint32_t seconds = clock ? *clock : 0;

    return seconds >= PD_EARLIEST_S ? seconds : 0;
}

/* Dispatch for PDs made of several libraries: each registers a handler for its channel in its own init function, and
 * the library defines notified(). A second handler for one channel, or a channel out of range, is a require() failure.
 * A PD that defines notified() itself may still use such libraries: it passes on what is not its own to pd_dispatch(),
 * which tells whether a handler took it, and ends with pd_flush_deferred(). */
typedef void pd_handler(void *context);
void pd_on_channel(microkit_channel channel, pd_handler *handler, void *context);
bool pd_dispatch(microkit_channel channel);

/* Calls every handler, as if each channel had been notified: for a PD that computes at length, since it can only wait for
 * events, not ask whether there are any. What has come stays with the kernel, and is delivered at the next wait, too. */
void pd_dispatch_all(void);

/* Wake-ups owed to peers. pd_notify_later marks a channel (once, however often it is asked for) until the next flush:
 *   pd_flush()           sends what is owed; at the end of init(), or anywhere in between when a peer should start now.
 *   pd_flush_deferred()  the same as the very last act of notified(), where the last one costs no system call of its
 *                        own; the library's notified() does it. Never in protected(): the SDK would keep it until a
 *                        later wait.
 * Both first run the handlers of pd_before_flush, the one registered last first: a library registers after those it
 * stands on, so what a handler causes in a lower library is still sent. For batches: fill rings at will, and owe one
 * wake-up at the end. */
void pd_notify_later(microkit_channel channel);
void pd_flush(void);
void pd_flush_deferred(void);
void pd_before_flush(pd_handler *handler, void *context);

/* A configuration value that cannot be: names field and value on the debug console, stops this PD alone. */
#define require(condition, what, value)           \
    do {                                          \
        if (!(condition)) {                       \
            pd_refuse((what), (uint64_t)(value)); \
        }                                         \
    } while (0)
_Noreturn void pd_refuse(const char *what, uint64_t value);

/* The end of this PD: says why (log and debug console), sends what is owed, traps. The kernel names PD and pc. */
_Noreturn void pd_die(const char *why);

#include "lib/trace.h" /* behind what it stands on */

#endif
