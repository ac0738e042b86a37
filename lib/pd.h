/* lib/pd.h: what every protection domain stands on. The only header that includes microkit.h.
 *
 * The official microkit.h defines `__thread` away, which would turn `errno` into a store to address 0: so <errno.h>
 * is included before it and `__thread` is undefined after it. Include this header, never microkit.h.
 *
 * Start-up (lib/pd/start.S): sets the stack, restores .data, zeroes .bss, points TPIDR_EL0 at the TLS block, counts
 * this start, then enters the SDK's own _start, which calls init(). On a restart, which sets the program counter
 * and nothing else, all of that happens again.
 */
#ifndef LIB_PD_H
#define LIB_PD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <microkit.h>
#undef __thread

/* How often this PD has started: 1 at first. Carried by rings, so that a peer notices a restart. */
uint32_t pd_generation(void);

/* Time since reset, from CNTPCT_EL0; never a call. */
uint64_t pd_now_ns(void);
uint64_t pd_now_ticks(void);
uint64_t pd_ticks_per_second(void);

/* Dispatch for PDs made of several libraries: each registers a handler for its channel in its own init function, and
 * the library defines notified(). A PD that defines notified() itself does not link it (it lies in its own object).
 * A second handler for one channel, or a channel out of range, is a require() failure. */
typedef void pd_handler(void *context);
void pd_on_channel(microkit_channel channel, pd_handler *handler, void *context);

/* Wake-ups owed to peers. pd_notify_later marks a channel (once, however often it is asked for); the marked ones are
 * sent by pd_flush(), which notified() of this library calls once at its end, the last as the deferred notify that
 * costs no system call of its own. PDs with their own notified() use microkit_notify as they like. */
void pd_notify_later(microkit_channel channel);
void pd_flush(void);

/* A configuration value that cannot be: names field and value on the debug console, stops this PD alone. */
#define require(condition, what, value)                                                                              \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            pd_refuse((what), (uint64_t)(value));                                                                    \
        }                                                                                                            \
    } while (0)
_Noreturn void pd_refuse(const char *what, uint64_t value);

#endif
