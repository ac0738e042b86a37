/* lib/pd/dispatch.c: notified() for PDs made of several libraries: a table from channel to handler.
 *   consumes  notifications   from peers, trusted for nothing: a channel without a handler is ignored
 *   invariant a channel's handler is set once
 *   when full there is a place for each channel that an SDK can have
 */
#include "lib/pd.h"

#define CHANNELS 62 /* both SDKs */

static struct {
    struct {
        pd_handler *handler;
        void *context;
    } channels[CHANNELS];
} self;

void pd_on_channel(microkit_channel channel, pd_handler *handler, void *context)
{
    require(channel < CHANNELS, "pd: channel out of range", channel);
    require(!self.channels[channel].handler, "pd: second handler for channel", channel);
    self.channels[channel].handler = handler;
    self.channels[channel].context = context;
}

bool pd_dispatch(microkit_channel channel)
{
    if (channel >= CHANNELS || !self.channels[channel].handler) {
        return false;
    }
    self.channels[channel].handler(self.channels[channel].context);
    return true;
}

void pd_dispatch_all(void)
{
    for (microkit_channel channel = 0; channel < CHANNELS; channel++) {
        pd_dispatch(channel);
    }
}

/* Weak: a PD may have its own, see lib/pd.h. An event on a channel without a handler is a peer's mistake: ignored. */
__attribute__((weak)) void notified(microkit_channel channel)
{
    pd_dispatch(channel);
    pd_flush_deferred();
}
