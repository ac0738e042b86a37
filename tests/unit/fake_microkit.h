/* tests/unit/fake_microkit.h: a protection domain's surroundings on the host. A service is linked with this instead
 * of the SDK and driven by a script of events; what it does to its peers is recorded.
 *
 *     $(eval $(call host_test,net_virt_rx,tests/unit/net_virt_rx.c net/virt_rx.c $(FAKE_PD),$(FAKE_PD_CFLAGS)))
 *
 * FAKE_PD holds lib/'s sources for the host with time, restart and death faked here. A test defines the configuration
 * objects that compose/ would write, calls init(), then fake_wake(channel, ..).
 */
#ifndef FAKE_MICROKIT_H
#define FAKE_MICROKIT_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/pd.h"
#include "tests/unit/check.h"

/* Back to the beginning: no records, time 0, first start. Statics of the service under test are not touched. */
void fake_reset(void);

/* One wake-up with these channels in ascending order, as the SDK's library delivers them, then the deferred call. */
void fake_wake(uint64_t channel_bits);
#define FAKE_BIT(channel) (1ull << (channel))

/* Notifies of a channel since the last question, direct and deferred; asking clears it. */
unsigned fake_notified(microkit_channel channel);
unsigned fake_acked(microkit_channel channel);
uint64_t fake_notified_bits(void); /* all channels with a notify; clears nothing */

/* Deferred calls that were overwritten before they were sent, as the official library would: must stay 0. */
unsigned fake_lost_deferred(void);

/* Protected calls that the service makes: answered by this function, or with label 0 where none is set. */
typedef microkit_msginfo fake_ppcall(microkit_channel channel, microkit_msginfo info);
void fake_on_ppcall(fake_ppcall *answer);

/* Time: pd_now_ns(), pd_now_ticks() at 1 GHz. */
void fake_set_now_ns(uint64_t ns);

/* What pd_generation() says. */
void fake_set_generation(uint32_t generation);

/* What went to the debug console since fake_reset(), at most its first 64 KiB. */
const char *fake_console(void);

/* Runs `call` and tells whether it ended in pd_die() or require(); `why` is then its text. */
bool fake_dies(void (*call)(void));
/* While this word has been written over `call` dies, and only then. */
void fake_dies_of(uint32_t *word, uint32_t value, void (*call)(void));
const char *fake_why(void);

#endif
