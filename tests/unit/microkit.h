/* tests/unit/microkit.h: the SDK's header as far as a service uses it, for programs that run on the host. What it
 * declares is in tests/unit/fake_microkit.c, which records and scripts it.
 */
#ifndef FAKE_MICROKIT_MICROKIT_H
#define FAKE_MICROKIT_MICROKIT_H

#include <stdbool.h>
#include <stdint.h>

#define __thread /* as the official header does; lib/pd.h has to undo it */

typedef unsigned int microkit_channel;
typedef unsigned int microkit_child;
typedef uint64_t microkit_msginfo;
typedef uint64_t seL4_Word;
typedef int8_t seL4_Bool;

#define MICROKIT_MAX_CHANNELS 62

void init(void);
void notified(microkit_channel channel);
microkit_msginfo protected(microkit_channel channel, microkit_msginfo info);

/* Of a parent; where a test has one it says what these do. */
seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply);
void microkit_pd_restart(microkit_child child, seL4_Word entry);
void microkit_pd_stop(microkit_child child);

extern char microkit_name[64];
extern seL4_Bool microkit_have_signal;

void microkit_dbg_putc(int byte);
void microkit_dbg_puts(const char *text);
void microkit_notify(microkit_channel channel);
void microkit_deferred_notify(microkit_channel channel);
void microkit_irq_ack(microkit_channel channel);
void microkit_deferred_irq_ack(microkit_channel channel);
microkit_msginfo microkit_ppcall(microkit_channel channel, microkit_msginfo info);
void microkit_mr_set(uint8_t index, seL4_Word value);
seL4_Word microkit_mr_get(uint8_t index);
microkit_msginfo microkit_msginfo_new(seL4_Word label, uint16_t count);
seL4_Word microkit_msginfo_get_label(microkit_msginfo info);
seL4_Word microkit_msginfo_get_count(microkit_msginfo info);

#endif
