/* lib/pd/notify.c: wake-ups owed to peers, each sent once, at the end.
 *
 * The SDK can attach one notify to the next wait, for free. The official library keeps it in one slot that a second
 * deferred call overwrites, also across two notified() of one wake-up: so the slot is used only when it is empty, which
 * both SDKs show in microkit_have_signal, and what finds it taken goes out at once.
 *   serves    the libraries of this PD, in the order in which they came
 *   when full one library too many ends the PD at its start, and says so
 */
#include "lib/pd.h"

#define BEFORE_FLUSH_MAX 12

static struct {
    uint64_t owed; /* bit n: a notify on channel n */
    uint32_t before_count;
    struct {
        pd_handler *handler;
        void *context;
    } before[BEFORE_FLUSH_MAX];
} self;

void pd_notify_later(microkit_channel channel)
{
    self.owed |= 1ull << channel;
}

void pd_before_flush(pd_handler *handler, void *context)
{
    require(self.before_count < BEFORE_FLUSH_MAX, "pd: too many libraries before the flush", self.before_count);
    self.before[self.before_count].handler = handler;
    self.before[self.before_count].context = context;
    self.before_count++;
}

static void run_before(void)
{
    for (uint32_t i = self.before_count; i > 0; i--) {
        self.before[i - 1].handler(self.before[i - 1].context);
    }
}

static microkit_channel take_lowest(void)
{
    microkit_channel channel = (microkit_channel)__builtin_ctzll(self.owed);

    self.owed &= self.owed - 1;
    return channel;
}

void pd_flush(void)
{
    run_before();
    while (self.owed) {
        microkit_notify(take_lowest());
    }
}

void pd_flush_deferred(void)
{
    run_before();
    while (self.owed) {
        microkit_channel channel = take_lowest();

        if (self.owed == 0 && !microkit_have_signal) {
            microkit_deferred_notify(channel);
        } else {
            microkit_notify(channel);
        }
    }
}
